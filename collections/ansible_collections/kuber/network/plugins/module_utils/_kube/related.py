# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""What stands around the objects of a set and explains them: their pods, replica sets, events, logs."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key

WITH_PODS = frozenset({"Deployment.apps", "DaemonSet.apps", "StatefulSet.apps", "ReplicaSet.apps", "Job.batch", "Pod"})
REVISION = "deployment.kubernetes.io/revision"
LOG_LINES = 5


class RelatedObjects:
    """What there is at one moment: each collection is read once, whichever objects ask for it."""

    def __init__(self, client: Client, *, patience: float) -> None:
        self._client = client
        self._patience = patience
        self._read: dict[tuple[str, str], list[Body]] = {}

    def current_pods(self, body: Body) -> list[Body]:
        """The pods of the newest version of a workload."""
        key = kind_key(body["apiVersion"], body["kind"])
        if key not in WITH_PODS:
            return []
        if key == "Pod":
            return [body]
        owners = [body]
        if key == "Deployment.apps":
            owners = self.replica_sets(body)[:1]
        candidates = self._list(f"/api/v1/namespaces/{body['metadata']['namespace']}/pods")
        return [pod for pod in candidates if _is_owned(pod, owners) and not pod["metadata"].get("deletionTimestamp")]

    def replica_sets(self, body: Body) -> list[Body]:
        """The replica sets of a Deployment, newest first."""
        if kind_key(body["apiVersion"], body["kind"]) != "Deployment.apps":
            return []
        found = self._list(f"/apis/apps/v1/namespaces/{body['metadata']['namespace']}/replicasets")
        owned = [one for one in found if _is_owned(one, [body])]
        return sorted(owned, key=lambda one: int(one["metadata"].get("annotations", {}).get(REVISION, 0)), reverse=True)

    def events(self, body: Body) -> list[Body]:
        """The events about an object, oldest first; only the warnings if there are any."""
        metadata = body["metadata"]
        found = self._events(metadata, f"involvedObject.kind={body['kind']},involvedObject.name={metadata['name']}")
        mine = [event for event in found if event["involvedObject"].get("uid") in (None, metadata.get("uid"))]
        warnings = [event for event in mine if event.get("type") == "Warning"]
        return sorted(warnings or mine, key=when)

    def refused_addresses(self, body: Body) -> list[Body]:
        """The events that say why a service has got no address, of all services of its namespace at once."""
        metadata = body["metadata"]
        found = self._events(metadata, "involvedObject.kind=Service,reason=AllocationFailed")
        mine = [event for event in found if event["involvedObject"].get("uid") == metadata.get("uid")]
        return sorted(mine, key=when)

    def log(self, pod: Body, container: str, *, previous: bool) -> list[str]:
        """The last lines of a container, from its run before this one or from this one; none if none are kept."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
        try:
            query = {"container": container, "previous": previous, "tailLines": LOG_LINES}
            text = self._client.text("GET", path, query=query, patience=self._patience)
        except KuberError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def _events(self, metadata: Body, selector: str) -> list[Body]:
        return self._list(f"/api/v1/namespaces/{metadata.get('namespace') or 'default'}/events", selector)

    def _list(self, path: str, selector: str = "") -> list[Body]:
        if (path, selector) not in self._read:
            self._read[path, selector] = self._client.list(
                path, patience=self._patience, fieldSelector=selector or None
            )
        return self._read[path, selector]


def when(event: Body) -> str:
    """The time of an event in the form of the API, which sorts by itself."""
    series: dict[str, t.Any] = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(time) for time in times if time), str(event["metadata"].get("creationTimestamp", "")))


def times(event: Body) -> int:
    """How often it has happened."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def message(event: Body) -> str:
    return str(event.get("message") or event.get("note") or "").strip()


def _is_owned(body: Body, owners: t.Sequence[Body]) -> bool:
    uids = {owner["metadata"]["uid"] for owner in owners}
    return any(reference["uid"] in uids for reference in body["metadata"].get("ownerReferences") or [])
