# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules promise: C(attributes) those that change something, C(attributes.info) the others."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Runs in check mode, says what it would change, and changes nothing.
    support: full
  diff_mode:
    description: Says in diff mode what it has changed, or in check mode would change.
    support: full
  idempotent:
    description: Run once more with the same options, it changes nothing and says so.
    support: full
  async:
    description: Supports being used with C(async).
    support: none
"""

    INFO = r"""
attributes:
  check_mode:
    description: Runs in check mode, and changes nothing in either.
    support: full
  diff_mode:
    description: Says in diff mode what it has changed, or in check mode would change.
    support: N/A
    details: Changes nothing.
  idempotent:
    description: Run once more with the same options, it changes nothing and says so.
    support: N/A
    details: Changes nothing.
  async:
    description: Supports being used with C(async).
    support: none
"""
