# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Ownership that others have left behind: as long as they own a field, it stays although we drop it."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldsv1
from ansible_collections.kuber.network.plugins.module_utils._kube.diff import LAST_APPLIED
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import Node, Steps
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body


@dataclasses.dataclass(frozen=True)
class LegacyManager:
    """A manager that wrote whole objects before us and does not come back for its fields."""

    name: str
    why: str
    # Others use the name too: it counts only on objects that bear the mark of kubectl apply.
    only_with_annotation: bool = False


# What was there without any record is noted by the server under this name when somebody applies for the first time.
# It may be anybody's: only what is in our own record, too, is ours to give up.
UNRECORDED = "before-first-apply"

# What edits single fields (kubectl-edit, kubectl-patch, controllers, people) is not here: their fields are theirs.
# https://github.com/fluxcd/pkg/blob/main/ssa/patch.go, https://github.com/kubernetes/client-go/tree/master/util/csaupgrade
LEGACY_MANAGERS = (
    LegacyManager("kubectl-client-side-apply", "kubectl apply, by hand or by addon managers, such as that of minikube"),
    LegacyManager("kubectl", "kubectl apply up to version 1.17", only_with_annotation=True),
    LegacyManager("OpenAPI-Generator", "kubernetes.core.k8s with apply=true", only_with_annotation=True),
)


@dataclasses.dataclass(frozen=True)
class NewRecords:
    """Who owns what after a hand-over: all records, from whom whole ones were taken, and which single places."""

    records: list[Body]
    names: tuple[str, ...] = ()
    places: tuple[Steps, ...] = ()

    def applied_to(self, applied: Body, manager: str) -> Body:
        """The outcome of an apply before which nothing was handed over, as if it had been."""
        mine = fieldsv1.own_record({"metadata": {"managedFields": self.records}}, manager)
        wanted = fieldsv1.own_record(applied, manager)
        result = copy.deepcopy(applied)
        if mine is not None and wanted is not None:
            others = [one["fieldsV1"] for one in self.records if one is not mine and one.get("fieldsV1")]
            fieldsv1.prune(result, mine["fieldsV1"], [wanted["fieldsV1"], *others])
        return result


@dataclasses.dataclass(frozen=True)
class Migration:
    """An object as it was before all that was handed over: whole records, single places, records of old versions."""

    before: Body | None
    taken: tuple[str, ...] = ()
    places: tuple[Steps, ...] = ()
    migrated: tuple[str, ...] = ()

    def with_more(self, **more: t.Sequence[t.Any]) -> Migration:
        changes: dict[str, t.Any] = {
            name: tuple(dict.fromkeys((*getattr(self, name), *values))) for name, values in more.items()
        }
        return dataclasses.replace(self, **changes)


def legacy_records(wanted: Body, live: Body, predecessors: t.Collection[str] = ()) -> list[Body]:
    """The records to take over, none of an object that is wanted with its name only: we would own nothing.

    Of the ``predecessors``, whom the user has named, what they have applied counts, too.
    """
    if not fieldsv1.owned_part(wanted):
        return []
    marked = LAST_APPLIED in (live["metadata"].get("annotations") or {})
    names = {one.name for one in LEGACY_MANAGERS if marked or not one.only_with_annotation}
    found = [
        one
        for one in fieldsv1.records(live)
        if not one.get("subresource")
        and (one.get("manager") in predecessors or (one.get("operation") == "Update" and one.get("manager") in names))
    ]
    return [one for one in found if one["apiVersion"] == found[0]["apiVersion"]]


def migrated_records(
    wanted: Body,
    live: Body,
    manager: str,
    places: t.Sequence[Steps] = (),
    *,
    predecessors: t.Collection[str] = (),
) -> NewRecords | None:
    """What to hand over before ``wanted`` is applied, with the ``places`` that are to go; ``None`` if nothing."""
    own = fieldsv1.own_record(live, manager)
    taken = legacy_records(wanted, live, predecessors)
    if own is not None and taken and own["apiVersion"] != taken[0]["apiVersion"]:
        taken = []
    others: list[Body | None] = [one for one in fieldsv1.records(live) if one is not own and one not in taken]
    fields: t.Optional[Node] = None if own is None else own["fieldsV1"]
    for one in taken:
        # Nobody but its controller has to do with the status.
        part = {step: node for step, node in one["fieldsV1"].items() if step != "f:status"}
        fields = fieldsv1.join(fields, part or None)
    if own is not None and own["apiVersion"] != live["apiVersion"]:
        places = ()
    for steps in places:
        fields, others = _with_place(fields, others, steps, live["apiVersion"])
    if own is not None and fieldsv1.is_given_up(fieldsv1.owned_part(wanted), own["fieldsV1"]):
        others = [_let_go(one, own) for one in others]
    kept = [one for one in others if one is not None]
    if not fields or (not taken and not places and kept == [one for one in fieldsv1.records(live) if one is not own]):
        return None
    first = own or (taken[0] if taken else {"apiVersion": live["apiVersion"], "fieldsType": "FieldsV1"})
    new = {**first, "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return NewRecords([*kept, new], names(taken), tuple(places))


def migrated(live: Body) -> NewRecords | None:
    """All records in the version in which the object was read; ``None`` if they are.

    The server reads the object in the version of each record. Where that version is no longer served, or does not know
    a field that has come since, no apply succeeds any more.
    """
    stale = [one for one in fieldsv1.records(live) if one.get("apiVersion") != live["apiVersion"]]
    if not stale:
        return None
    records: dict[tuple[str, ...], Body] = {}
    for one in fieldsv1.records(live):
        new = {**one, "apiVersion": live["apiVersion"]}
        same = records.get(_identity(new))
        fields = fieldsv1.join(same["fieldsV1"], new["fieldsV1"]) if same is not None else new.get("fieldsV1")
        records[_identity(new)] = {**new, "fieldsV1": fields}
    return NewRecords(list(records.values()), names(stale))


def patch(live: Body, records: list[Body]) -> list[Body]:
    """The JSON patch that hands over, refused by the server if anybody has written to the object meanwhile."""
    version = live["metadata"]["resourceVersion"]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": records},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]


def names(records: t.Iterable[Body]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one["manager"] for one in records))


def _identity(record: Body) -> tuple[str, ...]:
    return tuple(record.get(key, "") for key in ("manager", "operation", "apiVersion", "subresource"))


def _with_place(
    fields: t.Optional[Node], others: t.Sequence[Body | None], steps: Steps, version: str
) -> tuple[Node, list[Body | None]]:
    """The place of ``steps`` in our record and, in this version, in nobody else's."""
    below: t.Optional[Node] = None
    kept: list[Body | None] = []
    for one in others:
        node = None if one is None or one["apiVersion"] != version else fieldsv1.at(one.get("fieldsV1") or {}, steps)
        if one is None or node is None:
            kept.append(one)
            continue
        below = fieldsv1.join(below, node)
        rest = fieldsv1.cut(one["fieldsV1"], steps)
        kept.append(None if rest is None else {**one, "fieldsV1": rest})
    return fieldsv1.insert(fields, steps, below or {}), kept


def _let_go(record: Body | None, own: Body) -> Body | None:
    """A record of what nobody had recorded, without what is ours: what we give up is not kept by it."""
    if record is None or record.get("manager") != UNRECORDED or record["apiVersion"] != own["apiVersion"]:
        return record
    if not fieldsv1.overlap(record["fieldsV1"], own["fieldsV1"]):
        return record
    rest = fieldsv1.without(record["fieldsV1"], own["fieldsV1"])
    return None if rest is None else {**record, "fieldsV1": rest}
