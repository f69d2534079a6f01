# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The return value ``drift``, common to all modules: the things that differ from what is wanted."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import typing as t

CREATED, CONFIGURED, RESTARTED, DELETED = "created", "configured", "restarted", "deleted"
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@dataclasses.dataclass(frozen=True)
class Field:
    """A field that changes; ``manager`` is its other field manager, ``time`` when that last wrote the object."""

    field: str
    manager: t.Optional[str] = None
    time: t.Optional[str] = None

    def dump(self) -> dict[str, str]:
        return {key: value for key, value in dataclasses.asdict(self).items() if value is not None}

    def author(self, now: datetime.datetime) -> str:
        """Return manager and age, such as "kubectl-edit, 3 min ago"; empty if unknown."""
        if self.manager is None:
            return ""
        return f"{self.manager}, {_ago(self.time, now)}" if self.time else self.manager

    def text(self, now: datetime.datetime) -> str:
        """Return the field with its author, such as "spec.replicas (kubectl-edit, 3 min ago)"."""
        author = self.author(now)
        return f"{self.field} ({author})" if author else self.field


@dataclasses.dataclass(frozen=True)
class Drift:
    """One thing that differs, the action on it, and its differences: fields, or removed and added lines."""

    thing: str
    action: str = CONFIGURED
    fields: tuple[Field, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def dump(self) -> dict[str, t.Any]:
        return {
            "thing": self.thing,
            "action": self.action,
            "fields": [field.dump() for field in self.fields],
            "removed": list(self.removed),
            "added": list(self.added),
        }


def of_lines(thing: str, before: t.Sequence[str], after: t.Sequence[str]) -> list[Drift]:
    """Return the drift of a thing that consists of lines; empty if they are equal."""
    changes = [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
    if not changes:
        return []
    action = CONFIGURED if before and after else CREATED if after else DELETED
    removed, added = (tuple(line[2:] for line in changes if line[0] == sign) for sign in "-+")
    return [Drift(thing, action, removed=removed, added=added)]


def dump(found: t.Iterable[Drift]) -> list[dict[str, t.Any]]:
    return [one.dump() for one in found]


def _ago(time: str, now: datetime.datetime) -> str:
    seconds = (now - datetime.datetime.fromisoformat(time)).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"
