# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Why an object does not become ready: its pods, their containers and probes, the last events; and what to change."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import advice
from ansible_collections.kuber.network.plugins.module_utils._kube import pods as _pods
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.related import (
    WITH_PODS,
    RelatedObjects,
    message,
    times,
    when,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.status import conditions, is_true, said

EVENTS = 3
# One pod of each kind of trouble is enough; this many kinds are.
TROUBLES = 3
# A load balancer that has refused an address gives another one, or the same after all, as soon as its configuration
# changes: the pool may come with the same set.
ADDRESS_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Stuck:
    """What keeps an object from becoming ready, and for how many seconds it may."""

    text: str
    patience: float


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Lines for the user, and what to change as far as that can be said."""

    lines: list[str] = dataclasses.field(default_factory=list)
    advice: list[str] = dataclasses.field(default_factory=list)

    def __add__(self, other: Explanation) -> Explanation:
        return Explanation(self.lines + other.lines, self.advice + other.advice)


def stuck(around: RelatedObjects, body: Body) -> Stuck | None:
    """What keeps an object from ever becoming ready, ``None`` as long as there is hope."""
    if kind_key(body["apiVersion"], body["kind"]) == "Service":
        changed = _last_change(body)
        refused = [event for event in around.refused_addresses(body) if when(event) >= changed]
        return Stuck(f"{refused[-1]['reason']}: {message(refused[-1])}", ADDRESS_SECONDS) if refused else None
    for pod in around.current_pods(body):
        if not _pods.is_ready(pod) and (seconds := _pods.patience(pod)) is not None:
            return Stuck(f"pod {pod['metadata']['name']}: {_pods.trouble(pod)}", seconds)
    return None


def explain(around: RelatedObjects, body: Body, told: str) -> Explanation:
    """What the user has not been told yet; what cannot be found out is left out, for nobody has asked for it."""
    try:
        return _explain(around, body, told)
    except KuberError as exc:
        return Explanation([f"more could not be found out: {exc}"])


def _explain(around: RelatedObjects, body: Body, told: str) -> Explanation:
    unready = [pod for pod in around.current_pods(body) if not _pods.is_ready(pod)]
    found = Explanation()
    for alike in _by_trouble(unready)[:TROUBLES]:
        found += _explain_pod(around, alike[0], len(alike) - 1)
    if found.lines:
        return found
    lines = _conditions(body, told)
    for one in (body, *around.replica_sets(body)[:1]):
        lines += [f"event: {event_text(event)}" for event in around.events(one)[-EVENTS:]]
    return Explanation(lines)


def _conditions(body: Body, told: str) -> list[str]:
    """The conditions that are not met; those of workloads say no more than their counts of pods."""
    if kind_key(body["apiVersion"], body["kind"]) in WITH_PODS:
        return []
    return [
        f"condition {one.get('type')} is {one.get('status')}: {said(one)}"
        for one in conditions(body)
        if not is_true(one) and one.get("message") and said(one) not in told
    ]


def _by_trouble(unready: list[Body]) -> list[list[Body]]:
    """The pods in groups of one trouble each, the largest first."""
    groups: dict[str, list[Body]] = collections.defaultdict(list)
    for pod in unready:
        # Behind the comma stand addresses and times; the two reasons take turns while an image is tried again.
        kind = _pods.trouble(pod).partition(",")[0].replace("ImagePullBackOff", "ErrImagePull")
        groups[kind.replace(pod["metadata"]["name"], "")].append(pod)
    return sorted(groups.values(), key=len, reverse=True)


def _explain_pod(around: RelatedObjects, pod: Body, others: int) -> Explanation:
    also = f" (and {others} more pod{'' if others == 1 else 's'} likewise)" if others else ""
    trouble = _pods.trouble(pod)
    events = around.events(pod)
    failures = advice.failures(pod, events)
    lines = [f"pod {pod['metadata']['name']}{also}: {trouble}"]
    for failure in failures:
        lines += [failure.text(), _pods.declared(failure.container)]
    told = [failure.event for failure in failures]
    lines += _pods.probes(pod) if not failures else []
    lines += _last_words(around, pod)
    untold = [event for event in events if event not in told and not _is_told(event, trouble)]
    lines += [f"event: {event_text(event)}" for event in untold[-EVENTS:]]
    return Explanation(lines, [*filter(None, map(advice.on_probe, failures)), *advice.on_containers(pod)])


def _last_words(around: RelatedObjects, pod: Body) -> list[str]:
    lines: list[str] = []
    for name, previous in _pods.crashed(pod):
        log = around.log(pod, name, previous=previous)
        lines += [f"the last that container {name} has written:", *(f"  {line}" for line in log)] if log else []
    return lines


def event_text(event: Body) -> str:
    """Such as "Unhealthy (7 times): Readiness probe failed"."""
    count = times(event)
    often = f" ({count} times)" if count > 1 else ""
    return f"{event.get('reason', '')}{often}: {message(event)}"


def _is_told(event: Body, trouble: str) -> bool:
    """Whether an event only repeats what the state of the container says."""
    if event.get("reason") == "BackOff":
        return True
    cause = message(event).partition(": ")[2]
    return cause in _pods.PATIENCE or (bool(cause) and cause in trouble)


def _last_change(body: Body) -> str:
    """When something other than the status was last changed."""
    records: list[dict[str, t.Any]] = body["metadata"].get("managedFields") or []
    return max((one.get("time") or "" for one in records if not one.get("subresource")), default="")
