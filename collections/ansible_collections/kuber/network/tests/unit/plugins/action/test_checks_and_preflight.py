# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks and preflight as a user meets them: a playbook, and what it prints."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

COLLECTIONS = pathlib.Path(__file__).parents[7]


class PlayRunner(t.Protocol):
    """Runs a play with these tasks on localhost; returns its exit code and what it printed."""

    def __call__(self, *tasks: dict[str, t.Any]) -> tuple[int, str]: ...


@pytest.fixture
def play(tmp_path: pathlib.Path) -> PlayRunner:
    def call(*tasks: dict[str, t.Any]) -> tuple[int, str]:
        named = [{"name": f"Task {number}", **task} for number, task in enumerate(tasks)]
        book = tmp_path / "play.yml"
        book.write_text(json.dumps([{"name": "Play", "hosts": "localhost", "gather_facts": False, "tasks": named}]))
        settings = tmp_path / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path = {COLLECTIONS}\nlocal_tmp = {tmp_path}/tmp\n")
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings), "MINIKUBE_HOME": str(tmp_path)}
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(book)]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        return done.returncode, done.stdout + done.stderr

    return call


@pytest.fixture
def page() -> t.Iterator[str]:
    class Answers(Handler):
        def do_GET(self) -> None:
            self.answer("<h1>hello</h1>")

    with serving(http_server(Answers)) as server:
        yield f"{url_of(server)}/"


def served(url: str) -> dict[str, t.Any]:
    return {"name": "The page is served", "group": "Web", "http": {"url": url}}


BROKEN = {"name": "The impossible happens", "command": {"argv": ["false"]}}
WORSE = {"name": "So does this", "command": {"argv": ["echo", "no"], "matches": ["yes"]}}


def test_a_green_table_and_nothing_changed(play: PlayRunner, page: str) -> None:
    code, output = play({"kuber.network.checks": {"checks": [served(page)]}})
    assert code == 0, output
    assert " Web\n ✔ The page is served  200 hello  curl" in output
    assert "1 of 1 checks passed" in output
    assert "changed=0" in output


def test_every_red_line_is_in_the_table_and_in_the_message(play: PlayRunner, page: str) -> None:
    code, output = play({"kuber.network.checks": {"checks": [served(page), BROKEN, WORSE], "timeout": 0}})
    assert code == 2
    assert " ✔ The page is served" in output
    assert " ✘ The impossible happens" in output
    assert "2 of 3 checks failed" in output
    failed, _end = json.JSONDecoder().raw_decode(output[output.index("FAILED! => ") + len("FAILED! => ") :])
    assert "The impossible happens" in failed["msg"]
    assert "So does this" in failed["msg"]
    assert "The page is served" not in failed["msg"]
    assert [one["ok"] for one in failed["results"]] == [True, False, False]


def test_collected_results_are_shown_and_judged_by_the_last_task(play: PlayRunner, page: str) -> None:
    collect = {"kuber.network.checks": {"checks": [BROKEN], "timeout": 0, "collect": True}, "register": "first"}
    last = {"kuber.network.checks": {"checks": [served(page)], "earlier": "{{ first.results }}"}}
    code, output = play(collect, last)
    assert code == 2
    assert output.index("✘ The impossible happens") < output.index("✔ The page is served")
    assert "1 of 2 checks failed" in output


NODE = {
    "Image": "x",
    "NetworkSettings": {"Networks": {"minikube": {"IPAddress": "192.168.49.2", "IPPrefixLen": 24}}},
}
ENGINE = f"""#!/bin/sh
test -z "$DOCKER_HOST" || {{ echo "No such container" >&2; exit 1; }}
case $1 in
  inspect) echo '{json.dumps([NODE])}' ;;
  run) echo v1 ;;
esac
"""


def test_a_container_beside_the_node_is_started_by_the_engine_of_the_host(
    play: PlayRunner, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shell that `minikube docker-env` has led into the node, too."""
    engine = tmp_path / "docker"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MINIKUBE_ACTIVE_DOCKERD", "minikube")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:32770")
    beside = {"engine": "docker", "node": "minikube", "destination": "172.17.255.0/24"}
    asked = {"name": "It answers", "from": "beside", "command": {"argv": ["curl"], "matches": ["v1"]}}
    code, output = play({"kuber.network.checks": {"checks": [asked], "beside": beside, "timeout": 0}})
    assert code == 0, output
    assert "1 of 1 checks passed" in output


def test_preflight_tells_all_findings_at_once(play: PlayRunner, tmp_path: pathlib.Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps({"contexts": [{"name": "work", "context": {}}]}))
    options = {
        "kubeconfig": str(kubeconfig),
        "context": "minikube",
        "profile": "minikube",
        "proxy_mode": "magic",
        "pool": ["172.17.255.1-172.17.255.255"],
        "addresses": {"web-svc-lb": "10.0.0.1", "coredns": ""},
        "nodes": [{"name": "minikube", "problem": "Host key has changed"}],
    }
    code, output = play({"kuber.network.preflight": options})
    assert code == 2
    for said in (
        "fix these 5 problems first",
        "wanted: minikube; found: work",
        "no profile minikube",
        "Host key has changed",
        "'magic'",
        "web-svc-lb is outside the pool",
    ):
        assert said in output, output


def test_preflight_refuses_a_cluster_without_kube_proxy_and_a_pool_in_its_networks(
    play: PlayRunner, api_server: t.Any
) -> None:
    options = {"kubeconfig": str(api_server.kubeconfig), "proxy_mode": "ipvs", "pool": ["10.96.7.0/24"]}
    code, output = play({"kuber.network.preflight": options})
    assert code == 2
    assert "fix these 2 problems first" in output
    assert "overlaps the network of services" in output


def test_preflight_passes_where_nothing_stands_in_the_way(play: PlayRunner, api_server: t.Any) -> None:
    options = {"kubeconfig": str(api_server.kubeconfig), "pool": ["172.17.255.0/24"]}
    code, output = play({"kuber.network.preflight": options})
    assert code == 0, output


@pytest.fixture
def set_ready(api_server: t.Any) -> t.Iterator[t.Callable[[str], None]]:
    """Sets the condition of a node that no kubelet reports about."""
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context=None)
    path = "/api/v1/nodes/late"
    client.request("POST", "/api/v1/nodes", body={"metadata": {"name": "late"}})

    def set_ready(status: str) -> None:
        conditions = [{"type": "Ready", "status": status, "message": "container runtime is down"}]
        media = "application/merge-patch+json"
        client.request("PATCH", f"{path}/status", body={"status": {"conditions": conditions}}, content_type=media)

    yield set_ready
    client.request("DELETE", path)


def test_preflight_refuses_a_cluster_with_a_node_that_is_not_ready(
    play: PlayRunner, api_server: t.Any, set_ready: t.Callable[[str], None]
) -> None:
    set_ready("False")
    code, output = play({"kuber.network.preflight": {"kubeconfig": str(api_server.kubeconfig), "wait_timeout": 0}})
    assert code == 2
    assert "Nothing was changed" in output
    assert "Node late is not ready; wanted: every node of the cluster ready; found: container runtime is down" in output


def test_preflight_waits_for_a_node_that_was_just_started(
    play: PlayRunner, api_server: t.Any, set_ready: t.Callable[[str], None]
) -> None:
    set_ready("False")
    started = threading.Timer(5, set_ready, ["True"])
    started.start()
    code, output = play({"kuber.network.preflight": {"kubeconfig": str(api_server.kubeconfig)}})
    started.join()
    assert code == 0, output


def test_verify_says_what_preflight_says_of_a_switched_cluster(api_server: t.Any, tmp_path: pathlib.Path) -> None:
    """And each of the two ways that it names goes on."""
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context=None)
    config_maps = "/api/v1/namespaces/kube-system/configmaps"
    name = "kuber-network-ingress-controller"
    client.request("POST", config_maps, body={"metadata": {"name": name}, "data": {"value": "traefik"}})

    def verify(*arguments: str) -> str:
        settings = tmp_path / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path = {COLLECTIONS}\nlocal_tmp = {tmp_path}/tmp\n")
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings), "MINIKUBE_HOME": str(tmp_path)}
        given = {"kuber_kubeconfig": str(api_server.kubeconfig), "kuber_context": "", "verify_timeout": 0}
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", "kuber.network.verify"]
        argv += ["-e", json.dumps(given), *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    try:
        refused = verify()
        assert "This cluster was switched to ingress_controller traefik" in refused
        assert "write `ingress_controller: traefik` into the inventory" in refused
        assert "add -e kuber_switch=true" in refused
        assert "checks failed" not in refused
        for arguments in (["-e", "ingress_controller=traefik"], ["-e", "kuber_switch=true"]):
            looked = verify(*arguments)
            assert "This cluster was switched" not in looked
            assert "checks failed" in looked
    finally:
        client.request("DELETE", f"{config_maps}/{name}")
