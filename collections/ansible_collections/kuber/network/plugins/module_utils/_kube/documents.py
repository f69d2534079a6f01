# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From files, texts and definitions to a set of well-formed objects, each with the place it came from."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext
from ansible_collections.kuber.network.plugins.module_utils._kube.objectforms import (
    CORRECT,
    Source,
    check_encoded,
    check_strings,
    checked_name,
    kind_of,
    plain,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, kind_key

SUFFIXES = frozenset({".yml", ".yaml", ".json"})
# Kinds whose fields hold strings and nothing else.
STRINGS = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
# Fields whose strings stand for bytes; the API server calls what does not an error of its own.
ENCODED = {("ConfigMap", "binaryData"), ("Secret", "data")}
# What `kubectl apply -k` builds, and no API server knows.
KUSTOMIZE = "kustomize.config.k8s.io"


@dataclasses.dataclass(frozen=True)
class Document:
    """One object as the user wrote it; ``origin`` says where, ``size`` how many bytes it takes as JSON."""

    origin: str
    body: Body
    size: int = 0

    @functools.cached_property
    def ref(self) -> Ref:
        return Ref.of(self.body)

    def __str__(self) -> str:
        return f"{self.ref} ({self.origin})"


def from_path(path: str, read: t.Callable[[pathlib.Path], str] | None = None) -> list[Document]:
    """The documents of a file, or of all manifests in a directory in the order of their names; maybe none."""
    place, read = pathlib.Path(path), read or read_text
    if not place.is_dir():
        return from_text(read(place), str(place))
    files = sorted(child for child in place.iterdir() if child.suffix in SUFFIXES)
    if not files:
        raise KuberError(f"Directory {place} holds no manifests", wanted=f"files named *{', *'.join(sorted(SUFFIXES))}")
    return [document for file in files for document in from_text(read(file), str(file))]


def from_text(text: str, origin: str) -> list[Document]:
    """The documents of a text; those that are empty, such as one with comments only, are left out."""
    return [
        document
        for number, value in enumerate(yamltext.load_all(text, origin))
        if value is not None
        for document in _checked(value, f"{origin}, document {number + 1}", Source(text, number))
    ]


def from_definition(definition: object, origin: str = "definition") -> list[Document]:
    """The documents of a mapping, of a YAML text, or of a list of either; what is empty is left out."""
    if definition is None:
        return []
    if isinstance(definition, str):
        return from_text(definition, origin)
    if isinstance(definition, list):
        return [
            document
            for number, part in enumerate(definition, start=1)
            for document in from_definition(part, f"{origin}, entry {number}")
        ]
    return _checked(definition, origin)


def refuse_too_large(documents: t.Iterable[Document]) -> None:
    """Refuse a set that is too large as a whole, though no part of it is."""
    size = sum(document.size for document in documents)
    if size > yamltext.LARGEST:
        raise KuberError(
            "The set is too large",
            wanted=f"at most {yamltext.LARGEST >> 20} MiB",
            found=f"more than {size / (1 << 20):.1f} MiB",
            remedy="Split it: apply it with several tasks, first what others depend on",
        )


def refuse_duplicates(documents: t.Iterable[Document]) -> None:
    seen: dict[tuple[str, ...], Document] = {}
    for document in documents:
        ref = document.ref
        # Two versions of a group are two views of one object.
        first = seen.setdefault((ref.group, ref.kind, ref.namespace, ref.name), document)
        if first is not document:
            raise KuberError(
                f"Two objects of the set are {ref}",
                found=f"one in {first.origin}, one in {document.origin}",
                remedy="Take one of them out, or give it another name",
            )


def read_text(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise KuberError(f"{path} is not text", wanted="YAML or JSON in UTF-8") from exc
    except OSError as exc:
        raise KuberError(f"{path} cannot be read", found=exc.strerror or str(exc)) from exc


def _checked(value: object, origin: str, source: Source | None = None) -> list[Document]:
    body, size = plain(value, origin)
    _refuse_kustomization(body, origin)
    for field in ("apiVersion", "kind"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise KuberError(
                f"{origin} is not a Kubernetes object",
                wanted=f"a string in {field}",
                found=kind_of(body.get(field)),
                remedy=CORRECT,
            )
    if body["kind"].endswith("List") and "items" in body:
        return _items(body, origin, source)
    document = Document(origin, body, size)
    check(document, source)
    return [document]


def _refuse_kustomization(body: Body, origin: str) -> None:
    group = str(body.get("apiVersion", "")).partition("/")[0]
    name = pathlib.PurePath(origin.partition(", document ")[0]).name
    if group == KUSTOMIZE or ("kind" not in body and name in ("kustomization.yaml", "kustomization.yml")):
        raise KuberError(
            f"{origin} is a kustomization, which no API server knows",
            remedy="Apply what `kubectl kustomize DIRECTORY` prints, or name the other files in src one by one",
        )


def _items(body: Body, origin: str, source: Source | None) -> list[Document]:
    """The objects of a list; in one of a kind, such as a ConfigMapList, they need not repeat kind and version."""
    items = body["items"] or []
    if not isinstance(items, list):
        raise KuberError(f"items of {origin} is {kind_of(items)}", wanted="a list of objects", remedy=CORRECT)
    common = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
    found: list[Document] = []
    for number, item in enumerate(items):
        if isinstance(item, dict) and common["kind"] and not (item.get("apiVersion") or item.get("kind")):
            item = item | common
        if item is not None:
            place = source.below("items", number) if source else None
            found += _checked(item, f"{origin}, item {number + 1}", place)
    return found


def check(document: Document, source: Source | None = None) -> None:
    """Refuse an object whose name, labels or data have another form than they must have."""
    body, origin = document.body, document.origin
    name = checked_name(body, origin, source)
    metadata, subject = body["metadata"], f"{body['kind']} {name} ({origin})"
    for field in ("labels", "annotations"):
        check_strings(metadata.get(field), ("metadata", field), subject, source)
    key = kind_key(body["apiVersion"], body["kind"])
    for field in STRINGS.get(key, ()):
        check_strings(body.get(field), (field,), subject, source, secret=key == "Secret")
        if (key, field) in ENCODED:
            check_encoded(body.get(field) or {}, f"{field} of {subject}")
