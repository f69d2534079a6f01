# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: homework_report
short_description: Write the report about a learner's folder
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Concludes from a folder and the answers of a cluster one verdict for each row of the homework, prints them as a
    table, and writes them as JSON, as JUnit XML and as one self-contained HTML page.
  - A row is passed, failed (with the reason and what fixes it), could not be checked (with the reason), or is not
    part of the folder.
extends_documentation_fragment:
  - kuber.network.attributes
  - kuber.network.homework_folder
options:
  answers:
    description: The results of M(kuber.network.checks).
    type: list
    elements: dict
    default: []
  diagnosis:
    description: Why the objects of the folder did not become ready, for the rows that fail.
    type: str
    default: ""
  rollouts:
    description: The results of M(kuber.network.rollout), for row 4.
    type: list
    elements: dict
    default: []
  rollout_failure:
    description: Why a rollout failed, empty if none did. Row 4 fails with it.
    type: str
    default: ""
  refusal:
    description:
      - Why the folder was refused, or why its check broke off. The report then has only row 0, which could not be
        checked for this reason, and O(src) is not read.
    type: str
    default: ""
  stand_ins:
    description: Images that answered in the place of others, for the report.
    type: list
    elements: str
    default: []
  dest:
    description:
      - Folder for C(NAME.html), C(NAME.json) and C(NAME.xml), where NAME is the name of O(src), of a file without its
        suffix. It is created if it does not exist. It must not be inside O(src).
    type: path
    required: true
  remark:
    description: When and where the checks were made, for the end of the page.
    type: str
    default: ""
seealso:
  - module: kuber.network.homework_info
  - module: kuber.network.homework_class_report
  - module: kuber.network.checks
  - module: kuber.network.rollout
"""

EXAMPLES = r"""
- name: Write the report
  kuber.network.homework_report:
    src: ~/kubernetes-networks
    dest: ~/reports
    answers: "{{ asked.results }}"
"""

RETURN = r"""
verdicts:
  description: The status of each row by its number, one of V(passed), V(failed), V(not_checked) and V(not_part).
  returned: success
  type: dict
  sample:
    "1": passed
homework_exit_code:
  description: V(0) if everything that the folder claims works, V(2) if not, V(1) if something could not be checked.
  returned: success
  type: int
  sample: 0
files:
  description: The files of the report.
  returned: success
  type: list
  elements: str
  sample: [/home/me/reports/kubernetes-networks.html]
"""
