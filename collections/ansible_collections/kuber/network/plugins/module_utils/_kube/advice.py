# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""From what a pod's probes and containers have met to what there is to change."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.pods import ports_of, probe_target, state_of, statuses
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.related import message, times

PROBES = {"Readiness": "readinessProbe", "Liveness": "livenessProbe", "Startup": "startupProbe"}
# Such as "Readiness probe failed: Get ...", "Liveness probe errored: ..." (kubernetes/kubernetes, pkg/kubelet/prober).
_UNHEALTHY = re.compile(
    r"(?P<probe>Readiness|Liveness|Startup) probe (?:failed|errored)[^:]*: (?P<cause>.*)", re.DOTALL
)
_CONTAINER = re.compile(r"spec\.containers\{(?P<name>[^}]+)\}")


@dataclasses.dataclass(frozen=True)
class Failure:
    """A probe that fails, with what it meets."""

    container: Body
    field: str
    count: int
    cause: str
    event: Body

    @property
    def probe(self) -> Body:
        return t.cast("Body", self.container.get(self.field) or {})

    @property
    def handler(self) -> str:
        return next((name for name in ("httpGet", "tcpSocket", "grpc", "exec") if self.probe.get(name)), "")

    @property
    def port(self) -> t.Any:
        return (self.probe.get(self.handler) or {}).get("port")

    @property
    def option(self) -> str:
        """Where to change it, such as "readinessProbe.httpGet"."""
        return f"{self.field}.{self.handler}"

    @property
    def name(self) -> str:
        return f"container {self.container['name']}"

    def text(self) -> str:
        """Such as "the readiness probe of container web, httpGet / on port 80, has failed twice: refused"."""
        word = self.field.removesuffix("Probe")
        often = {1: "once", 2: "twice"}.get(self.count, f"{self.count} times")
        return f"the {word} probe of {self.name}, {probe_target(self.probe)}, has failed {often}: {self.cause}"


def failures(pod: Body, events: t.Iterable[Body]) -> list[Failure]:
    """The probes of a pod that its events speak of, the newest word on each."""
    found: dict[tuple[str, str], Failure] = {}
    containers = {one["name"]: one for one in pod["spec"].get("containers") or []}
    for event in events:
        told = _UNHEALTHY.match(message(event))
        if event.get("reason") != "Unhealthy" or told is None:
            continue
        where = _CONTAINER.match(event["involvedObject"].get("fieldPath") or "")
        # Kubelets always say which container; with one there is no doubt anyway.
        name = where["name"] if where else next(iter(containers), "")
        field = PROBES[told["probe"]]
        if (containers.get(name) or {}).get(field):
            cause = " ".join(told["cause"].split())
            found[name, field] = Failure(containers[name], field, times(event), cause, event)
    return list(found.values())


def _wrong_port(failure: Failure) -> str:
    named = {port.get("name"): port["containerPort"] for port in failure.container.get("ports") or []}
    port = named.get(failure.port, failure.port)
    declared = ports_of(failure.container)
    if port in declared:
        return (
            f"Let {failure.name} listen on port {port} of all addresses, not of 127.0.0.1 alone, or correct "
            f"{failure.option}.port and the port that it declares"
        )
    if not declared:
        return f"Set {failure.option}.port of {failure.name} to the port that it listens on"
    return (
        f"Set {failure.option}.port of {failure.name} to {declared[0]}, the port that it declares, or let it listen on "
        f"port {port}"
    )


def _wrong_page(failure: Failure) -> str:
    path = (failure.probe.get("httpGet") or {}).get("path", "/")
    return f"Set {failure.option}.path of {failure.name} to a page that it serves, or let it serve {path}"


def _own_error(failure: Failure) -> str:
    return f"Look why {failure.name} answers with an error: kubectl logs shows what it says"


def _slow(failure: Failure) -> str:
    option, seconds = f"{failure.field}.timeoutSeconds", failure.probe.get("timeoutSeconds", 1)
    return f"Raise {option} of {failure.name} above {seconds}, or find out what keeps it from answering"


def _plain_http(failure: Failure) -> str:
    return f"Set {failure.option}.scheme of {failure.name} to HTTP: it speaks no TLS there"


def _tls(failure: Failure) -> str:
    return f"Set {failure.option}.scheme of {failure.name} to HTTPS"


def _unknown_name(failure: Failure) -> str:
    return f"Give a port of {failure.name} the name {failure.port}, or set {failure.option}.port to a number"


# The first sign that is found decides.
_CAUSES: tuple[tuple[re.Pattern[str], t.Callable[[Failure], str]], ...] = (
    (re.compile(r"connection refused"), _wrong_port),
    (re.compile(r"server gave HTTP response to HTTPS client"), _plain_http),
    (re.compile(r"statuscode: 400.*HTTPS server|malformed HTTP response"), _tls),
    (re.compile(r"statuscode: 4\d\d"), _wrong_page),
    (re.compile(r"statuscode: 5\d\d"), _own_error),
    (re.compile(r"deadline exceeded|Client\.Timeout|i/o timeout|timed out"), _slow),
    (re.compile(r"strconv\.(Atoi|ParseInt)|couldn't find port"), _unknown_name),
)


def on_probe(failure: Failure) -> str:
    """What to change so that the probe passes; empty where that cannot be said."""
    if not failure.handler or failure.handler == "exec":
        return ""
    return next((advise(failure) for sign, advise in _CAUSES if sign.search(failure.cause)), "")


_ON_REASONS: t.Mapping[str, str] = {
    "InvalidImageName": "Correct the image of container {name}: {image}",
    "ErrImageNeverPull": "Load image {image} into the node, or let imagePullPolicy of container {name} be IfNotPresent",
    "ErrImagePull": "Correct the image of container {name} ({image}), or load it into the node",
    "ImagePullBackOff": "Correct the image of container {name} ({image}), or load it into the node",
    "OOMKilled": "Raise resources.limits.memory of container {name}",
}


def on_containers(pod: Body) -> list[str]:
    """What to change about the containers that do not start."""
    images = {
        one["name"]: one.get("image", "")
        for field in ("initContainers", "containers")
        for one in pod["spec"].get(field) or []
    }
    return [
        _ON_REASONS[reason].format(name=status["name"], image=images.get(status["name"], ""))
        for status in statuses(pod)
        for reason in _reasons(status)
        if reason in _ON_REASONS and not status.get("ready")
    ]


def _reasons(status: Body) -> list[str]:
    ended = (status.get("lastState") or {}).get("terminated") or state_of(status).get("terminated") or {}
    return [(state_of(status).get("waiting") or {}).get("reason", ""), ended.get("reason", "")]
