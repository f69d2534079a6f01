# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the server has of a set: one list for each kind and namespace, a single read where there are few objects."""

from __future__ import annotations

import collections
import concurrent.futures
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Seen
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, Ref, Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.schema import is_builtin
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import CRD

# So many objects of one kind and namespace are read one by one: a list would bring all their neighbours along.
ONE_BY_ONE = 2
# More lists at a time are no faster, for one process parses them, and take more memory.
PARALLEL_LISTS = 4
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

_Group = tuple[Resource, str]
_Live = dict[Ref, t.Optional[Body]]


def read(client: Client, item: Item) -> Body | None:
    """The live object."""
    return t.cast("t.Optional[Body]", client.find(item.path))


def read_all(client: Client, kinds: Kinds, items: t.Sequence[Item]) -> Seen:
    """The live objects of the items, and the definitions of their kinds."""
    resources = {item.resource for item in items if item.resource is not None}
    unserved = frozenset(one for one in resources if kinds.served(one.api_version, one.kind) is None)
    groups: dict[_Group, list[Item]] = collections.defaultdict(list)
    for item in items:
        if item.resource is not None and item.resource not in unserved:
            groups[item.resource, item.ref.namespace].append(item)
    live: _Live = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=PARALLEL_LISTS) as pool:
        for found in pool.map(lambda group: _read_group(client, *group), groups.items()):
            live |= found
    return Seen(live, _definitions(client, items, live), unserved)


def read_again(client: Client, seen: Seen, item: Item) -> Seen:
    """The same with one object as it is now."""
    return Seen({item.ref: read(client, item)}, seen.definitions)


def _definitions(client: Client, items: t.Sequence[Item], live: _Live) -> dict[str, Body | None]:
    """The definitions of the kinds of objects that are there, by their names."""
    found = {item.ref.name: live.get(item.ref) for item in items if item.key == CRD}
    for item in items:
        resource = item.resource
        if resource is None or live.get(item.ref) is None or is_builtin(resource):
            continue
        if resource.definition not in found:
            found[resource.definition] = _definition(client, resource.definition)
    return found


def _read_group(client: Client, group: _Group, items: t.Sequence[Item]) -> _Live:
    resource, namespace = group
    refs = {item.ref for item in items}
    try:
        found = _listed(client, resource, namespace, refs) if len(items) > ONE_BY_ONE else None
        if found is None:
            found = {item.ref: body for item in items if (body := read(client, item)) is not None}
    except ApiError as exc:
        # A kind may not be there yet, and what the user may not read is left to whoever needs it.
        if exc.status in (403, 404):
            return {}
        raise
    return dict.fromkeys(refs) | found


def _listed(client: Client, resource: Resource, namespace: str, refs: set[Ref]) -> dict[Ref, Body] | None:
    """The objects by one list; ``None`` if the user may not list them, but may perhaps read them one by one."""
    try:
        path = resource.path(namespace=namespace)
        return {Ref.of(body): body for body in client.list(path, keep=lambda body: Ref.of(body) in refs)}
    except ApiError as exc:
        if exc.status != 403:
            raise
        return None


def _definition(client: Client, name: str) -> Body | None:
    """A definition, as far as the user may read it."""
    try:
        return t.cast("t.Optional[Body]", client.find(f"{DEFINITIONS}/{name}"))
    except ApiError as exc:
        if exc.status == 403:
            return None
        raise
