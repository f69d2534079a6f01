# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: homework_class_report
short_description: Write the report about the folders of a class
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Collects the reports that M(kuber.network.homework_report) has written into one table with a line for each folder,
    prints it, and writes it as JSON, as JUnit XML with a test suite for each folder, and as one self-contained HTML
    page that links to those of the folders.
extends_documentation_fragment:
  - kuber.network.attributes
options:
  src:
    description: The folder of the class. Its name is that of the report.
    type: path
    required: true
  reports:
    description: The files C(NAME.json) of the folders, in the order of the table.
    type: list
    elements: path
    required: true
  language:
    description: The language of the table and the page.
    type: str
    choices: [en, ru]
    default: en
  dest:
    description:
      - Folder for C(CLASS.html), C(CLASS.json) and C(CLASS.xml), where CLASS is the name of O(src). It is created if it
        does not exist. It must not be inside O(src).
      - The page expects those of the folders in C(CLASS/).
    type: path
    required: true
  remark:
    description: When and where the checks were made, for the end of the page.
    type: str
    default: ""
seealso:
  - module: kuber.network.homework_report
"""

EXAMPLES = r"""
- name: Write the report about the class
  kuber.network.homework_class_report:
    src: ~/class
    reports: [~/reports/class/ivanov.json, ~/reports/class/petrov.json]
    dest: ~/reports
"""

RETURN = r"""
homework_exit_code:
  description:
    - V(0) if everything that the folders claim works, V(2) if something does not in one of them, V(1) if something
      could not be checked in one of them.
  returned: success
  type: int
  sample: 0
files:
  description: The files of the report.
  returned: success
  type: list
  elements: str
  sample: [/home/me/reports/class.html]
"""
