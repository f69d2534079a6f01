# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the folder of a homework as the options of a module name it."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import pulling, rows
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import Inspection, inspect
from ansible_collections.kuber.network.plugins.module_utils._homework.model import LANGUAGES
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade

AUTO = "auto"

FOLDER_SPEC: dict[str, t.Any] = {
    "src": {"type": "path", "required": True},
    "edition": {"type": "str", "choices": [AUTO, *rows.ROWS], "default": AUTO},
    "allow": {"type": "list", "elements": "str", "default": []},
    "pulled": {"type": "dict", "default": {}},
    "stand_in": {"type": "str", "default": ""},
    "language": {"type": "str", "choices": [*LANGUAGES], "default": "en"},
}


def read(params: t.Mapping[str, t.Any]) -> tuple[Upgrade, Inspection]:
    """Return the upgraded folder, and what it is found to be."""
    upgraded = upgrade(folder.load(params["src"]).read())
    edition = "" if params["edition"] == AUTO else params["edition"]
    pulls = pulling.read(params["pulled"])
    return upgraded, inspect(
        upgraded, edition=edition, allowed=params["allow"], pulls=pulls, stand_in=params["stand_in"]
    )
