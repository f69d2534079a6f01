# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From files, texts and definitions to a set of well-formed objects: each with the place it came from, and without what
a server or a controller fills in.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.objectforms import (
    CORRECT,
    Source,
    check_encoded,
    check_strings,
    checked_name,
    kind_of,
    plain,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import OPEN_METADATA
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, below, kind_key, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import (
    API_SERVICE,
    CLUSTER_ROLE,
    CONTAINER_LISTS,
    CRD,
    WEBHOOK_KINDS,
)
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

SUFFIXES = frozenset({".yml", ".yaml", ".json"})
# Kinds whose fields hold strings and nothing else.
STRINGS = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
# Fields whose strings stand for bytes; the API server calls what does not an error of its own.
ENCODED = {("ConfigMap", "binaryData"), ("Secret", "data")}
# What `kubectl apply -k` builds, and no API server knows.
KUSTOMIZE = "kustomize.config.k8s.io"

# What has parts. Most values have none, and there are many.
BRANCHES = (dict, list)
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
# Where one of these is set, a controller injects the certificate, whatever the manifest has.
INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
)


@dataclasses.dataclass(frozen=True)
class Document:
    """One object as the user wrote it; ``origin`` says where, ``size`` how many bytes it takes as JSON.

    It goes to ``namespace`` if it names none and its kind has namespaces; without one, to that of the task.
    """

    origin: str
    body: Body
    size: int = 0
    namespace: str | None = None

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
            remedy="Name its directory in the option kustomize of kuber.network.manifests",
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
    key = kind_key(body["apiVersion"], body["kind"])
    for field in ("labels", "annotations"):
        hidden = key == "Secret" and field not in OPEN_METADATA
        check_strings(metadata.get(field), ("metadata", field), subject, source, secret=hidden)
    for field in STRINGS.get(key, ()):
        check_strings(body.get(field), (field,), subject, source, secret=key == "Secret")
        if (key, field) in ENCODED:
            check_encoded(body.get(field) or {}, f"{field} of {subject}")


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


def is_aggregated(body: Body) -> bool:
    """Whether the rules of a ClusterRole are made by the control plane out of those of other ClusterRoles."""
    return bool(below(body, "aggregationRule", "clusterRoleSelectors"))


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
