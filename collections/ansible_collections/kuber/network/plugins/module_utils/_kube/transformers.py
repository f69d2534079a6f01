# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What users have done to a set before it goes to the server: leave out, patch, name other images, append hashes."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import jsonpatch
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document, check, containers
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref, below, group_of, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.selectors import Selector

_IMAGE = re.compile(r"(?P<name>.+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>.+))?")
# What the hash in a name is made of, and how it is written, so that it is no word by chance.
# https://github.com/kubernetes/kubectl/blob/v0.34.1/pkg/util/hash/hash.go
HASHED = {"ConfigMap": ("data", "kind", "name"), "Secret": ("data", "kind", "name", "type")}
HASH_LETTERS = str.maketrans("013ae", "ghkmt")


@dataclasses.dataclass(frozen=True)
class Target:
    """Which objects of the set something is for: without ``name`` all of the kind, without ``namespace`` wherever."""

    kind: str
    name: str | None = None
    namespace: str | None = None
    api_version: str | None = None

    def __str__(self) -> str:
        if self.name is None:
            return f"{self.kind} in namespace {self.namespace}" if self.namespace else self.kind
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def covers(self, ref: Ref) -> bool:
        # Two versions of a group are two views of one object.
        is_kind = ref.kind == self.kind and (self.api_version is None or group_of(self.api_version) == ref.group)
        return is_kind and self.name in (None, ref.name) and self.namespace in (None, ref.namespace)


@dataclasses.dataclass(frozen=True)
class Image:
    """Another image in place of ``name``; ``None`` leaves a part as it is, an empty digest takes it off."""

    name: str
    new_name: str | None = None
    new_tag: str | None = None
    digest: str | None = None

    def applied_to(self, image: str) -> str | None:
        """The new image, or ``None`` when ``image`` is another one."""
        parts = _IMAGE.fullmatch(image)
        if parts is None or parts["name"] != self.name:
            return None
        # A tag beside a digest is a remark at best: a new one of either makes the old other one wrong.
        tag = self.new_tag if self.new_tag is not None else (None if self.digest else parts["tag"])
        digest = self.digest if self.digest is not None else (None if self.new_tag is not None else parts["digest"])
        return (self.new_name or self.name) + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def leave_out(documents: t.Sequence[Document], targets: t.Iterable[Target]) -> list[Document]:
    left = list(documents)
    for target in targets:
        refuse_no_match("exclude", target, left)
        left = [document for document in left if not target.covers(document.ref)]
    return left


@dataclasses.dataclass(frozen=True)
class Patch:
    """A change to objects of the set: a JSON merge patch (RFC 7386), or the operations of a JSON patch (RFC 6902)."""

    target: Target
    merge: t.Any = None
    operations: tuple[jsonpatch.Operation, ...] = ()
    selector: Selector | None = None

    def covers(self, document: Document) -> bool:
        labels = below(document.body, "metadata", "labels") or {}
        return self.target.covers(document.ref) and (self.selector is None or self.selector.matches(labels))

    def applied_to(self, document: Document) -> Document:
        if not self.operations:
            return Document(document.origin, merged(document.body, self.merge))
        try:
            return Document(document.origin, jsonpatch.patched(document.body, self.operations))
        except KuberError as exc:
            raise KuberError(
                f"The option patches does not fit {document}. {exc.problem}", wanted=exc.wanted, found=exc.found
            ) from None


def patch(documents: t.Sequence[Document], patches: t.Iterable[Patch]) -> list[Document]:
    """The set with the patches applied, in their order."""
    patched = list(documents)
    for one in patches:
        refuse_no_match("patches", one.target, patched)
        if one.selector is not None and not any(map(one.covers, patched)):
            raise KuberError(
                f"The option patches names {one.target} with labels {one.selector.text}, which is not in the set",
                remedy="Name labels that an object of the set has, or drop the entry",
            )
        patched = [one.applied_to(document) if one.covers(document) else document for document in patched]
    for document in patched:
        check(document)
    return patched


def merged(value: t.Any, change: t.Any) -> t.Any:
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = dict(value) if isinstance(value, dict) else {}
    for key, part in change.items():
        if part is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), part)
    return result


def rename_images(documents: t.Sequence[Document], images: t.Sequence[Image]) -> list[Document]:
    if not images:
        return list(documents)
    changed = [Document(document.origin, copy.deepcopy(document.body)) for document in documents]
    matched: set[Image] = set()
    found: set[str] = set()
    for container in (container for document in changed for container in containers(document.body)):
        found.add(container["image"])
        for image in images:
            renamed = image.applied_to(container["image"])
            if renamed is not None:
                matched.add(image)
                container["image"] = renamed
                break
    for image in images:
        if image not in matched:
            raise KuberError(
                f"No container of the set has the image {image.name} that the option images names",
                found=", ".join(sorted(found)) or "no container",
                remedy="Name an image of the set without tag and digest, or drop the entry",
            )
    return changed


def with_hash(document: Document) -> Document:
    """A ConfigMap or a Secret with a hash of what it holds in its name, as kubernetes.core appends it.

    kubectl writes some characters of JSON otherwise, and so has another hash where a value has them.
    """
    body = document.body
    fields = HASHED.get(kind_key(body["apiVersion"], body["kind"]))
    if fields is None:
        return document
    name = body["metadata"]["name"]
    held = {field: ({**body, "name": name}).get(field, "") for field in fields}
    if body.get("binaryData"):
        held["binaryData"] = body["binaryData"]
    text = json.dumps(held, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10].translate(HASH_LETTERS)
    return Document(document.origin, body | {"metadata": body["metadata"] | {"name": f"{name}-{digest}"}})


def refuse_no_match(option: str, target: Target, documents: t.Sequence[Document]) -> None:
    if any(target.covers(document.ref) for document in documents):
        return
    same_kind = sorted(str(document.ref) for document in documents if document.ref.kind == target.kind)
    raise KuberError(
        f"The option {option} names {target}, which is not in the set",
        found=", ".join(same_kind) or f"no object of kind {target.kind}",
        remedy="Name an object that is there, or drop the entry",
    )
