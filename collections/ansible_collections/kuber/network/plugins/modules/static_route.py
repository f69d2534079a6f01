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
  - Makes sure that the main routing table of a Linux machine holds exactly one route to a network, through the given
    next hop.
  - A route to the same network through another next hop, a second one with another metric, one with several next hops
    and one of the type C(blackhole) or the like are replaced or removed. Routes to other networks are left alone.
  - The kernel loses a route when the machine or the interface restarts. O(persistent) makes the machine bring it back
    by itself; without it, the next run of the playbook does.
  - On the machine that runs Ansible it looks without C(become), and only where something has to be changed does
    C(become) come in. So a run that changes nothing, and every run in check mode, does without root.
requirements:
  - Linux with the command C(ip) of iproute2.
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
      - Address of the next hop. It must be a neighbour of this machine, and of the same family as O(destination).
    type: str
    required: true
  persistent:
    description:
      - Whether the machine brings the route back by itself when it, or the interface, has restarted.
      - "The module writes one file of its own for whichever manager is in charge of the interface that leads to
        O(via): a script in C(/etc/NetworkManager/dispatcher.d) for NetworkManager, a drop-in in
        C(/etc/systemd/network/NAME.network.d) for systemd-networkd, a script in C(/etc/network/if-up.d) for ifupdown.
        Where none of them is in charge, the task fails and nothing is changed."
      - No manager is restarted or told to read its files anew, as that could interrupt the interface. The route itself
        is set at once in any case.
      - With V(false), and with O(state=absent), a file that an earlier run has written is removed. No other file is
        ever touched.
    type: bool
    default: false
  state:
    description:
      - V(present) leaves exactly one route to O(destination), through O(via).
      - V(absent) removes the routes to O(destination) that lead through O(via), and no others.
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

- name: The same, and again after every restart
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
    persistent: true
  become: true

- name: Take the route back
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
    state: absent
  become: true
"""

RETURN = r"""
routes:
  description: The routes to the network as they are afterwards (in check mode, as they would be).
  returned: success
  type: list
  elements: str
  sample: [172.17.255.0/24 via 192.168.99.134]
commands:
  description: What was given to C(ip -batch), or would have been in check mode.
  returned: success
  type: list
  elements: str
  sample: [route replace 172.17.255.0/24 via 192.168.99.134]
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
from ansible_collections.kuber.network.plugins.module_utils._net.static_route import ARGUMENT_SPEC, carry_out, study


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
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
