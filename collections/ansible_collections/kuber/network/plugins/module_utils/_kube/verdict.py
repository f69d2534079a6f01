# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an apply has done, or would do, to one object."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import drift, fieldset, trees
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldset import Node, Steps
from ansible_collections.kuber.network.plugins.module_utils._kube.handover import HandedOver
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref


def judge(ref: Ref, handed_over: HandedOver, after: Body, manager: str, *, check: bool) -> Entry:
    """Whether an apply, and what was handed over before it, has changed anything.

    Only fields that are ours before or after count: what somebody else has written meanwhile is neither our change nor
    drift.
    """
    before, taken = handed_over.before, handed_over.taken
    if before is None:
        return Entry(ref, Action.CREATED, after=after)
    unmoved = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
    if unmoved and not check:
        return Entry(ref, Action.UNCHANGED, after=after)
    ours = _ours(handed_over, before, after, manager)
    fields = drift.fields(before, after, manager, concerns=ours)
    # A controller that writes the status in between moves the version too, and some kinds count each apply as a new
    # generation; one that does something without moving a value leaves its trace in the manager's own record.
    is_recorded = _own(before, manager) == _own(after, manager)
    if not fields and not taken and not handed_over.migrated and is_recorded:
        return Entry(ref, Action.UNCHANGED, after=after)
    reasons = [drift.summary(fields)] if fields else []
    if not fields and not is_recorded:
        reasons.append(f"fields are now managed by {manager}")
    if handed_over.migrated:
        names = ", ".join(handed_over.migrated)
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
        trees.copy_field(after, result, steps)
    return result


def _ours(handed_over: HandedOver, before: Body, after: Body, manager: str) -> t.Callable[[Steps], bool]:
    """Whether a place is ours, was ours, or was handed over to go."""
    records = [one for body in (before, after) if (one := fieldset.own_record(body, manager)) is not None]
    if len({one.get("apiVersion") for one in (*records, after)}) > 1:
        # In another version fields may have other names.
        return lambda steps: True
    # What a dry run of a repair makes of the object is noted as our update.
    records += [one for one in fieldset.records(after) if one.get("manager") == manager and not one.get("subresource")]
    nodes: list[Node] = [one["fieldsV1"] for one in records]
    nodes += [one["fieldsV1"] for one in fieldset.records(before) if one.get("manager") in handed_over.taken]
    nodes += [trees.insert(None, steps, {}) for steps in handed_over.places]
    return lambda steps: any(trees.touches(node, steps) for node in nodes)


def _own(body: Body, manager: str) -> Body | None:
    record = fieldset.own_record(body, manager)
    return None if record is None else {key: value for key, value in record.items() if key != "time"}
