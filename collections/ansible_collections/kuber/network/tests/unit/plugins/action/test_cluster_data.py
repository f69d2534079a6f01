# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever may write into the cluster, or into minikube's files, must not run anything where they are looked at."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
PATH = "/api/v1/namespaces/default"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def mark(tmp_path: pathlib.Path) -> pathlib.Path:
    """The file that is there when something was run."""
    return tmp_path / "was-run"


@pytest.fixture
def hostile(mark: pathlib.Path) -> str:
    return f"{{{{ lookup('ansible.builtin.pipe', 'touch {mark}') }}}}{{% if true %}}evaluated{{% endif %}}"


@pytest.fixture
def cluster(api_server: t.Any, hostile: str) -> t.Iterator[str]:
    """Objects that hold the text wherever the API takes any text."""
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    metadata = {"name": "hostile", "annotations": {"note": hostile, "metallb.io/loadBalancerIPs": hostile}}
    involved = {"kind": "Service", "name": "hostile", "namespace": "default"}
    objects = {
        "configmaps": {"metadata": metadata, "data": {"text": hostile, "config.conf": hostile}},
        "services": {"metadata": metadata, "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]}},
        "events": {"metadata": {"name": "hostile"}, "involvedObject": involved, "reason": hostile, "message": hostile},
    }
    for plural, body in objects.items():
        client.request("POST", f"{PATH}/{plural}", body=body, content_type="application/json")
    client.request("POST", DEPLOYMENTS, body=deployment(hostile), content_type="application/json")
    yield str(api_server.kubeconfig)
    client.request("DELETE", f"{DEPLOYMENTS}/hostile")
    for plural in objects:
        client.request("DELETE", f"{PATH}/{plural}/hostile")


def deployment(text: str) -> dict[str, t.Any]:
    """Its image is called by the text, and nobody ever makes its pods."""
    labels = {"app": "x"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": text}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": "hostile", "annotations": {"note": text}}, "spec": spec}


def used(name: str, query: str) -> list[dict[str, t.Any]]:
    """All that a playbook does with what a task has returned."""
    return [
        {"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}},
        {"ansible.builtin.debug": {"var": name}},
        {"ansible.builtin.set_fact": {f"{name}_text": f"{{{{ {query} }}}}"}},
        {"ansible.builtin.debug": {"msg": f"It says: {{{{ {name}_text }}}}"}},
        {
            "ansible.builtin.assert": {"that": "false", "fail_msg": f"{{{{ {name}_text }}}}"},
            "ignore_errors": True,
        },
        {"ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": f"{{{{ [{name}_text] }}}}"},
    ]


def run(
    tmp_path: pathlib.Path, tasks: list[dict[str, t.Any]], *flags: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    book = tmp_path / "play.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    settings = tmp_path / "ansible.cfg"
    settings.write_text(
        f"[defaults]\ncollections_path={COLLECTIONS}\n[inventory]\nenable_plugins=kuber.network.minikube,host_list\n"
    )
    return subprocess.run(
        [str(PLAYBOOK), str(book), *flags],
        env={**os.environ, "ANSIBLE_CONFIG": str(settings), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_texts_of_the_cluster_are_texts(tmp_path: pathlib.Path, cluster: str, hostile: str, mark: pathlib.Path) -> None:
    connection = {"kubeconfig": cluster, "context": "loopback"}
    named = {"name": "hostile", "namespace": "default"}
    read = [
        {"kuber.network.manifests_info": connection | named | {"kind": kind}, "register": kind.lower()}
        for kind in ("ConfigMap", "Service", "Event")
    ]
    live = {"path": f"{PATH}/configmaps/hostile", "query": "data.text", "equals": "harmless"}
    refused = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "labels": {"a": "{{ service_text }}"}},
    }
    others = [
        {
            "kuber.network.checks": connection | {"checks": [{"name": "It says nothing", "live": live}], "timeout": 0},
            "register": "checks",
            "ignore_errors": True,
        },
        {
            "kuber.network.service_path_info": connection | {"target": "service default/hostile:80", "node": "none"},
            "register": "path",
            "ignore_errors": True,
        },
    ]
    tasks = [
        *read,
        *used("configmap", "configmap.objects[0].data.text"),
        *used("service", "service.objects[0].metadata.annotations.note"),
        *used("event", "event.objects[0].message"),
        *others,
        *used("checks", "checks.msg"),
        *used("path", "path | to_json"),
        {
            "kuber.network.rollout": connection | {"name": "hostile", "title": "{{ service_text }}", "wait_timeout": 1},
            "register": "rollout",
            "ignore_errors": True,
        },
        *used("rollout", "rollout.msg"),
        # What the API server says when it refuses quotes what it was sent.
        {"kuber.network.manifests": connection | {"definition": refused}, "register": "refused", "ignore_errors": True},
        *used("refused", "refused.msg"),
    ]
    done = run(tmp_path, tasks, "-i", "localhost,", "-c", "local", "-vv")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    # It went through all of them, and nobody took it for more than a text.
    assert done.stdout.count("It says: ") >= 7
    assert "touch" in done.stdout
    assert not mark.exists()


def test_texts_of_minikubes_files_are_texts(
    tmp_path: pathlib.Path, minikube_home: t.Any, hostile: str, mark: pathlib.Path
) -> None:
    minikube_home.profile(Addons={hostile: True}, KubernetesConfig={"KubernetesVersion": hostile}, Driver=hostile)
    minikube_home.machine(SSHUser=hostile)
    source = tmp_path / "kuber.minikube.yml"
    source.write_text("plugin: kuber.network.minikube\n")
    tasks = used("minikube_addons", "minikube_addons[0]") + used("minikube_driver", "minikube_driver")
    tasks += used("user", "hostvars['minikube'].ansible_user")
    done = run(tmp_path, tasks, "-i", str(source), "-e", "user=x", MINIKUBE_HOME=str(minikube_home.path))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "touch" in done.stdout
    assert not mark.exists()


def test_a_trusted_text_would_have_been_run(tmp_path: pathlib.Path, hostile: str, mark: pathlib.Path) -> None:
    """Or the tests above would prove nothing."""
    run(tmp_path, [{"ansible.builtin.debug": {"msg": hostile}}], "-i", "localhost,", "-c", "local")
    assert mark.exists()
