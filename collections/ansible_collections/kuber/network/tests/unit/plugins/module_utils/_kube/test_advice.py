# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import advice

REFUSED = 'Get "http://10.0.0.1:80/index.html": dial tcp 10.0.0.1:80: connect: connection refused'
HTTP = {"httpGet": {"path": "/index.html", "port": 80}}
PORT = {"containerPort": 8000}


def pod(*containers: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"metadata": {"name": "web-1"}, "spec": {"containers": list(containers)}}


def event(
    message: str, *, container: str | None = "web", count: int = 1, reason: str = "Unhealthy"
) -> dict[str, t.Any]:
    about = {"kind": "Pod", "name": "web-1"}
    if container:
        about["fieldPath"] = f"spec.containers{{{container}}}"
    return {"metadata": {}, "involvedObject": about, "reason": reason, "message": message, "count": count}


def test_newest_word_on_each_probe_counts() -> None:
    body = pod(
        {"name": "web", "readinessProbe": HTTP, "livenessProbe": HTTP}, {"name": "other", "readinessProbe": HTTP}
    )
    found = advice.failures(
        body,
        [
            event("Readiness probe failed: HTTP probe failed with statuscode: 503"),
            event(f"Readiness probe failed: {REFUSED}", count=7),
            event(f"Liveness probe failed: {REFUSED}", count=2),
            event("Readiness probe failed: no", container="other"),
            event("Startup probe failed: no such probe in the pod"),
            event("Readiness probe failed: of nobody", container="nobody"),
            event("Container web failed liveness probe, will be restarted", reason="Killing"),
        ],
    )
    assert [failure.text() for failure in found] == [
        f"the readiness probe of container web, httpGet /index.html on port 80, has failed 7 times: {REFUSED}",
        f"the liveness probe of container web, httpGet /index.html on port 80, has failed twice: {REFUSED}",
        "the readiness probe of container other, httpGet /index.html on port 80, has failed once: no",
    ]


DECLARED_BUT_DEAF = (
    "Let container web listen on port {port} of all addresses, not of 127.0.0.1 alone, or correct "
    "readinessProbe.{handler}.port and the port that it declares"
)
TIMED_OUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
PROBES = [
    (
        HTTP,
        [PORT],
        REFUSED,
        "Set readinessProbe.httpGet.port of container web to 8000, the port that it declares, "
        "or let it listen on port 80",
    ),
    (HTTP, [], REFUSED, "Set readinessProbe.httpGet.port of container web to the port that it listens on"),
    (HTTP, [{"containerPort": 80}], REFUSED, DECLARED_BUT_DEAF.format(port=80, handler="httpGet")),
    (
        {"tcpSocket": {"port": "http"}},
        [{"name": "http", "containerPort": 8080}],
        "dial tcp 10.0.0.1:8080: connect: connection refused",
        DECLARED_BUT_DEAF.format(port=8080, handler="tcpSocket"),
    ),
    (
        HTTP,
        [PORT],
        "HTTP probe failed with statuscode: 404",
        "Set readinessProbe.httpGet.path of container web to a page that it serves, or let it serve /index.html",
    ),
    (
        HTTP,
        [PORT],
        "HTTP probe failed with statuscode: 500",
        "Look why container web answers with an error: kubectl logs shows what it says",
    ),
    (
        {**HTTP, "timeoutSeconds": 2},
        [PORT],
        TIMED_OUT,
        "Raise readinessProbe.timeoutSeconds of container web above 2, or find out what keeps it from answering",
    ),
    (
        {"httpGet": {"port": 80, "scheme": "HTTPS"}},
        [PORT],
        "http: server gave HTTP response to HTTPS client",
        "Set readinessProbe.httpGet.scheme of container web to HTTP: it speaks no TLS there",
    ),
    (HTTP, [PORT], 'malformed HTTP response "..."', "Set readinessProbe.httpGet.scheme of container web to HTTPS"),
    (
        {"httpGet": {"port": "web"}},
        [PORT],
        'strconv.Atoi: parsing "web": invalid syntax',
        "Give a port of container web the name web, or set readinessProbe.httpGet.port to a number",
    ),
    ({"exec": {"command": ["cat", "/ok"]}}, [], "cat: can't open '/ok': connection refused", ""),
    (HTTP, [PORT], "something new", ""),
]


@pytest.mark.parametrize(("probe", "ports", "cause", "expected"), PROBES)
def test_what_to_change_about_a_probe(
    probe: dict[str, t.Any], ports: list[dict[str, t.Any]], cause: str, expected: str
) -> None:
    body = pod({"name": "web", "readinessProbe": probe, "ports": ports})
    (failure,) = advice.failures(body, [event(f"Readiness probe failed: {cause}", container=None)])
    assert advice.on_probe(failure) == expected


OUT_OF_MEMORY = {"terminated": {"reason": "OOMKilled"}}
CONTAINERS = [
    ({"state": {"running": {}}}, []),
    (
        {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
        ["Correct the image of container web (x:1), or load it into the node"],
    ),
    ({"state": {"waiting": {"reason": "InvalidImageName"}}}, ["Correct the image of container web: x:1"]),
    (
        {"state": {"waiting": {"reason": "ErrImageNeverPull"}}},
        ["Load image x:1 into the node, or let imagePullPolicy of container web be IfNotPresent"],
    ),
    (
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": OUT_OF_MEMORY},
        ["Raise resources.limits.memory of container web"],
    ),
    ({"state": {"running": {}}, "lastState": OUT_OF_MEMORY, "ready": True}, []),
]


@pytest.mark.parametrize(("status", "expected"), CONTAINERS)
def test_what_to_change_about_a_container(status: dict[str, t.Any], expected: list[str]) -> None:
    body = pod({"name": "web", "image": "x:1"})
    body["status"] = {"containerStatuses": [{"name": "web", **status}]}
    assert advice.on_containers(body) == expected
