# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import probes
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
    assert probes.finds_itself(command) is senseless


@pytest.mark.parametrize("name", probes.PROBES)
def test_warning_names_object_container_probe_and_reason(name: str) -> None:
    container = {"name": "web", "image": "a", name: {"exec": {"command": ["sh", "-c", "ps aux | grep web"]}}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    (warning,) = probes.warnings(from_definition([pod]))
    for part in ("Pod p", "container web", name, "`sh -c ps aux | grep web`", "finds its own command line"):
        assert part in warning


@pytest.mark.parametrize("probe", [{"tcpSocket": {"port": 8000}}, {"exec": {}}, None, {}])
def test_other_probes_are_left_in_peace(probe: object) -> None:
    container = {"name": "web", "image": "a", "livenessProbe": probe}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    assert probes.warnings(from_definition([pod])) == []
