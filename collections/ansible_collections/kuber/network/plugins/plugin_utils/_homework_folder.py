# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the folder of a homework as the options of a module name it."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import rows
from ansible_collections.kuber.network.plugins.module_utils._homework.look import Look, look
from ansible_collections.kuber.network.plugins.module_utils._homework.model import LANGUAGES
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade

AUTO = "auto"

FOLDER_SPEC: dict[str, t.Any] = {
    "src": {"type": "path", "required": True},
    "edition": {"type": "str", "choices": [AUTO, *rows.ROWS], "default": AUTO},
    "allow": {"type": "list", "elements": "str", "default": []},
    "language": {"type": "str", "choices": [*LANGUAGES], "default": "en"},
}


def read(params: t.Mapping[str, t.Any]) -> tuple[Upgrade, Look]:
    """Return the upgraded folder, and what it is found to be."""
    upgraded = upgrade(folder.load(params["src"]).read())
    edition = "" if params["edition"] == AUTO else params["edition"]
    return upgraded, look(upgraded, edition=edition, allowed=params["allow"])
