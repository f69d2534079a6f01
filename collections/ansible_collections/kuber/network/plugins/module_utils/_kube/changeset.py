# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What became of each object of a set."""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, Field
from ansible_collections.kuber.network.plugins.module_utils._kube import diff
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref


class Action(enum.Enum):
    """The words are those that users see."""

    CREATED = "created"
    CONFIGURED = "configured"
    RECREATED = "recreated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One object before and after; in check mode ``after`` is what the server says it would be."""

    ref: Ref
    action: Action
    reason: str = ""
    before: Body | None = None
    after: Body | None = None
    fields: tuple[Field, ...] = ()

    @property
    def changed(self) -> bool:
        return self.action is not Action.UNCHANGED

    def dump(self) -> dict[str, t.Any]:
        return {
            "ref": str(self.ref),
            "action": self.action.value,
            "reason": self.reason,
            "fields": [field.dump() for field in self.fields],
        }


@dataclasses.dataclass(frozen=True)
class ChangeSet:
    """What became of a set."""

    entries: tuple[Entry, ...] = ()

    @property
    def changed(self) -> bool:
        return any(entry.changed for entry in self.entries)

    def __add__(self, other: t.Iterable[Entry]) -> ChangeSet:
        return ChangeSet((*self.entries, *other))

    def dump(self) -> list[dict[str, t.Any]]:
        return [entry.dump() for entry in self.entries]

    def drift(self) -> list[Drift]:
        return [Drift(str(entry.ref), entry.action.value, entry.fields) for entry in self.entries if entry.changed]

    def diffs(self) -> list[dict[str, str]]:
        changed = (entry for entry in self.entries if entry.changed)
        return [diff.of(str(entry.ref), entry.before, entry.after, remark=entry.reason) for entry in changed]

    def summary(self) -> str:
        """Such as "12 objects: 1 created, 11 unchanged"."""
        counts = collections.Counter(entry.action for entry in self.entries)
        parts = [f"{counts[action]} {action.value}" for action in Action if counts[action]]
        number = len(self.entries)
        return f"{number} object{'' if number == 1 else 's'}" + (f": {', '.join(parts)}" if parts else "")
