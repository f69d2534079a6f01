# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machines_report
short_description: Show the results of many machines in one table, and write a report of each
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Shows one row for each machine with its verdict, how many things had drifted, and what failed.
  - Writes two files for each machine, C(NAME.json) with the report and C(NAME.log) with what the run printed.
  - Does not fail when a machine has. Its row says so, from which a task on that machine can fail.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  machines:
    description:
      - What the module M(kuber.network.remote_playbook) has returned on each machine, by the machine's name, in the
        order of the table.
      - Empty for a machine that did not get that far.
    type: dict
    required: true
  directory:
    description: The directory for the files, on the machine that runs Ansible.
    type: path
    required: true
seealso:
  - module: kuber.network.remote_playbook
"""

EXAMPLES = r"""
- name: Show the result of every machine
  kuber.network.machines_report:
    machines:
      pc01: "{{ hostvars.pc01.run }}"
      pc02: "{{ hostvars.pc02.run }}"
    directory: machines
  run_once: true
"""

RETURN = r"""
machines:
  description: The rows of the table.
  returned: always
  type: list
  elements: dict
  contains:
    machine:
      description: Name of the machine.
      type: str
    verdict:
      description: V(ok), V(changed), V(drifted), V(failed) or V(unreachable).
      type: str
    drift:
      description: How many things had drifted.
      type: int
    failed:
      description: What failed, empty when nothing did.
      type: str
"""
