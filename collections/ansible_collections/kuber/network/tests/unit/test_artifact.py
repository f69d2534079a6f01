# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user has who installs the artifact: no clone, no ansible.cfg, an empty directory."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
PROJECT = COLLECTION.parents[3]
BIN = pathlib.Path(sys.executable).parent
PLAYBOOKS = sorted(path.stem for path in (COLLECTION / "playbooks").glob("*.yml"))
SOURCES = sorted(
    path for pattern in ("playbooks/*.yml", "roles/**/*.yml", "roles/**/*.j2") for path in COLLECTION.glob(pattern)
)
EXPRESSION = re.compile(r"{[{%](.*?)[%}]}", re.DOTALL)
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
FAMILIES = "|".join(["kuber", *(path.name for path in (COLLECTION / "roles").iterdir())])
SETTING = re.compile(rf"(?<![\w.])(?:{FAMILIES})_\w+")
# Facts, results, and what a playbook gives to a role.
MADE_IN_A_RUN = {
    "common_records",
    "common_switch",
    "common_switch_title",
    "common_traffic",
    "gateway_api_known",
    "kube_proxy_node_result",
    "kube_proxy_result",
    "migrate_back_problem",
    "migrate_before",
    "migrate_mode",
    "migrate_node",
    "migrate_node_ports",
    "migrate_node_problem",
    "migrate_problem",
    "migrate_record",
    "migrate_report",
    "migrate_traffic",
    "preflight_node",
    "rollout_item",
    "rollout_result",
    "rollout_results",
    "trace_node",
    "trace_result",
    "verify_node",
}
# Imported by other playbooks only.
PARTS = {"contact", "migrate_switch", "teardown_cluster", "verify_cluster"}
REPORT = {"ANSIBLE_CALLBACKS_ENABLED": "kuber.network.drift_report"}

pytestmark = pytest.mark.skipif(
    not (COLLECTION / "galaxy.yml").exists(), reason="the collection is installed, so it cannot be built"
)
in_project = pytest.mark.skipif(
    not (PROJECT / "playbooks" / "site.yml").exists(), reason="the collection is not in the project's tree"
)


@dataclasses.dataclass(frozen=True)
class Machine:
    """A home directory with the collection in it, and a working directory."""

    home: pathlib.Path
    directory: pathlib.Path

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        given = {"HOME": str(self.home), "PWD": str(self.directory), "NO_COLOR": "1", "COLUMNS": "160"}
        done = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=self.directory,
            env=inherited | given | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert "[DEPRECATION WARNING]" not in done.stdout
        return done

    def play(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("ansible-playbook", *arguments, **environment)

    def write(self, name: str, content: str) -> pathlib.Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    made = tmp_path_factory.mktemp("home")
    machine = Machine(made, made)
    built = machine.run("ansible-galaxy", "collection", "build", str(COLLECTION), "--output-path", str(made))
    assert built.returncode == 0, built.stdout
    (artifact,) = made.glob("kuber-network-*.tar.gz")
    installed = machine.run("ansible-galaxy", "collection", "install", "--offline", str(artifact))
    assert installed.returncode == 0, installed.stdout
    return made


@pytest.fixture
def machine(home: pathlib.Path, tmp_path: pathlib.Path) -> Machine:
    return Machine(home, tmp_path)


def test_every_playbook_is_found(machine: Machine) -> None:
    done = machine.play("--syntax-check", *(f"kuber.network.{name}" for name in PLAYBOOKS))
    assert done.returncode == 0, done.stdout
    found = re.findall(r"^playbook: .*/kuber/network/playbooks/(\w+)\.yml$", done.stdout, re.MULTILINE)
    assert found == PLAYBOOKS


def test_one_line_makes_an_inventory(machine: Machine) -> None:
    """The plugins for inventory and connection are the artifact's; the node of this profile does not answer."""
    node = {"Name": "", "IP": "127.0.0.1", "Port": 8443, "ControlPlane": True, "Worker": True}
    profile = {"Name": "minikube", "Driver": "ssh", "Nodes": [node]}
    driver = {"Driver": {"IPAddress": "127.0.0.1", "SSHPort": 1, "SSHUser": "docker"}}
    machine.write(".minikube/profiles/minikube/config.json", json.dumps(profile))
    machine.write(".minikube/machines/minikube/config.json", json.dumps(driver))
    machine.write("kuber.minikube.yml", "plugin: kuber.network.minikube\n")
    done = machine.play(
        "-i", "kuber.minikube.yml", "kuber.network.site", "--tags=app", MINIKUBE_HOME=str(machine.directory)
    )
    assert done.returncode == 2
    assert "ok: [minikube]" in done.stdout
    assert "127.0.0.1:1" in done.stdout


def test_settings_have_defaults_and_the_inventory_wins(machine: Machine) -> None:
    """Each of the two alone is fine: the one is the inventory's, the other the default of the role."""
    machine.write("hosts.ini", "localhost ansible_connection=local\n")
    machine.write("group_vars/all.yml", "web_app_max_surge: 0\ncanary_port: many\n")
    done = machine.play("-i", "hosts.ini", "kuber.network.settings")
    assert done.returncode == 2
    assert "found: 0 and 0." in done.stdout
    assert "found: 'many'." in done.stdout


def test_check_refuses_to_change_anything(machine: Machine) -> None:
    done = machine.play("kuber.network.check", **REPORT)
    assert done.returncode == 2
    assert "ANSIBLE_CALLBACKS_ENABLED=kuber.network.drift_report" in done.stdout
    assert "Check settings, machine and cluster" not in done.stdout


def test_a_machine_without_a_cluster_is_refused_and_reported(machine: Machine) -> None:
    done = machine.play("kuber.network.check", "--check", **REPORT)
    assert done.returncode == 1
    assert json.loads((machine.directory / "drift.json").read_text())["status"] == "incomplete"
    assert f"There is no kubeconfig file; wanted: {machine.home}/.kube/config." in done.stdout
    assert "minikube has no profile minikube" in done.stdout


def test_drift_ends_with_exit_code_2_without_an_ansible_cfg(machine: Machine) -> None:
    hosts = machine.write("hosts", "127.0.0.1 localhost\n")
    entries = {"path": str(hosts), "entries": [{"address": "172.17.255.3", "names": ["example.app.org"]}]}
    task = {"name": "Names", "kuber.network.hosts_entries": entries}
    machine.write("names.yml", json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    done = machine.play("names.yml", "--check", **REPORT)
    assert done.returncode == 2, done.stdout
    assert json.loads((machine.directory / "drift.json").read_text())["status"] == "drifted"
    assert machine.play("names.yml").returncode == 0
    assert machine.play("names.yml", "--check", **REPORT).returncode == 0


@in_project
def test_playbooks_of_the_project_are_those_of_the_collection(machine: Machine) -> None:
    imported = {}
    for path in (PROJECT / "playbooks").glob("*.yml"):
        (entry, *_others) = yaml.safe_load(path.read_text())
        imported[path.stem] = entry.get("ansible.builtin.import_playbook")
    assert {name: imported.get(name) for name in PLAYBOOKS if name not in PARTS} == {
        name: f"kuber.network.{name}" for name in PLAYBOOKS if name not in PARTS
    }


@in_project
def test_tags_choose_the_tasks_of_a_stage_in_the_project(machine: Machine) -> None:
    collections = str(COLLECTION.parents[2])
    arguments = [str(PROJECT / "playbooks" / "site.yml"), "--list-tasks", "--tags=ingress"]
    done = machine.play(*arguments, ANSIBLE_COLLECTIONS_PATH=collections)
    assert done.returncode == 0, done.stdout
    assert "Deploy ingress-nginx" in done.stdout
    assert "Set up MetalLB" not in done.stdout


def defaults() -> set[str]:
    paths = [*COLLECTION.glob("roles/*/defaults/*.yml"), *COLLECTION.glob("roles/*/defaults/main/*.yml")]
    return {name for path in paths for name in yaml.safe_load(path.read_text())}


def texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def used(path: pathlib.Path) -> set[str]:
    """Names in the expressions of a file that begin as those of settings do."""
    text = path.read_text()
    parts = [text] if path.suffix == ".j2" else list(texts(yaml.safe_load(text)))
    expressions = " ".join(one for part in parts for one in EXPRESSION.findall(part))
    return set(SETTING.findall(QUOTED.sub("", expressions)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(COLLECTION)))
def test_every_setting_has_a_default(path: pathlib.Path) -> None:
    assert used(path) - defaults() - MADE_IN_A_RUN == set()
