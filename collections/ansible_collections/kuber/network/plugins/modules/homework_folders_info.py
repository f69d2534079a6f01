# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: homework_folders_info
short_description: Find the homeworks in a folder
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Finds out whether a folder is one homework, or the folder of a class with a homework in each of its folders.
  - A folder that directly contains a manifest (C(*.yml), C(*.yaml) or C(*.json)) is one homework, whatever folders it
    has besides. One that contains folders and no manifest is that of a class. Hidden entries do not count, and other
    files, such as C(README.md), neither.
  - Only the names in the folder are read. Links to folders are not followed, but returned with a problem.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  src:
    description: The folder, or one file.
    type: path
    required: true
  scope:
    description: V(one) takes the folder for one homework, V(class) for that of a class, V(auto) decides as said above.
    type: str
    choices: [auto, one, class]
    default: auto
  language:
    description: The language of RV(why).
    type: str
    choices: [en, ru]
    default: en
seealso:
  - module: kuber.network.homework_info
  - module: kuber.network.homework_class_report
"""

EXAMPLES = r"""
- name: Find the homeworks of a class
  kuber.network.homework_folders_info:
    src: ~/class
  register: found
"""

RETURN = r"""
is_class:
  description: Whether the folder is that of a class.
  returned: success
  type: bool
  sample: true
why:
  description: Why it is taken for one homework or for a class, and how to say otherwise.
  returned: success
  type: str
  sample: >-
    class contains no manifests of its own: each of its folders (23) is a homework (homework_scope=one checks it as one)
folders:
  description: The homeworks, in the order of their names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the folder.
      type: str
    path:
      description: Its path.
      type: str
    problem:
      description: Why it must not be read, empty if it may be.
      type: str
"""
