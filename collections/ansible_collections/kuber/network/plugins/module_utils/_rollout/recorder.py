# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Record the pods of a Deployment through a watch."""

from __future__ import annotations

import threading
import time
import types
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._api.watch import Collection, Watches
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.pods import is_ready
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Resource
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import PodState, Snapshot

PODS = Resource("v1", "Pod", "pods", namespaced=True)
LOOK_SECONDS = 0.1
FIRST_LOOK_SECONDS = 15.0


class Recorder:
    """Takes a snapshot on entering its context, and at each change until leaving it."""

    def __init__(self, client: Client, deployment: Body, is_new: t.Callable[[Body], bool]) -> None:
        self.snapshots: list[Snapshot] = []
        self._path = PODS.path(namespace=deployment["metadata"]["namespace"])
        self._labels = (deployment["spec"].get("selector") or {}).get("matchLabels") or {}
        self._is_new = is_new
        self._watches = Watches(client, [Collection(self._path)])
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._record, name="rollout", daemon=True)

    def __enter__(self) -> Recorder:
        self._watches.__enter__()
        try:
            self._take_first()
        except BaseException:
            self._watches.__exit__(None, None, None)
            raise
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._watches.__exit__(kind, error, trace)

    def _take_first(self) -> None:
        deadline = time.monotonic() + FIRST_LOOK_SECONDS
        while not self._watches.is_known(self._path):
            if time.monotonic() > deadline:
                raise self._watches.error or KuberError("Cannot watch the pods", found="no answer in time")
            self._watches.news(LOOK_SECONDS)
        self._take()

    def _record(self) -> None:
        while not self._ending.is_set():
            try:
                changed = self._watches.news(LOOK_SECONDS)
            except KuberError:
                # The wait for the Deployment meets the same error and reports it.
                return
            if changed:
                self._take()

    def _take(self) -> None:
        pods = tuple(
            sorted((self._pod(body) for body in self._watches.all(self._path) if self._is_mine(body)), key=_name)
        )
        if not self.snapshots or self.snapshots[-1].pods != pods:
            self.snapshots.append(Snapshot(time.monotonic(), pods))

    def _is_mine(self, body: Body) -> bool:
        return self._labels.items() <= (body["metadata"].get("labels") or {}).items()

    def _pod(self, body: Body) -> PodState:
        metadata = body["metadata"]
        return PodState(metadata["name"], self._is_new(body), is_ready(body), "deletionTimestamp" in metadata)


def _name(pod: PodState) -> str:
    return pod.name
