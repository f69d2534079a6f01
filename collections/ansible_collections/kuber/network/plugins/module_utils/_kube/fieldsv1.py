# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Who has set which fields of an object, as the server records it (``metadata.managedFields``, FieldsV1).

The record of a manager is a tree beside the object: ``f:name`` is a field, ``k:{...}`` an item of a list whose items
have keys, ``v:...`` an item of a set, and ``.`` says that the place itself is owned and not only what is below it. An
empty tree stands for a value that is owned, so that a part that becomes empty is taken out with it.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

Node = t.Mapping[str, t.Any]
Steps = tuple[str, ...]

OWNED = "."
METADATA = "f:metadata"
# The parts of metadata that nobody is said to own.
UNNOTED = frozenset(
    {
        "creationTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
# Merge keys that manifests may leave out because the server fills them in: those of ports.
DEFAULT_KEYS = {"protocol": "TCP"}


class _Nothing:
    """Not even null."""


NOTHING: t.Final = _Nothing()


def records(body: Body) -> list[Body]:
    return body["metadata"].get("managedFields") or []


def own_record(body: Body, manager: str) -> Body | None:
    """What ``manager`` has applied, the status aside."""
    for one in records(body):
        if (one.get("manager"), one.get("operation"), one.get("subresource", "")) == (manager, "Apply", ""):
            return one
    return None


def place(steps: Steps) -> str:
    """The place as users write it: ``spec.containers[name=web].image``."""
    text = ""
    for step in steps:
        kind, _colon, rest = step.partition(":")
        if kind == "f":
            plain = "." not in rest and "/" not in rest
            text += (f".{rest}" if text else rest) if plain else f"[{rest}]"
        elif kind == "k":
            text += "[" + ",".join(f"{key}={value}" for key, value in json.loads(rest).items()) + "]"
        else:
            text += f"[{rest}]"
    return text


def at(node: Node, steps: Steps) -> Node | None:
    """What a record says of a place."""
    found: Node | None = node
    for step in steps:
        found = found.get(step) if found is not None else None
    return found


def owned_part(body: Body) -> Body:
    """``body`` without what the server never notes.

    https://github.com/kubernetes/apimachinery/blob/v0.34.1/pkg/util/managedfields/internal/stripmeta.go
    """
    metadata = {key: value for key, value in body["metadata"].items() if key not in UNNOTED}
    rest = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**rest, "metadata": metadata} if metadata else rest


def join(one: t.Optional[Node], other: t.Optional[Node]) -> t.Optional[Node]:
    """The record of what either of two records has."""
    if one is None or other is None:
        return other if one is None else one
    if not one or not other:
        # A place without anything below is owned itself.
        return {**one, **other, OWNED: {}} if one or other else {}
    return {step: t.cast("Node", join(one.get(step), other.get(step))) for step in {**one, **other}}


def insert(node: t.Optional[Node], steps: Steps, below: Node) -> Node:
    """``node`` with ``below`` at the place of ``steps``."""
    if not steps:
        return t.cast("Node", join(node, below))
    first, *rest = steps
    part = insert((node or {}).get(first), tuple(rest), below)
    return {**(node or {}), first: part}


def cut(node: Node, steps: Steps) -> t.Optional[Node]:
    """``node`` without the place of ``steps``; ``None`` if nothing is left."""
    first, *rest = steps
    if first not in node:
        return node
    part = cut(node[first], tuple(rest)) if rest else None
    kept = {step: below for step, below in node.items() if step != first}
    return (kept if part is None else {**kept, first: part}) or None


def without(node: Node, taken: Node) -> t.Optional[Node]:
    """``node`` without the values that ``taken`` has too; ``None`` if nothing is left."""
    if not node:
        return None
    kept: dict[str, Node] = {}
    for step, below in node.items():
        part = without(below, taken[step]) if step in taken else below
        if part is not None:
            kept[step] = part
    return kept or None


def overlap(one: Node, other: Node) -> bool:
    """Whether two records have a value in common."""
    if not one or not other:
        return not one and not other
    return any(step in other and overlap(below, other[step]) for step, below in one.items())


def is_given_up(wanted: t.Any, record: Node) -> bool:
    """Whether a record has a value that is no longer wanted."""
    for step, below in record.items():
        if step == OWNED:
            continue
        part = child(wanted, step)
        if part is NOTHING or (below and is_given_up(part, below)):
            return True
    return False


def touches(record: Node, steps: Steps) -> bool:
    """Whether a record has the place of ``steps``, a part of it, or a value that holds it."""
    for step in steps:
        if not record or record.keys() == {OWNED}:
            return True
        if step not in record:
            return False
        record = record[step]
    return True


def child(value: t.Any, step: str) -> t.Any:
    """What stands behind one step, ``NOTHING`` if that is not there."""
    if isinstance(value, dict) and step.startswith("f:"):
        return value.get(step[2:], NOTHING)
    if isinstance(value, list) and step.startswith("v:"):
        wanted = json.loads(step[2:])
        return wanted if wanted in value else NOTHING
    if isinstance(value, list) and step.startswith("k:"):
        keys = json.loads(step[2:])
        return next((item for item in value if _has_keys(item, keys)), NOTHING)
    return NOTHING


def remove(value: t.Any, steps: Steps) -> None:
    """Take out of ``value`` what stands at the place of ``steps``."""
    *parents, last = steps
    for step in parents:
        value = child(value, step)
    found = child(value, last)
    if found is NOTHING:
        return
    if isinstance(value, dict):
        del value[last[2:]]
    else:
        value.remove(found)


def copy_field(source: t.Any, target: t.Any, steps: Steps) -> None:
    """Make one field of ``target`` what it is in ``source``, be it there or not; items of lists stay as they are."""
    *parents, last = steps
    for step in parents:
        source, target = child(source, step), child(target, step)
    if not isinstance(target, dict) or not last.startswith("f:"):
        return
    value = child(source, last)
    if value is NOTHING:
        target.pop(last[2:], None)
    else:
        target[last[2:]] = value


def prune(value: t.Any, owned: Node, stay: t.Sequence[Node], wanted: t.Any = NOTHING) -> None:
    """Take out of ``value`` what is ``owned``, and neither ``wanted`` nor in one of the records that ``stay``."""
    for step, below in owned.items():
        if step == OWNED:
            continue
        keepers = [one[step] for one in stay if step in one]
        part, still = child(value, step), child(wanted, step)
        # No object is without its metadata: it has parts that are never recorded.
        if not keepers and still is NOTHING and step != METADATA:
            remove(value, (step,))
        elif below and part is not NOTHING:
            prune(part, below, keepers, still)


def _has_keys(item: t.Any, keys: t.Mapping[str, t.Any]) -> bool:
    if not isinstance(item, dict):
        return False
    return all(item.get(name, DEFAULT_KEYS.get(name)) == value for name, value in keys.items())


def item_keys(nodes: t.Iterable[Node]) -> tuple[str, ...] | None:
    """By which of their fields the items of a list are told apart, if any record says so."""
    for node in nodes:
        for step in node:
            if step.startswith("k:"):
                return tuple(json.loads(step[2:]))
    return None


def by_path_element(items: list[t.Any], keys: tuple[str, ...]) -> dict[str, t.Any] | None:
    """The items by their steps in a record; ``None`` if they cannot be told apart."""
    found = {}
    for item in items:
        if not isinstance(item, dict) or not all(key in item for key in keys):
            return None
        name = {key: item[key] for key in keys}
        found["k:" + json.dumps(name, separators=(",", ":"), ensure_ascii=False)] = item
    return found if len(found) == len(items) else None


def paired_items(
    before: list[t.Any], after: list[t.Any], keys: tuple[str, ...] | None
) -> tuple[dict[str, t.Any], dict[str, t.Any]] | None:
    """Two states of a list by the steps of their items; ``None`` where they differ as wholes, if only in order."""
    if keys is None:
        return None
    left, right = by_path_element(before, keys), by_path_element(after, keys)
    return None if left is None or right is None or left == right else (left, right)
