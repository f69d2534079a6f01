# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.

"""The names of Ansible's option types in messages."""

from __future__ import annotations

TYPES = {
    "bool": "a boolean",
    "dict": "a mapping",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "path": "a string",
    "str": "a string",
}
