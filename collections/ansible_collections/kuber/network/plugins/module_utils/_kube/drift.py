# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Where two states of an object differ, and who had a hand in it."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Field
from ansible_collections.kuber.network.plugins.module_utils._kube import diff, fieldsv1
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import Node, Steps
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

# How many of an object's changed fields its reason names.
NAMED = 4

# Records with what they say of one place; those of the new state, without an owner, only know the lists.
_Records = t.Sequence[tuple[t.Optional[Body], Node]]
_Difference = tuple[Steps, _Records]


def fields(
    before: Body, after: Body, manager: str, *, concerns: t.Callable[[Steps], bool] = lambda steps: True
) -> tuple[Field, ...]:
    """Where two states of an object differ in a place that ``concerns`` us; ``manager`` is ourselves."""
    witnesses = [(one, one["fieldsV1"]) for one in fieldsv1.records(before) if one["fieldsV1"]]
    new = [(None, one["fieldsV1"]) for one in fieldsv1.records(after)]
    found = _differences(diff.content(before), diff.content(after), (), [*witnesses, *new])
    return tuple(_field(steps, owners, manager) for steps, owners in found if concerns(steps))


def foreign(before: Body, after: Body, manager: str, *, concerns: t.Callable[[Steps], bool]) -> list[Steps]:
    """Where two states of an object differ by what others have written, and not by what ``concerns`` us."""
    records = [(one, one["fieldsV1"]) for body in (before, after) for one in fieldsv1.records(body) if one["fieldsV1"]]
    found = _differences(diff.content(before), diff.content(after), (), records)
    return [
        steps
        for steps, owners in found
        if not concerns(steps) and any(one is not None and one.get("manager") != manager for one, _node in owners)
    ]


def places(before: Body, after: Body) -> tuple[str, ...]:
    """Where two mappings that nobody keeps a record of differ."""
    return tuple(fieldsv1.place(steps) for steps, _owners in _differences(before, after, (), ()))


def summary(changed: t.Sequence[Field]) -> str:
    now = datetime.datetime.now(datetime.UTC)
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return ", ".join(field.text(now) for field in changed[:NAMED]) + more


def _differences(before: t.Any, after: t.Any, steps: Steps, records: _Records) -> t.Iterator[_Difference]:
    if isinstance(before, list) and isinstance(after, list):
        items = fieldsv1.paired_items(before, after, fieldsv1.item_keys(node for _one, node in records))
        if items is not None:
            yield from _in_mappings(*items, steps, records, "")
            return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _in_mappings(before, after, steps, records, "f:")
    elif before != after:
        yield steps, records


def _in_mappings(before: Body, after: Body, steps: Steps, records: _Records, kind: str) -> t.Iterator[_Difference]:
    for key in sorted(before.keys() | after.keys()):
        step = kind + key
        # What is recorded without its parts, such as the selector of a Service, is owned as a whole.
        below = [(one, node.get(step, {})) for one, node in records if step in node or not node]
        yield from _differences(before.get(key), after.get(key), (*steps, step), below)


def _field(steps: Steps, owners: _Records, manager: str) -> Field:
    others = [one for one, _node in owners if one is not None and one.get("manager") != manager]
    last = max(others, key=lambda one: one.get("time") or "", default=None)
    if last is None:
        return Field(fieldsv1.place(steps))
    return Field(fieldsv1.place(steps), last.get("manager"), last.get("time"))
