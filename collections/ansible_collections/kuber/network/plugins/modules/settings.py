# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings
short_description: Refuse values that roles of this collection could not work with
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Looks at the variables of all named roles at once, and fails with all findings in one message. A role looks at its
    own variables only when it begins, when roles before it have changed things already.
  - Each variable must be of the type, and among the choices, that the role's argument specification names. Beyond
    that, ports, addresses, names, paths, versions, shares and the like must be such.
  - Variables that contradict each other are found, variables that cannot be worked out, and names that are almost
    those of a variable.
  - Manifests that roles are to apply are read, and downloaded first if they have to be. The roles find them kept.
  - Nothing else is touched, and neither cluster nor nodes are asked.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  roles:
    description: Names of roles, without that of the collection.
    type: list
    elements: str
    required: true
  options:
    description: Further variables, in the form of the options of an argument specification.
    type: dict
    default: {}
  manifests:
    description: Whether to read the manifests that roles are to apply.
    type: bool
    default: true
seealso:
  - module: kuber.network.preflight
"""

EXAMPLES = r"""
- name: Refuse settings that cannot work
  kuber.network.settings:
    roles: [metallb, canary]
    options:
      kuber_wait_timeout:
        type: int
"""

RETURN = r"""
settings:
  description: Names of the variables that were looked at; for all others the roles have values of their own.
  returned: success
  type: list
  elements: str
  sample: [canary_host, canary_weight]
"""
