# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules and the exit code in real playbooks, without a cluster."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
PARTS = yaml.safe_load((pathlib.Path(__file__).parents[1] / "module_utils" / "_homework" / "parts.yml").read_text())


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    found = tmp_path / "learner"
    found.mkdir()
    (found / "web.yml").write_text(PARTS["deployment"])
    return found


def run(folder: pathlib.Path, tasks: list[dict[str, t.Any]], name: str = "homework.yml") -> tuple[int, str]:
    book = folder.parent / name
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CALLBACKS_ENABLED": "kuber.network.homework_exit",
        "ANSIBLE_NOCOLOR": "1",
    }
    environment.pop("ANSIBLE_CONFIG", None)
    argv = [str(PLAYBOOK), "-i", "localhost,", "-c", "local", str(book)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=folder.parent)
    return done.returncode, done.stdout + done.stderr


def answer(row: str, *, ok: bool) -> dict[str, t.Any]:
    return {"name": row, "group": row, "asked": "curl", "wanted": "200", "found": "404", "ok": ok, "unknown": False}


def report(folder: pathlib.Path, *answers: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    options = {"src": str(folder), "dest": str(folder.parent / "report"), "answers": list(answers)}
    return [
        {"kuber.network.homework_report": options, "register": "told"},
        {"ansible.builtin.fail": {"msg": "not complete"}, "when": "told.homework_exit_code != 0"},
    ]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([answer("1", ok=True), answer("2", ok=True)], 0),
        ([answer("1", ok=True), answer("2", ok=False)], 2),
        ([answer("1", ok=True)], 1),
    ],
)
def test_run_ends_with_the_code_of_the_report(folder: pathlib.Path, answers: list[dict[str, t.Any]], code: int) -> None:
    found, output = run(folder, report(folder, *answers))
    assert found == code, output
    written = json.loads((folder.parent / "report" / "learner.json").read_text())
    assert written["exit_code"] == code
    assert {path.suffix for path in (folder.parent / "report").iterdir()} == {".html", ".json", ".xml"}


def test_other_playbooks_keep_the_code_of_ansible(folder: pathlib.Path) -> None:
    assert run(folder, report(folder, answer("1", ok=True)), "other.yml")[0] == 2


def test_nothing_of_a_dangerous_folder_is_evaluated_or_returned(folder: pathlib.Path) -> None:
    mark = folder.parent / "was-run"
    pod = yaml.safe_load(PARTS["pod"])
    pod["spec"] |= {"hostNetwork": True, "nodeName": f"{{{{ lookup('ansible.builtin.pipe', 'touch {mark}') }}}}"}
    (folder / "pod.yml").write_text(yaml.safe_dump(pod))
    look = {"kuber.network.homework_info": {"src": str(folder)}}
    code, output = run(folder, [look])
    assert code == 1
    assert "Pod web: a namespace of the node (hostNetwork, hostPID or hostIPC) (host_namespaces)" in output
    allowed = {"kuber.network.homework_info": {"src": str(folder), "allow": ["host_namespaces"]}, "register": "found"}
    shown = {"ansible.builtin.debug": {"msg": "{{ found.objects }} {{ found.summary }}"}}
    code, output = run(folder, [allowed, shown])
    assert code == 0, output
    assert "lookup(" in output
    assert not mark.exists()


def test_class_is_reported_folder_by_folder_and_as_a_whole(tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "was-run"
    course = tmp_path / "class"
    nasty = "{{ lookup('ansible.builtin.pipe', 'touch was-run') }}"
    for name in ("ivanov.v1", "ivanov.v2", nasty):
        (course / name).mkdir(parents=True)
        (course / name / "web.yml").write_text(PARTS["deployment"])
    (course / "link").symlink_to("/etc")
    options = {"src": "{{ item.path }}", "dest": f"{tmp_path}/report/class", "refusal": "{{ item.problem }}"}
    code, output = run(
        course,
        [
            {"kuber.network.homework_folders_info": {"src": str(course)}, "register": "found"},
            {"ansible.builtin.debug": {"msg": "{{ found.folders }}"}},
            {
                "kuber.network.homework_report": options | {"answers": [answer("1", ok=True), answer("2", ok=True)]},
                "loop": "{{ found.folders }}",
                "register": "reports",
            },
            {
                "kuber.network.homework_class_report": {
                    "src": str(course),
                    "reports": "{{ reports.results | map(attribute='files') | flatten | select('search', 'json$') }}",
                    "dest": f"{tmp_path}/report",
                },
                "register": "whole",
            },
            {"ansible.builtin.fail": {"msg": "not complete"}, "when": "whole.homework_exit_code != 0"},
        ],
    )
    assert code == 1, output
    assert not mark.exists()
    written = json.loads((tmp_path / "report" / "class.json").read_text())
    assert {one["folder"]: one["exit_code"] for one in written["folders"]} == {
        "ivanov.v1": 0,
        "ivanov.v2": 0,
        "link": 1,
        nasty: 0,
    }
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "class",
        "class.html",
        "class.json",
        "class.xml",
    ]
    assert (tmp_path / "report" / "class" / "ivanov.v2.html").is_file()


def test_report_is_not_written_into_the_folder(folder: pathlib.Path) -> None:
    task = {"kuber.network.homework_report": {"src": str(folder), "dest": str(folder / "report")}}
    code, output = run(folder, [task])
    assert code == 1
    assert "Invalid option dest: it is inside the folder" in output


def test_no_folder_is_refused(folder: pathlib.Path) -> None:
    code, output = run(folder, [{"kuber.network.homework_info": {"src": ""}}])
    assert code == 1
    assert "No folder was named" in output
