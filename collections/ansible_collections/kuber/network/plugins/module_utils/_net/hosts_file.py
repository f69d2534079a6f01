# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The work of module ``hosts_entries``: read the file, plan the change, write it."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.module_utils._net.hosts import (
    parse_entries,
    with_entries,
    without_entries,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

ENTRY_SPEC: dict[str, t.Any] = {
    "address": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str", "required": True},
}
ARGUMENT_SPEC: dict[str, t.Any] = {
    "entries": {"type": "list", "elements": "dict", "required": True, "options": ENTRY_SPEC},
    "path": {"type": "path", "default": "/etc/hosts"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
}


@dataclasses.dataclass(frozen=True)
class HostsChange:
    """The text of the file before and after."""

    path: str
    before: str
    after: str

    @property
    def needed(self) -> bool:
        return self.after != self.before

    @property
    def content(self) -> bytes:
        return self.after.encode("utf-8", "surrogateescape")

    def result(self) -> dict[str, t.Any]:
        """Return the result of the task."""
        diff = {
            "before_header": self.path,
            "after_header": self.path,
            "before": _printable(self.before),
            "after": _printable(self.after),
        }
        lines = (diff[side].splitlines() for side in ("before", "after"))
        drift = _drift.of_lines(f"file {self.path}", *lines)
        return {"changed": self.needed, "path": self.path, "drift": _drift.dump(drift), "diff": diff}


def _printable(text: str) -> str:
    """Replace bytes that are not UTF-8, which the file may have and the screen cannot show."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plan_change(params: Mapping[str, t.Any]) -> HostsChange:
    """Read the file and return the change; nothing is changed yet."""
    path = os.path.realpath(params["path"])
    entries = parse_entries(params["entries"])
    before = _read(path)
    change = with_entries if params["state"] == "present" else without_entries
    return HostsChange(path, before, change(before, entries))


def require_permission(change: HostsChange) -> None:
    """Raise if the file cannot be written; it is not changed."""
    path = pathlib.Path(change.path)
    with files.explained(path):
        files.rehearse(path, change.content)


def carry_out(change: HostsChange) -> None:
    path = pathlib.Path(change.path)
    with files.explained(path):
        files.replace(path, change.content)


def _read(path: str) -> str:
    """Return the file's text with every byte preserved; a missing file is empty."""
    if os.path.isdir(path):
        raise KuberError("The hosts file is a directory", wanted="a file", found=path)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except PermissionError as exc:
        raise RootRequired(f"Only root may read {path}", found=str(exc)) from exc
    except OSError as exc:
        raise KuberError(f"Cannot read {path}", wanted="a readable file", found=str(exc)) from exc
