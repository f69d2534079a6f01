# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Ownership that others have left behind: as long as they own a field, it stays although we drop it."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldset, keyed
from ansible_collections.kuber.network.plugins.module_utils._kube.diff import LAST_APPLIED
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldset import OWNED, Node
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.live import path_to
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

JSON_PATCH = "application/json-patch+json"
# Whoever writes to an object at the same time comes first, so often.
ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class Predecessor:
    """A manager that wrote whole objects before us and does not come back for its fields."""

    name: str
    why: str
    # Others use the name too: it counts only on objects that bear the mark of kubectl apply.
    only_with_annotation: bool = False


# What edits single fields (kubectl-edit, kubectl-patch, controllers, people) is not here: their fields are theirs.
# https://github.com/fluxcd/pkg/blob/main/ssa/patch.go, https://github.com/kubernetes/client-go/tree/master/util/csaupgrade
PREDECESSORS = (
    Predecessor("kubectl-client-side-apply", "kubectl apply, by hand or by the addon managers of minikube and others"),
    Predecessor("before-first-apply", "all that was there, in the words of the server, when somebody first applied"),
    Predecessor("kubectl", "kubectl apply up to version 1.17", only_with_annotation=True),
    Predecessor("OpenAPI-Generator", "kubernetes.core.k8s with apply=true", only_with_annotation=True),
)


def left_behind(wanted: Body, live: Body) -> list[Body]:
    """The records to take over, none of an object that is wanted with its name only: we would own nothing."""
    if not fieldset.owned_part(wanted):
        return []
    marked = LAST_APPLIED in (live["metadata"].get("annotations") or {})
    names = {one.name for one in PREDECESSORS if marked or not one.only_with_annotation}
    found = [
        one
        for one in fieldset.records(live)
        if one.get("operation") == "Update" and not one.get("subresource") and one.get("manager") in names
    ]
    return [one for one in found if one["apiVersion"] == found[0]["apiVersion"]]


def handed_over(live: Body, records: t.Sequence[Body], manager: str) -> list[Body] | None:
    """All records when those given belong to ``manager``; ``None`` if they speak of another version than its own."""
    own = fieldset.own_record(live, manager)
    if own is not None and own["apiVersion"] != records[0]["apiVersion"]:
        return None
    fields: t.Optional[Node] = None if own is None else own["fieldsV1"]
    for one in records:
        # Nobody but its controller has to do with the status.
        fields = _join(fields, {step: node for step, node in one["fieldsV1"].items() if step != "f:status"} or None)
    new = {**(own or records[0]), "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return [*(one for one in fieldset.records(live) if one is not own and one not in records), new] if fields else None


def patch(live: Body, records: list[Body]) -> list[Body]:
    """The JSON patch that hands over, refused by the server if anybody has written to the object meanwhile."""
    version = live["metadata"]["resourceVersion"]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": records},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]


def without_leftovers(applied: Body, taken: t.Sequence[Body]) -> Body:
    """The outcome of an apply before which the records ``taken`` were not handed over, as if they had been."""
    result = copy.deepcopy(applied)
    gone = {_identity(one) for one in taken}
    stay = [one["fieldsV1"] for one in fieldset.records(applied) if _identity(one) not in gone]
    for one in taken:
        _prune(result, one["fieldsV1"], stay)
    return result


class Successor:
    """Takes over what others have left behind, in the name of one manager."""

    def __init__(self, client: Client, manager: str) -> None:
        self._client = client
        self._manager = manager

    def take_over(self, item: Item, live: Body) -> tuple[str, ...]:
        """From which managers fields were taken over."""
        path = path_to(item)
        for attempt in range(1, ATTEMPTS + 1):
            records = left_behind(item.body, live)
            new = handed_over(live, records, self._manager) if records else None
            if new is None:
                break
            try:
                self._client.request("PATCH", path, body=patch(live, new), content_type=JSON_PATCH)
            except ApiError as exc:
                if exc.status != 409 or attempt == ATTEMPTS:
                    raise
                live = self._client.get(path)
                if exc.perhaps_done and not left_behind(item.body, live):
                    # It was we ourselves who had changed the object, and the answer was lost.
                    return names(records)
            else:
                return names(records)
        return ()

    def predict(self, item: Item, live: Body, applied: Body) -> tuple[tuple[str, ...], Body]:
        """The same for a dry run, which has left ``applied`` without the hand-over: from whom, and what would be."""
        records = left_behind(item.body, live)
        if not records or handed_over(live, records, self._manager) is None:
            return (), applied
        pruned = without_leftovers(applied, records)
        return names(records), applied if pruned == applied else self._filled_in(path_to(item), pruned)

    def _filled_in(self, path: str, body: Body) -> Body:
        """``body`` with what the server puts in the place of what is gone but needed."""
        query = {"dryRun": "All", "fieldManager": self._manager}
        for _attempt in range(ATTEMPTS):
            try:
                return t.cast("Body", self._client.request("PUT", path, query=query, body=body))
            except ApiError as exc:
                if exc.status != 409:
                    break
                # A controller has written the status meanwhile.
                body["metadata"]["resourceVersion"] = self._client.get(path)["metadata"]["resourceVersion"]
        return body


def names(records: t.Iterable[Body]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one["manager"] for one in records))


def _identity(record: Body) -> tuple[str, ...]:
    return tuple(record.get(key, "") for key in ("manager", "operation", "apiVersion", "subresource"))


def _join(one: t.Optional[Node], other: t.Optional[Node]) -> t.Optional[Node]:
    if one is None or other is None:
        return other if one is None else one
    if not one or not other:
        # A place without anything below is owned itself.
        return {**one, **other, OWNED: {}} if one or other else {}
    return {step: t.cast("Node", _join(one.get(step), other.get(step))) for step in {**one, **other}}


def _prune(value: t.Any, owned: Node, stay: list[Node]) -> None:
    """Take out what is ``owned`` and in none of the records that ``stay``."""
    for step, node in owned.items():
        if step == OWNED:
            continue
        keepers = [one[step] for one in stay if step in one]
        if not keepers and (not node or OWNED in node):
            _remove(value, step, owned)
        elif (child := _child(value, step, owned)) is not None:
            _prune(child, node, keepers)


def _child(value: t.Any, step: str, owned: Node) -> t.Any:
    if isinstance(value, dict) and step.startswith("f:"):
        return value.get(step[2:])
    if isinstance(value, list) and step.startswith("v:"):
        wanted = json.loads(step[2:])
        return wanted if wanted in value else None
    keys = keyed.item_keys([owned])
    if isinstance(value, list) and keys:
        return (keyed.by_step(value, keys) or {}).get(step)
    return None


def _remove(value: t.Any, step: str, owned: Node) -> None:
    if isinstance(value, dict):
        value.pop(step.removeprefix("f:"), None)
    elif isinstance(value, list) and (child := _child(value, step, owned)) is not None:
        value.remove(child)
