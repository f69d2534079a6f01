# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Deletion of the objects of one stage."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import refusals
from ansible_collections.kuber.network.plugins.module_utils._kube.apply import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.attempts import each, until_awake
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.gone import see_off
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.live import Live, is_leaving, path_to
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client


class Deleter:
    """Deletes stage after stage."""

    def __init__(self, client: Client, options: Options, *, wait: bool, clock: Clock, progress: Progress) -> None:
        self._client = client
        self._options = options
        self._wait = wait
        self._clock = clock
        self._progress = progress

    def delete(self, items: t.Sequence[Item]) -> tuple[list[Entry], list[KuberError]]:
        """Delete the items that are there, and see them go."""
        live = Live(self._client)
        live.expect(items)
        live.refresh()
        entries, errors = each(
            lambda item: self._delete_one(item, live.take(item)) if item.resource else _without_kind(item),
            items,
            parallel=self._options.parallel,
        )
        if self._wait and not self._options.check:
            by_ref = {item.ref: item for item in items}
            leaving = [(by_ref[entry.ref], entry.before) for entry in entries if entry.before is not None]
            try:
                see_off(self._client, leaving, self._clock, self._progress)
            except KuberError as exc:
                errors.append(exc)
        return entries, errors

    def _delete_one(self, item: Item, before: Body | None) -> Entry:
        if before is None:
            return Entry(item.ref, Action.UNCHANGED, "is not there")
        if is_leaving(before):
            return Entry(item.ref, Action.UNCHANGED, "is being deleted already", before=before)
        # With "Foreground" an object goes after what it has brought along: a Deployment that is gone has no pods left.
        body = {"propagationPolicy": "Foreground", "preconditions": {"uid": before["metadata"]["uid"]}}
        if self._options.check:
            body["dryRun"] = ["All"]
        try:
            until_awake(
                lambda: self._client.request("DELETE", path_to(item), body=body),
                item,
                clock=self._clock,
                progress=self._progress,
            )
        except ApiError as exc:
            # A new one of the same name is somebody's who has made it meanwhile.
            if exc.status != 404 and not refusals.is_outdated(exc):
                raise refusals.explain(item, exc, seconds=self._clock.elapsed) from exc
        return Entry(item.ref, Action.DELETED, before=before)


def _without_kind(item: Item) -> Entry:
    return Entry(item.ref, Action.UNCHANGED, "its kind is not there")
