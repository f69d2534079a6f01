# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
_numbers = itertools.count(1)

TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: templated
data:
{% for name in names %}
  {{ name }}: {{ name | upper | to_json }}
{% endfor %}
---
{% include 'part.yml.j2' %}
"""
PART = "{apiVersion: v1, kind: Secret, metadata: {name: included}, stringData: {password: {{ password }}}}\n"


class Play:
    """Runs one task as a user does, with files and templates beside the playbook."""

    def __init__(self, directory: pathlib.Path, kubeconfig: pathlib.Path) -> None:
        self.directory = directory
        self.namespace = f"play-{next(_numbers)}"
        self.output = ""
        self._kubeconfig = kubeconfig

    def run(self, module: str, *flags: str, **options: t.Any) -> dict[str, t.Any]:
        """The result of the task; what was shown is kept in ``output``."""
        return self.run_all(module, *flags, tasks=[options])[0]

    def run_all(self, module: str, *flags: str, tasks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        """The results of several tasks, those that fail included."""
        kept = self.directory / "results.json"
        registers = [f"result_{number}" for number in range(len(tasks))]
        keep = {"content": f"{{{{ [{', '.join(registers)}] | to_json }}}}", "dest": str(kept), "mode": "0600"}
        book = [
            {
                "hosts": "localhost",
                "vars": {"names": ["one", "two"], "password": "hush-hush"},
                "module_defaults": {
                    "group/kuber.network.cluster": {"kubeconfig": str(self._kubeconfig), "context": "loopback"}
                },
                "tasks": [
                    *(
                        {f"kuber.network.{module}": options, "register": register, "ignore_errors": True}
                        for options, register in zip(tasks, registers, strict=True)
                    ),
                    {"ansible.builtin.copy": keep, "check_mode": False, "diff": False},
                ],
            }
        ]
        path = self.directory / "play.yml"
        path.write_text(yaml.safe_dump(book))
        settings = self.directory / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\ngathering=explicit\nnocolor=true\n")
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings)}
        python = f"ansible_python_interpreter={sys.executable}"
        argv = [str(PLAYBOOK), str(path), "-i", "localhost,", "-c", "local", "-e", python, *flags]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output
        return t.cast("list[dict[str, t.Any]]", json.loads(kept.read_text()))

    def set_up(self, *flags: str, **options: t.Any) -> dict[str, t.Any]:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        wanted = {"template": ["set.yml.j2"], "definition": namespace, "namespace": self.namespace}
        return self.run("manifests", *flags, **wanted, **options)


@pytest.fixture
def play(tmp_path: pathlib.Path, api_server: t.Any) -> Play:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "set.yml.j2").write_text(TEMPLATE)
    (tmp_path / "templates" / "part.yml.j2").write_text(PART)
    return Play(tmp_path, api_server.kubeconfig)


def actions(result: dict[str, t.Any]) -> dict[str, str]:
    return {one["ref"].rpartition("/")[2].rpartition(" ")[2]: one["action"] for one in result["objects"]}


def test_check_run_again_and_take_away(play: Play) -> None:
    all_three = {play.namespace, "templated", "included"}
    expected = [("--check", True, "created"), ("--diff", True, "created"), ("--check", False, "unchanged")]
    for flag, changed, action in expected:
        result = play.set_up(flag)
        assert (result["changed"], actions(result)) == (changed, dict.fromkeys(all_three, action))
        assert result["summary"] == f"3 objects: 3 {action}"
        assert next(iter(result["stats"]["seconds"])) == "load"
    live = play.run("manifests_info", kind="ConfigMap", name="templated", namespace=play.namespace, query="[0].data")
    assert live["result"] == {"one": "ONE", "two": "TWO"}
    gone = play.set_up(state="absent")
    assert actions(gone) == dict.fromkeys(all_three, "deleted")
    assert not play.set_up(state="absent")["changed"]


def test_reason_of_each_request_is_told_who_asks_for_it(play: Play) -> None:
    name = f"{play.namespace}-why"
    given = [
        {"definition": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}}}
        for value in ("1", "2", "2")
    ]
    play.run_all("manifests", "-vvv", tasks=given)
    subject, applied = f"ConfigMap default/{name}", "PATCH application/apply-patch+yaml"
    output = " ".join(play.output.split())
    for told in (
        f"{subject}: created (it is not there; {applied})",
        f"{subject}: configured (data.a differs; {applied})",
        f"{subject}: unchanged (it is as it should be; nothing to send)",
    ):
        assert told in output
    play.run_all("manifests", "-v", tasks=given)
    assert "data.a differs" not in play.output


def test_secrets_are_shown_nowhere(play: Play) -> None:
    for flags in (["--diff", "--check", "-vvv"], ["--diff"], ["-vvv"]):
        result = play.set_up(*flags)
        shown = json.dumps(result) + play.output.replace("password: hush-hush", "")
        assert "hush-hush" not in shown
        assert "aHVzaC1odXNo" not in shown


MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nonsense"}}
HUSH = "hush-hush-4711"
CODED = base64.b64encode(HUSH.encode()).decode()


GIVEN: list[tuple[dict[str, t.Any], bool]] = [
    ({"stringData": {"token": HUSH}}, True),
    ({"data": {"token": CODED}}, True),
    ({"data": {"token": f"no base64: {HUSH}"}}, False),
    ({"stringdata": {"token": HUSH}}, False),
    ({"stringData": {"token": [HUSH]}}, False),
    ({"stringData": {"no key!": HUSH}}, False),
    ({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": HUSH}}, False),
]


def test_secrets_that_are_given_as_options_are_shown_nowhere(play: Play) -> None:
    tasks = []
    for number in range(len(GIVEN)):
        name = f"{play.namespace}-{number}"
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        tasks.append({"definition": f"{{{{ given[{number}] }}}}"})
        patch = {"kind": "Secret", "name": name, "merge": f"{{{{ given[{number}] }}}}"}
        tasks.append({"definition": secret, "patches": [patch]})
        # The definition comes from a variable, for what stands in the playbook itself is the user's to show.
        GIVEN[number][0].update(secret)
    (play.directory / "given.json").write_text(json.dumps({"given": [fields for fields, _valid in GIVEN]}))
    for flags in (["--check"], []):
        arguments = ["-vvv", "--diff", *flags, "-e", f"@{play.directory / 'given.json'}"]
        results = play.run_all("manifests", *arguments, tasks=tasks)
        assert [not result.get("failed") for result in results] == [
            valid for _fields, valid in GIVEN for _both in (1, 2)
        ]
        for text in (HUSH, CODED):
            assert text not in json.dumps(results) + play.output


def test_diff_is_returned_only_when_asked_for(play: Play) -> None:
    assert "diff" not in play.set_up("--check")
    assert {one["after_header"] for one in play.set_up("--check", "--diff")["diff"]} >= {f"Namespace {play.namespace}"}


def test_files_are_found_beside_the_playbook(play: Play) -> None:
    files = play.directory / "files"
    files.mkdir()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": play.namespace}}
    (files / "map.yaml").write_text(yaml.safe_dump(body))
    for source in ("map.yaml", "files/map.yaml", str(files), "files"):
        assert actions(play.run("manifests", "--check", src=[source])) == {play.namespace: "created"}


NONSENSE: list[tuple[dict[str, t.Any], str]] = [
    ({}, "one of the following is required: src, template, definition, kustomize, charts, label_selectors"),
    ({"src": ["none.yaml"]}, "Cannot find none.yaml"),
    ({"src": ["https://example.org/set.yaml"]}, "has no checksum"),
    ({"src": [{"url": "https://example.org/set.yaml"}]}, "wanted: a path, or url and sha256; found: url"),
    ({"template": ["none.j2"]}, "Cannot find none.j2"),
    ({"template": ["bad.j2"]}, "'nothing' is undefined"),
    ({"definition": "a: 1"}, "definition, document 1 is not a Kubernetes object; wanted: a string in apiVersion"),
    ({"definition": [], "src": []}, "There is no object in the set"),
    ({"definition": "kind: x", "context": "other"}, "not a Kubernetes object"),
    ({"definition": {"kind": "ConfigMap"}, "state": "there"}, "value of state must be one of"),
    ({"definition": MAP, "parallel": 0}, "parallel is out of range; wanted: 1 to 64; found: 0"),
    ({"definition": MAP, "parallel": 65}, "found: 65"),
    ({"definition": MAP, "prune": {"name": "x", "allow": ["Pod"]}}, "value of allow must be one or more of"),
    ({"definition": MAP, "ignore": [{"kind": "ConfigMap", "pointers": ["data"]}]}, "Not a JSON pointer"),
    ({"definition": MAP, "ignore": [{"kind": "ConfigMap"}]}, "missing required arguments: pointers"),
    ({"definition": MAP, "recreate": [{"kind": "Job"}]}, "names Job, which is not in the set"),
]


def test_nonsense_is_refused(play: Play) -> None:
    (play.directory / "templates" / "bad.j2").write_text("{{ nothing.at.all }}")
    results = play.run_all("manifests", tasks=[options for options, _message in NONSENSE])
    for (_options, message), result in zip(NONSENSE, results, strict=True):
        assert result["failed"]
        assert not result["changed"]
        assert message in result["msg"]


def test_failure_tells_what_was_done_before(play: Play) -> None:
    spec = {"containers": [{"name": "c", "image": "x"}], "priorityClassName": "no-such"}
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    map_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{play.namespace}-before"}}
    result = play.run("manifests", definition=[map_, bad])
    assert result["failed"]
    assert result["changed"]
    assert actions(result) == {f"{play.namespace}-before": "created"}
    assert "Pod default/p (definition, entry 2) was refused" in result["msg"]


def test_warnings_reach_the_user(play: Play) -> None:
    probe = {"exec": {"command": ["sh", "-c", "ps aux | grep web"]}}
    spec = {"containers": [{"name": "web", "image": "x", "livenessProbe": probe}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": play.namespace}, "spec": spec}
    play.run("manifests", "--check", definition=body)
    assert "[WARNING]: Pod default/" in play.output
    assert "its own command line" in " ".join(play.output.split())


@pytest.mark.usefixtures("kubectl")
def test_kustomization_is_applied_and_objects_are_deleted_by_their_labels(play: Play) -> None:
    directory = play.directory / "files" / "overlay"
    directory.mkdir(parents=True)
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": play.namespace, "labels": {"app": play.namespace}},
    }
    (directory / "map.yaml").write_text(yaml.safe_dump(body))
    (directory / "kustomization.yaml").write_text("resources: [map.yaml]\n")
    assert actions(play.run("manifests", kustomize=["overlay"])) == {play.namespace: "created"}
    selected = {"state": "absent", "kind": "ConfigMap", "label_selectors": [f"app={play.namespace}", "!keep"]}
    assert actions(play.run("manifests", **selected)) == {play.namespace: "deleted"}
    assert not play.run("manifests", **selected)["changed"]


@pytest.mark.skipif(shutil.which("helm") is None, reason="needs helm")
def test_chart_is_applied_to_the_namespace_of_its_release_and_stays_as_it_is(play: Play) -> None:
    chart = play.directory / "files" / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: '>=1.27.0-0'\n")
    capabilities = '{{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}'
    body = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{v: '{capabilities}'}}\n"
    hook = "apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\nspec: {containers: []}\n"
    (chart / "templates" / "set.yaml").write_text(f"{body}---\n{hook}")
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": play.namespace}}
    release = {"chart_ref": "shop", "release_name": "mine", "release_namespace": play.namespace}
    task = {"charts": [release], "definition": space, "prune": {"name": "record", "namespace": play.namespace}}
    first, second = play.run_all("manifests", tasks=[task, task])
    assert first["changed"]
    assert "hooks and tests are left out: Pod t (test)" in first["warnings"][0]
    assert not second["changed"]
    live = play.run("manifests_info", kind="ConfigMap", name="c", namespace=play.namespace, query="[0].data.v")
    assert re.fullmatch(r"v1\.\d+\.\d+ true", live["result"])
    assert play.run("manifests", state="absent", **task)["changed"]
