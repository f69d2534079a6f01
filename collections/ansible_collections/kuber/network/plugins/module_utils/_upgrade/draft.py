# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""One object while it is upgraded: edits are applied, recorded for its file, and reported."""

from __future__ import annotations

import copy
import dataclasses
import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import (
    FieldChange,
    Finding,
    Path,
    Reason,
    SourceObject,
    field_name,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body


class Operation(enum.Enum):
    SET = "set"
    REMOVE = "remove"
    RENAME = "rename"


@dataclasses.dataclass(frozen=True)
class Edit:
    """One edit of a tree of mappings and lists; ``value`` is the new value, or the new name of the key."""

    operation: Operation
    path: Path
    value: t.Any = None


@dataclasses.dataclass(frozen=True)
class Added:
    """An object that the upgrade adds, and why."""

    body: Body
    reason: Reason


class Draft:
    """``body`` is the object as upgraded so far."""

    def __init__(self, part: SourceObject) -> None:
        self.part = part
        self.body: Body = copy.deepcopy(part.body)
        self.edits: list[Edit] = []
        self.changes: list[FieldChange] = []
        self.remarks: list[Finding] = []
        self.rejections: list[Finding] = []
        self.added: list[Added] = []
        """Objects to add beside this one, or to replace it."""
        self.replaced = False
        """Whether the added objects replace this one."""
        self.name = _name(self.body)

    @property
    def ref(self) -> Ref:
        return Ref.of(self.body)

    def get(self, *path: str | int) -> t.Any:
        """Return the value at ``path``; ``None`` if there is none."""
        value: t.Any = self.body
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def set(self, path: Path, value: t.Any, reason: Reason) -> None:
        self._edit(Edit(Operation.SET, path, value), self.get(*path), value, reason)

    def remove(self, path: Path, reason: Reason) -> None:
        """Remove a field; empty annotations are removed as a whole."""
        before = self.get(*path)
        whole = path[:-1] if path[-2:-1] == ("annotations",) and len(self.get(*path[:-1])) == 1 else path
        self._edit(Edit(Operation.REMOVE, whole), before, None, reason, field=path)

    def rename(self, path: Path, name: str, reason: Reason) -> None:
        """Rename the key at the end of ``path``; its value stays."""
        edit = Edit(Operation.RENAME, path, name)
        self._edit(edit, path[-1], name, reason)

    def remark(self, problem: str, remedy: str, link: str = "") -> None:
        self.remarks.append(Finding(self.name, self.part.origin, problem, remedy, link))

    def reject(self, problem: str, remedy: str, link: str = "", *, keep_edits: bool = False) -> None:
        """Mark the object as not upgradable: it stays as it was, or with ``keep_edits`` as it is now."""
        self.rejections.append(Finding(self.name, self.part.origin, problem, remedy, link))
        if not keep_edits:
            self.body = copy.deepcopy(self.part.body)
            self.edits, self.changes, self.added, self.replaced = [], [], [], False

    def _edit(self, edit: Edit, before: t.Any, after: t.Any, reason: Reason, *, field: Path = ()) -> None:
        path, before, after = field or edit.path, copy.deepcopy(before), copy.deepcopy(after)
        apply(self.body, edit)
        self.edits.append(edit)
        self.changes.append(FieldChange(self.name, self.part.origin, field_name(path), before, after, reason))


def apply(body: t.Any, edit: Edit) -> None:
    """Apply the edit; missing or empty mappings on the path are created."""
    for place, step in enumerate(edit.path[:-1]):
        if isinstance(body, dict) and body.get(step) is None:
            body[step] = {}
        if not isinstance(body, (dict, list)):
            raise TypeError(f"nothing can be set below {field_name(edit.path[:place])}")
        body = body[step]  # type: ignore[index]
    last = edit.path[-1]
    if edit.operation is Operation.SET:
        body[last] = copy.deepcopy(edit.value)
    elif edit.operation is Operation.REMOVE:
        del body[last]
    else:
        renamed = {(edit.value if key == last else key): value for key, value in body.items()}
        body.clear()
        body.update(renamed)


def _name(body: Body) -> str:
    """Return the object's name for messages, even if it is malformed."""
    kind = body.get("kind")
    metadata = body.get("metadata")
    name, namespace = (metadata.get(key) if isinstance(metadata, dict) else None for key in ("name", "namespace"))
    words = [str(kind or "object")]
    if isinstance(name, str) and name:
        words.append(f"{namespace}/{name}" if isinstance(namespace, str) and namespace else name)
    return " ".join(words)
