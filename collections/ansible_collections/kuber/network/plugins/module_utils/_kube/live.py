# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The objects of a set as the server has them, read by few requests however many there are."""

from __future__ import annotations

import collections
import concurrent.futures
import threading
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

# So many objects of one kind and namespace are read one by one: a list would bring all their neighbours along.
ONE_BY_ONE = 2
# More lists at a time are no faster, for one process parses them, and take more memory.
PARALLEL_LISTS = 4
# What was read is believed for so long.
FRESH_SECONDS = 10.0

_Group = tuple[Resource, str]


class Live:
    """Reads ahead for the stages to come, and anew when that is too long ago."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._expected: dict[Ref, Item] = {}
        self._found: dict[Ref, Body | None] = {}
        self._read_at: float | None = None

    def expect(self, items: t.Iterable[Item]) -> None:
        """Which objects will be taken."""
        self._expected |= {item.ref: item for item in items if item.resource is not None}

    def refresh(self) -> None:
        """Look for all objects that are yet to be taken, unless that has just been done."""
        if self._read_at is not None and time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        self._read_at = time.monotonic()
        self._found = {}
        groups: dict[_Group, list[Item]] = collections.defaultdict(list)
        for item in self._expected.values():
            groups[t.cast("Resource", item.resource), item.ref.namespace].append(item)
        with concurrent.futures.ThreadPoolExecutor(max_workers=PARALLEL_LISTS) as pool:
            list(pool.map(self._read_group, groups.items()))

    def forget(self) -> None:
        """What was read may no longer hold."""
        self._read_at = None

    def take(self, item: Item) -> Body | None:
        """The live object, which is then no longer kept here."""
        with self._lock:
            self._expected.pop(item.ref, None)
            if item.ref in self._found:
                return self._found.pop(item.ref)
        return read(self._client, item)

    def found(self, item: Item) -> bool:
        """Whether it was looked for, be it there or not."""
        return item.ref in self._found

    def peek(self, item: Item) -> Body | None:
        """The live object as it was found, which stays here."""
        return self._found.get(item.ref)

    def _listed(self, resource: Resource, namespace: str, refs: set[Ref]) -> dict[Ref, Body] | None:
        """The objects by one list; ``None`` if the user may not list them, but may perhaps read them one by one."""
        try:
            path = resource.path(namespace=namespace)
            return {Ref.of(body): body for body in self._client.list(path, keep=lambda body: Ref.of(body) in refs)}
        except ApiError as exc:
            if exc.status != 403:
                raise
            return None

    def _read_group(self, group: tuple[_Group, list[Item]]) -> None:
        (resource, namespace), items = group
        refs = {item.ref for item in items}
        try:
            found = self._listed(resource, namespace, refs) if len(items) > ONE_BY_ONE else None
            if found is None:
                found = {item.ref: body for item in items if (body := read(self._client, item)) is not None}
        except ApiError as exc:
            # A kind may not be there yet, and what the user may not read is left to whoever needs it.
            if exc.status in (403, 404):
                return
            raise
        with self._lock:
            self._found |= dict.fromkeys(refs) | found


def path_to(item: Item) -> str:
    if item.resource is None:
        raise KuberError(
            f"The API server does not know the kind of {item.ref} ({item.origin})",
            wanted=f"kind {item.ref.kind} of {item.ref.api_version}",
            remedy="Apply the CustomResourceDefinition before or in the same set, or correct apiVersion and kind",
        )
    return item.resource.path_to(item.ref)


def read(client: Client, item: Item) -> Body | None:
    """The live object."""
    try:
        return t.cast("Body", client.get(path_to(item)))
    except ApiError as exc:
        if exc.status == 404:
            return None
        raise


def is_leaving(body: Body) -> bool:
    return "deletionTimestamp" in body["metadata"]
