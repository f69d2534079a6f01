# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes of modules: C(attributes) for those that change something, C(attributes.info) for the others."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and predict changes without making them.
    support: full
  diff_mode:
    description: Returns details on what has changed, or in check mode would change, in diff mode.
    support: full
  idempotent:
    description: Run again with the same options, it changes nothing and reports no change.
    support: full
  async:
    description: Supports being used with C(async).
    support: none
"""

    INFO = r"""
attributes:
  check_mode:
    description: Can run in check mode. The module never changes anything.
    support: full
  diff_mode:
    description: Returns details on what has changed, or in check mode would change, in diff mode.
    support: N/A
    details: Changes nothing.
  idempotent:
    description: Run again with the same options, it changes nothing and reports no change.
    support: N/A
    details: Changes nothing.
  async:
    description: Supports being used with C(async).
    support: none
"""
