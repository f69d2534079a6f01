# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders for the tests of the upgrade, and what is said of them in few words."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, output
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade

if t.TYPE_CHECKING:
    import pathlib


def write(root: pathlib.Path, files: t.Mapping[str, str]) -> pathlib.Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def upgraded(root: pathlib.Path, files: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The files that an upgrade writes otherwise, and its report, one line for each entry."""
    source = folder.load(str(write(root, files)))
    result = upgrade(source.read())
    rendered = output.render(source, result)
    texts = {name: data.decode() for name, data in rendered.files.items()}
    return {
        "written": {name: text for name, text in texts.items() if files.get(name) != text},
        "changes": changes(result),
        "not_upgradable": [f"{one.origin}: {one.object}: {one.problem}" for one in result.not_upgradable()],
        "remarks": [f"{one.origin}: {one.problem}" for one in (*result.all_remarks(), *rendered.remarks)],
    }


def upgrade_of(root: pathlib.Path, files: t.Mapping[str, str]) -> Upgrade:
    return upgrade(folder.load(str(write(root, files))).read())


def changes(result: Upgrade) -> list[str]:
    lines = []
    for one in result.changes():
        assert one.reason.why
        assert one.reason.link.startswith("https://")
        if one.field:
            lines.append(f"{one.object}: {one.field}: {json.dumps(one.before)} -> {json.dumps(one.after)}")
        else:
            lines.append(f"{'added' if one.before is None else 'replaced'}: {one.object}")
    return lines
