#!/usr/bin/python
# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: static_route
short_description: Keep exactly one static route of this machine
version_added: "1.0.0"
description:
  - Makes sure that the main routing table of a Linux machine holds exactly one route to a network, to the nodes of a
    cluster.
  - Three forms are chosen from. To one node the route leads through its address. To several nodes in a network in which
    this machine has an address, too, it is on-link, so that ARP finds the node that answers for an address, whichever
    that is at the moment. To several nodes otherwise it leads through the first one that is a neighbour. From one form
    to another it is one step, and no packet meets an empty table.
  - The route carries the protocol number C(107), by which it is known as ours wherever it leads.
  - Routes to the same network that have gone stale on the way to the nodes, a second one with another metric, one with
    several next hops and one of the type C(blackhole) or the like are replaced or removed. Routes to other networks are
    left alone.
  - A route to the same network that something else has set (a VPN, a routing daemon) is refused, unless O(take_over) is
    given. So is a network in which this machine has an address, a gateway or a known neighbour, and a route that a rule
    of policy routing would outdo. Afterwards the kernel is asked whether it uses the route.
  - The kernel loses a route when the machine or the interface restarts. O(persistent) makes the machine bring it back
    by itself; without it, the next run of the playbook does.
  - On the machine that runs Ansible it looks without C(become), and only where something has to be changed does
    C(become) come in. So a run that changes nothing, and every run in check mode, does without root.
requirements:
  - Linux with the command C(ip) of iproute2 4.17 or later.
  - Root, when something has to be changed.
author: the kuber.network authors (@kuber-network)
extends_documentation_fragment:
  - kuber.network.attributes
options:
  destination:
    description:
      - The network, as address and prefix length, without host bits. IPv4 or IPv6.
    type: str
    required: true
  via:
    description:
      - Address of the next hop, of the same family as O(destination). It must be a neighbour of this machine, which is
        to say that this machine has an address in a network that holds it, on the device that leads there.
      - Excludes O(nodes). One of them is needed with O(state=present).
    type: str
  nodes:
    description:
      - The addresses of all nodes of the cluster, those first that are to take the requests where the route can lead to
        one of them only.
    type: list
    elements: str
    default: []
  persistent:
    description:
      - Whether the machine brings the route back by itself when it, or the interface, has restarted.
      - "The module writes one file of its own for whichever manager is in charge of the interface that leads to
        the nodes: a script in C(/etc/NetworkManager/dispatcher.d) for NetworkManager, a drop-in in
        C(/etc/systemd/network/NAME.network.d) for systemd-networkd, a script in C(/etc/network/if-up.d) for ifupdown.
        Where none of them is in charge, the task fails and nothing is changed."
      - No manager is restarted or told to read its files anew, as that could interrupt the interface. The route itself
        is set at once in any case.
      - With V(false), and with O(state=absent), a file that an earlier run has written is removed. No other file is
        ever touched.
    type: bool
    default: false
  take_over:
    description:
      - Whether to take the place of a route to O(destination) that something else has set.
      - The kernel keeps such a route in table C(107107), which no rule asks. O(state=absent) gives it back, unless its
        device is gone by then.
    type: bool
    default: false
  state:
    description:
      - V(present) leaves exactly one route to O(destination).
      - V(absent) removes the routes to O(destination) that this module has set, wherever they lead, those set by hand
        that lead to O(via) or to one of O(nodes), and no others. It needs neither of the two.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
  - module: kuber.network.hosts_entries
"""

EXAMPLES = r"""
- name: Lead the addresses of the load balancer to the node
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
  become: true

- name: Lead them to whichever of several nodes answers for them
  kuber.network.static_route:
    destination: 172.17.255.0/24
    nodes: [192.168.49.2, 192.168.49.3]
  become: true

- name: The same as with one node, and again after every restart
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
    persistent: true
  become: true

- name: Take the route back, wherever it leads
  kuber.network.static_route:
    destination: 172.17.255.0/24
    state: absent
  become: true
"""

RETURN = r"""
routes:
  description: The routes to the network as they are afterwards (in check mode, as they would be).
  returned: success
  type: list
  elements: str
  sample: [172.17.255.0/24 via 192.168.99.134 dev virbr1]
via:
  description: The next hop; empty for an on-link route, and with O(state=absent).
  returned: success
  type: str
  sample: 192.168.99.134
device:
  description: The device that leads to the nodes; empty with O(state=absent).
  returned: success
  type: str
  sample: virbr1
notes:
  description: What is worth knowing about the way, in words.
  returned: success
  type: list
  elements: str
  sample: []
commands:
  description: What C(ip) was called with, or would have been in check mode.
  returned: success
  type: list
  elements: str
  sample: [route replace 172.17.255.0/24 via 192.168.99.134 dev virbr1 proto 107]
files:
  description: The files that bring the route back, as they are afterwards (in check mode, as they would be).
  returned: success
  type: list
  elements: str
  sample: [/etc/NetworkManager/dispatcher.d/90-kuber-172-17-255-0-24]
drift:
  description:
    - What was not as it should be and was changed, or in check mode would be, in the form that all modules of this
      collection share. The callback P(kuber.network.drift_report#callback) makes its report of it.
  returned: success
  type: list
  elements: dict
  contains:
    thing:
      description: What it is.
      type: str
    action:
      description: V(created), V(configured) or V(deleted).
      type: str
    fields:
      description: Always empty here.
      type: list
      elements: dict
      contains:
        field:
          description: Where it is.
          type: str
        manager:
          description: Who had set it, when that was somebody else and the API server knows it.
          type: str
        time:
          description: When that manager last wrote to the object.
          type: str
    removed:
      description: Routes, or lines of a file, that go.
      type: list
      elements: str
    added:
      description: Routes, or lines of a file, that come.
      type: list
      elements: str
  sample:
    - thing: route to 172.17.255.0/24
      action: configured
      fields: []
      removed: [172.17.255.0/24 via 192.168.99.77 dev eth0]
      added: [172.17.255.0/24 via 192.168.99.134]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._net.static_route import (
    ARGUMENT_SPEC,
    SPEC_RULES,
    carry_out,
    study,
)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **SPEC_RULES)
    runner = LocalRunner()
    try:
        change = study(module.params, runner)
        for warning in change.warnings:
            module.warn(warning)
        if change.needed and not module.check_mode:
            carry_out(change, runner)
    except KuberError as exc:
        module.fail_json(msg=str(exc), changed=exc.changed, exception=exc)
    module.exit_json(**change.result())


if __name__ == "__main__":
    main()
