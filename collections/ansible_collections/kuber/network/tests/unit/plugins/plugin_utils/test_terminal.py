# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown beside results: for readers on standard output, and out of the way of programs that read that."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
# As ansible.posix.json, which ansible-core does not have.
CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase
DOCUMENTATION = '''
name: lines
type: stdout
short_description: Failed results as JSON
description: Failed results as JSON
'''
class CallbackModule(CallbackBase):
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'lines'
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._display.display(json.dumps(dict(result.result), default=str))
"""
CHECK = {"name": "It answers", "command": {"argv": ["false"]}}


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_program_can_read_standard_output(arguments: list[str], tmp_path: pathlib.Path) -> None:
    output, errors = played(tmp_path, *arguments, ANSIBLE_STDOUT_CALLBACK="lines")
    result = json.loads(output)
    assert [(one["name"], one["ok"]) for one in result["results"]] == [("It answers", False)]
    assert "1 of 1 checks failed" in errors
    assert ("DRIFT REPORT" in errors) == bool(arguments)


def test_a_reader_finds_everything_on_standard_output(tmp_path: pathlib.Path) -> None:
    output, errors = played(tmp_path, "--check")
    assert "1 of 1 checks failed\n" in output.partition("fatal")[0]
    assert "\nDRIFT REPORT **" in output
    assert "DRIFT REPORT" not in errors


def played(directory: pathlib.Path, *arguments: str, **environment: str) -> tuple[str, str]:
    (directory / "lines.py").write_text(CALLBACK)
    task = {"kuber.network.checks": {"checks": [CHECK], "timeout": 0}}
    (directory / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    given = {
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CALLBACK_PLUGINS": str(directory),
        "ANSIBLE_CALLBACKS_ENABLED": "kuber.network.drift_report",
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "localhost,", "-c", "local", "play.yml", *arguments],
        cwd=directory,
        env=os.environ | given | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if arguments else 2), done.stderr
    return done.stdout, done.stderr
