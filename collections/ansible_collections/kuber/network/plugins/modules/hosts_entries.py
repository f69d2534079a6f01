#!/usr/bin/python
# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hosts_entries
short_description: Manage names in the hosts file of a machine
version_added: "1.0.0"
description:
  - Makes names resolve to the given addresses through a hosts file, and to no other address in it.
  - A line with a stale address and only our names gets the new address. From a line that also has other
    names, only our name is removed. Every other line stays byte for byte, with its comments, spacing and line
    ends.
  - The file is replaced atomically. If it is a mount point, as in containers and network namespaces, it is written
    in place, and restored if the disk is full.
  - On the machine that runs Ansible it reads without C(become), and uses C(become) only if something has to be
    changed. So a run that changes nothing, and every run in check mode, needs no root.
author: the kuber.network authors (@kuber-network)
extends_documentation_fragment:
  - kuber.network.attributes
options:
  entries:
    description:
      - Addresses with their names. A name can have one IPv4 and one IPv6 address.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: An IPv4 or IPv6 address.
        type: str
        required: true
      names:
        description:
          - Host names, case-insensitive.
          - The name C(localhost) is only allowed for a loopback address.
        type: list
        elements: str
        required: true
  path:
    description:
      - The hosts file. A symbolic link is followed.
    type: path
    default: /etc/hosts
  state:
    description:
      - V(present) gives each name its address, and no other address in this file.
      - V(absent) removes each name from the entry's address. With another address it is not ours, and
        stays.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
  - module: kuber.network.static_route
"""

EXAMPLES = r"""
- name: Name the ingress address
  kuber.network.hosts_entries:
    entries:
      - address: 172.17.255.3
        names: [example.app.org]
  become: true

- name: Remove the name
  kuber.network.hosts_entries:
    entries:
      - address: 172.17.255.3
        names: [example.app.org]
    state: absent
  become: true
"""

RETURN = r"""
path:
  description: The file, after following symbolic links.
  returned: success
  type: str
  sample: /etc/hosts
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
      description: Removed lines.
      type: list
      elements: str
    added:
      description: Added lines.
      type: list
      elements: str
  sample:
    - thing: file /etc/hosts
      action: configured
      fields: []
      removed: [172.17.255.9 example.app.org]
      added: [172.17.255.3 example.app.org]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.hosts_file import ARGUMENT_SPEC, carry_out, plan_change


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        change = plan_change(module.params)
        if change.needed and not module.check_mode:
            carry_out(change)
    except KuberError as exc:
        module.fail_json(msg=str(exc), changed=exc.changed, exception=exc)
    module.exit_json(**change.result())


if __name__ == "__main__":
    main()
