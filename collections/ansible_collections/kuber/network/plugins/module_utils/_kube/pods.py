# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is wrong with a pod, in words."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import condition
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

# A container in one of these states has been tried and has failed; without a change from outside it rarely recovers.
STUCK_REASONS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
# The container runs between two crashes: the count tells more than the state of the moment.
STUCK_RESTARTS = 4
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")


def is_ready(pod: Body) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def is_stuck(pod: Body) -> bool:
    for status in _statuses(pod):
        reason = (_state(status).get("waiting") or {}).get("reason")
        crashing = not status.get("ready") and status.get("restartCount", 0) >= STUCK_RESTARTS
        if reason in STUCK_REASONS - {"CrashLoopBackOff"} or (crashing and not _state(status).get("terminated")):
            return True
    return condition(pod, "PodScheduled").get("reason") == "Unschedulable"


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


def probes(pod: Body) -> list[str]:
    """The readiness and startup probes that running containers have not passed, beside the ports they declare."""
    running = {status["name"] for status in _statuses(pod) if not status.get("ready") and "running" in _state(status)}
    return [
        f"{label} probe of container {container['name']}: {text}; the container declares {_ports(container)}"
        for container in pod["spec"].get("containers") or []
        if container["name"] in running
        for label, field in (("readiness", "readinessProbe"), ("startup", "startupProbe"))
        if (text := describe_probe(container.get(field) or {}))
    ]


def describe_probe(probe: Body) -> str:
    """Such as "httpGet /index.html on port 80"; empty when there is no probe."""
    handler = next((name for name in _HANDLERS if probe.get(name)), None)
    if handler is None:
        return ""
    details = probe[handler]
    if handler == "exec":
        return f"exec {' '.join(details.get('command') or [])}"
    path = f" {details.get('path', '/')}" if handler == "httpGet" else ""
    return f"{handler}{path} on port {details.get('port')}"


def _ports(container: Body) -> str:
    ports = [str(port["containerPort"]) for port in container.get("ports") or []]
    return f"port{'' if len(ports) == 1 else 's'} {', '.join(ports)}" if ports else "no port"


def _statuses(pod: Body) -> list[Body]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _state(status: Body) -> dict[str, t.Any]:
    return status.get("state") or {}


def _is_done(status: Body) -> bool:
    # A sidecar is an init container that goes on running; once it has started the next one's turn has come.
    ended = _state(status).get("terminated")
    return bool(ended and ended.get("exitCode") == 0) or bool(status.get("started"))


def _describe(status: Body) -> str:
    state = _state(status)
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
