# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the objects in texts; one invalid text does not prevent reading the others."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import group_of
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding, Path, SourceObject
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

# Files of tools, which look like objects but are not for the API server.
_TOOLS = frozenset({"helm.toolkit.fluxcd.io", "k3d.io", "kind.x-k8s.io", "kubeadm.k8s.io", "kustomize.config.k8s.io"})
_TAB = re.compile(r" *\t")
_YAML = "https://yaml.org/spec/1.2.2/#61-indentation-spaces"


@dataclasses.dataclass(frozen=True)
class Read:
    """The content of texts: objects, errors, and remarks about what is not for the API server."""

    parts: tuple[SourceObject, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()

    def __add__(self, other: Read) -> Read:
        return Read(self.parts + other.parts, self.findings + other.findings, self.remarks + other.remarks)


def from_text(text: str, source: str) -> Read:
    try:
        values = yamltext.load_all(text, source)
    except KuberError as exc:
        return Read(findings=(_unreadable(exc, text, source),))
    return from_values(values, source)


def from_values(values: Sequence[object], source: str) -> Read:
    """Return the objects of parsed documents."""
    return sum((_document(value, source, number) for number, value in enumerate(values, 1)), Read())


def from_definition(definition: object, source: str = "definition") -> Read:
    """Return the objects of a mapping, a YAML text, or a list of either."""
    if isinstance(definition, str):
        return from_text(str(definition), source)
    if not isinstance(definition, list):
        return from_values([definition], source)
    entries = enumerate(definition, 1)
    return sum((from_definition(entry, f"{source}, entry {number}") for number, entry in entries), Read())


def sentence(exc: KuberError) -> str:
    """Return the error without its remedy."""
    details = (("wanted", exc.wanted), ("found", exc.found))
    return "; ".join([exc.problem, *(f"{word}: {text}" for word, text in details if text)])


def _document(value: object, source: str, number: int) -> Read:
    origin = f"{source}, document {number}"
    if value is None:
        return Read()
    if not isinstance(value, dict) or not {"apiVersion", "kind"} & value.keys() or _of_a_tool(value):
        return Read(remarks=(Finding("", origin, "This is not an object for the API server", "It is left unchanged"),))
    return _objects(SourceObject(source, number, (), value))


def _of_a_tool(value: dict[str, t.Any]) -> bool:
    version, kind = value.get("apiVersion"), value.get("kind")
    return (version, kind) == ("v1", "Config") or (isinstance(version, str) and group_of(version) in _TOOLS)


def _objects(part: SourceObject) -> Read:
    body = part.body
    if (body.get("apiVersion"), body.get("kind")) != ("v1", "List"):
        return Read(parts=(part,))
    items = body.get("items") or []
    if not isinstance(items, list):
        return Read(findings=(Finding("List", part.origin, "items is not a list", "Correct the document"),))
    return sum((_item(item, part, number) for number, item in enumerate(items)), Read())


def _item(item: object, part: SourceObject, number: int) -> Read:
    place: Path = (*part.place, "items", number)
    if isinstance(item, dict):
        return _objects(SourceObject(part.source, part.number, place, item))
    origin = SourceObject(part.source, part.number, place, {}).origin
    return Read(findings=(Finding("", origin, "This is not an object", "Correct the document"),))


def _unreadable(exc: KuberError, text: str, source: str) -> Finding:
    tabs = [number for number, line in enumerate(text.splitlines(), 1) if _TAB.match(line)]
    if tabs:
        shown = ", ".join(map(str, tabs[:5])) + (" and more" if len(tabs) > 5 else "")
        remedy = f"Replace the tabs that indent line {shown} with spaces: YAML does not allow tabs"
        return Finding("", source, sentence(exc), remedy, _YAML)
    return Finding("", source, sentence(exc), "Correct the file at that place")
