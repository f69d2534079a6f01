# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings
short_description: Validate the variables of roles of this collection
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Validates the variables of all named roles at once, and fails with all findings in one message. A role validates its
    own variables only when it begins, after the roles before it have changed things.
  - Each variable must have the type, and be among the choices, of the role's argument specification. In addition,
    ports, addresses, names, paths, versions and percentages must be valid.
  - It also finds variables that contradict each other or cannot be evaluated, and misspelt
    names.
  - Manifests of the roles are read, and downloaded first if necessary. The roles find them in the cache.
  - Nothing else is changed, and neither cluster nor nodes are contacted.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  roles:
    description: Names of roles, without the collection's name.
    type: list
    elements: str
    required: true
  options:
    description: Further variables, as options of an argument specification.
    type: dict
    default: {}
  manifests:
    description: Whether to read the manifests of the roles.
    type: bool
    default: true
seealso:
  - module: kuber.network.preflight
"""

EXAMPLES = r"""
- name: Validate the variables of two roles
  kuber.network.settings:
    roles: [metallb, canary]
    options:
      kuber_wait_timeout:
        type: int
"""

RETURN = r"""
settings:
  description: Names of the validated variables; all others have the roles' defaults.
  returned: success
  type: list
  elements: str
  sample: [canary_host, canary_weight]
"""
