# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stages
short_description: Build things once, keyed by what they are built from
version_added: 1.0.0
description:
  - Runs scripts that fill a directory each, and keeps each directory under a name made of the script's text, its inputs
    and its environment. While none of them changes, the task returns the kept directories at once.
  - The scripts of one task run in parallel, so that one that waits for the network or for a linker leaves the
    processors to the others. When one fails, the others are stopped.
  - A directory appears whole or not at all, whenever the run is interrupted. Runs that want the same result wait for
    the one that builds it.
  - While a script runs, a line every 15 seconds says how long it has been running, how long it took the last time, and
    what it printed last.
  - Results of other inputs that have not been used for 14 days are removed.
  - A portable result is fetched from the O(mirror), if there is one, instead of being built. A part that is missing
    there, damaged, truncated or built for another machine is refused with one sentence and built, and so is everything
    when the mirror is down. It is unpacked only after its checksum has matched.
  - This is an action that always runs on the controller, which must be Linux, as root.
author: The kuber.network authors (@kuber-network)
options:
  cache:
    description: Directory that holds all results. It is created when missing.
    type: path
    required: true
  mirror:
    description:
      - Directory that M(kuber.lab.mirror) has filled, or its C(file://), C(http://) or C(https://) address, with
        C(#sha256=) and the checksum of its index.
      - The default is the value of the environment variable E(KUBER_LAB_MIRROR).
    type: str
  stages:
    description: What to build. No stage may depend on another one of the list.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the stage, a part of the directory's name.
        type: str
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
        description: Seconds that the script takes on two idle cores, shown until it has run once on this machine.
        type: int
        required: true
      portable:
        description:
          - The result can be used on another machine and in another directory, and takes long to build.
            It may come from the O(mirror), and M(kuber.lab.mirror) can publish it.
        type: bool
        default: false
attributes:
  check_mode:
    description: Nothing is built; the task returns whether something would be.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Build the kernel and the system at the same time
  kuber.lab.stages:
    cache: /root/.cache/kuber-lab
    stages:
      - name: kernel
        script: "{{ role_path }}/files/kernel/build.sh"
        inputs:
          CONFIG: "{{ role_path }}/files/kernel/kernel.config"
        takes: 240
        portable: true
      - name: system
        script: "{{ role_path }}/files/system/build.sh"
        takes: 40
"""

RETURN = r"""
paths:
  description: Directories of the results by the names of the stages. In check mode they may not exist yet.
  type: dict
  returned: success
  sample:
    kernel: /root/.cache/kuber-lab/kernel-0123456789ab
    system: /root/.cache/kuber-lab/system-0123456789ab
portable:
  description: Those of RV(paths) that are portable, to be given to M(kuber.lab.mirror).
  type: dict
  returned: success
  sample:
    kernel: /root/.cache/kuber-lab/kernel-0123456789ab
"""
