# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is wrong with a pod, in words."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.status import condition

# For how many seconds a trouble may last without a break before it is taken to stay. Whatever is tried again by itself
# gets as long as about three tries take; what only a change from outside can mend gets as long as that change needs.
PATIENCE: t.Mapping[str, float] = {
    # A name that is none stays none.
    "InvalidImageName": 5.0,
    # The image may be on its way into the node (minikube image load).
    "ErrImageNeverPull": 30.0,
    # kubelet tries after 10, 20 and 40 s: what a registry has refused three times in a minute it refuses.
    "ErrImagePull": 60.0,
    "ImagePullBackOff": 60.0,
    # A Secret or ConfigMap that a controller makes after its own start, as MetalLB's does for its speakers; on a slow
    # machine that takes more than a minute.
    "CreateContainerConfigError": 120.0,
    "CreateContainerError": 60.0,
    "RunContainerError": 60.0,
    # Only counted after STUCK_RESTARTS, that is, more than a minute after the first crash.
    "CrashLoopBackOff": 30.0,
    # Nodes that are just back are ready within it.
    "Unschedulable": 60.0,
}
# After 10, 20 and 40 s of back-off: an application that waits for a neighbour by crashing has found it by then.
STUCK_RESTARTS = 3
# A container that runs again may have found what it had missed, and still has to start.
RUNNING_AGAIN_SECONDS = 60.0
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


def is_ready(pod: Body) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def patience(pod: Body) -> float | None:
    """For how many seconds the pod's trouble may last, ``None`` as long as it has none that will stay."""
    known = [seconds for status in statuses(pod) if (seconds := _patience_with(status)) is not None]
    if condition(pod, "PodScheduled").get("reason") == "Unschedulable":
        known.append(PATIENCE["Unschedulable"])
    return min(known, default=None)


def _patience_with(status: Body) -> float | None:
    state = state_of(status)
    reason = (state.get("waiting") or {}).get("reason", "")
    if reason in PATIENCE and reason != "CrashLoopBackOff":
        return PATIENCE[reason]
    done = (state.get("terminated") or {}).get("exitCode") == 0
    if status.get("ready") or done or status.get("restartCount", 0) < STUCK_RESTARTS:
        return None
    return RUNNING_AGAIN_SECONDS if "running" in state else PATIENCE["CrashLoopBackOff"]


def trouble(pod: Body) -> str:
    """Why the pod is not ready, as far as the pod itself knows."""
    if pod["metadata"].get("deletionTimestamp"):
        return "it is being deleted"
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return f"{scheduled.get('reason', 'not scheduled')}: {scheduled.get('message', '')}"
    # The init containers run one after another: the first that is not done is the one that counts.
    for status in (pod.get("status") or {}).get("initContainerStatuses") or []:
        if not _is_done(status):
            return f"init container {status['name']} {_describe(status)}"
    parts = [
        f"container {status['name']} {_describe(status)}"
        for status in (pod.get("status") or {}).get("containerStatuses") or []
        if not status.get("ready")
    ]
    phase = (pod.get("status") or {}).get("phase", "Pending")
    return "; ".join(parts) or f"its phase is {phase}"


def crashed(pod: Body) -> list[tuple[str, bool]]:
    """The containers that have ended though they should not have, and whether it was their run before this one."""
    found = []
    for status in statuses(pod):
        ended = state_of(status).get("terminated")
        is_done = ended is not None and ended.get("exitCode") == 0
        before = (status.get("lastState") or {}).get("terminated")
        if (ended or before) and not is_done and not status.get("ready"):
            found.append((status["name"], ended is None))
    return found


def probes(pod: Body) -> list[str]:
    """The readiness and startup probes that running containers have not passed, beside the ports they declare."""
    running = {status["name"] for status in statuses(pod) if not status.get("ready") and "running" in state_of(status)}
    return [
        f"{label} probe of container {container['name']}: {text}; {declared(container)}"
        for container in pod["spec"].get("containers") or []
        if container["name"] in running
        for label, field in (("readiness", "readinessProbe"), ("startup", "startupProbe"))
        if (text := probe_target(container.get(field) or {}))
    ]


def probe_target(probe: Body) -> str:
    """Such as "httpGet /index.html on port 80"; empty when there is no probe."""
    handler = next((name for name in _HANDLERS if probe.get(name)), None)
    if handler is None:
        return ""
    details = probe[handler]
    if handler == "exec":
        return f"exec {' '.join(details.get('command') or [])}"
    path = f" {details.get('path', '/')}" if handler == "httpGet" else ""
    return f"{handler}{path} on port {details.get('port')}"


def ports_of(container: Body) -> list[int]:
    return [int(port["containerPort"]) for port in container.get("ports") or []]


def declared(container: Body) -> str:
    """Such as "the container declares port 8000"."""
    ports = [str(port) for port in ports_of(container)]
    text = f"port{'' if len(ports) == 1 else 's'} {', '.join(ports)}" if ports else "no port"
    return f"the container declares {text}"


def statuses(pod: Body) -> list[Body]:
    """Those of the init containers first."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def state_of(status: Body) -> dict[str, t.Any]:
    return status.get("state") or {}


def _is_done(status: Body) -> bool:
    # A sidecar is an init container that goes on running; once it has started the next one's turn has come.
    ended = state_of(status).get("terminated")
    return bool(ended and ended.get("exitCode") == 0) or bool(status.get("started"))


def _describe(status: Body) -> str:
    state = state_of(status)
    if waiting := state.get("waiting"):
        text = f"waits: {_reason_and_message(waiting)}"
    elif terminated := state.get("terminated"):
        text = f"has ended with {_ending(terminated)}"
    else:
        text = "runs but is not ready"
    last = (status.get("lastState") or {}).get("terminated")
    restarts = status.get("restartCount", 0)
    if last:
        text += f" (restarted {restarts} time{'' if restarts == 1 else 's'}, last ended with {_ending(last)})"
    return text


def _reason_and_message(part: Body) -> str:
    return ", ".join(word for word in (part.get("reason"), part.get("message")) if word) or "no reason given"


def _ending(terminated: Body) -> str:
    words = [f"exit code {terminated.get('exitCode')}", terminated.get("reason"), terminated.get("message")]
    return ", ".join(str(word).strip() for word in words if word)
