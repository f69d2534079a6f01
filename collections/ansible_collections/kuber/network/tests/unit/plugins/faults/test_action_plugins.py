# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks behind an HTTP fault proxy, as a user sees them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit.plugins.action.test_manifests import Play, actions
from ansible_collections.kuber.network.tests.unit.plugins.faults.campaign import RATE
from ansible_collections.kuber.network.tests.unit.plugins.faults.http_proxy import FAULTS, Proxy

BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture
def proxy(api_server: t.Any, tmp_path: pathlib.Path) -> t.Iterator[Proxy]:
    with Proxy(api_server, tmp_path, BY_NAME["truncated JSON"], rate=RATE) as one:
        yield one


@pytest.fixture
def play(proxy: Proxy, tmp_path: pathlib.Path) -> Play:
    directory = tmp_path / "playbook"
    directory.mkdir()
    return Play(directory, proxy.kubeconfig)


def a_map(namespace: str, name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {}}


def test_manifests_and_their_answers_get_through(play: Play, proxy: Proxy) -> None:
    names = {f"{play.namespace}-{number}" for number in range(4)}
    wanted = {"definition": [a_map("default", name) for name in sorted(names)], "wait_timeout": 30}
    made, again = play.run_all("manifests", tasks=[wanted, wanted])
    assert (made["changed"], actions(made)) == (True, dict.fromkeys(names, "created"))
    assert (again["changed"], actions(again)) == (False, dict.fromkeys(names, "unchanged"))
    info = play.run("manifests_info", kind="ConfigMap", namespace="default", query="[].metadata.name")
    assert names <= set(info["result"])
    assert proxy.injected > 0


def test_a_task_that_meets_nothing_but_faults_says_which_server_and_what(play: Play, proxy: Proxy) -> None:
    proxy.rate = 1.0
    for module, options in (
        ("manifests", {"definition": a_map("default", play.namespace), "wait_timeout": 2}),
        ("manifests_info", {"kind": "ConfigMap"}),
    ):
        result = play.run(module, **options)
        assert result["failed"]
        assert "The answer of the API server of context loopback is not complete" in result["msg"]
        assert "Traceback" not in play.output


def test_a_rollout_is_watched_among_faults(play: Play, proxy: Proxy, api_server: t.Any) -> None:
    truth = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    labels = {"app": play.namespace}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}
    path = "/apis/apps/v1/namespaces/default/deployments"
    truth.request("POST", path, body={"metadata": {"name": play.namespace}, "spec": spec})
    result = play.run("rollout", name=play.namespace, namespace="default", wait_timeout=30)
    assert not result.get("failed"), result
    assert truth.get(f"{path}/{play.namespace}")["metadata"]["generation"] == 2, "begun once"
    assert proxy.injected > 0
