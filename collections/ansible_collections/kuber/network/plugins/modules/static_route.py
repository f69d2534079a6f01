#!/usr/bin/python
# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: static_route
short_description: Manage a static route to the nodes of a cluster
version_added: "1.0.0"
description:
  - Makes the main routing table of a Linux machine contain exactly one route to a network, through the nodes of a
    cluster.
  - It chooses one of three forms. With one node, the route leads through its address. With several nodes in a network
    of this machine, it is on-link, so that ARP finds the node that currently answers for an address. With several other
    nodes it leads through the first one that is a neighbour. A change of the form is atomic, so no packet finds the
    table without a route.
  - The route has the protocol number C(107), which identifies it as ours wherever it leads.
  - Stale routes to the same network that lead to the nodes, a second one with another metric, one with
    several next hops and one of a type such as C(blackhole) are replaced or removed. Routes to other networks are
    left alone.
  - A route to the same network that another program has set (a VPN, a routing daemon) is an error, unless O(take_over)
    is given. So are a network in which this machine has an address, a gateway or a known neighbour, and a route that a
    policy routing rule would override. Afterwards it checks that the kernel uses the route.
  - The kernel loses a route when the machine or the interface restarts. With O(persistent) the machine restores it
    itself; without it, the next run of the playbook does.
  - On the machine that runs Ansible it reads without C(become), and uses C(become) only if something has to be
    changed. So a run that changes nothing, and every run in check mode, needs no root.
requirements:
  - Linux with the command C(ip) of iproute2 4.17 or later.
  - Root, if something has to be changed.
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
      - Address of the next hop, of the same family as O(destination). It must be a neighbour of this machine, which
        means that this machine has an address in its network, on the device that leads there.
      - Mutually exclusive with O(nodes). One of them is required with O(state=present).
    type: str
  nodes:
    description:
      - The addresses of all nodes of the cluster. The first ones are preferred if the route can lead to
        only one of them.
    type: list
    elements: str
    default: []
  persistent:
    description:
      - Whether the machine restores the route itself after a restart of the machine or the interface.
      - "The module writes one file for the network manager in charge of the interface that leads to
        the nodes: a script in C(/etc/NetworkManager/dispatcher.d) for NetworkManager, a drop-in in
        C(/etc/systemd/network/NAME.network.d) for systemd-networkd, a script in C(/etc/network/if-up.d) for ifupdown.
        If none of them is in charge, the task fails and nothing is changed."
      - No manager is restarted or reloaded, because that could interrupt the interface. The route itself
        is set immediately in any case.
      - With V(false), and with O(state=absent), the file of an earlier run is removed. No other file is
        ever touched.
    type: bool
    default: false
  take_over:
    description:
      - Whether to replace a route to O(destination) that another program has set.
      - The kernel keeps such a route in table C(107107), which no rule uses. O(state=absent) restores it, unless its
        device has disappeared.
    type: bool
    default: false
  state:
    description:
      - V(present) sets exactly one route to O(destination).
      - V(absent) removes the routes to O(destination) that this module has set, wherever they lead, and those set by
        hand that lead to O(via) or to one of O(nodes). It requires neither of the two.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
  - module: kuber.network.hosts_entries
"""

EXAMPLES = r"""
- name: Route the addresses of load balancers to the node
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
  become: true

- name: Route them to whichever of several nodes answers for them
  kuber.network.static_route:
    destination: 172.17.255.0/24
    nodes: [192.168.49.2, 192.168.49.3]
  become: true

- name: Route them to the node, also after every restart
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
    persistent: true
  become: true

- name: Remove the route, wherever it leads
  kuber.network.static_route:
    destination: 172.17.255.0/24
    state: absent
  become: true
"""

RETURN = r"""
routes:
  description: The routes to the network afterwards (in check mode, as they would be).
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
  description: Notes about the route.
  returned: success
  type: list
  elements: str
  sample: []
commands:
  description: The commands of C(ip) that were run, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [route replace 172.17.255.0/24 via 192.168.99.134 dev virbr1 proto 107]
files:
  description: The files that make the route persistent, afterwards (in check mode, as they would be).
  returned: success
  type: list
  elements: str
  sample: [/etc/NetworkManager/dispatcher.d/90-kuber-172-17-255-0-24]
drift:
  description:
    - What differed and was changed, or in check mode would be, in the form common to all modules of this
      collection. The callback P(kuber.network.drift_report#callback) builds its report from it.
  returned: success
  type: list
  elements: dict
  contains:
    thing:
      description: The thing.
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
          description: Path of the field.
          type: str
        manager:
          description: The field manager that had set it, if it was another one and is known.
          type: str
        time:
          description: When that manager last wrote the object.
          type: str
    removed:
      description: Removed routes, or lines of a file.
      type: list
      elements: str
    added:
      description: Added routes, or lines of a file.
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
    plan_change,
)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True, **SPEC_RULES)
    runner = LocalRunner()
    try:
        change = plan_change(module.params, runner)
        for warning in change.warnings:
            module.warn(warning)
        if change.needed and not module.check_mode:
            carry_out(change, runner)
    except KuberError as exc:
        module.fail_json(msg=str(exc), changed=exc.changed, exception=exc)
    module.exit_json(**change.result())


if __name__ == "__main__":
    main()
