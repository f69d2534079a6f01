# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The proof that a server-side apply would change nothing, read off the server's own record of who owns what.

The record of a manager is a tree beside the object (``FieldsV1``): ``f:name`` is a field, ``k:{...}`` an item of a list
whose items have keys, ``v:...`` an item of a set, and ``.`` says that the place itself is owned and not only what is
below it. An apply changes nothing when the record lists exactly the fields that are wanted, each has the wanted value,
and the items stand in the wanted order.
https://github.com/kubernetes-sigs/structured-merge-diff/blob/master/merge/update.go (Apply)
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import normalize
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import (
    OWNED,
    Node,
    Steps,
    at,
    own_record,
    owned_part,
    place,
    records,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.normalize import ITEM, MISSING
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.schema import Schema

JUST_OWNED = frozenset({OWNED})
# The server keeps the annotation of this manager up to date behind our back.
# https://github.com/kubernetes/apimachinery/blob/v0.34.1/pkg/util/managedfields/internal/lastappliedupdater.go
KUBECTL = "kubectl"
# What json.dumps does, but for making an encoder for each of very many small values.
_text = json.JSONEncoder(sort_keys=True).encode


class _NotProvedError(Exception):
    """Says why there is no proof."""


def why_not_noop(wanted: Body, live: Body, *, manager: str, shape: Schema | None) -> str | None:
    """What speaks against it that applying ``wanted`` would leave ``live`` as it is; ``None`` if nothing does."""
    try:
        _prove(wanted, live, manager, shape)
    except _NotProvedError as exc:
        return str(exc)
    return None


def _prove(wanted: Body, live: Body, manager: str, shape: Schema | None) -> None:
    if manager == KUBECTL:
        raise _NotProvedError(f"what {KUBECTL} applies, the server notes in an annotation")
    if shape is None:
        raise _NotProvedError("the kind has no definition that could be read")
    if "generateName" in wanted["metadata"]:
        raise _NotProvedError("metadata.generateName is set")
    own = own_record(live, manager)
    fields = owned_part(wanted)
    if own is None:
        # An object of which only the name is given: nothing is owned, and so nothing is noted. Unless nobody has noted
        # anything yet: then the server first notes all that is there.
        if fields or (owned_part(live) and not records(live)):
            raise _NotProvedError(f"{manager} does not manage it yet")
        return
    if own["apiVersion"] != wanted["apiVersion"]:
        raise _NotProvedError(f"{manager} manages it as {own['apiVersion']}")
    walk = _Walk(kind_key(wanted["apiVersion"], wanted["kind"]))
    walk.fields(fields, own["fieldsV1"], live, (), shape)
    others = [one for one in records(live) if one is not own]
    for steps in walk.rewritten:
        # The server compares before it normalises: whoever shares such a field loses it.
        if any(one["apiVersion"] != own["apiVersion"] or at(one["fieldsV1"], steps) is not None for one in others):
            raise _NotProvedError(f"{place(steps)} is written differently and may be shared")


@dataclasses.dataclass
class _Walk:
    """Goes through a wanted object, its record and the live object side by side."""

    kind: str
    # Places where the server makes the live value out of another one.
    rewritten: list[Steps] = dataclasses.field(default_factory=list)

    def value(self, wanted: t.Any, node: Node, live: t.Any, steps: Steps, shape: Schema) -> None:
        if not node or node.keys() == JUST_OWNED:
            self.whole(wanted, live, steps, shape)
        elif isinstance(wanted, dict):
            self.fields(wanted, node, live, steps, shape)
        elif isinstance(wanted, list):
            self.items(wanted, node, live, steps, shape)
        else:
            raise _NotProvedError(f"{place(steps)} was more than one value")

    def whole(self, wanted: t.Any, live: t.Any, steps: Steps, shape: Schema) -> None:
        if wanted and not shape.is_whole(wanted):
            raise _NotProvedError(f"{place(steps)} is recorded as one value")
        if equal(wanted, live):
            return
        path = _path(steps)
        if normalize.asks_nothing(self.kind, path, wanted, live):
            if not isinstance(live, dict):
                self.rewritten.append(steps)
            return
        if not equal(shape.normal(self.kind, path, wanted), live):
            raise _NotProvedError(f"{place(steps)} differs")
        self.rewritten.append(steps)

    def fields(self, wanted: Body, node: Node, live: t.Any, steps: Steps, shape: Schema) -> None:
        if not shape.has_fields():
            raise _NotProvedError(f"{place(steps)} is recorded field by field")
        if not isinstance(live, dict):
            raise _NotProvedError(f"{place(steps)} is not there")
        unnoted = 0
        for key, value in wanted.items():
            step = f"f:{key}"
            below, child = node.get(step), shape.field(key)
            if below is None and value == [] and child.leaves(self.kind, _path((*steps, step)), live.get(key)):
                unnoted += 1
                continue
            if below is None:
                raise _NotProvedError(f"{place((*steps, step))} is not ours")
            if below and (OWNED in below) is child.declared:
                raise _NotProvedError(f"{place((*steps, step))} itself is owned, or should be")
            self.value(value, below, live.get(key, MISSING), (*steps, step), child)
        if len(node) - (OWNED in node) > len(wanted) - unnoted:
            step = min(node.keys() - {OWNED} - {f"f:{key}" for key in wanted})
            raise _NotProvedError(f"{place((*steps, step))} is no longer wanted")

    def items(self, wanted: list[t.Any], node: Node, live: t.Any, steps: Steps, shape: Schema) -> None:
        if not isinstance(live, list):
            raise _NotProvedError(f"{place(steps)} is not there")
        names = _Names.of(node, steps, shape)
        ours, theirs = [names.name(item) for item in wanted], [names.name(item) for item in live]
        if None in ours or set(ours) != set(names.steps):
            raise _NotProvedError(f"{place(steps)} has other items")
        if len(set(ours)) < len(ours) or len(set(theirs)) < len(theirs):
            raise _NotProvedError(f"{place(steps)} has an item twice")
        if ours != [name for name in theirs if name in names.steps]:
            raise _NotProvedError(f"{place(steps)} has items in another order")
        found = dict(zip(theirs, live, strict=True))
        for item, name in zip(wanted, ours, strict=True):
            step = names.steps[t.cast("str", name)]
            below = node[step]
            if below and OWNED not in below:
                raise _NotProvedError(f"{place((*steps, step))} itself is not owned")
            self.value(item, below, found[name], (*steps, step), shape.item())


@dataclasses.dataclass(frozen=True)
class _Names:
    """How the items of one list are told apart, and where the record has those it has."""

    keys: tuple[str, ...] | None
    shape: Schema
    steps: dict[str, str]

    @classmethod
    def of(cls, node: Node, steps: Steps, shape: Schema) -> _Names:
        recorded = {step: json.loads(step[2:]) for step in node if step[:2] in ("k:", "v:")}
        kinds = {step[:2] for step in node if step != OWNED}
        if kinds == {"v:"} and shape.is_set():
            return cls(None, shape.item(), {_text(value): step for step, value in recorded.items()})
        keys = {frozenset(value) for step, value in recorded.items() if step.startswith("k:")}
        if kinds == {"k:"} and len(keys) == 1 and shape.has_keys(one := next(iter(keys))):
            names = cls(tuple(sorted(one)), shape.item(), {})
            names.steps.update({t.cast("str", names.name(value)): step for step, value in recorded.items()})
            return names
        raise _NotProvedError(f"{place(steps)} is recorded item by item")

    def name(self, item: t.Any) -> str | None:
        """``None`` for what has none."""
        if self.keys is None:
            return _text(item)
        if not isinstance(item, dict):
            return None
        values = [item[key] if key in item else self.shape.default(key) for key in self.keys]
        return None if None in values else _text(values)


def equal(one: t.Any, other: t.Any) -> bool:
    """Whether two JSON values are the same, their types included: 1 is neither true nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _path(steps: Steps) -> normalize.Path:
    return tuple(step[2:] if step.startswith("f:") else ITEM for step in steps)
