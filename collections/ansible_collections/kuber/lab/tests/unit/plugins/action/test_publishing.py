# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing parts and fetching them, with the modules as playbooks call them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader

from ansible_collections.kuber.lab.plugins.action import mirror, stages

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
ANSIBLE_PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a stage makes namespaces, which takes root")

Options = dict[str, t.Any]


@pytest.fixture
def script(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "build.sh"
    path.write_text(f'echo x >> {tmp_path}/builds; echo whole > "$OUT/program"\n')
    return path


def wanted(cache: pathlib.Path, script: pathlib.Path) -> Options:
    return {"cache": str(cache), "stages": [{"name": "try", "script": str(script), "takes": 20, "portable": True}]}


def run(plugin: t.Any, options: Options, *, check: bool = False) -> dict[str, t.Any]:
    task = Task()
    task.args = options
    task.check_mode = check
    connection = connection_loader.get("local", PlayContext())
    action = plugin.ActionModule(task, connection, None, None, None, None)
    result: dict[str, t.Any] = action.run(None, {})
    return result


@needs_root
def test_what_one_machine_publishes_another_one_need_not_build(tmp_path: pathlib.Path, script: pathlib.Path) -> None:
    publish = {"directory": str(tmp_path / "mirror"), "parts": "{{ built.portable }}", "version": "1.0.0"}
    tasks: list[Options] = [
        {"kuber.lab.stages": wanted(tmp_path / "teacher", script), "register": "built"},
        {"kuber.lab.mirror": publish, "check_mode": True, "register": "checked"},
        {"ansible.builtin.assert": {"that": ["checked.changed", f"'{tmp_path}/mirror' is not exists"]}},
        {"kuber.lab.mirror": publish, "register": "exported"},
        {"kuber.lab.mirror": publish, "register": "again"},
        {
            "kuber.lab.stages": {
                **wanted(tmp_path / "learner", script),
                "mirror": "{{ exported.address }}",
            },
            "register": "fetched",
        },
        {
            "ansible.builtin.assert": {
                "that": [
                    "exported.changed",
                    "exported.written == [built.paths.try | basename]",
                    "not again.changed",
                    "again.address == exported.address",
                    "fetched.changed",
                ]
            }
        },
    ]
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "tasks": tasks}]))
    settings = tmp_path / "ansible.cfg"
    settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\ngathering=explicit\n")
    environment = {name: value for name, value in os.environ.items() if name != "KUBER_LAB_MIRROR"}
    argv = [str(ANSIBLE_PLAYBOOK), "-i", ",", str(playbook)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=environment | {"ANSIBLE_CONFIG": str(settings)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "builds").read_text() == "x\n"
    (program,) = (tmp_path / "learner").glob("try-*/program")
    assert program.read_text() == "whole\n"


def test_an_address_without_its_checksum_is_refused_before_anything_is_built(
    tmp_path: pathlib.Path, script: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBER_LAB_MIRROR", "https://mirror.example/lab")
    with pytest.raises(AnsibleActionFail, match="must end with #sha256=") as raised:
        run(stages, wanted(tmp_path / "cache", script))
    assert str(raised.value).count("must end with") == 1
    assert not (tmp_path / "cache").exists()


def test_a_check_fetches_nothing(tmp_path: pathlib.Path, script: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBER_LAB_MIRROR", f"{tmp_path}#sha256={'0' * 64}")
    assert run(stages, wanted(tmp_path / "cache", script), check=True)["changed"] is True
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"directory": "mirror"}, "cannot be written to mirror: it must be an absolute path."),
        ({"parts": {"try": "/nowhere/try-0123456789ab"}}, "/nowhere/try-0123456789ab is not a directory; build it"),
        ({"parts": {"try": "/"}}, "/ does not have the name of a stage's result"),
        ({"parts": {}}, "there are no parts to write."),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_what_cannot_be_published_is_refused(
    tmp_path: pathlib.Path, changes: Options, complaint: str, check: bool
) -> None:
    options = {"directory": str(tmp_path / "mirror"), "parts": {}, "version": "1.0.0"} | changes
    with pytest.raises(AnsibleActionFail) as raised:
        run(mirror, options, check=check)
    assert str(raised.value).count(complaint) == 1
    assert not (tmp_path / "mirror").exists()
