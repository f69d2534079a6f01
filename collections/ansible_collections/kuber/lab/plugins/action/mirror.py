# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishes finished parts in a directory (documentation: the module of the same name)."""

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kuber.lab.plugins.plugin_utils._archive import ArchiveError
from ansible_collections.kuber.lab.plugins.plugin_utils._export import (
    ExportError,
    export,
    kept,
    missing,
    refuse_nonsense,
)

SPEC: dict[str, t.Any] = {
    "directory": {"type": "path", "required": True},
    "parts": {"type": "dict", "required": True},
    "version": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """The ``kuber.lab.mirror`` action."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=SPEC)[1]
        directory = pathlib.Path(params["directory"])
        parts = [pathlib.Path(path) for path in params["parts"].values()]
        try:
            refuse_nonsense(directory, parts)
            result.update(self._result(directory, parts, params["version"]))
        except (ExportError, ArchiveError, OSError, ValueError) as exc:
            # Ansible would add the words of a cause to the message.
            raise AnsibleActionFail(f"The parts cannot be written to {directory}: {exc}.") from None
        return result

    def _result(self, directory: pathlib.Path, parts: list[pathlib.Path], version: str) -> dict[str, t.Any]:
        if self._task.check_mode:
            return {"changed": bool(missing(kept(directory), parts))}
        done = export(directory, parts, version)
        mine = [done.index.parts[part.name] for part in parts]
        return {
            "changed": bool(done.written),
            "address": f"{directory}#sha256={done.sha256}",
            "written": list(done.written),
            "megabytes": round(sum(part.size for part in mine) / (1 << 20), 1),
        }
