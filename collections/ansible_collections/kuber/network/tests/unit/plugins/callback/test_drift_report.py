# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of ansible-playbook, read as a user or a CI job reads them: terminal, file and exit code."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

COLLECTIONS = pathlib.Path(__file__).parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
NAMESPACE = "drift-report"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "example.org/web:1"}]},
        },
    },
}
ENTRY_KEYS = {"host", "play", "role", "task", "item", "thing", "action", "fields", "removed", "added"}

NOT_CHECKED = "Nothing was checked for drift: no task of this run looked for it"
CHECKED = {"checks": [{"name": "A program runs", "group": "Here", "command": {"argv": ["true"]}}]}

Tasks = list[dict[str, t.Any]]


@dataclasses.dataclass
class Project:
    """A directory of a user with an ansible.cfg that names the callback."""

    directory: pathlib.Path
    code: int = 0
    output: str = ""

    def write(self, name: str, *plays: tuple[str, Tasks], **keys: t.Any) -> None:
        book = [{"name": title, "hosts": "localhost", "tasks": tasks} | keys for title, tasks in plays]
        (self.directory / name).write_text(json.dumps(book))

    def run(self, *arguments: str, **environment: str) -> None:
        settings = self.directory / "ansible.cfg"
        settings.write_text(
            f"[defaults]\ncollections_path={COLLECTIONS}\ncallbacks_enabled=kuber.network.drift_report\n"
            f"gathering=explicit\nhome={self.directory}\nlocalhost_warning=false\n"
        )
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("KUBER_DRIFT")}
        python = f"ansible_python_interpreter={sys.executable}"
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", "-c", "local", "-e", python, *arguments],
            cwd=self.directory,
            env=inherited | {"ANSIBLE_CONFIG": str(settings), "ANSIBLE_NOCOLOR": "1"} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code, self.output = done.returncode, done.stdout + done.stderr

    @property
    def last_line(self) -> str:
        return self.output.strip().splitlines()[-1]

    @property
    def file(self) -> pathlib.Path:
        return self.directory / "drift.json"

    @property
    def report(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(self.file.read_text()))


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    return Project(tmp_path)


def copy(path: pathlib.Path) -> dict[str, t.Any]:
    return {"ansible.builtin.copy": {"content": "x", "dest": str(path), "mode": "0600"}}


def test_cluster_and_machine_from_set_up_to_repair(project: Project, api_server: t.Any) -> None:
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": NAMESPACE}})
    client.request("POST", "/api/v1/nodes", body={"metadata": {"name": "drift-node", "labels": {"test": "drift"}}})
    hosts = project.directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("kept", "lost")]
    project.write(
        "site.yml",
        (
            "Cluster",
            [
                {
                    "name": "Set up the application",
                    "kuber.network.manifests": {
                        "definition": [DEPLOYMENT, *maps],
                        "namespace": NAMESPACE,
                        "wait": False,
                    },
                },
                {
                    "name": "Label the nodes",
                    "kuber.network.node_labels": {"label_selector": "test=drift", "labels": {LABEL: None}},
                },
            ],
        ),
        (
            "Machine",
            [
                {
                    "name": "Name the addresses",
                    "kuber.network.hosts_entries": {
                        "path": str(hosts),
                        "entries": [{"address": "172.17.255.3", "names": ["example.app.org"]}],
                    },
                }
            ],
        ),
        module_defaults={
            "group/kuber.network.cluster": {"kubeconfig": str(api_server.kubeconfig), "context": "loopback"}
        },
    )

    project.run("site.yml")
    assert project.code == 0, project.output
    assert not project.file.exists()
    assert "drift" not in project.output.lower()

    project.run("site.yml", "--check")
    assert project.code == 0, project.output
    assert project.last_line == "No drift (3 tasks); as JSON in drift.json"
    assert "DRIFT REPORT" not in project.output
    assert (project.report["status"], project.report["drift"], project.report["tasks"]) == ("in_sync", [], 3)

    deployment = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/web"
    for manager, path, body in (
        ("kubectl-edit", deployment, {"spec": {"replicas": 1}}),
        ("kubectl-label", "/api/v1/nodes/drift-node", {"metadata": {"labels": {LABEL: ""}}}),
    ):
        query = {"fieldManager": manager}
        client.request("PATCH", path, query=query, body=body, content_type="application/merge-patch+json")
    client.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/configmaps/lost")
    hosts.write_text("127.0.0.1 localhost\n172.17.255.9\texample.app.org\n")

    project.run("site.yml", "--check", "--diff")
    assert project.code == 2, project.output
    report = project.report
    assert (report["version"], report["status"], report["not_checked"]) == (1, "drifted", [])
    assert all(entry.keys() == ENTRY_KEYS and entry["host"] == "localhost" for entry in report["drift"])
    assert report["started"] <= report["finished"]
    found = {entry["thing"]: entry for entry in report["drift"]}
    lost, web = f"ConfigMap {NAMESPACE}/lost", f"Deployment {NAMESPACE}/web"
    assert found.keys() == {lost, web, "Node drift-node", f"file {hosts}"}
    assert (found[lost]["action"], found[lost]["fields"]) == ("created", [])
    (replicas,) = found[web]["fields"]
    assert (replicas["field"], replicas["manager"]) == ("spec.replicas", "kubectl-edit")
    assert report["started"][:11] == replicas["time"][:11]
    (label,) = found["Node drift-node"]["fields"]
    assert (label["field"], label["manager"]) == (f"metadata.labels[{LABEL}]", "kubectl-label")
    assert found[f"file {hosts}"]["removed"] == ["172.17.255.9\texample.app.org"]
    assert found[f"file {hosts}"]["added"] == ["172.17.255.3\texample.app.org"]
    assert {(entry["play"], entry["task"]) for entry in report["drift"]} == {
        ("Cluster", "Set up the application"),
        ("Cluster", "Label the nodes"),
        ("Machine", "Name the addresses"),
    }
    table = project.output.partition("DRIFT REPORT")[2]
    assert project.output.count("DRIFT REPORT") == 1
    for words in ("Deployment", "spec.replicas", "kubectl-edit", "just", "localhost: Cluster: Label the nodes"):
        assert words in table
    assert all(len(line) <= 79 for line in table.splitlines()[1:-1])
    assert project.last_line == "Drift: 4 things in 3 tasks; as JSON in drift.json"

    before = project.file.read_bytes()
    project.run("site.yml")
    assert project.code == 0, project.output
    assert project.file.read_bytes() == before, "a run without --check has touched the report"
    project.run("site.yml", "--check")
    assert (project.code, project.report["status"]) == (0, "in_sync"), project.output


# Nobody listens there.
AWAY = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
MIXED: Tasks = [
    {"name": "Ignored", "ansible.builtin.fail": {"msg": "never mind"}, "ignore_errors": True},
    {
        "name": "Rescued",
        "block": [{"name": "Try", "ansible.builtin.fail": {"msg": "rescued"}}],
        "rescue": [{"name": "Rescue", "ansible.builtin.debug": {"msg": "fine"}}],
    },
]


def test_other_modules_are_reported_by_their_task(project: Project) -> None:
    one, two, secret, done = (project.directory / name for name in ("one", "two", "secret", "done"))
    loop = copy(project.directory / "{{ item }}") | {"name": "Write {{ word }}", "loop": ["one", "two"]}
    tasks = [
        loop,
        copy(secret) | {"name": "Hidden", "no_log": True},
        copy(done) | {"name": "Done in any case", "check_mode": False},
    ]
    project.write("site.yml", ("Files", [*MIXED, *tasks]), vars={"word": "files"})
    project.run("site.yml", "--check")
    assert project.code == 2, project.output
    assert [(entry["task"], entry["item"], entry["thing"], entry["action"]) for entry in project.report["drift"]] == [
        ("Write files", "one", None, "changed"),
        ("Write files", "two", None, "changed"),
        ("Hidden", None, None, "changed"),
    ]
    assert project.report["not_checked"] == []
    assert [path.exists() for path in (one, two, secret, done)] == [False, False, False, True]
    assert "this task (two)" in project.output


# As ansible-core 2.21 and newer report it; 2.24 removes it.
DEPRECATED = """
import ansible.executor.task_result
def task_fields(result):
    raise RuntimeError("task_fields is deprecated")
ansible.executor.task_result.CallbackTaskResult.task_fields = property(task_fields)
"""


def test_nothing_is_used_that_newer_versions_of_ansible_deprecate(project: Project) -> None:
    (project.directory / "sitecustomize.py").write_text(DEPRECATED)
    project.write("site.yml", ("Files", [*MIXED, copy(project.directory / "one")]))
    project.run("site.yml", "--check", PYTHONPATH=str(project.directory))
    assert project.code == 2, project.output
    assert "task_fields" not in project.output


def test_what_could_not_be_looked_at_is_reported_and_is_no_drift(project: Project) -> None:
    late = {"name": "Break", "ansible.builtin.fail": {"msg": "no way in"}}
    away = {"name": "Away", "ansible.builtin.raw": "true", "check_mode": False}
    project.write("site.yml", ("Files", [*MIXED, copy(project.directory / "one"), late]))
    project.write("away.yml", ("Away", [away | {"vars": AWAY}]))

    project.run("site.yml", "--check")
    assert project.code == 1, project.output
    report = project.report
    assert (report["status"], len(report["drift"])) == ("incomplete", 1)
    assert report["not_checked"] == [
        {
            "host": "localhost",
            "play": "Files",
            "role": None,
            "task": "Break",
            "reason": "failed",
            "message": "no way in",
        }
    ]
    assert "localhost: Files: Break (failed)\n  no way in\n" in project.output
    assert project.last_line.startswith("Incomplete, 1 task could not be checked. Drift: 1 thing in 1 task")

    project.run("away.yml", "--check")
    (unreachable,) = project.report["not_checked"]
    assert (project.code, unreachable["reason"]) == (1, "unreachable"), project.output
    assert project.last_line.startswith("Incomplete, 1 task could not be checked. No drift")

    project.write("ignored.yml", ("Away", [away | {"vars": AWAY}]), ignore_unreachable=True)
    project.run("ignored.yml", "--check")
    assert (project.code, project.last_line) == (0, NOT_CHECKED), project.output

    project.run("site.yml", "--check", KUBER_DRIFT_EXIT_CODE="false")
    assert (project.code, project.report["status"]) == (2, "incomplete"), project.output
    project.run("site.yml")
    assert project.code == 2, "Ansible's own code"


def test_several_playbooks_make_one_report(project: Project) -> None:
    project.write("one.yml", ("One", [copy(project.directory / "one")]))
    project.write("two.yml", ("Two", [copy(project.directory / "two") | {"tags": ["two"]}]))
    project.run("one.yml", "two.yml", "--check", KUBER_DRIFT_REPORT="found.json")
    assert project.code == 2, project.output
    assert not project.file.exists()
    report = json.loads((project.directory / "found.json").read_text())
    assert [entry["play"] for entry in report["drift"]] == ["One", "Two"]
    assert report["selection"] == {
        "playbooks": ["one.yml", "two.yml"],
        "limit": None,
        "tags": ["all"],
        "skip_tags": [],
    }
    assert project.output.count("DRIFT REPORT") == 1

    project.run("one.yml", "two.yml", "--check", "--tags=two", KUBER_DRIFT_EXIT_CODE="false")
    assert (project.code, project.report["selection"]["tags"]) == (0, ["two"]), project.output
    assert [entry["play"] for entry in project.report["drift"]] == ["Two"]


@pytest.mark.parametrize("task", [{"ansible.builtin.debug": {"msg": "fine"}}, {"kuber.network.checks": CHECKED}])
def test_a_run_that_only_reads_says_nothing_of_drift(project: Project, task: dict[str, t.Any]) -> None:
    project.write("verify.yml", ("Nothing", [task]))
    project.run("verify.yml", "--check")
    assert project.code == 0, project.output
    assert project.last_line == NOT_CHECKED
    assert not project.file.exists()


def test_a_report_that_cannot_be_written_is_no_success(project: Project) -> None:
    there = project.directory / "there"
    there.mkdir()
    project.write("site.yml", ("Nothing", [{"ansible.builtin.file": {"path": str(there), "state": "directory"}}]))
    project.run("site.yml", "--check", KUBER_DRIFT_REPORT="nowhere/drift.json")
    assert project.code == 1
    assert "Cannot write the drift report to nowhere/drift.json" in project.output
    project.run("site.yml", "--check", KUBER_DRIFT_REPORT="")
    assert (project.code, project.last_line) == (0, "No drift (1 task)")
    assert not project.file.exists()


def test_a_run_that_breaks_off_leaves_no_old_report(project: Project) -> None:
    project.file.write_text("{}")
    project.write("site.yml", ("Nothing", [{"ansible.builtin.debug": {"msg": "fine"}}]))
    project.write("away.yml", ("Away", []), hosts="{{ nowhere }}")
    project.run("site.yml", "away.yml", "--check")
    assert project.code not in (0, 2), project.output
    assert not project.file.exists()
