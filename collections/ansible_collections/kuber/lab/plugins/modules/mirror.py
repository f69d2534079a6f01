# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mirror
short_description: Publish finished parts, so that others need not build them
version_added: 1.0.0
description:
  - Writes each part as an archive (C(.tar.xz)) into a directory, and an index with the archives' checksums,
    C(index.json). The directory, or a web server that offers its files, is then a mirror
    for M(kuber.lab.stages).
  - Archives that are there and whole are kept, those of other keys and versions too, so that one mirror can serve
    several versions. To start over, name an empty directory.
  - The index is written last and in one step, so that an interrupted export leaves the mirror as it was.
  - This is an action that always runs on the controller.
author: The kuber.network authors (@kuber-network)
options:
  directory:
    description: Directory of the mirror, an absolute path. It is created when missing.
    type: path
    required: true
  parts:
    description:
      - Finished directories by the names of their stages, RV(kuber.lab.stages#module:portable) of M(kuber.lab.stages).
    type: dict
    required: true
  version:
    description: Version of the project that has built the parts, for messages.
    type: str
    required: true
attributes:
  check_mode:
    description: Nothing is written; the task returns whether something would be.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
seealso:
  - module: kuber.lab.stages
"""

EXAMPLES = r"""
- name: Publish the parts
  kuber.lab.mirror:
    directory: /srv/www/kuber-lab
    parts: "{{ parts_built.portable }}"
    version: 1.0.0
"""

RETURN = r"""
address:
  description:
    - Path of the directory and checksum of its index, as E(KUBER_LAB_MIRROR) takes it.
      A web address may take the place of the path.
  type: str
  returned: success, unless in check mode
  sample: /srv/www/kuber-lab#sha256=b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
megabytes:
  description: Size of the archives of the given parts, in MiB.
  type: float
  returned: success, unless in check mode
  sample: 97.5
written:
  description: Keys of the parts that were not there yet.
  type: list
  elements: str
  returned: success, unless in check mode
  sample: [kernel-0123456789ab]
"""
