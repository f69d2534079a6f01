# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What became of each object of a set."""

from __future__ import annotations

import collections
import copy
import dataclasses
import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, Field
from ansible_collections.kuber.network.plugins.module_utils._kube import diff, drift, fieldsv1
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import Node, Steps
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
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


def judge(ref: Ref, migration: Migration, after: Body, manager: str, *, check: bool) -> Entry:
    """Whether an apply, and what was handed over before it, has changed anything.

    Only fields that are ours before or after count: what somebody else has written meanwhile is neither our change nor
    drift.
    """
    before, taken = migration.before, migration.taken
    if before is None:
        return Entry(ref, Action.CREATED, after=after)
    unmoved = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
    if unmoved and not check:
        return Entry(ref, Action.UNCHANGED, after=after)
    ours = _ours(migration, before, after, manager)
    fields = drift.fields(before, after, manager, concerns=ours)
    # A controller that writes the status in between moves the version too, and some kinds count each apply as a new
    # generation; one that does something without moving a value leaves its trace in the manager's own record.
    is_recorded = _own(before, manager) == _own(after, manager)
    if not fields and not taken and not migration.migrated and is_recorded:
        return Entry(ref, Action.UNCHANGED, after=after)
    reasons = [drift.summary(fields)] if fields else []
    if not fields and not is_recorded:
        reasons.append(f"fields are now managed by {manager}")
    if migration.migrated:
        names = ", ".join(migration.migrated)
        reasons.append(f"the records of {names} were in a version in which the server cannot read the object any more")
    if taken:
        reasons.append(f"taken over from {', '.join(taken)}")
    before = _with_foreign(before, after, drift.foreign(before, after, manager, concerns=ours))
    return Entry(ref, Action.CONFIGURED, "; ".join(reasons), before=before, after=after, fields=fields)


def _with_foreign(before: Body, after: Body, places: t.Sequence[Steps]) -> Body:
    """The object before, with what others have written meanwhile: it is nothing that a diff should show."""
    if not places:
        return before
    result = copy.deepcopy(before)
    for steps in places:
        fieldsv1.copy_field(after, result, steps)
    return result


def _ours(migration: Migration, before: Body, after: Body, manager: str) -> t.Callable[[Steps], bool]:
    """Whether a place is ours, was ours, or was handed over to go."""
    records = [one for body in (before, after) if (one := fieldsv1.own_record(body, manager)) is not None]
    if len({one.get("apiVersion") for one in (*records, after)}) > 1:
        # In another version fields may have other names.
        return lambda steps: True
    # What a dry run of a repair makes of the object is noted as our update.
    records += [one for one in fieldsv1.records(after) if one.get("manager") == manager and not one.get("subresource")]
    nodes: list[Node] = [one["fieldsV1"] for one in records]
    nodes += [one["fieldsV1"] for one in fieldsv1.records(before) if one.get("manager") in migration.taken]
    nodes += [fieldsv1.insert(None, steps, {}) for steps in migration.places]
    return lambda steps: any(fieldsv1.touches(node, steps) for node in nodes)


def _own(body: Body, manager: str) -> Body | None:
    record = fieldsv1.own_record(body, manager)
    return None if record is None else {key: value for key, value in record.items() if key != "time"}
