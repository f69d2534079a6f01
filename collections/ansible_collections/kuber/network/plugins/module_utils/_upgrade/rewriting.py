# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Rewrite a file with its upgraded objects; unchanged documents stay byte for byte."""

from __future__ import annotations

import collections
import copy
import dataclasses
import itertools
import json
import re
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._upgrade import draft as drafting
from ansible_collections.kuber.network.plugins.module_utils._upgrade import roundtrip
from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft, Edit, Operation
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

# Line ends of YAML 1.1, and so of libyaml.
_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|$)")
_START = re.compile(r"(?:%[^\n]*\n|#[^\n]*\n|[ \t]*\r?\n)*---[ \t]*(?:#[^\n]*)?\r?\n")
_DASHES = re.compile(r"^---", re.MULTILINE)
_END = re.compile(r"^\.\.\.(?:\s|\Z)", re.MULTILINE)
_REMEDY = "Put each document into a separate file"
_Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclasses.dataclass(frozen=True)
class Rewritten:
    """The new text, and the numbers of the documents whose comments could not be preserved."""

    text: str
    bare: tuple[int, ...] = ()


def is_changed(draft: Draft) -> bool:
    return bool(draft.edits or draft.added or draft.replaced)


def rewrite(text: str, drafts: Iterable[Draft], *, as_json: bool = False) -> Rewritten:
    """Return the text with the upgraded objects."""
    changed: dict[int, list[Draft]] = collections.defaultdict(list)
    for draft in drafts:
        if is_changed(draft):
            changed[draft.part.number].append(draft)
    if not changed:
        return Rewritten(text)
    values = yamltext.load_all(text, "")
    if as_json and len(values) == 1:
        return Rewritten(_json(values[0], changed[1]))
    chunks = _chunks(text)
    if len(chunks) != len(values):
        raise KuberError("Cannot separate the documents of a file", remedy=_REMEDY)
    expected = [[value] for value in values]
    bare = []
    for number, found in changed.items():
        expected[number - 1] = wanted = _wanted(values[number - 1], found)
        chunks[number - 1], kept = _document(chunks[number - 1], found, wanted)
        bare += [] if kept else [number]
    new = "".join(chunks)
    if not _reads_as(new, [value for part in expected for value in part if value is not None]):
        raise KuberError("The upgraded file would not parse to the upgraded objects", remedy=_REMEDY)
    return Rewritten(new, tuple(bare))


def dump(bodies: Iterable[Body]) -> str:
    """Return objects as YAML text."""
    return "---\n".join(yamltext.dump(body) for body in bodies)


def _chunks(text: str) -> list[str]:
    """Split a text into its documents, including everything between them."""
    events: t.Iterable[t.Any] = yaml.parse(text, Loader=_Loader)
    marks: list[t.Any] = [one.start_mark for one in events if isinstance(one, yaml.DocumentStartEvent)]
    lines = _LINE.findall(text)
    bounds = [0, *(mark.line for mark in marks[1:]), len(lines)]
    return ["".join(lines[first:last]) for first, last in itertools.pairwise(bounds)]


def _wanted(value: t.Any, drafts: Sequence[Draft]) -> list[t.Any]:
    """Return what the document, and those added after it, must parse to."""
    result = copy.deepcopy(value)
    for edit in _edits(drafts):
        drafting.apply(result, edit)
    whole = [] if any(_takes_place_of_document(draft) for draft in drafts) else [result]
    return whole + _added(drafts)


def _takes_place_of_document(draft: Draft) -> bool:
    return draft.replaced and not draft.part.place


def _added(drafts: Sequence[Draft]) -> list[Body]:
    return [one.body for draft in drafts for one in draft.added]


def _edits(drafts: Sequence[Draft]) -> list[Edit]:
    """Return the edits of a document: those of its objects, then the removed items of Lists, last first."""
    edits = [
        Edit(edit.operation, (*draft.part.place, *edit.path), edit.value) for draft in drafts for edit in draft.edits
    ]
    gone = [draft.part.place for draft in drafts if draft.replaced and draft.part.place]
    return edits + [Edit(Operation.REMOVE, place) for place in reversed(gone)]


def _document(chunk: str, drafts: Sequence[Draft], wanted: list[t.Any]) -> tuple[str, bool]:
    """Return the new text of a document, and whether it has the comments."""
    newline = "\r\n" if "\r\n" in chunk else "\n"
    start = _START.match(chunk)
    rest = chunk[start.end() :] if start else chunk
    # Text after the dashes on the same line is part of the document.
    head = start[0] if start else ("---\n" if _DASHES.search(chunk) else "")
    end = _END.search(rest)
    body, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    for new, kept in ((_kept(body, drafts), True), (dump(wanted), False)):
        text = head + new.replace("\n", newline) + tail if new is not None else ""
        if new is not None and _reads_as(text, wanted):
            return text, kept
    raise KuberError(f"Cannot write {drafts[0].name} as YAML", found=drafts[0].part.origin)


def _kept(body: str, drafts: Sequence[Draft]) -> str | None:
    """Return the document with its comments, and what follows it; ``None`` if the library cannot do it."""
    added = dump(_added(drafts))
    body = body.replace("\r\n", "\n")
    if any(_takes_place_of_document(draft) for draft in drafts):
        return "".join(f"{line}\n" for line in roundtrip.comments(body)) + added
    edits = _edits(drafts)
    try:
        new = roundtrip.edited(body, edits) if edits else body
    except roundtrip.NotKeptError:
        return None
    if not added:
        return new
    return new + ("" if new.endswith("\n") else "\n") + "---\n" + added


def _reads_as(text: str, wanted: list[t.Any]) -> bool:
    try:
        return _without_empty(yamltext.load_all(text, "")) == wanted
    except KuberError:
        return False


def _without_empty(values: list[t.Any]) -> list[t.Any]:
    return [value for value in values if value is not None]


def _json(value: t.Any, drafts: Sequence[Draft]) -> str:
    wanted = _wanted(value, drafts)
    whole = wanted[0] if len(wanted) == 1 else {"apiVersion": "v1", "kind": "List", "items": wanted}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
