# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Objects that cannot become what is wanted except by being made anew."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import after_change
from ansible_collections.kuber.network.plugins.module_utils._kube import refusals
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import Target
from ansible_collections.kuber.network.plugins.module_utils._kube.gone import see_off
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.live import path_to
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import PROTECTED, Item
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client


class Recreator:
    """Decides what a refused change means, and deletes and makes anew what may be."""

    def __init__(
        self, client: Client, targets: t.Iterable[Target], *, check: bool, clock: Clock, progress: Progress
    ) -> None:
        self._client = client
        self._targets = tuple(targets)
        self._check = check
        self._clock = clock
        self._progress = progress

    def instead(self, item: Item, before: Body, refusal: ApiError, create: t.Callable[[], Body]) -> Entry:
        """Another way to what the server has refused to make of ``before``; raise when there is none."""
        self._refuse(item, refusal)
        reason = f"{_fields(refusal)} cannot be changed in place"
        if self._check:
            return Entry(item.ref, Action.RECREATED, reason, before=before, after=item.body)
        self._delete(item, before)
        with after_change():
            see_off(self._client, [(item, before)], self._clock, self._progress)
            try:
                return Entry(item.ref, Action.RECREATED, reason, before=before, after=create())
            except ApiError as exc:
                raise refusals.explain(item, exc, seconds=self._clock.elapsed) from exc

    def _refuse(self, item: Item, refusal: ApiError) -> None:
        """Raise unless the object may be made anew and the server would take the new one."""
        if not self.is_about_the_change(item):
            raise refusals.explain(item, refusal, seconds=self._clock.elapsed) from refusal
        if not self._may_go(item):
            raise refusals.unchangeable(item, refusal, _fields(refusal)) from refusal

    def is_about_the_change(self, item: Item) -> bool:
        """Whether the server would take the object if it were not there: then it says that one of that name is."""
        if item.resource is None:
            return False
        try:
            query = {"dryRun": "All", "fieldValidation": "Strict"}
            path = item.resource.path(namespace=item.ref.namespace)
            self._client.request("POST", path, query=query, body=item.body)
        except ApiError as exc:
            return exc.status == 409 and exc.reason == "AlreadyExists"
        return False

    def _may_go(self, item: Item) -> bool:
        return any(
            target.covers(item.ref) and (target.name is not None or item.key not in PROTECTED)
            for target in self._targets
        )

    def _delete(self, item: Item, before: Body) -> None:
        body = {"propagationPolicy": "Foreground", "preconditions": {"uid": before["metadata"]["uid"]}}
        try:
            self._client.request("DELETE", path_to(item), body=body)
        except ApiError as exc:
            if exc.status != 404:
                raise refusals.explain(item, exc, seconds=self._clock.elapsed) from exc


def _fields(refusal: ApiError) -> str:
    return ", ".join(refusals.fields(refusal)) or "a field"
