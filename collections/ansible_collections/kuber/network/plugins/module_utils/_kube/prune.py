# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Deleting what a set no longer holds, safe to be interrupted anywhere.

Before an object is applied its kind and namespace are in the parent's record, and they stay there until what is no
longer wanted is gone: whoever comes next finds all there is to delete.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import applyset, rejections
from ansible_collections.kuber.network.plugins.module_utils._kube.applyset import PART_OF, Scope
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry, judge
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import APPLY, Options
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import (
    Body,
    Item,
    Ref,
    Resource,
    annotation,
    is_leaving,
    kind_key,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import (
    HELM_POLICY,
    KEEP,
    NAMESPACE,
    PROTECTED,
    PRUNE,
)

METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


@dataclasses.dataclass(frozen=True)
class Prune:
    """Where a set is recorded, and which of the protected kinds may be deleted nevertheless."""

    name: str
    namespace: str | None = None
    kind: str = "ConfigMap"
    allow: frozenset[str] = frozenset()


class Pruner:
    """Keeps the record of one set, and finds what is no longer in it."""

    def __init__(self, client: Client, kinds: Kinds, prune: Prune, options: Options, *, namespace: str) -> None:
        self._client = client
        self._kinds = kinds
        self._options = options
        self._manager = f"{options.field_manager}-applyset"
        self._allow = prune.allow
        self.parent = Ref(prune.kind, prune.namespace or namespace, prune.name, "v1")
        self.item = Item(self.parent, {}, kinds.find("v1", prune.kind), "prune")
        self._before = read(client, self.item)
        self._after = self._before
        self._has_no_place = False
        if self._before is not None:
            applyset.refuse_foreign(self.parent, self._before)
        self._recorded = applyset.scope_of(self._before) if self._before is not None else Scope()

    def label_members(self, items: t.Sequence[Item]) -> list[Item]:
        """The items with the label of members."""
        for item in items:
            if _key(item) == _key(self.item):
                raise KuberError(
                    f"{item.ref} ({item.origin}) cannot be both a member of the set and its record",
                    remedy="Name another object in the option prune, one that is only the record",
                )
            if PART_OF in (item.body["metadata"].get("labels") or {}):
                raise KuberError(
                    f"{item.ref} ({item.origin}) carries the label {PART_OF}",
                    remedy="Take it out: it says which set an object is in, and the option prune writes it",
                )
        return [dataclasses.replace(item, body=_labelled(item.body, applyset.identity(self.parent))) for item in items]

    def parent_lost(self) -> None:
        """Its namespace has been made anew, or would be, and the record is not in there."""
        self._before = self._after = None
        self._has_no_place = self._options.check

    def record_union(self, items: t.Iterable[Item]) -> None:
        """Record what is about to be applied, beside what may be left over."""
        if not self._options.check:
            self._record(self._recorded | self._scope(items))

    def leftovers(self, items: t.Iterable[Item]) -> tuple[list[Item], list[Entry]]:
        """Members that are not among the items: those to delete, and remarks on those that are kept."""
        wanted = {_key(item) for item in items}
        places = [place for key in sorted(self._recorded.kinds) for place in self._places(key)]
        with concurrent.futures.ThreadPoolExecutor(max_workers=self._options.parallel) as pool:
            found = [item for members in pool.map(self._members, places) for item in members]
        left = [item for item in found if _key(item) not in wanted]
        reasons = {item.ref: reason for item in left if (reason := self._why_kept(item)) is not None}
        return (
            [item for item in left if item.ref not in reasons],
            [Entry(ref, Action.UNCHANGED, f"is no longer in the set, but {why}") for ref, why in reasons.items()],
        )

    def _why_kept(self, item: Item) -> str | None:
        for name in (PRUNE, HELM_POLICY):
            if annotation(item.body, name) == KEEP:
                return f"has the annotation {name}={KEEP}"
        if item.key in PROTECTED and item.ref.kind not in self._allow:
            return "objects of this kind are only deleted if prune.allow names it"
        return None

    def record_final(self, items: t.Iterable[Item], kept: t.Iterable[Entry]) -> None:
        """Record what is there when all the rest is gone."""
        rest = Scope.of(((kind_key(one.ref.api_version, one.ref.kind), one.ref) for one in kept), self.parent)
        self._record(self._scope(items) | rest)

    def entries(self) -> list[Entry]:
        """What has become of the record, nothing as long as there is none."""
        if self._has_no_place:
            return [Entry(self.parent, Action.CREATED, f"Namespace {self.parent.namespace} would be created before")]
        if self._after is None:
            return []
        return [judge(self.parent, Migration(self._before), self._after, self._manager, check=self._options.check)]

    def parent_namespace(self, items: t.Iterable[Item]) -> list[Item]:
        """The namespace of the record if the set brings it: it comes before the record, and goes after it."""
        return [item for item in items if (item.key, item.ref.name) == (NAMESPACE, self.parent.namespace)]

    def _scope(self, items: t.Iterable[Item]) -> Scope:
        return Scope.of(((item.key, item.ref) for item in items), self.parent)

    def _record(self, scope: Scope) -> None:
        if self._has_no_place or (self._after is not None and applyset.scope_of(self._after) == scope):
            return
        body = applyset.parent_body(self.parent, scope)
        if self._after is not None:
            # Two runs at a time would each forget what the other one adds.
            body["metadata"]["resourceVersion"] = self._after["metadata"]["resourceVersion"]
        query = {
            "fieldManager": self._manager,
            "force": True,
            "dryRun": "All" if self._options.check else None,
        }
        try:
            self._after = self._client.request("PATCH", self.item.path, query=query, body=body, content_type=APPLY)
        except ApiError as exc:
            if rejections.is_outdated(exc):
                live = read(self._client, self.item)
                if exc.perhaps_done and live is not None and applyset.scope_of(live) == scope:
                    # It was we ourselves who had changed it, and the answer was lost.
                    self._after = live
                    return
                raise KuberError(
                    f"{self.parent}, the record of the set, has changed meanwhile",
                    remedy="Let one run at a time work on a set, and run again",
                ) from exc
            raise rejections.explain(self.item, exc, seconds=0) from exc

    def _places(self, key: str) -> list[tuple[Resource, str]]:
        resource = self._kinds.find_by_key(key)
        if resource is None:
            return []
        if not resource.namespaced:
            return [(resource, "")]
        return [(resource, namespace) for namespace in sorted(self._recorded.namespaces | {self.parent.namespace})]

    def _members(self, place: tuple[Resource, str]) -> list[Item]:
        resource, namespace = place
        selector = f"{PART_OF}={applyset.identity(self.parent)}"
        found = self._client.list(resource.path(namespace=namespace), accept=METADATA_ONLY, labelSelector=selector)
        members = [body for body in found if not is_leaving(body) and not _is_controlled(body)]
        return [found_item(resource, body, f"the set of {self.parent}") for body in members]


def found_item(resource: Resource, body: Body, origin: str) -> Item:
    """An object that was found in a list; its body is its metadata and what it is, which lists leave out."""
    metadata = body["metadata"]
    ref = Ref(resource.kind, metadata.get("namespace", ""), metadata["name"], resource.api_version)
    body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    return Item(ref, body, resource, origin)


def _key(item: Item) -> tuple[str, str, str]:
    """What makes an object this one, in whatever version."""
    return item.key, item.ref.namespace, item.ref.name


def _labelled(body: Body, identity: str) -> Body:
    metadata = body["metadata"]
    return body | {"metadata": metadata | {"labels": (metadata.get("labels") or {}) | {PART_OF: identity}}}


def _is_controlled(body: Body) -> bool:
    """Whether a controller has made it, and may have copied the label: the EndpointSlices of a Service."""
    return any(owner.get("controller") for owner in body["metadata"].get("ownerReferences") or [])
