# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import shutil
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._machines import summary
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.plugin_utils import _drift_report
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((120, 0)).columns


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "machines": {"type": "dict", "required": True},
        "directory": {"type": "path", "required": True},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        rows = {summary.row(name, result or {}): result or {} for name, result in params["machines"].items()}
        directory = pathlib.Path(params["directory"])
        _write(directory, rows)
        total = summary.total([*rows])
        show("\n".join(["", *summary.table([*rows], width=WIDTH), "", f"{total}; reports in {directory}", ""]))
        return {"machines": [row.dump() for row in rows]}


def _write(directory: pathlib.Path, rows: t.Mapping[summary.Row, t.Mapping[str, t.Any]]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for row, result in rows.items():
            name = row.machine.replace(os.sep, "_")
            _drift_report.write(directory / f"{name}.json", row.dump() | {"report": result.get("report", {})})
            log = "".join(f"{line}\n" for line in result.get("log", ()))
            files.replace(directory / f"{name}.log", log.encode(errors="replace"), 0o600)
    except OSError as exc:
        raise KuberError(f"Cannot write the reports to {directory}", found=str(exc)) from exc
