# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import pods


def pod(*statuses: dict[str, t.Any], init: t.Sequence[dict[str, t.Any]] = (), **more: t.Any) -> dict[str, t.Any]:
    status = {"phase": "Pending", "containerStatuses": list(statuses), "initContainerStatuses": list(init), **more}
    return {"metadata": {"name": "web-1"}, "spec": {"containers": []}, "status": status}


def waiting(reason: str, message: str = "", **more: t.Any) -> dict[str, t.Any]:
    return {"name": "web", "ready": False, "state": {"waiting": {"reason": reason, "message": message}}, **more}


# ruff: noqa: E501
RUNNING: dict[str, t.Any] = {"name": "web", "ready": False, "state": {"running": {}}}
DONE: dict[str, t.Any] = {
    "name": "init",
    "ready": True,
    "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
}
CRASH = {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such file\n"}}
UNSCHEDULABLE = {
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (pod(), "its phase is Pending"),
        (pod(RUNNING), "container web runs but is not ready"),
        (pod({**RUNNING, "ready": True}, waiting("ErrImagePull", "not found")), "container web waits: ErrImagePull, not found"),
        (pod(waiting("PodInitializing"), init=[waiting("ImagePullBackOff", "back-off")]), "init container web waits: ImagePullBackOff, back-off"),
        (pod(RUNNING, init=[DONE]), "container web runs but is not ready"),
        (pod(RUNNING, init=[{"name": "sidecar", "started": True, "state": {"running": {}}}]), "container web runs but is not ready"),
        (pod({"name": "web", "ready": False, "state": CRASH}), "container web has ended with exit code 1, Error, no such file"),
        (
            pod(waiting("CrashLoopBackOff", "back-off 20s", restartCount=2, lastState=CRASH)),
            "container web waits: CrashLoopBackOff, back-off 20s (restarted 2 times, last ended with exit code 1, Error, no such file)",
        ),
        (pod(**UNSCHEDULABLE), "Unschedulable: 0/1 nodes"),
    ],
)  # fmt: skip
def test_trouble_is_said_in_words(body: dict[str, t.Any], expected: str) -> None:
    assert pods.trouble(body) == expected


@pytest.mark.parametrize(
    ("body", "patience"),
    [
        (pod(), None),
        (pod(RUNNING), None),
        (pod(waiting("ContainerCreating")), None),
        (pod(waiting("PodInitializing"), init=[{"name": "i", "state": {"running": {}}}]), None),
        (pod(waiting("ImagePullBackOff")), 60),
        (pod(waiting("InvalidImageName")), 5),
        (pod(waiting("PodInitializing"), init=[waiting("ErrImageNeverPull")]), 30),
        (pod(waiting("CreateContainerConfigError")), 120),
        (pod(waiting("CrashLoopBackOff", restartCount=1)), None),
        (pod(waiting("CrashLoopBackOff", restartCount=3)), 30),
        (pod({"name": "web", "ready": False, "state": CRASH, "restartCount": 3}), 30),
        (pod({**RUNNING, "restartCount": 3}), 60),
        (pod({**RUNNING, "restartCount": 9, "ready": True}), None),
        (pod(RUNNING, init=[{**DONE, "ready": False, "restartCount": 5}]), None),
        (pod(waiting("ImagePullBackOff"), waiting("InvalidImageName")), 5),
        (pod(**UNSCHEDULABLE), 60),
    ],
)
def test_only_what_has_been_tried_in_vain_is_stuck(body: dict[str, t.Any], patience: float | None) -> None:
    assert pods.patience(body) == patience


@pytest.mark.parametrize(
    ("body", "crashed"),
    [
        (pod(RUNNING), []),
        (pod({"name": "web", "ready": False, "state": CRASH}), [("web", False)]),
        (pod(waiting("CrashLoopBackOff", lastState=CRASH)), [("web", True)]),
        (pod({**RUNNING, "lastState": CRASH}), [("web", True)]),
        (pod({**RUNNING, "lastState": CRASH, "ready": True}), []),
        (pod({"name": "web", "ready": False, "state": DONE["state"]}), []),
        (pod(RUNNING, init=[{"name": "init", "ready": False, "state": CRASH}]), [("init", False)]),
    ],
)
def test_crashed_container_is_known_with_the_run_to_read_the_log_of(
    body: dict[str, t.Any], crashed: list[tuple[str, bool]]
) -> None:
    assert pods.crashed(body) == crashed


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ({"httpGet": {"path": "/index.html", "port": 80}}, "httpGet /index.html on port 80"),
        ({"httpGet": {"port": "http"}}, "httpGet / on port http"),
        ({"tcpSocket": {"port": 8000}}, "tcpSocket on port 8000"),
        ({"exec": {"command": ["cat", "/tmp/ok"]}}, "exec cat /tmp/ok"),
        ({}, ""),
    ],
)
def test_probe_is_described(probe: dict[str, t.Any], text: str) -> None:
    assert pods.probe_target(probe) == text


def test_probe_that_has_not_passed_is_shown_beside_the_declared_ports() -> None:
    body = pod(RUNNING, {"name": "other", "ready": True})
    probe = {"httpGet": {"path": "/", "port": 80}}
    body["spec"]["containers"] = [
        {"name": "web", "readinessProbe": probe, "ports": [{"containerPort": 8000}]},
        {"name": "other", "readinessProbe": probe},
    ]
    assert pods.probes(body) == [
        "readiness probe of container web: httpGet / on port 80; the container declares port 8000"
    ]
