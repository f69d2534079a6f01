# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trace as a user meets it: a play against a real API server, and what it prints and returns."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

COLLECTIONS = pathlib.Path(__file__).parents[7]
NAMESPACE = "trace"


class Tracer:
    """Runs the module on this machine, which has no rules of kube-proxy; returns exit code, output and result."""

    def __init__(self, kubeconfig: pathlib.Path, home: pathlib.Path) -> None:
        self.kubeconfig = kubeconfig
        self.home = home

    def __call__(self, target: str, *arguments: str, **options: t.Any) -> tuple[int, str, dict[str, t.Any]]:
        kept = self.home / "result.json"
        module = {"kubeconfig": str(self.kubeconfig), "target": target, **options}
        tasks: list[dict[str, t.Any]] = [
            {"name": "Trace", "kuber.network.service_path_info": module, "register": "way"},
            {"name": "Keep", "ansible.builtin.copy": {"content": "{{ way | to_json }}", "dest": str(kept)}},
        ]
        book = self.home / "play.yml"
        book.write_text(json.dumps([{"name": "Play", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        settings = self.home / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path = {COLLECTIONS}\nlocal_tmp = {self.home}/tmp\n")
        argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(book)]
        argv += ["-e", f"ansible_python_interpreter={sys.executable}", *arguments]
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings)}
        done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
        result = json.loads(kept.read_text()) if kept.exists() else {}
        return done.returncode, done.stdout + done.stderr, result


@pytest.fixture
def trace(api_server: t.Any, tmp_path: pathlib.Path) -> Tracer:
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context=None)
    for path, body in objects():
        client.request(
            "PATCH",
            path,
            query={"fieldManager": "test", "force": True},
            body=body,
            content_type="application/apply-patch+yaml",
        )
    return Tracer(api_server.kubeconfig, tmp_path)


def objects() -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """A Service with one pod, which no node ever starts."""
    yield f"/api/v1/namespaces/{NAMESPACE}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    inside = f"/api/v1/namespaces/{NAMESPACE}"
    labels = {"app": "web"}
    container = {"name": "web", "image": "web", "ports": [{"containerPort": 8000}]}
    yield (
        f"{inside}/pods/web",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "labels": labels},
            "spec": {"containers": [container]},
        },
    )
    yield (
        f"{inside}/services/web",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000, "protocol": "TCP"}]},
        },
    )


def test_the_first_broken_hop_is_printed_and_returned_and_nothing_has_changed(trace: Tracer) -> None:
    code, output, result = trace(f"service {NAMESPACE}/web")
    assert code == 0, output
    assert f"✘ The path ends at the service {NAMESPACE}/web" in output
    assert "No pod of Service trace/web is ready: pod web" in output
    assert result["changed"] is False
    assert result["whole"] is False
    assert result["broken"]["kind"] == "service"
    assert f"kubectl --namespace {NAMESPACE} describe pod web" in result["broken"]["remedy"]
    assert result["path"]["children"][0]["name"] == f"{NAMESPACE}/web"
    assert any(f"✘ service {NAMESPACE}/web" in line for line in result["lines"])
    assert result["html"].startswith("<!DOCTYPE html>")


def test_without_metallb_and_kube_proxy_the_rest_is_reported_all_the_same(trace: Tracer) -> None:
    _code, output, result = trace(f"service {NAMESPACE}/web")
    rules = result["path"]["children"][0]["children"][0]
    assert rules["health"] == "unknown", output
    assert "no kube-proxy" in str(rules["facts"])


def test_it_can_be_quiet_and_runs_in_check_mode(trace: Tracer) -> None:
    code, output, _result = trace(f"service {NAMESPACE}/web", "--check", show=False)
    assert code == 0, output
    assert "The path ends" not in output


def test_nonsense_is_refused(trace: Tracer) -> None:
    code, output, _result = trace("web")
    assert code == 2
    assert "Unsupported target" in output
