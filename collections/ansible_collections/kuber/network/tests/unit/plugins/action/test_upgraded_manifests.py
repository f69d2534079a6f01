# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module and the filter in real playbooks: nothing of a folder is evaluated, run or shown that must not be."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
CRON = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: old\n  annotations:\n    note: %s\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: own\n  labels:\n    a: 1\nstringData:\n  word: canary-7301\n"


class Play:
    """A folder with a hostile manifest, and tasks on it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.mark = directory / "was-run"
        self.hostile = f"{{{{ lookup('ansible.builtin.pipe', 'touch {self.mark}') }}}}{{% if true %}}yes{{% endif %}}"
        self.source, self.dest = directory / "source", directory / "dest"
        self.source.mkdir()
        (self.source / "cron.yml").write_text(CRON % json.dumps(self.hostile))

    def run(self, tasks: list[dict[str, t.Any]], *flags: str) -> str:
        book = self.directory / "play.yml"
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
        environment.pop("ANSIBLE_CONFIG", None)
        argv = [str(PLAYBOOK), "-i", "localhost,", "-c", "local", str(book), *flags]
        argv += ["-e", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=self.directory)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not self.mark.exists()
        return done.stdout + done.stderr

    def upgrade(self, **options: t.Any) -> dict[str, t.Any]:
        options = {"src": str(self.source), "dest": str(self.dest)} | options
        given = {name: value for name, value in options.items() if value is not None}
        return {"kuber.network.upgraded_manifests": given, "register": "upgraded"}


@pytest.fixture
def play(tmp_path: pathlib.Path) -> Play:
    return Play(tmp_path)


def kept(play: Play, expression: str) -> dict[str, t.Any]:
    path = str(play.directory / "kept.json")
    return {
        "ansible.builtin.copy": {"content": f"{{{{ {expression} | to_json }}}}", "dest": path},
        "no_log": True,
        "diff": False,
    }


def test_check_run_shows_the_change_and_writes_nothing(play: Play) -> None:
    output = play.run([play.upgrade()], "--check", "--diff")
    assert "-apiVersion: batch/v1beta1\n+apiVersion: batch/v1\n" in output
    assert "changed=1" in output
    assert not play.dest.exists()


def test_no_template_of_a_manifest_is_evaluated(play: Play) -> None:
    used = [
        {"ansible.builtin.debug": {"var": "upgraded"}},
        {"ansible.builtin.debug": {"msg": "It says: {{ upgraded.objects[0].metadata.annotations.note }}"}},
        {"ansible.builtin.set_fact": {"again": "{{ upgraded.objects | kuber.network.upgraded_manifests }}"}},
        kept(play, "again"),
    ]
    assert "changed=0" not in play.run([play.upgrade(), *used], "-vvv")
    again = json.loads((play.directory / "kept.json").read_text())
    assert again["changes"] == []
    assert again["objects"][0]["metadata"]["annotations"]["note"] == play.hostile
    assert (play.dest / "cron.yml").read_text() == (CRON % json.dumps(play.hostile)).replace("v1beta1", "v1")


def test_only_the_first_run_with_dest_changes_something(play: Play) -> None:
    assert "changed=1" in play.run([play.upgrade(dest=None), play.upgrade(), play.upgrade()])


def test_values_of_secrets_are_not_shown_and_can_be_used(play: Play) -> None:
    (play.source / "secret.yml").write_text(SECRET)
    output = play.run([play.upgrade(), kept(play, "upgraded.objects")], "-vvvv", "--diff")
    assert "canary-7301" not in output
    assert "canary-7301" in (play.directory / "kept.json").read_text()


BAD: list[tuple[dict[str, t.Any], str]] = [
    ({"src": None, "dest": None}, "one of the following is required: src, definition"),
    ({"definition": "a"}, "parameters are mutually exclusive: src|definition, dest|definition"),
    ({"src": "/nonexistent"}, "/nonexistent does not exist; wanted: a folder of manifests, or one file."),
]


def test_bad_options_are_refused(play: Play) -> None:
    tasks = [play.upgrade(**options) | {"ignore_errors": True} for options, _message in BAD]
    output = " ".join(play.run(tasks).split())
    assert [message for _options, message in BAD if message not in output] == []
