# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Why an object does not become ready: its pods, their containers, the last events."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import pods as _pods
from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import condition
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

WITH_PODS = frozenset({"Deployment.apps", "DaemonSet.apps", "StatefulSet.apps", "ReplicaSet.apps", "Job.batch", "Pod"})
REVISION = "deployment.kubernetes.io/revision"
EVENTS = 3
# One pod of each kind of trouble is enough; this many kinds are.
TROUBLES = 3


def stuck(client: Client, body: Body) -> str | None:
    """What keeps an object's pods from ever becoming ready, ``None`` as long as there is hope."""
    for pod in current_pods(client, body):
        if not _pods.is_ready(pod) and _pods.is_stuck(pod):
            return f"pod {pod['metadata']['name']}: {_pods.trouble(pod)}"
    return None


def explain(client: Client, body: Body) -> list[str]:
    """Lines for the user; what cannot be found out is left out, for it is not what the user has asked for."""
    try:
        return _explain(client, body)
    except KuberError as exc:
        return [f"more could not be found out: {exc}"]


def _explain(client: Client, body: Body) -> list[str]:
    unready = [pod for pod in current_pods(client, body) if not _pods.is_ready(pod)]
    lines: list[str] = []
    for alike in _by_trouble(unready)[:TROUBLES]:
        lines += _explain_pod(client, alike[0], len(alike) - 1)
    if lines:
        return lines
    failure = condition(body, "ReplicaFailure")
    if failure.get("status") == "True":
        lines.append(f"{failure.get('reason', '')}: {failure.get('message', '')}")
    for one in (body, *_replica_sets(client, body)[:1]):
        lines += [f"event: {event_text(event)}" for event in events(client, one)[-EVENTS:]]
    return lines


def current_pods(client: Client, body: Body) -> list[Body]:
    """The pods of the newest version of a workload."""
    key = kind_key(body["apiVersion"], body["kind"])
    if key not in WITH_PODS:
        return []
    if key == "Pod":
        return [body]
    owners = {body["metadata"]["uid"]}
    if key == "Deployment.apps":
        owners = {one["metadata"]["uid"] for one in _replica_sets(client, body)[:1]}
    candidates = client.list(f"/api/v1/namespaces/{body['metadata']['namespace']}/pods", labelSelector=_selector(body))
    return [pod for pod in candidates if _owned_by(pod, owners) and not pod["metadata"].get("deletionTimestamp")]


def events(client: Client, body: Body) -> list[Body]:
    """The events about an object, oldest first; only the warnings if there are any."""
    metadata = body["metadata"]
    found = client.list(
        f"/api/v1/namespaces/{metadata.get('namespace') or 'default'}/events",
        fieldSelector=f"involvedObject.kind={body['kind']},involvedObject.name={metadata['name']}",
    )
    mine = [event for event in found if event["involvedObject"].get("uid") in (None, metadata.get("uid"))]
    warnings = [event for event in mine if event.get("type") == "Warning"]
    return sorted(warnings or mine, key=_when)


def _replica_sets(client: Client, body: Body) -> list[Body]:
    """The replica sets of a Deployment, newest first."""
    if kind_key(body["apiVersion"], body["kind"]) != "Deployment.apps":
        return []
    path = f"/apis/apps/v1/namespaces/{body['metadata']['namespace']}/replicasets"
    owned = [
        one for one in client.list(path, labelSelector=_selector(body)) if _owned_by(one, {body["metadata"]["uid"]})
    ]
    return sorted(owned, key=lambda one: int(one["metadata"].get("annotations", {}).get(REVISION, 0)), reverse=True)


def _selector(body: Body) -> str:
    selector = body["spec"].get("selector") or {}
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for rule in selector.get("matchExpressions") or []:
        values = ",".join(rule.get("values") or [])
        parts.append(
            {
                "In": f"{rule['key']} in ({values})",
                "NotIn": f"{rule['key']} notin ({values})",
                "Exists": rule["key"],
                "DoesNotExist": f"!{rule['key']}",
            }[rule["operator"]]
        )
    return ",".join(parts)


def _owned_by(body: Body, owners: set[str]) -> bool:
    return any(reference["uid"] in owners for reference in body["metadata"].get("ownerReferences") or [])


def _by_trouble(unready: list[Body]) -> list[list[Body]]:
    """The pods in groups of one trouble each, the largest first."""
    groups: dict[str, list[Body]] = collections.defaultdict(list)
    for pod in unready:
        # Behind the comma stand addresses and times; the two reasons take turns while an image is tried again.
        kind = _pods.trouble(pod).partition(",")[0].replace("ImagePullBackOff", "ErrImagePull")
        groups[kind.replace(pod["metadata"]["name"], "")].append(pod)
    return sorted(groups.values(), key=len, reverse=True)


def _explain_pod(client: Client, pod: Body, others: int) -> list[str]:
    also = f" (and {others} more pod{'' if others == 1 else 's'} likewise)" if others else ""
    trouble = _pods.trouble(pod)
    told = [event for event in events(client, pod) if not _is_told(event, trouble)]
    lines = [f"pod {pod['metadata']['name']}{also}: {trouble}", *_pods.probes(pod)]
    return lines + [f"event: {event_text(event)}" for event in told[-EVENTS:]]


def _when(event: Body) -> str:
    series: dict[str, t.Any] = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(time) for time in times if time), str(event["metadata"].get("creationTimestamp", "")))


def event_text(event: Body) -> str:
    """Such as "Unhealthy (7 times): Readiness probe failed"."""
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    return f"{event.get('reason', '')}{times}: {_message(event)}"


def _is_told(event: Body, trouble: str) -> bool:
    """Whether an event only repeats what the state of the container says."""
    message = _message(event)
    cause = message.partition(": ")[2]
    return cause in _pods.STUCK_REASONS or (bool(cause) and cause in trouble)


def _message(event: Body) -> str:
    return str(event.get("message") or event.get("note") or "").strip()
