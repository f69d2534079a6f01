# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stage
short_description: Build something once, keyed by what it is built from
version_added: 1.0.0
description:
  - Runs a script that fills a directory, and keeps the directory under a name made of the script's text, its inputs and
    its environment. While none of them changes, the task returns the kept directory at once.
  - The directory appears whole or not at all, whenever the run is interrupted. Runs that want the same result wait for
    the one that builds it.
  - While the script runs, a line every 15 seconds tells for how long, how long it took the last time, and
    what it said last.
  - Results of other inputs that nobody used for 14 days are removed.
  - This is an action that always runs on the controller, which must be Linux, as root.
author: The kuber.network authors (@kuber-network)
options:
  name:
    description: Name of the stage, a part of the directory's name.
    type: str
    required: true
  cache:
    description: Directory that holds all results. It is created when missing.
    type: path
    required: true
  script:
    description:
      - Script for C(bash -eu). It starts in an empty directory, which E(OUT) names, and leaves its result there.
      - It runs in mount and process namespaces of its own, so that nothing it starts or mounts outlives it.
    type: path
    required: true
  inputs:
    description:
      - Files and directories, by the environment variables that name them to the script.
        Their contents belong to the key.
    type: dict
    default: {}
  environment:
    description: Environment variables for the script. Their values belong to the key.
    type: dict
    default: {}
  tools:
    description: Environment variables for the script that do not belong to the key, such as where a compiler is.
    type: dict
    default: {}
  takes:
    description: Seconds that the script takes on two idle cores, told until it has run once on this machine.
    type: int
    required: true
attributes:
  check_mode:
    description: Nothing is built; the task tells whether something would be.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Build the kernel
  kuber.lab.stage:
    name: kernel
    cache: /root/.cache/kuber-lab
    script: "{{ role_path }}/files/build.sh"
    inputs:
      CONFIG: "{{ role_path }}/files/kernel.config"
    takes: 150
"""

RETURN = r"""
path:
  description: Directory of the result. In check mode it may not exist yet.
  type: str
  returned: success
  sample: /root/.cache/kuber-lab/kernel-0123456789ab
"""
