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
  - The route lives in the kernel only, and is lost when the machine or the interface restarts. Run the playbook again
    to bring it back.
requirements:
  - The command C(ip) of iproute2 on the machine.
  - Root, when something has to be changed.
author: the kuber.network authors (@kuber-network)
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    support: full
    description: Returns the routes to the network before and after.
  platform:
    support: full
    platforms: linux
    description: Operating systems that can be operated against.
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
  state:
    description:
      - V(present) leaves exactly one route to O(destination), through O(via).
      - V(absent) removes the routes to O(destination) that lead through O(via), and no others.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: kuber.network.hosts_entries
"""

EXAMPLES = r"""
- name: Lead the addresses of the load balancer to the node
  kuber.network.static_route:
    destination: 172.17.255.0/24
    via: 192.168.99.134
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
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.module_runner import ModuleRunner
from ansible_collections.kuber.network.plugins.module_utils._net.route import (
    Plan,
    RouteTable,
    Wanted,
    plan_absent,
    plan_present,
)


def ensure(module: AnsibleModule) -> Plan:
    """Read, plan, and outside of check mode act."""
    wanted = Wanted.parse(module.params["destination"], module.params["via"])
    table = RouteTable(ModuleRunner(module), wanted.destination.version)
    routes = table.routes_to(wanted.destination)
    if module.params["state"] == "absent":
        plan = plan_absent(wanted, routes)
    else:
        plan = plan_present(wanted, routes)
        table.require_neighbour(wanted.via)
        for route in table.shadows(wanted):
            module.warn(f"A part of {wanted.destination} is led elsewhere by another route: {route.text()}")
    if plan.steps and not module.check_mode:
        table.apply(plan, wanted)
    return plan


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "destination": {"type": "str", "required": True},
            "via": {"type": "str", "required": True},
            "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        },
        supports_check_mode=True,
    )
    module.get_bin_path("ip", required=True, opt_dirs=["/sbin", "/usr/sbin"])
    try:
        plan = ensure(module)
    except KuberError as exc:
        module.fail_json(msg=str(exc), exception=exc)
    header = f"routes to {module.params['destination']}"
    diff = {
        "before_header": header,
        "after_header": header,
        "before": "".join(f"{line}\n" for line in plan.before),
        "after": "".join(f"{line}\n" for line in plan.after),
    }
    module.exit_json(changed=bool(plan.steps), routes=list(plan.after), commands=list(plan.steps), diff=diff)


if __name__ == "__main__":
    main()
