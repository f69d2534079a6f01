# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Whether an object has become what it should be, judged by its own status.

The rules are those of `kubectl rollout status` and of kstatus (kubernetes-sigs/cli-utils, pkg/kstatus/status, core.go
and generic.go), with three differences: a Job is ready when it is done, a Service of type LoadBalancer when it has an
address, and what kstatus calls failed is only stuck where it may still come loose by itself.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import gateways
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Resource, below, kind_key, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.status import (
    READY,
    UNSEEN,
    State,
    Verdict,
    awaits,
    condition,
    count,
    has_seen,
    is_false,
    is_true,
    said,
    status_of,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import CRD


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Objects of another kind, in the same namespace or in none, without which an object cannot be judged."""

    api_version: str
    plural: str
    namespaced: bool
    late: bool
    """Whether they judge after the object is there, so that without them nothing can be said."""

    def path(self, body: Body) -> str:
        kind = Resource(self.api_version, "", self.plural, self.namespaced)
        return kind.path(namespace=body["metadata"].get("namespace"))


# The controllers behind these have tried and have not got on; they go on trying, so a moment is granted: a node that is
# just back, objects of one set that come one after another.
STALLED_SECONDS = 30.0
REJECTED_SECONDS = 15.0
# Quotas are counted late, and a namespace gets its service account a moment after itself.
REFUSED_SECONDS = 60.0


def verdict(body: Body, neighbours: t.Sequence[Body] = ()) -> Verdict:
    """The state of a live object; what says nothing about itself is ready as soon as it exists."""
    key = kind_key(body["apiVersion"], body["kind"])
    general = _general(body)
    if general is not READY:
        return general
    if key in JUDGED_BY_NEIGHBOURS:
        return JUDGED_BY_NEIGHBOURS[key][1](body, neighbours)
    return RULES.get(key, _ready_condition)(body)


def neighbours(body: Body) -> Neighbours | None:
    """What else to look at before judging."""
    entry = JUDGED_BY_NEIGHBOURS.get(kind_key(body["apiVersion"], body["kind"]))
    return entry[0] if entry else None


def is_doubtful(body: Body) -> bool:
    """Whether a workload counts as ready as soon as its processes have started."""
    containers = mappings(below(body, "spec", "template", "spec", "containers"))
    return any("readinessProbe" not in container for container in containers)


def _general(body: Body) -> Verdict:
    """What holds for every kind that follows the conventions (kstatus: checkGenericProperties)."""
    if not has_seen(status_of(body).get("observedGeneration"), body):
        return UNSEEN
    if is_true(condition(body, "Reconciling")):
        return Verdict(State.PENDING, said(condition(body, "Reconciling")))
    if is_true(condition(body, "Stalled")):
        return Verdict(State.STUCK, said(condition(body, "Stalled")), STALLED_SECONDS)
    return READY


def _ready_condition(body: Body) -> Verdict:
    """The rule of kinds that have none of their own: many tell by a condition (kstatus: checkReadyCondition)."""
    return awaits(body, "Ready") if condition(body, "Ready") else READY


def _is_unseen(body: Body) -> bool:
    return bool(status_of(body).get("observedGeneration", 0) < body["metadata"].get("generation", 1))


def _no_more_than(want: int, status: Body) -> Verdict:
    extra = status.get("replicas", 0) - want
    if extra <= 0:
        return READY
    return Verdict(State.PENDING, f"{extra} surplus {'pod is' if extra == 1 else 'pods are'} still running")


def _refused(body: Body) -> Verdict | None:
    """Whether the API server does not let pods come into being: a quota, a policy, an account that is not there."""
    failure = condition(body, "ReplicaFailure")
    return Verdict(State.STUCK, said(failure), REFUSED_SECONDS) if is_true(failure) else None


def _deployment(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status = body["status"]
    want = body["spec"].get("replicas", 1)
    progressing = condition(body, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        text = progressing.get("message", "its progress deadline is exceeded")
        return Verdict(State.STUCK, text, STALLED_SECONDS)
    updated = status.get("updatedReplicas", 0)
    for enough in (
        count(updated, want, "pods are of the new version"),
        count(status.get("availableReplicas", 0), want, "pods are available"),
    ):
        if enough is not READY:
            return _refused(body) or _paused(body, enough) or enough
    old = status.get("replicas", 0) - updated
    return Verdict(State.PENDING, _left_of_the_old(status, want, old)) if old > 0 else READY


def _paused(body: Body, verdict: Verdict) -> Verdict | None:
    """What keeps a Deployment as it is until somebody resumes it."""
    if not body["spec"].get("paused"):
        return None
    return Verdict(State.STUCK, f"it is paused (spec.paused): {verdict.text}", STALLED_SECONDS)


def _left_of_the_old(status: Body, want: int, old: int) -> str:
    # The old pods count as available too, as long as the new ones are not.
    new = max(0, status.get("updatedReplicas", 0) - status.get("unavailableReplicas", 0))
    left = f"pods of the old version that are left: {old}"
    return left if new >= want else f"{new} of {want} pods of the new version are available, {left}"


def _daemon_set(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status = body["status"]
    want = status.get("desiredNumberScheduled", 0)
    on_delete = (body["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = count(status.get("updatedNumberScheduled", 0), want, "pods are of the new version")
    if not on_delete and updated is not READY:
        return updated
    return count(status.get("numberAvailable", 0), want, "pods are available")


def _stateful_set(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status, want = body["status"], body["spec"].get("replicas", 1)
    strategy = body["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    ready = count(status.get("readyReplicas", 0), want, "pods are ready")
    if ready is not READY or strategy.get("type") == "OnDelete":
        return ready
    updated = count(status.get("updatedReplicas", 0), want - partition, "pods are of the new version")
    return updated if updated is not READY else _no_more_than(want, status)


def _replicas(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status, want = body["status"], body["spec"].get("replicas", 1)
    available = count(status.get("availableReplicas", 0), want, "pods are available")
    if available is not READY:
        return _refused(body) or available
    return _no_more_than(want, status)


def _job(body: Body) -> Verdict:
    if body["spec"].get("suspend") or is_true(condition(body, "Complete")):
        return READY
    failed = condition(body, "Failed")
    if is_true(failed):
        return Verdict(State.FAILED, said(failed))
    status = body.get("status") or {}
    want = body["spec"].get("completions") or 1
    return Verdict(State.PENDING, f"{status.get('succeeded', 0)} of {want} runs have succeeded")


def _pod(body: Body) -> Verdict:
    status = body.get("status") or {}
    phase = status.get("phase", "Pending")
    if phase == "Succeeded" or is_true(condition(body, "Ready")):
        return READY
    if phase == "Failed":
        return Verdict(State.FAILED, f"{status.get('reason', 'Failed')}: {status.get('message', 'a container failed')}")
    return Verdict(State.PENDING, f"its phase is {phase}")


def _definition(body: Body) -> Verdict:
    names = condition(body, "NamesAccepted")
    if is_false(names):
        return Verdict(State.FAILED, said(names))
    established = condition(body, "Established")
    if is_false(established) and established.get("reason") != "Installing":
        return Verdict(State.FAILED, said(established))
    return READY if is_true(established) else Verdict(State.PENDING, "it is not established yet")


def _namespace(body: Body) -> Verdict:
    phase = status_of(body).get("phase", "")
    return READY if phase == "Active" else Verdict(State.PENDING, f"its phase is {phase or 'not set yet'}")


def _service(body: Body) -> Verdict:
    if body["spec"].get("type") != "LoadBalancer":
        return READY
    addresses = (status_of(body).get("loadBalancer") or {}).get("ingress")
    return READY if addresses else Verdict(State.PENDING, "no load balancer has given it an address")


def _api_service(body: Body) -> Verdict:
    return awaits(body, "Available")


def _claim(body: Body, storage_classes: t.Sequence[Body]) -> Verdict:
    phase = status_of(body).get("phase", "Pending")
    if phase == "Bound":
        return READY
    if phase == "Lost":
        return Verdict(State.FAILED, "the volume that it was bound to is gone")
    name = body["spec"].get("storageClassName")
    mine = next((one for one in storage_classes if one["metadata"]["name"] == name), {})
    if mine.get("volumeBindingMode") == "WaitForFirstConsumer":
        # It is bound once a pod uses it, and that pod is waited for in its own right.
        return READY
    return Verdict(State.PENDING, f"no volume is bound to it, its phase is {phase}")


def _metallb(_body: Body, states: t.Sequence[Body]) -> Verdict:
    """MetalLB takes all of its configuration or nothing of it, and says so in one object for each of its processes.

    MetalLB before 0.15.3 has no such objects; what it does not like it tells its log alone.
    """
    results = [status_of(one).get("result", "Unknown") for one in states]
    for state, result in zip(states, results, strict=True):
        if result == "Invalid":
            summary = status_of(state).get("errorSummary") or "no reason given"
            text = f"{state['metadata']['name']} rejects the configuration: {summary}"
            return Verdict(State.STUCK, text, REJECTED_SECONDS)
    if "Unknown" in results:
        return Verdict(State.PENDING, "MetalLB has not judged the configuration yet")
    return READY


RULES: t.Mapping[str, t.Callable[[Body], Verdict]] = {
    "Deployment.apps": _deployment,
    "DaemonSet.apps": _daemon_set,
    "StatefulSet.apps": _stateful_set,
    "ReplicaSet.apps": _replicas,
    "Job.batch": _job,
    "Pod": _pod,
    "Service": _service,
    "Namespace": _namespace,
    "APIService.apiregistration.k8s.io": _api_service,
    CRD: _definition,
    "GatewayClass.gateway.networking.k8s.io": gateways.gateway_class,
}

_STORAGE_CLASSES = Neighbours("storage.k8s.io/v1", "storageclasses", namespaced=False, late=False)
_CONFIGURATION_STATES = Neighbours("metallb.io/v1beta1", "configurationstates", namespaced=True, late=True)
_GATEWAY_CLASSES = Neighbours("gateway.networking.k8s.io/v1", "gatewayclasses", namespaced=False, late=False)
# Of all namespaces: a route names its Gateway with one.
_GATEWAYS = Neighbours("gateway.networking.k8s.io/v1", "gateways", namespaced=False, late=False)
JUDGED_BY_NEIGHBOURS: t.Mapping[str, tuple[Neighbours, t.Callable[[Body, t.Sequence[Body]], Verdict]]] = {
    "PersistentVolumeClaim": (_STORAGE_CLASSES, _claim),
    "Gateway.gateway.networking.k8s.io": (_GATEWAY_CLASSES, gateways.gateway),
    "HTTPRoute.gateway.networking.k8s.io": (_GATEWAYS, gateways.route),
    "GRPCRoute.gateway.networking.k8s.io": (_GATEWAYS, gateways.route),
    "IPAddressPool.metallb.io": (_CONFIGURATION_STATES, _metallb),
    "L2Advertisement.metallb.io": (_CONFIGURATION_STATES, _metallb),
    "BGPAdvertisement.metallb.io": (_CONFIGURATION_STATES, _metallb),
    "BGPPeer.metallb.io": (_CONFIGURATION_STATES, _metallb),
    "BFDProfile.metallb.io": (_CONFIGURATION_STATES, _metallb),
    "Community.metallb.io": (_CONFIGURATION_STATES, _metallb),
}
