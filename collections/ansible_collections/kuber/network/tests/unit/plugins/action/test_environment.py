# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play and its tasks set as their environment decides which cluster is meant."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

import yaml

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")


class Api:
    """An API server without objects on loopback, and the kubeconfig that leads to it."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.asked: list[str] = []
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append(self.path)
                answer = {"apiVersion": "v1", "kind": "NamespaceList", "metadata": {}, "items": []}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.kubeconfig = directory / name
        server = f"http://127.0.0.1:{self._http.server_address[1]}"
        config = {
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "contexts": [{"name": "here", "context": {"cluster": "here"}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Api]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()


def test_environment_of_play_and_task_names_the_cluster(tmp_path: pathlib.Path) -> None:
    names = ("process", "play", "task", "kubernetes-core")
    with contextlib.ExitStack() as stack:
        apis = {name: stack.enter_context(Api(name, tmp_path).running()) for name in names}
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
