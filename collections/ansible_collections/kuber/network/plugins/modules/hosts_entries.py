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
  - The file is replaced atomically. Where it is a mount point, as in containers and network namespaces, it is written
    in place.
author: the kuber.network authors (@kuber-network)
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    support: full
    description: Returns the text of the file before and after.
  platform:
    support: full
    platforms: posix
    description: Operating systems that can be operated against.
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
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.hosts import (
    parse_entries,
    with_entries,
    without_entries,
)


def read(path: str) -> str:
    """The file's text with every byte kept; a file that is not there is empty."""
    if os.path.isdir(path):
        raise KuberError("The hosts file is a directory", wanted="a file", found=path)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise KuberError(f"Cannot read {path}", wanted="a readable file", found=str(exc)) from exc


def write(module: AnsibleModule, path: str, text: str) -> None:
    """Replace the file in one step; where it is a mount point (EBUSY) ``unsafe_writes`` writes into it."""
    if not os.access(path if os.path.exists(path) else os.path.dirname(path) or ".", os.W_OK):
        raise KuberError(
            f"{path} has to be changed and cannot be written",
            found=f"no write permission for user id {os.geteuid()}",
            remedy="Run as root, or with `become: true` (`--ask-become-pass`)",
        )
    descriptor, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    module.atomic_move(temporary, path, unsafe_writes=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "entries": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "address": {"type": "str", "required": True},
                    "names": {"type": "list", "elements": "str", "required": True},
                },
            },
            "path": {"type": "path", "default": "/etc/hosts"},
            "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        },
        supports_check_mode=True,
    )
    path = os.path.realpath(module.params["path"])
    try:
        entries = parse_entries(module.params["entries"])
        before = read(path)
        change = with_entries if module.params["state"] == "present" else without_entries
        after = change(before, entries)
        if after != before and not module.check_mode:
            write(module, path, after)
    except KuberError as exc:
        module.fail_json(msg=str(exc), exception=exc)
    diff = {"before": before, "after": after, "before_header": path, "after_header": path}
    module.exit_json(changed=after != before, path=path, diff=diff)


if __name__ == "__main__":
    main()
