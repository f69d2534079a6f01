# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of many kinds, and what others do to them: made from cases/generated.yml by a seeded generator."""

from __future__ import annotations

import copy
import dataclasses
import json
import pathlib
import random
import time
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import cleaned
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Resource

Body = dict[str, t.Any]

SEED = 20261124
MANAGER = "kuber.network"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
DEFINITION = "CustomResourceDefinition"
OBJECTS_OF_A_KIND = 8
SELDOM = 0.15
# Each definition makes the server build its kind.
DEFINITIONS = 3

TABLE: dict[str, Body] = yaml.safe_load((pathlib.Path(__file__).parent / "cases" / "generated.yml").read_text())
SCHEMAS = {
    "Typed": TABLE.pop("TypedSchema"),
    "Free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


@dataclasses.dataclass
class Subject:
    """One object; ``picks`` are those of its possible values with which it was last applied."""

    base: Body
    resource: Resource
    random: random.Random
    picks: Body = dataclasses.field(default_factory=dict)

    @property
    def kind(self) -> str:
        return str(self.base["kind"])

    @property
    def slots(self) -> dict[str, list[t.Any]]:
        return {pointer: values for pointer, values in TABLE[self.kind]["slots"].items() if values}

    @property
    def path(self) -> str:
        metadata = self.base["metadata"]
        return self.resource.path(namespace=metadata.get("namespace"), name=metadata["name"])

    def body(self, picks: Body) -> Body:
        """What is wanted when these values are picked."""
        result = copy.deepcopy(self.base)
        for pointer in sorted(picks):
            *parents, last = pointer.split("/")[1:]
            place = result
            for step in parents:
                if not isinstance(place.get(step), dict):
                    place[step] = {}
                place = place[step]
            place[last] = copy.deepcopy(picks[pointer])
        return cleaned(result)

    def some_picks(self, share: float) -> Body:
        odds = {pointer: share if any(values) else share * SELDOM for pointer, values in self.slots.items()}
        return {pointer: self._pick(pointer) for pointer, chance in odds.items() if self.random.random() < chance}

    def _pick(self, pointer: str) -> t.Any:
        """Any of the values, seldom one that is nothing: people write few of these."""
        values = self.slots[pointer]
        return self.random.choices(values, [1 if value else SELDOM for value in values])[0]

    def other_picks(self) -> Body:
        """What was applied, but for one or two values."""
        picks = dict(self.picks)
        for pointer in self.random.sample(sorted(self.slots), min(len(self.slots), self.random.choice((1, 1, 2)))):
            picks.pop(pointer, None)
            if self.random.random() < 0.7:
                picks[pointer] = self._pick(pointer)
        return picks


def subjects(client: Client, namespace: str) -> list[Subject]:
    """Some of each kind of the table, the kinds of custom resources defined for it."""
    for kind, schema in SCHEMAS.items():
        _define(client, f"{kind.lower()}.{namespace}.org", kind, schema)
    kinds = Kinds(client)
    result = []
    for kind in TABLE:
        for number in range(DEFINITIONS if kind == DEFINITION else OBJECTS_OF_A_KIND):
            result.append(_subject(kinds, kind, namespace, number))
    return result


def _define(client: Client, group: str, kind: str, schema: Body) -> None:
    plural = f"{kind.lower()}s"
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural}, "versions": [version]}
    body = {"metadata": {"name": f"{plural}.{group}"}, "spec": spec}
    client.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body=body)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.list(f"/apis/{group}/v1/{plural}")
            return
        except ApiError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _subject(kinds: Kinds, kind: str, namespace: str, number: int) -> Subject:
    text = json.dumps(TABLE[kind]["base"])
    for word, value in {
        "KIND": f"Thing{number}",
        "PLURAL": f"thing{number}s",
        "TYPED": f"typed.{namespace}.org",
        "FREE": f"free.{namespace}.org",
    }.items():
        text = text.replace(word, value)
    base = json.loads(text)
    resource = kinds.find(base["apiVersion"], kind) or Resource(base["apiVersion"], kind, f"{kind.lower()}s", True)
    metadata = {"name": f"thing{number}s.example.org" if kind == DEFINITION else f"{namespace}-{number}"}
    if resource.namespaced:
        metadata["namespace"] = namespace
    return Subject({**base, "kind": kind, "metadata": metadata}, resource, random.Random(f"{SEED} {kind} {number}"))


class Others:
    """Everybody else who has a hand in the objects."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def act(self, subject: Subject) -> None:
        """One of the things that others do, most often nothing; what the server refuses is not done."""
        acts = (self._update, self._update, self._apply, self._apply, self._reorder, self._inject, self._label)
        rare = (self._forget_managers, self._apply_other_version, self._status)
        if subject.random.random() < 0.3:
            return
        subject.random.choice(rare if subject.random.random() < 0.1 else acts)(subject)

    def _update(self, subject: Subject) -> None:
        """As kubectl edit does: other values of some fields, or none."""
        change = _difference(subject.body(subject.picks), subject.body(subject.other_picks()))
        self._patch(subject, change, "kubectl-edit")

    def _apply(self, subject: Subject) -> None:
        """As another tool that applies: some of the fields, with the same or other values."""
        picks = {**subject.picks, **subject.some_picks(0.1)}
        chosen = {pointer: value for pointer, value in picks.items() if subject.random.random() < 0.5}
        query = {"fieldManager": "somebody", "force": subject.random.random() < 0.7}
        self._client.request("PATCH", subject.path, query=query, body=subject.body(chosen), content_type=APPLY)

    def _reorder(self, subject: Subject) -> None:
        live = self._client.get(subject.path)
        lists = [one for one in _lists(live) if len(one) > 1]
        if lists:
            subject.random.choice(lists).reverse()
            self._put(subject, live)

    def _inject(self, subject: Subject) -> None:
        """As an admission webhook that adds a sidecar: an item more in front or behind."""
        live = self._client.get(subject.path)
        named = [one for one in _lists(live) if one and isinstance(one[0], dict) and "name" in one[0]]
        if named:
            items = subject.random.choice(named)
            items.insert(subject.random.choice((0, len(items))), {**items[0], "name": "injected", "port": 9})
            self._put(subject, live)

    def _label(self, subject: Subject) -> None:
        key, value = subject.random.choice(("a", "z")), subject.random.choice(("1", "9", None))
        self._patch(subject, {"metadata": {subject.random.choice(("labels", "annotations")): {key: value}}}, "labeler")

    def _forget_managers(self, subject: Subject) -> None:
        self._patch(subject, {"metadata": {"managedFields": [{}]}}, "cleaner")

    def _apply_other_version(self, subject: Subject) -> None:
        if subject.kind != "HorizontalPodAutoscaler":
            return
        spec = {"maxReplicas": 3, "scaleTargetRef": subject.base["spec"]["scaleTargetRef"]}
        body = {**subject.base, "apiVersion": "autoscaling/v1", "spec": spec}
        path = subject.path.replace("autoscaling/v2", "autoscaling/v1")
        query = {"fieldManager": MANAGER, "force": True}
        self._client.request("PATCH", path, query=query, body=body, content_type=APPLY)

    def _status(self, subject: Subject) -> None:
        status = {"conditions": [{"type": "Odd", "status": "True", "reason": "Odd", "message": ""}]}
        self._client.request(
            "PATCH", f"{subject.path}/status", body={"status": status}, content_type=MERGE, query={"fieldManager": "c"}
        )

    def _patch(self, subject: Subject, change: t.Any, manager: str) -> None:
        query = {"fieldManager": manager}
        self._client.request("PATCH", subject.path, query=query, body=change, content_type=MERGE)

    def _put(self, subject: Subject, live: Body) -> None:
        self._client.request("PUT", subject.path, query={"fieldManager": "controller"}, body=live)


def _difference(before: t.Any, after: t.Any) -> t.Any:
    """The JSON merge patch from one to the other."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    gone = dict.fromkeys(before.keys() - after.keys())
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return gone | {key: _difference(before.get(key), value) for key, value in changed.items()}


def _lists(value: t.Any) -> t.Iterator[list[t.Any]]:
    if isinstance(value, list):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _lists(child)
