# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is done to a set before it goes to the server: leave out, patch, name other images, clean."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import jsonpatch
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, below, kind_key, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import (
    API_SERVICE,
    CLUSTER_ROLE,
    CONTAINER_LISTS,
    CRD,
    WEBHOOK_KINDS,
)

# What has parts. Most values have none, and there are many.
BRANCHES = (dict, list)
_IMAGE = re.compile(r"(?P<name>.+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>.+))?")
# Notes that controllers and kubectl write for themselves: a manifest has them when it was read from a cluster.
NOTES = frozenset(
    {
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "kubectl.kubernetes.io/last-applied-configuration",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
    }
)
# What the hash in a name is made of, and how it is written, so that it is no word by chance.
# https://github.com/kubernetes/kubectl/blob/v0.34.1/pkg/util/hash/hash.go
HASHED = {"ConfigMap": ("data", "kind", "name"), "Secret": ("data", "kind", "name", "type")}
HASH_LETTERS = str.maketrans("013ae", "ghkmt")
# Where one of these is set, a controller injects the certificate, whatever the manifest has.
INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
)


@dataclasses.dataclass(frozen=True)
class Target:
    """Which objects of the set something is for: without ``name`` all of the kind, without ``namespace`` wherever."""

    kind: str
    name: str | None = None
    namespace: str | None = None

    def __str__(self) -> str:
        if self.name is None:
            return f"{self.kind} in namespace {self.namespace}" if self.namespace else self.kind
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def covers(self, ref: Ref) -> bool:
        return ref.kind == self.kind and self.name in (None, ref.name) and self.namespace in (None, ref.namespace)


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
        patched = [one.applied_to(document) if one.target.covers(document.ref) else document for document in patched]
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


def containers(value: t.Any) -> t.Iterator[Body]:
    """Every container with an image, wherever in an object its pod template stands."""
    if isinstance(value, list):
        for item in value:
            yield from containers(item)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key in CONTAINER_LISTS and isinstance(part, list):
                yield from (one for one in part if isinstance(one, dict) and isinstance(one.get("image"), str))
            elif isinstance(part, BRANCHES):
                yield from containers(part)


def cleaned(body: Body) -> Body:
    """``body`` without what a server or a controller fills in: owning such a field would fight with its writer."""
    result = t.cast("Body", _without_empty_dates(body))
    result.pop("status", None)
    for field in ("managedFields", "resourceVersion", "uid", "generation", "selfLink", "creationTimestamp"):
        result["metadata"].pop(field, None)
    annotations = result["metadata"].get("annotations")
    if isinstance(annotations, dict):
        result["metadata"]["annotations"] = {key: text for key, text in annotations.items() if key not in NOTES}
    for field in ("annotations", "labels", "finalizers", "ownerReferences"):
        # Owning nothing of a mapping or a list lasts only until somebody else puts something in.
        if not result["metadata"].get(field):
            result["metadata"].pop(field, None)
    key = kind_key(result["apiVersion"], result["kind"])
    if key == "Secret":
        _join_string_data(result)
    elif key == CLUSTER_ROLE and is_aggregated(result):
        result.pop("rules", None)
    else:
        _drop_injected(key, result)
    return result


def with_hash(document: Document) -> Document:
    """A ConfigMap or a Secret with a hash of what it holds in its name, as kubectl and kubernetes.core append it."""
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


def is_aggregated(body: Body) -> bool:
    """Whether the rules of a ClusterRole are made by the control plane out of those of other ClusterRoles."""
    return bool(below(body, "aggregationRule", "clusterRoleSelectors"))


def warnings(documents: t.Iterable[Document]) -> list[str]:
    """What of a set is left to controllers although it has a value that means something."""
    return [
        f"{document} has rules beside aggregationRule: the control plane replaces them, so they are left to it"
        for document in documents
        if kind_key(document.ref.api_version, document.ref.kind) == CLUSTER_ROLE
        and is_aggregated(document.body)
        and document.body.get("rules")
    ]


def refuse_no_match(option: str, target: Target, documents: t.Sequence[Document]) -> None:
    if any(target.covers(document.ref) for document in documents):
        return
    same_kind = sorted(str(document.ref) for document in documents if document.ref.kind == target.kind)
    raise KuberError(
        f"The option {option} names {target}, which is not in the set",
        found=", ".join(same_kind) or f"no object of kind {target.kind}",
        remedy="Name an object that is there, or drop the entry",
    )


def _without_empty_dates(value: t.Any) -> t.Any:
    # Serialised by Go, an unset date is `creationTimestamp: null`, in pod templates too.
    if isinstance(value, dict):
        return {
            key: _without_empty_dates(part) if isinstance(part, BRANCHES) else part
            for key, part in value.items()
            if part is not None or key != "creationTimestamp"
        }
    if isinstance(value, list):
        return [_without_empty_dates(item) for item in value]
    return value


def _join_string_data(secret: Body) -> None:
    # stringData is write-only: a key that is dropped from it later would stay in data for ever.
    texts = secret.pop("stringData", None) or {}
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}


def _drop_injected(key: str, body: Body) -> None:
    """Take out certificates that controllers inject."""
    annotations = body["metadata"].get("annotations") or {}
    injected = any(name in annotations for name in INJECTED)
    if key == CRD:
        # Nothing tells a placeholder here: the one of MetalLB is a real certificate.
        _drop_certificate(below(body, "spec", "conversion", "webhook", "clientConfig"), always=True)
    elif key == API_SERVICE:
        _drop_certificate(body.get("spec"), always=injected)
    elif key in WEBHOOK_KINDS:
        for webhook in mappings(body.get("webhooks")):
            _drop_certificate(webhook.get("clientConfig"), always=injected)


def _drop_certificate(client_config: t.Any, *, always: bool) -> None:
    if isinstance(client_config, dict) and (always or not _is_certificate(client_config.get("caBundle"))):
        client_config.pop("caBundle", None)


def _is_certificate(value: t.Any) -> bool:
    """Whether it is more than a placeholder; what is no base64 is for the API server to refuse."""
    try:
        return b"BEGIN CERTIFICATE" in base64.b64decode(value or "")
    except (TypeError, ValueError):
        return True
