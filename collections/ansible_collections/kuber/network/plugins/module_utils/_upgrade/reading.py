# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From texts to the objects in them; a text that cannot be read does not keep the others from being read."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import group_of
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding, Part, Path

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

# Files of tools, which look like objects and are none of the API server's.
_TOOLS = frozenset({"helm.toolkit.fluxcd.io", "k3d.io", "kind.x-k8s.io", "kubeadm.k8s.io", "kustomize.config.k8s.io"})
_TAB = re.compile(r" *\t")
_YAML = "https://yaml.org/spec/1.2.2/#61-indentation-spaces"


@dataclasses.dataclass(frozen=True)
class Read:
    """What is in some texts: objects, what could not be read, and what is not for the API server."""

    parts: tuple[Part, ...] = ()
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
    """The objects of documents that have been read already."""
    return sum((_document(value, source, number) for number, value in enumerate(values, 1)), Read())


def from_definition(definition: object, source: str = "definition") -> Read:
    """The objects of a mapping, of a YAML text, or of a list of either."""
    if isinstance(definition, str):
        return from_text(str(definition), source)
    if not isinstance(definition, list):
        return from_values([definition], source)
    entries = enumerate(definition, 1)
    return sum((from_definition(entry, f"{source}, entry {number}") for number, entry in entries), Read())


def sentence(exc: KuberError) -> str:
    """What is wrong, without what to do about it."""
    details = (("wanted", exc.wanted), ("found", exc.found))
    return "; ".join([exc.problem, *(f"{word}: {text}" for word, text in details if text)])


def _document(value: object, source: str, number: int) -> Read:
    origin = f"{source}, document {number}"
    if value is None:
        return Read()
    if not isinstance(value, dict) or not {"apiVersion", "kind"} & value.keys() or _of_a_tool(value):
        return Read(remarks=(Finding("", origin, "This is not an object for the API server", "It is left as it is"),))
    return _objects(Part(source, number, (), value))


def _of_a_tool(value: dict[str, t.Any]) -> bool:
    version, kind = value.get("apiVersion"), value.get("kind")
    return (version, kind) == ("v1", "Config") or (isinstance(version, str) and group_of(version) in _TOOLS)


def _objects(part: Part) -> Read:
    body = part.body
    if (body.get("apiVersion"), body.get("kind")) != ("v1", "List"):
        return Read(parts=(part,))
    items = body.get("items") or []
    if not isinstance(items, list):
        return Read(findings=(Finding("List", part.origin, "items is not a list", "Correct the document"),))
    return sum((_item(item, part, number) for number, item in enumerate(items)), Read())


def _item(item: object, part: Part, number: int) -> Read:
    place: Path = (*part.place, "items", number)
    if isinstance(item, dict):
        return _objects(Part(part.source, part.number, place, item))
    origin = Part(part.source, part.number, place, {}).origin
    return Read(findings=(Finding("", origin, "This is not an object", "Correct the document"),))


def _unreadable(exc: KuberError, text: str, source: str) -> Finding:
    tabs = [number for number, line in enumerate(text.splitlines(), 1) if _TAB.match(line)]
    if tabs:
        shown = ", ".join(map(str, tabs[:5])) + (" and more" if len(tabs) > 5 else "")
        remedy = f"Replace the tabs that indent line {shown} by spaces: YAML does not allow them"
        return Finding("", source, sentence(exc), remedy, _YAML)
    return Finding("", source, sentence(exc), "Correct the file at that place")
