# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that a cluster cannot pull: how they are found, and what answers in their place."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._homework import cluster_checks, pulling
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import Inspection, inspect
from ansible_collections.kuber.network.plugins.module_utils._homework.pulling import Pulls
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._homework import samples

OURS = "busybox:1.31.0"
WEB = "austinsky/example-go-httpd-alpine:v0.0.1"
ECHO = "hashicorp/http-echo:0.2.3"


def inspected(*names: str, replace: tuple[str, str] = ("", ""), **options: t.Any) -> Inspection:
    text = samples.joined(names)
    assert replace[0] in text
    return inspect(upgrade(reading.from_text(text.replace(*replace), "all.yml")), **options)


def live(pod: dict[str, t.Any], **reasons: str) -> dict[str, t.Any]:
    """Return the pod as a cluster has it; ``reasons`` are those for which the containers wait."""
    statuses = [
        {"name": one["name"], "state": {"waiting": {"reason": reasons[one["name"].replace("-", "_")]}}}
        if one["name"].replace("-", "_") in reasons
        else {"name": one["name"], "state": {"terminated": {"reason": "StartError"}}}
        for one in pod["spec"]["containers"]
    ]
    return pod | {"status": {"containerStatuses": statuses}}


def test_every_image_is_pulled_once_and_no_program_of_it_is_run() -> None:
    pod = pulling.pod(inspected("strategy", "pod", "current").applied)
    assert pod is not None
    assert [one["image"] for one in pod["spec"]["containers"]] == [OURS, WEB, ECHO]
    assert {tuple(one["command"]) for one in pod["spec"]["containers"]} == {("/-nothing-",)}
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_image_that_is_always_pulled_is_tried_both_ways() -> None:
    folder = inspected("deployment", replace=(WEB, f"{WEB}\n        imagePullPolicy: Always"))
    pod = pulling.pod(folder.applied)
    assert pod is not None
    assert [(one["image"], one["imagePullPolicy"]) for one in pod["spec"]["containers"]] == [
        (OURS, "IfNotPresent"),
        (WEB, "IfNotPresent"),
        (WEB, "Always"),
    ]
    assert pulling.read(live(pod, image_2="ErrImagePull")) == Pulls(frozenset(), frozenset({WEB}))
    both = live(pod, image_1="ImagePullBackOff", image_2="ErrImagePull")
    assert pulling.read(both) == Pulls(frozenset({WEB}), frozenset())


@pytest.mark.parametrize(
    ("image", "policy", "expected"),
    [
        ("nginx", None, True),
        ("nginx:latest", None, True),
        ("nginx:1.27", None, False),
        ("localhost:5000/nginx", None, True),
        ("nginx@sha256:0", None, False),
        ("nginx", "IfNotPresent", False),
        ("nginx:1.27", "Always", True),
    ],
)
def test_image_is_pulled_always_by_the_rules_of_kubernetes(image: str, policy: str | None, expected: bool) -> None:
    assert pulling.pulls_always({"image": image, "imagePullPolicy": policy}) is expected


def test_image_that_has_not_been_decided_is_not_called_missing() -> None:
    pod = pulling.pod(inspected("deployment").applied)
    assert pod is not None
    assert not pulling.read(live(pod, image_0="ContainerCreating"))
    assert not pulling.read({})


def test_images_in_whose_place_others_answer_are_not_pulled() -> None:
    pod = pulling.pod(inspected("deployment").applied, besides=["austinsky/example-go-httpd-alpine"])
    assert pod is not None
    assert [one["image"] for one in pod["spec"]["containers"]] == [OURS]


def test_missing_image_is_named_and_stays_where_the_cluster_has_internet() -> None:
    found = inspected("deployment", pulls=Pulls(frozenset({WEB})))
    assert [note.en for note in found.notes] == [f"The cluster cannot pull the image {WEB}"]
    assert found.applied == inspected("deployment").applied


def container(found: Inspection, number: int, kind: str = "containers") -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", found.applied[number]["spec"]["template"]["spec"][kind][0])


def test_server_of_the_same_page_on_the_same_port_answers_in_its_place() -> None:
    found = inspected(
        "deployment",
        "cluster_service",
        replace=(WEB, "somebody/web:1.0\n        imagePullPolicy: Always"),
        pulls=Pulls(frozenset({"somebody/web:1.0"})),
        stand_in=OURS,
    )
    web = container(found, 0)
    assert (web["image"], web["imagePullPolicy"]) == (OURS, "IfNotPresent")
    assert web["command"][3:] == ["-text=web", "/app", "8000", "/index.html"]
    assert web["readinessProbe"]["httpGet"] == {"path": "/index.html", "port": 8000}
    assert found.notes[1].en == f"Deployment web, web: {OURS} answers in the place of somebody/web:1.0"


def test_port_is_that_of_the_service_and_not_of_a_wrong_probe() -> None:
    found = inspected(
        "deployment",
        "cluster_service",
        replace=("path: /index.html\n            port: 8000", "path: /index.html\n            port: 80"),
        pulls=Pulls(frozenset({WEB})),
        stand_in=OURS,
    )
    assert container(found, 0)["command"][5] == "8000"


def test_versions_of_a_canary_answer_with_their_texts_where_they_are_asked() -> None:
    found = inspected("current", "canary", pulls=Pulls(frozenset({ECHO})), stand_in=OURS)
    assert container(found, 3)["command"][3:] == ["-text=v2", "/tmp/pages", "5678", "/index.html", "/test-webapp"]
    asked = [one["http"]["matches"] for one in cluster_checks.checks(found, [], "172.17.254.3")]
    assert asked == ["v1", "v2"]


def test_versions_without_a_text_answer_with_their_names_so_that_they_can_be_told_apart() -> None:
    options: dict[str, t.Any] = {"pulls": Pulls(frozenset({ECHO})), "stand_in": OURS}
    text = samples.joined(["current", "canary"]).replace("args: [-text=v1]", "args: []").replace("[-text=v2]", "[]")
    found = inspect(upgrade(reading.from_text(text, "all.yml")), **options)
    asked = [one["http"]["matches"] for one in cluster_checks.checks(found, [], "172.17.254.3")]
    assert asked == ["current", "canary"]


def test_page_that_would_be_downloaded_is_made() -> None:
    text = "\n".join(samples.OWN_TEXT[name] for name in ["web-deploy.yaml"])
    found = inspect(upgrade(reading.from_text(text, "web.yml")), stand_in=OURS)
    assert container(found, 0, "initContainers")["command"] == ["sh", "-c", 'hostname > "$0/index.html"', "/app"]
    assert container(found, 0)["image"] == WEB
    assert [note.en for note in found.notes] == [
        f"Deployment web, initialize-index-htnl: the page is made by {OURS}, as it cannot be downloaded"
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("wget -O- https://raw.githubusercontent.com/a | sh", True),
        ("curl -s http://example.org/index.html -o /app/index.html", True),
        ("wget -q -O /app/index.html http://web-svc.default.svc.cluster.local/", False),
        ("wget -q -O /app/index.html http://web-svc/", False),
        ("wget -q -O /app/index.html http://web-svc.svc/", False),
        ("echo https://example.org > /app/index.html", False),
    ],
)
def test_only_downloads_from_outside_are_replaced(command: str, expected: bool) -> None:
    text = ("hostname > /app/index.html", command)
    found = inspected("deployment", replace=text, stand_in=OURS)
    assert (container(found, 0, "initContainers")["command"][2] != command) is expected


def test_words_of_a_folder_are_words_and_no_commands(tmp_path: pathlib.Path) -> None:
    found = inspected(
        "deployment",
        "cluster_service",
        replace=("path: /index.html", "path: /$(id);id"),
        pulls=Pulls(frozenset({WEB})),
        stand_in=OURS,
    )
    script, words = container(found, 0)["command"][2], container(found, 0)["command"][3:]
    assert words == ["-text=web", "/app", "8000", "/index.html"]
    root = tmp_path / "$(touch was-run)"
    served = script.replace("exec httpd -f -p", "echo")
    argv = ["sh", "-c", served, "-text=v1", str(root), "8000", "/index.html", "/a/$(touch was-run)", "/test-webapp"]
    done = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "8000\n"
    assert (root / "test-webapp").read_text() == (root / "a" / "$(touch was-run)").read_text() == "v1\n"
    assert not [*tmp_path.rglob("was-run")]


def test_own_objects_are_not_changed() -> None:
    found = inspected("strategy", "pod", "dns", stand_in=OURS)
    assert (found.applied, found.notes) == (inspected("strategy", "pod", "dns").applied, ())
