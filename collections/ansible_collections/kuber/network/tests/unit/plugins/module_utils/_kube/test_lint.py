# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import lint
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition


@pytest.mark.parametrize(
    ("command", "senseless"),
    [
        ("sh -c ps aux | grep my_web_server_process", True),
        ("ps -ef|grep nginx", True),
        ("/bin/sh -c ps | grep -q nginx", True),
        ("ps aux | egrep 'nginx|httpd'", True),
        ("ps aux | grep nginx | wc -l", True),
        ("ps aux | grep nginx | grep -v grep", False),
        ("ps aux | grep -v grep | grep nginx", False),
        ("ps aux | grep [n]ginx", False),
        ("pgrep nginx", False),
        ("cat /tmp/healthy", False),
        ("grep ready /tmp/state", False),
        ("ps aux", False),
        ("cat /proc/1/maps | grep libc", False),
        ("", False),
    ],
)
def test_only_a_search_that_finds_itself_is_senseless(command: str, senseless: bool) -> None:
    assert lint.finds_itself(command) is senseless


@pytest.mark.parametrize(
    ("command", "senseless"),
    [
        ("true", True),
        ("/bin/true", True),
        ("sh -c true", True),
        ("/bin/sh -c exit 0", True),
        ("bash -ec :", True),
        ("echo ok", True),
        ("sleep 1", True),
        ("sh -c curl localhost || true", True),
        ("sh -c wget -q localhost; exit 0", True),
        ("sh -c test -f /tmp/ok; echo done;", True),
        ("sh -c exit 1", False),
        ("sh -c true && curl localhost", False),
        ("sh -c echo PING | nc localhost 6379", False),
        ("sh -c echo ok; curl localhost", False),
        ("cat /tmp/healthy", False),
        ("truecheck", False),
        ("", False),
    ],
)
def test_command_that_cannot_fail_is_senseless(command: str, senseless: bool) -> None:
    assert lint.always_succeeds(command) is senseless


def pod(**parts: object) -> list[dict[str, object]]:
    container = {"name": "web", "image": "a", **parts}
    return [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}]


GET, OTHER = {"httpGet": {"path": "/", "port": 80}}, {"httpGet": {"path": "/live", "port": 80}}


@pytest.mark.parametrize(
    ("live", "ready", "warned"),
    [
        (GET | {"failureThreshold": 2}, GET, True),
        (GET | {"periodSeconds": 5}, GET | {"failureThreshold": 5}, True),
        (GET, GET, False),
        (GET | {"failureThreshold": 6}, GET, False),
        (OTHER | {"failureThreshold": 1}, GET, False),
        (GET | {"failureThreshold": 1}, None, False),
        (GET, GET | {"periodSeconds": "ten"}, False),
        ("no probe", GET, False),
    ],
)
def test_container_that_is_restarted_before_it_is_not_ready_is_warned_about(
    live: object, ready: object, warned: bool
) -> None:
    said = lint.warnings(from_definition(pod(livenessProbe=live, readinessProbe=ready)))
    assert [text.startswith("Pod p, container web: the livenessProbe asks the same") for text in said] == [
        True
    ] * warned


@pytest.mark.parametrize("name", lint.PROBES)
def test_warning_of_a_command_that_cannot_fail_says_so(name: str) -> None:
    (warning,) = lint.warnings(from_definition(pod(**{name: {"exec": {"command": ["true"]}}})))
    assert warning.startswith(f"Pod p, container web: the {name} `true` always succeeds, whatever the container does.")


@pytest.mark.parametrize("name", lint.PROBES)
def test_warning_names_object_container_probe_and_reason(name: str) -> None:
    container = {"name": "web", "image": "a", name: {"exec": {"command": ["sh", "-c", "ps aux | grep web"]}}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    (warning,) = lint.warnings(from_definition([pod]))
    for part in ("Pod p", "container web", name, "`sh -c ps aux | grep web`", "finds its own command line"):
        assert part in warning


@pytest.mark.parametrize("probe", [{"tcpSocket": {"port": 8000}}, {"exec": {}}, None, {}])
def test_other_probes_are_left_in_peace(probe: object) -> None:
    container = {"name": "web", "image": "a", "livenessProbe": probe}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    assert lint.warnings(from_definition([pod])) == []
