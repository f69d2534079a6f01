# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an edit by others has left in an object beside what is wanted of it."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import diff, fieldsv1, quantity
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import (
    DEFAULT_KEYS,
    NOTHING,
    Node,
    Steps,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

Nodes = t.Sequence[Node]

IDENTITY = (("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace"))


@dataclasses.dataclass(frozen=True)
class Extra:
    """A place that is there and not wanted, beside what is wanted; ``owners`` are records of other managers."""

    steps: Steps
    value: t.Any
    owners: tuple[Body, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The fields on the way to it, without what tells items of lists apart."""
        return tuple(step[2:] for step in self.steps if step.startswith("f:"))


def extras(wanted: Body, live: Body, manager: str) -> list[Extra]:
    """All that is in ``live`` beside what is wanted, the status and the server's own notes aside."""
    others = _others(live, manager)
    found = _extras(wanted, diff.content(live), _nodes(live), ())
    return [Extra(steps, value, _owners(others, steps)) for steps, value in found if not _is_identity(steps)]


def merged(wanted: Body, live: Body, manager: str, given_up: t.Iterable[Steps]) -> Body:
    """What an apply of ``wanted`` would make of ``live`` if the places ``given_up`` were our own."""
    own = fieldsv1.own_record(live, manager)
    base = copy.deepcopy(live)
    if own is not None:
        fieldsv1.prune(base, own["fieldsV1"], [one["fieldsV1"] for one in _others(live, manager)], wanted)
    for steps in given_up:
        fieldsv1.remove(base, steps)
    return t.cast("Body", _merged(wanted, base, _nodes(live)))


def without_nulls(wanted: Body, places: t.Iterable[Steps]) -> Body:
    """What is wanted, without the null that is wanted at one of the ``places``."""
    result = copy.deepcopy(wanted)
    for steps in places:
        if _at(result, steps) is None:
            fieldsv1.remove(result, steps)
    return result


def renamed(wanted: Body, live: Body, manager: str) -> list[Steps]:
    """Items of lists that somebody else has given another key: ours is not there, and theirs is like it."""
    own = fieldsv1.own_record(live, manager)
    if own is None:
        return []
    recent = [
        one
        for one in _others(live, manager)
        if one.get("operation") == "Update" and (one.get("time") or "") >= (own.get("time") or "")
    ]
    return list(_renamed(fieldsv1.owned_part(wanted), diff.content(live), own["fieldsV1"], recent, _nodes(live), ()))


def _at(value: t.Any, steps: Steps) -> t.Any:
    for step in steps:
        value = fieldsv1.child(value, step)
    return value


def _nodes(live: Body) -> list[Node]:
    return [one["fieldsV1"] for one in fieldsv1.records(live) if one.get("fieldsV1")]


def _others(live: Body, manager: str) -> list[Body]:
    """The records of other managers that are about more than a subresource."""
    own = fieldsv1.own_record(live, manager)
    return [one for one in fieldsv1.records(live) if one is not own and one.get("fieldsV1")]


def _owners(records: t.Iterable[Body], steps: Steps) -> tuple[Body, ...]:
    return tuple(one for one in records if fieldsv1.at(one["fieldsV1"], steps) is not None)


def _is_identity(steps: Steps) -> bool:
    """Whether a field tells objects, or items of a list, apart."""
    item = steps[-2] if len(steps) > 1 else ""
    return steps in IDENTITY or (item.startswith("k:") and steps[-1][2:] in json.loads(item[2:]))


def _extras(wanted: t.Any, live: t.Any, nodes: Nodes, steps: Steps) -> t.Iterator[tuple[Steps, t.Any]]:
    for step, value in _parts(live, nodes):
        part = fieldsv1.child(wanted, step)
        if part is NOTHING or (part is None and isinstance(value, dict | list)):
            # The server does not take a mapping or a list for gone where null is wanted.
            yield (*steps, step), value
        else:
            yield from _extras(part, value, _below(nodes, step), (*steps, step))


def _parts(live: t.Any, nodes: Nodes) -> t.Iterator[tuple[str, t.Any]]:
    """The parts of a value that have owners of their own, by their steps."""
    if isinstance(live, dict) and not _is_whole(nodes):
        yield from ((f"f:{name}", value) for name, value in live.items())
    elif isinstance(live, list) and (keys := fieldsv1.item_keys(nodes)):
        yield from (fieldsv1.by_path_element(live, keys) or {}).items()


def _merged(wanted: t.Any, live: t.Any, nodes: Nodes) -> t.Any:
    if wanted is None and isinstance(live, dict | list):
        return live
    if isinstance(wanted, dict) and isinstance(live, dict) and not _is_whole(nodes):
        parts = {
            name: _merged(value, live[name], _below(nodes, f"f:{name}")) if name in live else value
            for name, value in wanted.items()
        }
        return {**live, **parts}
    if isinstance(wanted, list) and isinstance(live, list) and (keys := fieldsv1.item_keys(nodes)):
        theirs, ours = (
            fieldsv1.by_path_element(live, keys),
            fieldsv1.by_path_element([_with_keys(item, keys) for item in wanted], keys),
        )
        if theirs is not None and ours is not None:
            steps = _in_order(list(ours), list(theirs))
            return [
                _merged(ours[step], theirs[step], _below(nodes, step))
                if step in ours and step in theirs
                else ours.get(step, theirs.get(step))
                for step in steps
            ]
    return wanted


def _in_order(ours: list[str], theirs: list[str]) -> list[str]:
    """Ours in our order; what is only theirs stays behind what it was behind."""
    result = list(ours)
    before: str | None = None
    for step in theirs:
        if step not in ours:
            result.insert(result.index(before) + 1 if before is not None else 0, step)
        before = step
    return result


def _is_whole(nodes: Nodes) -> bool:
    """Whether a mapping is owned as one value."""
    return bool(nodes) and not any(step != fieldsv1.OWNED for node in nodes for step in node)


def _below(nodes: Nodes, step: str) -> list[Node]:
    return [node[step] for node in nodes if step in node]


def _with_keys(item: t.Any, keys: t.Iterable[str]) -> t.Any:
    defaults = {key: DEFAULT_KEYS[key] for key in keys if key in DEFAULT_KEYS}
    return {**defaults, **item} if isinstance(item, dict) else item


def _renamed(
    wanted: t.Any, live: t.Any, own: Node, recent: t.Sequence[Body], nodes: Nodes, steps: Steps
) -> t.Iterator[Steps]:
    if isinstance(wanted, list) and isinstance(live, list) and (keys := fieldsv1.item_keys(nodes)):
        yield from (
            (*steps, step) for step in _pairs(wanted, live, keys, lambda step: _is_foreign(own, recent, (*steps, step)))
        )
    for step, value in _parts(live, nodes):
        part = fieldsv1.child(wanted, step)
        if part is not NOTHING:
            yield from _renamed(part, value, own, recent, _below(nodes, step), (*steps, step))


def _is_foreign(own: Node, recent: t.Sequence[Body], steps: Steps) -> bool:
    return fieldsv1.at(own, steps) is None and bool(_owners(recent, steps))


def _pairs(
    wanted: list[t.Any], live: list[t.Any], keys: tuple[str, ...], is_foreign: t.Callable[[str], bool]
) -> list[str]:
    """The items of others that stand in the place of missing ones of ours."""
    ours = fieldsv1.by_path_element([_with_keys(item, keys) for item in wanted], keys)
    theirs = fieldsv1.by_path_element(live, keys)
    if ours is None or theirs is None:
        return []
    missing = [item for step, item in ours.items() if step not in theirs]
    foreign = {step: item for step, item in theirs.items() if step not in ours and is_foreign(step)}
    alone = len(missing) == len(foreign) == 1
    found = []
    for item in missing:
        rest = {name: value for name, value in item.items() if name not in keys}
        step = next((step for step in foreign if (rest or alone) and _covers(rest, foreign[step])), None)
        if step is not None:
            foreign.pop(step)
            found.append(step)
    return found


def _covers(wanted: t.Any, found: t.Any) -> bool:
    """Whether ``found`` has all that is wanted, maybe with defaults beside it."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and _covers(value, found[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_covers, wanted, found))
    if wanted == found:
        return True
    amount = quantity.canonical(wanted)
    return amount is not None and amount == quantity.canonical(found)
