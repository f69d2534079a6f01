# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Fields that a set gives a first value and then leaves to others.

Leaving a field out of an apply means two things. Somebody else has written it since: then it is theirs, and an apply
that does not name it leaves it alone. Nobody has: then it is still ours alone, and the server would remove it. So what
is ours is sent back as it is, and the rest is left out. Either way neither the value nor its owner changes.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.extract import Place
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import NOTHING
from ansible_collections.kuber.network.plugins.module_utils._kube.pointers import IDENTITY, Pointer
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target, refuse_no_match

_Tree = dict[str, "_Tree"]


@dataclasses.dataclass(frozen=True)
class Rule:
    """Which fields of which objects are left to others."""

    target: Target
    pointers: tuple[Pointer, ...]

    @classmethod
    def of(cls, target: Target, pointers: t.Iterable[str]) -> Rule:
        parsed = tuple(Pointer.parse(pointer) for pointer in pointers)
        for pointer in parsed:
            if pointer.steps in IDENTITY:
                raise KuberError(f"The option ignore names {pointer} of {target}, without which there is no object")
        return cls(target, parsed)


def refuse_no_field(documents: t.Sequence[Document], rules: t.Iterable[Rule]) -> None:
    """Refuse rules that are about nothing in the set."""
    for rule in rules:
        refuse_no_match("ignore", rule.target, documents)
        covered = [document for document in documents if rule.target.covers(document.ref)]
        for pointer in rule.pointers:
            if not any(_in(document.body, pointer).matches(document.body) for document in covered):
                raise KuberError(
                    f"The option ignore names {pointer}, which matches nothing in {', '.join(map(str, covered))}",
                    remedy="Name a field that the set gives a value, or drop the pointer: others are left alone anyway",
                )


def pointers_of(document: Document, rules: t.Iterable[Rule]) -> tuple[Pointer, ...]:
    """The fields of one object of the set that are left to others."""
    pointers = (pointer for rule in rules if rule.target.covers(document.ref) for pointer in rule.pointers)
    places = (_in(document.body, pointer) for pointer in pointers)
    return tuple(pointer for pointer in places if pointer.matches(document.body))


def settled(body: Body, live: Body, pointers: t.Iterable[Pointer], manager: str) -> Body:
    """``body`` with the fields that are left to others as they are in ``live``, or left out."""
    tree: _Tree = {}
    # Shorter ones first: what is left to others as a whole has no parts that are.
    for pointer in sorted(pointers, key=lambda one: len(one.steps)):
        _grow(tree, pointer.steps)
    return t.cast("Body", _settle(body, Place.root(live, manager), tree))


def _grow(tree: _Tree, steps: tuple[str, ...]) -> None:
    for step in steps:
        known = step in tree
        tree = tree.setdefault(step, {})
        if known and not tree:
            return


def _in(body: Body, pointer: Pointer) -> Pointer:
    """The pointer as it is meant: the texts of a Secret are sent as data."""
    if kind_key(body["apiVersion"], body["kind"]) == "Secret" and pointer.steps[0] == "stringData":
        return Pointer(("data", *pointer.steps[1:]))
    return pointer


def _settle(wanted: t.Any, place: Place, tree: _Tree) -> t.Any:
    if not tree:
        return place.owned()
    if isinstance(wanted, dict):
        fields = {
            name: _settle(value, place.field(name), tree[name]) if name in tree else value
            for name, value in wanted.items()
        }
        kept: t.Any = {name: value for name, value in fields.items() if value is not NOTHING}
    else:
        entries = (_settle_entry(wanted, number, place, tree.get(str(number))) for number in range(len(wanted)))
        kept = [entry for entry in entries if entry is not NOTHING]
    # What held nothing else would only be owned for its own sake.
    return kept or NOTHING


def _settle_entry(wanted: list[t.Any], number: int, place: Place, tree: _Tree | None) -> t.Any:
    if tree is None:
        return wanted[number]
    entry = place.entry(wanted, number)
    if tree and entry.value is NOTHING:
        # An entry that is not there (any more) is made anew, and what is new gets its first values.
        return wanted[number]
    return _settle(wanted[number], entry, tree)
