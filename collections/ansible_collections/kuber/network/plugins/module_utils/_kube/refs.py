# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Names of objects, as users read them, and where the server has them."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.pointers import Pointer

Body = dict[str, t.Any]

# What names of all kinds have in common, and of namespaces (k8s.io/apimachinery, pkg/api/validation/path).
SEGMENT = "neither . nor .., and no / or % in it"


@dataclasses.dataclass(frozen=True, order=True)
class Ref:
    """One object of one cluster; ``namespace`` is empty for what has none."""

    kind: str
    namespace: str
    name: str
    api_version: str

    @classmethod
    def of(cls, body: t.Mapping[str, t.Any]) -> Ref:
        metadata = body["metadata"]
        return cls(body["kind"], metadata.get("namespace") or "", metadata["name"], body["apiVersion"])

    @property
    def group(self) -> str:
        return group_of(self.api_version)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclasses.dataclass(frozen=True)
class Resource:
    """One kind in one version."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def definition(self) -> str:
        """The name of its CustomResourceDefinition, if it has one."""
        return f"{self.plural}.{group_of(self.api_version)}"

    def path(self, *, namespace: str | None = None, name: str | None = None) -> str:
        parts = ["/apis" if "/" in self.api_version else "/api", self.api_version]
        if self.namespaced and namespace:
            refuse_elsewhere("The namespace", namespace)
            parts += ["namespaces", urllib.parse.quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            refuse_elsewhere("The name", name)
            parts.append(urllib.parse.quote(name, safe=":"))
        return "/".join(parts)


@dataclasses.dataclass(frozen=True)
class Item:
    """One wanted object; ``resource`` is ``None`` when no server knows its kind.

    ``left`` are the fields that are left to others once the object is there.
    """

    ref: Ref
    body: Body
    resource: Resource | None
    origin: str
    left: tuple[Pointer, ...] = ()

    @property
    def key(self) -> str:
        return kind_key(self.ref.api_version, self.ref.kind)

    @property
    def path(self) -> str:
        """Where the server has the object."""
        return self._known.path(namespace=self.ref.namespace, name=self.ref.name)

    @property
    def collection(self) -> str:
        """Where the objects of its kind and namespace are."""
        return self._known.path(namespace=self.ref.namespace)

    @property
    def _known(self) -> Resource:
        if self.resource is None:
            raise KuberError(
                f"The API server does not know the kind of {self.ref} ({self.origin})",
                wanted=f"kind {self.ref.kind} of {self.ref.api_version}",
                remedy="Apply the CustomResourceDefinition before or in the same set, or correct apiVersion and kind",
            )
        return self.resource


def group_of(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def kind_key(api_version: str, kind: str) -> str:
    """The key of the tables of kinds: "Service", "Deployment.apps"."""
    group = group_of(api_version)
    return f"{kind}.{group}" if group else kind


def refuse_elsewhere(subject: str, name: str, *, remedy: str | None = None) -> None:
    """What would be another path: from an object with the name ``..`` one leads to its namespace."""
    if name in (".", "..") or "/" in name or "%" in name:
        raise KuberError(f"{subject} is not valid", wanted=SEGMENT, found=repr(name), remedy=remedy)


def below(value: t.Any, *names: str) -> t.Any:
    """What stands below ``value``, nothing where users have written something else than a mapping."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def mappings(value: t.Any) -> list[Body]:
    """The mappings of what should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def annotation(body: Body, name: str) -> t.Any:
    return (below(body, "metadata", "annotations") or {}).get(name)


def is_leaving(body: Body) -> bool:
    return "deletionTimestamp" in body["metadata"]
