# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad inputs, one sentence for each, and nothing changed: the tables are in tests/unit/inputs."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import typing as t
import unittest.mock

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _profile
from ansible_collections.kuber.network.tests.unit.plugins.conftest import MinikubeHome
from ansible_collections.kuber.network.tests.unit.plugins.inventory.support import ansible_inventory

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PROJECT = COLLECTIONS.parent
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
TABLES = pathlib.Path(__file__).resolve().parents[2] / "inputs"
in_project = pytest.mark.skipif(
    not (PROJECT / "playbooks").is_dir(), reason="the collection is not in the project's tree"
)

# Every command that somebody wants to run on the node is written down and none is run.
RECORDER = """
from ansible.plugins.connection import ConnectionBase
DOCUMENTATION = '''
name: recorder
description: Runs nothing.
short_description: Runs nothing.
'''
class Connection(ConnectionBase):
    transport = 'recorder'
    has_pipelining = True
    def _connect(self):
        return self
    def exec_command(self, cmd, in_data=None, sudoable=True):
        with open(%r, 'a') as record:
            record.write(cmd + '\\n')
        return 1, b'', b''
    def put_file(self, in_path, out_path):
        self.exec_command('put ' + out_path)
    def fetch_file(self, in_path, out_path):
        self.exec_command('fetch ' + in_path)
    def close(self):
        pass
"""
SETTLE_SECONDS = 60
ONE_THING = "Nothing was changed: fix this problem first:"
# Leases and events are written all the time, and what is discovered about the server itself is no object.
RESTLESS = frozenset({"leases", "events", "componentstatuses"})


@dataclasses.dataclass(frozen=True)
class Row:
    """What is put in, and what is said to it."""

    input: t.Any
    says: str
    by: str = ""


def rows(table: str) -> list[Row]:
    return [Row(**row) for row in yaml.safe_load((TABLES / f"{table}.yml").read_text())]


def load(path: str) -> t.Any:
    return yaml.safe_load((PROJECT / path).read_text())


class Bench:
    """A host, a node and a cluster; tasks that fail are gone through to the last."""

    def __init__(self, directory: pathlib.Path, api_server: t.Any) -> None:
        self.directory = directory
        self.commands = directory / "commands"
        self.hosts = directory / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.kubeconfig = api_server.kubeconfig
        self._client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
        plugins = directory / "plugins"
        plugins.mkdir()
        (plugins / "recorder.py").write_text(RECORDER % str(self.commands))

    def messages(self, tasks: list[dict[str, t.Any]], inventory: str = "localhost,") -> list[str]:
        """What each task says; empty for those that succeed. None may have changed anything, anywhere."""
        before = self.state()
        results = self.results(tasks, inventory)
        assert self.state() == before
        assert not any(result["changed"] for result in results)
        return [" ".join(result["msg"].split()) if result.get("failed") else "" for result in results]

    def results(self, tasks: list[dict[str, t.Any]], inventory: str = "localhost,") -> list[dict[str, t.Any]]:
        kept = self.directory / "results.json"
        names = [f"result_{number}" for number in range(len(tasks))]
        keep = {"content": f"{{{{ [{', '.join(names)}] | to_json }}}}", "dest": str(kept), "mode": "0600"}
        defaults = {"kubeconfig": str(self.kubeconfig), "context": "loopback"}
        book = {
            "hosts": "localhost",
            "connection": "local",
            "module_defaults": {"group/kuber.network.cluster": defaults},
            "tasks": [
                {"ansible.builtin.add_host": {"name": "node", "ansible_connection": "recorder"}},
                *(task | {"register": name, "ignore_errors": True} for task, name in zip(tasks, names, strict=True)),
                {"ansible.builtin.copy": keep},
            ],
        }
        path = self.directory / "play.yml"
        path.write_text(json.dumps([book]))
        home = self.directory / "minikube"
        node = {"Name": "", "IP": "192.168.99.134", "Port": 8443, "ControlPlane": True, "Worker": True}
        for file, content in {
            "profiles/minikube/config.json": {"Name": "minikube", "Driver": "ssh", "Nodes": [node]},
            "machines/minikube/config.json": {"Driver": {"IPAddress": "192.168.99.134", "SSHUser": "docker"}},
        }.items():
            target = home / ".minikube" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(content))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONNECTION_PLUGINS": str(self.directory / "plugins"),
            "ANSIBLE_INVENTORY_ENABLED": "kuber.network.minikube,host_list",
            "ANSIBLE_GATHERING": "explicit",
            "MINIKUBE_HOME": str(home),
            "KUBER_PROFILE": "minikube",
            "XDG_CACHE_HOME": str(self.directory / "cache"),
        }
        argv = [str(PLAYBOOK), str(path), "-i", inventory, "-e", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return t.cast("list[dict[str, t.Any]]", json.loads(kept.read_text()))

    def state(self) -> dict[str, t.Any]:
        """Every object of the cluster, every command that was sent to the node, and this machine."""
        routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
        files = [pathlib.Path("/etc/hosts"), self.hosts]
        return self._objects() | {
            "commands": self.commands.read_text() if self.commands.exists() else "",
            "routes": routes,
            "files": [(file.read_bytes(), file.stat().st_mtime_ns) for file in files],
            "downloads": sorted(path.name for path in (self.directory / "cache").rglob("*")),
        }

    def settle(self) -> None:
        """Wait until the control plane has made all that it makes by itself after its immediately."""
        until = time.monotonic() + SETTLE_SECONDS
        before: dict[str, t.Any] = {}
        while (state := self.state()) != before:
            assert time.monotonic() < until, "the cluster does not come to rest"
            before = state
            time.sleep(1)

    def _objects(self) -> dict[str, t.Any]:
        found = {}
        for group in [
            "/api/v1",
            *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in self._client.get("/apis")["groups"]),
        ]:
            for kind in self._client.get(group)["resources"]:
                if "list" in kind["verbs"] and kind["name"] not in RESTLESS:
                    listed = self._client.list(f"{group}/{kind['name']}")
                    for one in listed:
                        meta = one["metadata"]
                        # A Deployment of an earlier test gets another status when its deadline has passed.
                        found[f"{kind['kind']} {meta.get('namespace', '')}/{meta['name']}"] = {
                            **one,
                            "status": None,
                            "metadata": {**meta, "resourceVersion": None, "managedFields": None},
                        }
        return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, api_server: t.Any) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"), api_server)
    made.settle()
    return made


def settings_tasks(inputs: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    (task,) = load("collections/ansible_collections/kuber/network/roles/common/tasks/settings.yml")
    return [{"kuber.network.settings": task["kuber.network.settings"], "vars": values} for values in inputs]


def preflight_tasks(inputs: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The task of the role with the role's variables; ours has no node that could be asked."""
    role = "collections/ansible_collections/kuber/network/roles/preflight"
    task, *_remarks = load(f"{role}/tasks/main.yml")
    own = load(f"{role}/defaults/main.yml") | load(f"{role}/vars/main.yml")
    options = task["kuber.network.preflight"] | {
        "kubeconfig": "{{ kuber_kubeconfig }}",
        "context": "{{ kuber_context }}",
    }
    return [{"kuber.network.preflight": options, "vars": own | values} for values in inputs]


ON_NODES = frozenset({"node_iptables", "node_kernel_info", "service_path_info", "checks"})
# What stands for both in the project: manifests that no test downloads.
MANIFESTS = {
    "metallb_manifest": "quay.io/metallb/speaker",
    "ingress_nginx_manifest": "registry.k8s.io/ingress-nginx/controller",
}


def local_manifests(directory: pathlib.Path) -> dict[str, list[str]]:
    given = {}
    for name, image in MANIFESTS.items():
        template = {"spec": {"containers": [{"name": "one", "image": f"{image}:v1"}]}}
        body = {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "one"},
            "spec": {"template": template},
        }
        path = directory / f"{name}.yaml"
        path.write_text(json.dumps(body))
        given[name] = [str(path)]
    return given


@in_project
def test_settings_are_refused_before_anything_is_asked(bench: Bench) -> None:
    table = [row for row in rows("variables") if not row.by]
    fine = local_manifests(bench.directory)
    tasks = settings_tasks([fine, *(fine | row.input for row in table)])
    nothing, *said = bench.messages(tasks, str(PROJECT / "inventory"))
    assert nothing == ""
    assert said == [f"{ONE_THING} 1. {row.says}" for row in table]


@in_project
def test_settings_that_do_not_go_with_the_cluster_or_this_machine_are_refused(bench: Bench) -> None:
    table = [row for row in rows("variables") if row.by == "preflight"]
    # The cluster of the test has no nodes, and this machine shall have no way to them.
    cluster = {
        "kuber_context": "loopback",
        "kuber_kubeconfig": str(bench.kubeconfig),
        "_preflight_profile_addresses": [],
    }
    node = {"kube_proxy_mode": "keep", "host_network_enabled": False, "host_network_via": ""}
    node |= {"host_network_nodes": [], "preflight_nodes": []}
    tasks = preflight_tasks([cluster | node, *(cluster | node | row.input for row in table)])
    nothing, *said = bench.messages(tasks, str(PROJECT / "inventory"))
    assert nothing == ""
    assert said == [f"{ONE_THING} 1. {row.says.replace('KUBECONFIG', str(bench.kubeconfig))}" for row in table]


def test_options_are_refused(bench: Bench) -> None:
    table = rows("options")
    tasks = []
    for row in table:
        options = ({"path": str(bench.hosts)} if row.by == "hosts_entries" else {}) | row.input
        tasks.append({f"kuber.network.{row.by}": options} | ({"delegate_to": "node"} if row.by in ON_NODES else {}))
    said = bench.messages(tasks)
    assert said == [row.says.replace("KUBECONFIG", str(bench.kubeconfig)) for row in table]


def test_manifests_are_refused(bench: Bench) -> None:
    table = rows("manifests")
    said = bench.messages([{"kuber.network.manifests": {"definition": row.input}} for row in table])
    assert said == [row.says for row in table]


def test_there_are_many() -> None:
    counts = {table: len(rows(table)) for table in ("variables", "options", "manifests", "inventory")}
    assert sum(counts.values()) >= 100
    assert min(counts.values()) >= 15, counts


def test_what_is_done_would_be_noticed(bench: Bench) -> None:
    """Or the comparison above would prove nothing."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "accepted", "namespace": "default"}}
    entries = [{"address": "172.17.255.3", "names": ["a.example.org"]}]
    before = bench.state()
    bench.results(
        [
            {"kuber.network.manifests": {"definition": body}},
            {"kuber.network.node_kernel_info": {}, "delegate_to": "node"},
            {"kuber.network.hosts_entries": {"path": str(bench.hosts), "entries": entries}},
        ]
    )
    after = bench.state()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {"ConfigMap default/accepted", "commands", "files"}


def inventory_says(home: t.Any, given: dict[str, t.Any]) -> str:
    for path, content in given.get("files", {}).items():
        home.write(path, content)
    environment = given.get("environment", {})
    if "source" not in given:
        with unittest.mock.patch.dict(os.environ, environment), pytest.raises(KuberError) as refused:
            _profile.read_profile(home.path, environment.get("KUBER_PROFILE", "minikube"))
        return str(refused.value)
    done = ansible_inventory(home, given["source"], **environment)
    assert done.returncode != 0
    (said, *_more) = re.findall(r"'auto' plugin: (.*?)\nFailed to parse", done.stderr, re.DOTALL)
    return " ".join(said.split())


def test_inventories_are_refused(tmp_path: pathlib.Path) -> None:
    table = rows("inventory")
    said = []
    for number, row in enumerate(table):
        home = MinikubeHome(tmp_path / str(number) / ".minikube")
        home.path.mkdir(parents=True)
        text = inventory_says(home, row.input)
        said.append(text.replace(str(home.path), "HOME").replace(str(home.path.parent), "DIRECTORY"))
    assert said == [row.says for row in table]
