# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Whether an object has become what it should be, judged by its own status.

The rules are those of `kubectl rollout status` and of kstatus (kubernetes-sigs/cli-utils, pkg/kstatus/status/core.go).
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.edits import CRD
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key


class State(enum.Enum):
    """How far an object is; one that is stuck may come loose again, one that has failed will not."""

    READY = "ready"
    PENDING = "pending"
    STUCK = "stuck"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A state and its reason."""

    state: State
    text: str = ""


READY = Verdict(State.READY)
UNSEEN = Verdict(State.PENDING, "its controller has not seen the change yet")


def verdict(body: Body) -> Verdict:
    """The state of a live object; kinds without a rule are ready as soon as they exist."""
    rule = RULES.get(kind_key(body["apiVersion"], body["kind"]))
    return rule(body) if rule else READY


def is_doubtful(body: Body) -> bool:
    """Whether a workload counts as ready as soon as its processes have started."""
    if not isinstance(template := (body.get("spec") or {}).get("template"), dict):
        return False
    containers = (template.get("spec") or {}).get("containers") or []
    return any("readinessProbe" not in container for container in containers)


def condition(body: Body, kind: str) -> Body:
    """One condition of an object, empty when it has none of that kind."""
    conditions = (body.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind), {})


def _is_unseen(body: Body) -> bool:
    return bool((body.get("status") or {}).get("observedGeneration", 0) < body["metadata"].get("generation", 1))


def _count(have: int, want: int, what: str) -> Verdict:
    return READY if have >= want else Verdict(State.PENDING, f"{have} of {want} {what}")


def _deployment(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status = body["status"]
    want = body["spec"].get("replicas", 1)
    progressing = condition(body, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(State.STUCK, progressing.get("message", "its progress deadline is exceeded"))
    updated = status.get("updatedReplicas", 0)
    if updated < want:
        return Verdict(State.PENDING, f"{updated} of {want} pods are of the new version")
    available = status.get("availableReplicas", 0)
    if available < want:
        return Verdict(State.PENDING, f"{available} of {want} pods are available")
    old = status.get("replicas", 0) - updated
    return Verdict(State.PENDING, f"pods of the old version that are left: {old}") if old > 0 else READY


def _daemon_set(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status = body["status"]
    want = status.get("desiredNumberScheduled", 0)
    on_delete = (body["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    updated = _count(status.get("updatedNumberScheduled", 0), want, "pods are of the new version")
    if not on_delete and updated is not READY:
        return updated
    return _count(status.get("numberAvailable", 0), want, "pods are available")


def _stateful_set(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    status, want = body["status"], body["spec"].get("replicas", 1)
    strategy = body["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    ready = _count(status.get("readyReplicas", 0), want, "pods are ready")
    if ready is not READY or strategy.get("type") == "OnDelete":
        return ready
    return _count(status.get("updatedReplicas", 0), want - partition, "pods are of the new version")


def _replicas(body: Body) -> Verdict:
    if _is_unseen(body):
        return UNSEEN
    return _count(body["status"].get("readyReplicas", 0), body["spec"].get("replicas", 1), "pods are ready")


def _job(body: Body) -> Verdict:
    if body["spec"].get("suspend") or condition(body, "Complete").get("status") == "True":
        return READY
    failed = condition(body, "Failed")
    if failed.get("status") == "True":
        return Verdict(State.FAILED, f"{failed.get('reason', 'Failed')}: {failed.get('message', '')}")
    status = body.get("status") or {}
    want = body["spec"].get("completions") or 1
    return Verdict(State.PENDING, f"{status.get('succeeded', 0)} of {want} runs have succeeded")


def _pod(body: Body) -> Verdict:
    status = body.get("status") or {}
    phase = status.get("phase", "Pending")
    if phase == "Succeeded" or condition(body, "Ready").get("status") == "True":
        return READY
    if phase == "Failed":
        return Verdict(State.FAILED, f"{status.get('reason', 'Failed')}: {status.get('message', 'a container failed')}")
    return Verdict(State.PENDING, f"its phase is {phase}")


def _definition(body: Body) -> Verdict:
    names = condition(body, "NamesAccepted")
    if names.get("status") == "False":
        return Verdict(State.FAILED, f"{names.get('reason', '')}: {names.get('message', '')}")
    established = condition(body, "Established").get("status") == "True"
    return READY if established else Verdict(State.PENDING, "it is not established yet")


def _namespace(body: Body) -> Verdict:
    phase = (body.get("status") or {}).get("phase", "")
    return READY if phase == "Active" else Verdict(State.PENDING, f"its phase is {phase or 'not set yet'}")


def _service(body: Body) -> Verdict:
    if body["spec"].get("type") != "LoadBalancer":
        return READY
    addresses = ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return READY if addresses else Verdict(State.PENDING, "no load balancer has given it an address")


RULES: t.Mapping[str, t.Callable[[Body], Verdict]] = {
    "Deployment.apps": _deployment,
    "DaemonSet.apps": _daemon_set,
    "StatefulSet.apps": _stateful_set,
    "ReplicaSet.apps": _replicas,
    "Job.batch": _job,
    "Pod": _pod,
    "Service": _service,
    "Namespace": _namespace,
    CRD: _definition,
}
