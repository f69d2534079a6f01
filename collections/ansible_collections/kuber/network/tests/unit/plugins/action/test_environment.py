# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play and its tasks set as their environment decides which cluster is meant."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys

import yaml

from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")


class Api:
    """An API server without objects on loopback, and the kubeconfig that leads to it."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.asked: list[str] = []
        api = self

        class Answers(Handler):
            def do_GET(self) -> None:
                api.asked.append(self.path)
                answer = {"apiVersion": "v1", "kind": "NamespaceList", "metadata": {}, "items": []}
                self.answer(json.dumps(answer))

        self.http = http_server(Answers)
        self.kubeconfig = directory / name
        config = {
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": url_of(self.http)}}],
            "contexts": [{"name": "here", "context": {"cluster": "here"}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))


def test_environment_of_play_and_task_names_the_cluster(tmp_path: pathlib.Path) -> None:
    names = ("process", "play", "task", "kubernetes-core")
    with contextlib.ExitStack() as stack:
        apis = {name: Api(name, tmp_path) for name in names}
        for api in apis.values():
            stack.enter_context(serving(api.http))
        files = {name: str(api.kubeconfig) for name, api in apis.items()}
        ask = {"kuber.network.manifests_info": {"kind": "Namespace", "name": "{{ name }}"}}
        tasks = [
            {**ask, "vars": {"name": "one"}},
            {**ask, "vars": {"name": "two"}, "environment": {"KUBECONFIG": "{{ other }}"}},
            {**ask, "vars": {"name": "three"}, "environment": {"K8S_AUTH_KUBECONFIG": files["kubernetes-core"]}},
            {**ask, "vars": {"name": "four"}, "environment": {"K8S_AUTH_CONTEXT": "nowhere"}, "ignore_errors": True},
        ]
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"other": files["task"]},
            "environment": {"KUBECONFIG": files["play"]},
            "tasks": tasks,
        }
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        settings = tmp_path / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nnocolor=true\n")
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings), "KUBECONFIG": files["process"]}
        argv = [str(PLAYBOOK), str(tmp_path / "play.yml"), "-i", "localhost,", "-c", "local"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    path = "/api/v1/namespaces/{}"
    assert {name: api.asked for name, api in apis.items()} == {
        "process": [],
        "play": [path.format("one")],
        "task": [path.format("two")],
        "kubernetes-core": [path.format("three")],
    }
    assert "does not know the context; wanted: nowhere" in done.stdout + done.stderr
