#!/usr/bin/python
# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hosts_entries
short_description: Keep names in the hosts file of this machine
version_added: "1.0.0"
description:
  - Makes sure that names resolve to the given addresses through a hosts file, and to no other address there.
  - A line that gives only our names to a stale address is pointed to the new one. From a line that also holds other
    names, only our name is taken away. Every other line is kept byte for byte, with its comments, spacing and line
    ends.
  - The file is replaced in one step. Where it is a mount point, as in containers and network namespaces, it is written
    in place, and set back if the disk is full.
  - On the machine that runs Ansible it looks without C(become), and only where something has to be changed does
    C(become) come in. So a run that changes nothing, and every run in check mode, does without root.
author: the kuber.network authors (@kuber-network)
extends_documentation_fragment:
  - kuber.network.attributes
options:
  entries:
    description:
      - Addresses and the names that lead to them. A name can have one IPv4 and one IPv6 address.
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
          - Host names. Upper and lower case are the same.
          - The name C(localhost) can only be given to a loopback address.
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
      - V(present) gives each name its address and no other one of this file.
      - V(absent) takes each name away from the entry's address. Where it leads to another address it is not ours and
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

- name: Forget the name
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
      description: Lines that go.
      type: list
      elements: str
    added:
      description: Lines that come.
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
from ansible_collections.kuber.network.plugins.module_utils._net.hosts_file import ARGUMENT_SPEC, carry_out, study


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        change = study(module.params)
        if change.needed and not module.check_mode:
            carry_out(change)
    except KuberError as exc:
        module.fail_json(msg=str(exc), changed=exc.changed, exception=exc)
    module.exit_json(**change.result())


if __name__ == "__main__":
    main()
