# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays that switch kube-proxy's mode, with stubs in place of the modules: what is done, and in what order."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest

COLLECTION = pathlib.Path(__file__).resolve().parents[3]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
# Each writes down how it was called, and fails where the test says so.
STUB = """
import json
import pathlib

from ansible.plugins.action import ActionBase

HOME = pathlib.Path({home!r})
ANSWER = json.loads({answer!r})


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        args = {{key: str(value) for key, value in self._task.args.items()}}
        call = [pathlib.Path(__file__).stem, task_vars["inventory_hostname"], args]
        with (HOME / "calls").open("a") as calls:
            calls.write(json.dumps(call) + "\\n")
        for words in json.loads((HOME / "fails").read_text()):
            if all(word in json.dumps(call) for word in words):
                return {{"failed": True, "msg": "It does not work."}}
        return {{"changed": False, **ANSWER, **({{"mode": args["mode"]}} if "mode" in args else {{}})}}
"""
ANSWERS: dict[str, dict[str, t.Any]] = {
    "checks": {"results": []},
    "kube_proxy": {"nodes": []},
    "manifests": {},
    "manifests_info": {"objects": [], "result": []},
    "node_iptables": {},
    "node_kernel_info": {"release": "6.12", "missing": {}, "problem": ""},
    "static_route": {},
    "traffic": {"path": "/traffic", "svg": "", "picture": [], "requests": {"recovered": True, "failures": {}}},
}
INVENTORY = """
[minikube_nodes]
a ansible_connection=local
b ansible_connection=local
"""


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run has done and said."""

    code: int
    output: str
    calls: list[list[t.Any]]

    @property
    def modes(self) -> list[str]:
        """The modes that kube-proxy got, in order."""
        return [args["mode"] for module, _host, args in self.calls if module == "kube_proxy"]

    @property
    def cleaned(self) -> list[tuple[str, str]]:
        return sorted((args["proxy_mode"], host) for module, host, args in self.calls if module == "node_iptables")


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    root = tmp_path / "ansible_collections" / "kuber" / "network"
    for name in ("meta", "playbooks", "plugins", "roles"):
        shutil.copytree(COLLECTION / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, answer in ANSWERS.items():
        text = STUB.format(home=str(tmp_path), answer=json.dumps(answer))
        (root / "plugins" / "action" / f"{name}.py").write_text(text)
    (tmp_path / "hosts.ini").write_text(INVENTORY)
    return tmp_path


def switch(home: pathlib.Path, *fails: list[str], before: str = "ipvs", measure: bool = True) -> Run:
    (home / "fails").write_text(json.dumps(fails))
    variables = {
        "migrate_to": "nftables",
        "migrate_report": {"before": before},
        "kuber_context": "none",
        "kuber_kubeconfig": "none",
        "host_network_enabled": False,
        "kuber_switch_measure": measure,
        "kuber_switch_directory": str(home),
    }
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(home), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
    environment.pop("ANSIBLE_CONFIG", None)
    argv = [str(PLAYBOOK), "-i", "hosts.ini", "kuber.network.migrate_switch", "-e", json.dumps(variables)]
    done = subprocess.run(argv, cwd=home, env=environment, capture_output=True, text=True, check=False)
    path = home / "calls"
    calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return Run(done.returncode, " ".join(done.stdout.split()), calls)


def test_a_switch_is_recorded_first_and_proved_last(home: pathlib.Path) -> None:
    run = switch(home)
    assert run.code == 0, run.output
    assert (run.modes, run.cleaned) == (["nftables"], [("nftables", "a"), ("nftables", "b")])
    order = [
        module for module, _host, args in run.calls if module in ("manifests", "kube_proxy", "node_iptables", "checks")
    ]
    assert order[:2] == ["manifests", "kube_proxy"]
    assert order[-1] == "checks"
    assert [args["state"] for module, _host, args in run.calls if module == "traffic"] == [
        "started",
        "marked",
        "marked",
        "marked",
        "stopped",
    ]
    assert "kube-proxy runs in mode nftables. A run of site.yml with other variables is refused" in run.output


@pytest.mark.parametrize(
    ("fails", "cause"),
    [
        (
            ["kube_proxy", '"nftables"'],
            "Set the mode of kube-proxy: It does not work. kube-proxy runs in mode ipvs again",
        ),
        (["node_iptables", '"b"', '"nftables"'], "Node b: Remove leftovers of other modes"),
        (
            ["checks", '"localhost"'],
            "Check everything and show the table: It does not work. kube-proxy runs in mode ipvs again",
        ),
    ],
)
def test_whatever_fails_is_taken_back_and_told(home: pathlib.Path, fails: list[str], cause: str) -> None:
    run = switch(home, fails)
    assert run.code != 0
    assert run.modes == ["nftables", "ipvs"]
    assert [one for one in run.cleaned if one[0] == "ipvs"] == [("ipvs", "a"), ("ipvs", "b")]
    assert "The switch to nftables failed." in run.output
    assert cause in run.output
    assert "kube-proxy runs in mode ipvs again on all nodes, with nothing left of mode nftables." in run.output
    # The record that there was not before is gone.
    assert [args.get("state", "present") for module, _host, args in run.calls if module == "manifests"] == [
        "present",
        "absent",
    ]


def test_a_way_back_that_fails_is_told_too(home: pathlib.Path) -> None:
    run = switch(home, ["kube_proxy"])
    assert run.code != 0
    assert "Going back to ipvs failed as well: Set the mode of kube-proxy: It does not work. Remove" in run.output
    assert "run again with migrate_to=ipvs or migrate_to=nftables" in run.output


def test_what_a_killed_run_has_left_is_completed_without_a_record_or_traffic(home: pathlib.Path) -> None:
    run = switch(home, before="nftables")
    assert run.code == 0, run.output
    assert (run.modes, run.cleaned) == (["nftables"], [("nftables", "a"), ("nftables", "b")])
    assert [module for module, _host, _args in run.calls if module in ("manifests", "traffic")] == []


def test_a_failure_without_another_mode_to_go_back_to_is_told(home: pathlib.Path) -> None:
    run = switch(home, ["checks", '"localhost"'], before="nftables")
    assert run.code != 0
    assert run.modes == ["nftables"]
    assert "there is nothing to go back to" in run.output


def test_nothing_is_changed_if_users_get_no_answer_before(home: pathlib.Path) -> None:
    run = switch(home, ["traffic", "started"])
    assert run.code != 0
    assert (run.modes, [one for one in run.calls if one[0] == "manifests"]) == ([], [])


def test_a_switch_without_figures_is_complete(home: pathlib.Path) -> None:
    run = switch(home, ["traffic", '"stopped"'])
    assert run.code == 0, run.output
    assert "The figures of the switch are missing. Stop the requests: It does not work." in run.output
    assert "kube-proxy runs in mode nftables" in run.output


def test_a_switch_need_not_be_measured(home: pathlib.Path) -> None:
    run = switch(home, measure=False)
    assert run.code == 0, run.output
    assert [call for call in run.calls if call[0] == "traffic"] == []
