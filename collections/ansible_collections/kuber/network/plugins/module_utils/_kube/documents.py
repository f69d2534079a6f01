# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From files, texts and definitions to a set of well-formed objects, each with the place it came from."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, kind_key, refuse_elsewhere

SUFFIXES = frozenset({".yml", ".yaml", ".json"})
# Kinds whose fields hold texts and nothing else.
TEXTS = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
# Fields whose texts stand for bytes; the API server calls what does not an error of its own.
ENCODED = {("ConfigMap", "binaryData"), ("Secret", "data")}
MEND = "Mend the document and run again; nothing has been touched"


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


def from_path(path: str) -> list[Document]:
    """The documents of a file, or of all manifests in a directory in the order of their names."""
    place = pathlib.Path(path)
    if not place.is_dir():
        return from_text(_read(place), str(place))
    files = sorted(child for child in place.iterdir() if child.suffix in SUFFIXES)
    if not files:
        raise KuberError(f"Directory {place} holds no manifests", wanted=f"files named *{', *'.join(sorted(SUFFIXES))}")
    return [document for file in files for document in from_text(_read(file), str(file))]


def from_text(text: str, origin: str) -> list[Document]:
    documents = []
    for number, value in enumerate(yamltext.load_all(text, origin), start=1):
        if value is not None:
            documents += _checked(value, f"{origin}, document {number}")
    if not documents:
        raise KuberError(f"{origin} holds no object", wanted="at least one Kubernetes object", remedy=MEND)
    return documents


def from_definition(definition: object, origin: str = "definition") -> list[Document]:
    """The documents of a mapping, of a YAML text, or of a list of either."""
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


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise KuberError(f"{path} is no text", wanted="YAML or JSON in UTF-8") from exc
    except OSError as exc:
        raise KuberError(f"{path} cannot be read", found=exc.strerror or str(exc)) from exc


def _checked(value: object, origin: str) -> list[Document]:
    body, size = _plain(value, origin)
    for field in ("apiVersion", "kind"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise KuberError(f"{origin} is no Kubernetes object", wanted=f"a text in {field}", remedy=MEND)
    if body["kind"] == "List" and body["apiVersion"] == "v1":
        items = body.get("items") or []
        if not isinstance(items, list):
            raise KuberError(f"items of {origin} is {_kind_of(items)}", wanted="a list of objects", remedy=MEND)
        return [part for number, item in enumerate(items, 1) for part in _checked(item, f"{origin}, item {number}")]
    document = Document(origin, body, size)
    check(document)
    return [document]


def check(document: Document) -> None:
    """Refuse an object whose name or texts are none."""
    body, origin = document.body, document.origin
    metadata = body.get("metadata")
    if not isinstance(metadata, dict | None):
        raise KuberError(
            f"metadata of {body['kind']} in {origin} is {_kind_of(metadata)}", wanted="a mapping", remedy=MEND
        )
    name = (metadata or {}).get("name")
    if metadata is None or not isinstance(name, str) or not name:
        raise KuberError(f"{body['kind']} in {origin} has no name", wanted="a text in metadata.name", remedy=MEND)
    subject = f"{body['kind']} {name} ({origin})"
    namespace = metadata.get("namespace")
    if not isinstance(namespace, str | None):
        raise KuberError(f"The namespace of {subject} is {_kind_of(namespace)}", wanted="a text", remedy=MEND)
    for field, value in (("name", name), ("namespace", namespace or "")):
        refuse_elsewhere(f"The {field} of {subject}", value, remedy=MEND)
    for field in ("labels", "annotations"):
        _check_texts(metadata.get(field), f"metadata.{field} of {subject}")
    key = kind_key(body["apiVersion"], body["kind"])
    for field in TEXTS.get(key, ()):
        _check_texts(body.get(field), f"{field} of {subject}", secret=key == "Secret")
        if (key, field) in ENCODED:
            _check_encoded(body.get(field) or {}, f"{field} of {subject}")


def _check_encoded(values: dict[str, str], subject: str) -> None:
    for key, value in values.items():
        try:
            # Go skips the ends of lines.
            base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
        except ValueError as exc:
            raise KuberError(
                f"{key} in {subject} is not encoded",
                wanted="base64",
                found="***",
                remedy="Encode it; in a Secret a text may stand in stringData as it is",
            ) from exc


def _check_texts(values: object, subject: str, *, secret: bool = False) -> None:
    if not isinstance(values, dict | None):
        raise KuberError(f"{subject} is {_kind_of(values)}", wanted="a mapping of texts", remedy=MEND)
    for key, value in (values or {}).items():
        if not isinstance(value, str):
            shown = "***" if secret else json.dumps(value)
            raise KuberError(
                f"{key} in {subject} is {_kind_of(value)}",
                wanted="a text",
                found=shown,
                remedy=f'Quote the value, as in {key}: "{shown}"',
            )


def _plain(value: object, origin: str) -> tuple[Body, int]:
    """``value`` in plain types of its own: nothing that is done to it is seen elsewhere."""
    if not isinstance(value, dict):
        raise KuberError(f"{origin} is no Kubernetes object", wanted="a mapping", found=_kind_of(value), remedy=MEND)
    try:
        text = json.dumps(value, allow_nan=False)
        return t.cast("Body", json.loads(text)), len(text)
    except (TypeError, ValueError, RecursionError) as exc:
        raise KuberError(f"{origin} holds what JSON cannot", found=str(exc), remedy=MEND) from exc


def _kind_of(value: object) -> str:
    words = {
        str: "a text",
        list: "a list",
        dict: "a mapping",
        int: "a number",
        float: "a number",
        bool: "a truth value",
    }
    return "nothing" if value is None else words.get(type(value), type(value).__name__)
