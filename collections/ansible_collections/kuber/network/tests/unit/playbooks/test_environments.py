# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check runs on a machine without a cluster, with the options, settings, directories and parts that users choose.

Each ends with the same code, report and messages. The long form (KUBER_SOAK) tries all of them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

COLLECTIONS = pathlib.Path(__file__).resolve().parents[6]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
SOAK = bool(os.environ.get("KUBER_SOAK"))
MISSING = ("There is no kubeconfig file", "minikube has no profile minikube")
UNSELECTED = "No cluster is selected"
# Messages that give a user nothing to act on.
UNFIT = ("Traceback", "undefined", "[DEPRECATION WARNING]", "Unexpected")


@dataclasses.dataclass(frozen=True)
class Habit:
    """What one user does: options of the command, and variables of the environment."""

    name: str
    options: tuple[str, ...] = ()
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    soak: bool = True


HABITS = [
    Habit("callback minimal", environment={"ANSIBLE_STDOUT_CALLBACK": "minimal"}, soak=False),
    Habit("locale POSIX", environment={"LANG": "POSIX"}),
    Habit("results as YAML", environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    Habit("colors", environment={"ANSIBLE_FORCE_COLOR": "1", "ANSIBLE_NOCOLOR": "0"}),
    Habit("few lines", environment={"ANSIBLE_DISPLAY_OK_HOSTS": "0", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "0"}),
    Habit("strategy free", environment={"ANSIBLE_STRATEGY": "free"}),
    Habit("strategy host_pinned", environment={"ANSIBLE_STRATEGY": "host_pinned"}),
    Habit("facts not injected", environment={"ANSIBLE_INJECT_FACT_VARS": "0"}),
    Habit("facts always gathered", environment={"ANSIBLE_GATHERING": "implicit"}),
    Habit("merged dictionaries", environment={"ANSIBLE_HASH_BEHAVIOUR": "merge"}),
    Habit("duplicate keys refused", environment={"ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error"}),
    Habit("pipelining", environment={"ANSIBLE_PIPELINING": "1", "ANSIBLE_KEEP_REMOTE_FILES": "1"}),
    Habit("one fork", options=("--forks=1",)),
    Habit("very verbose", options=("-vvv",)),
    Habit("only this machine", options=("--limit=localhost",)),
    Habit("differences", options=("--diff",)),
    Habit("a time limit for each task", environment={"ANSIBLE_TASK_TIMEOUT": "60"}),
    Habit("a log", environment={"ANSIBLE_LOG_PATH": "ansible.log"}),
    Habit("a library of the user's own", environment={"ANSIBLE_LIBRARY": "library", "ANSIBLE_ROLES_PATH": "roles"}),
]


ROLES = sorted(path.parent.name for path in (COLLECTIONS / "ansible_collections/kuber/network/roles").glob("*/tasks"))
COMMANDS = [
    ("site", "--start-at-task=Deploy MetalLB with its address pool"),
    ("site", "--tags=ingress"),
    ("site", "--skip-tags=preflight"),
    ("site", "--limit=localhost", "--tags=verify"),
    ("node", "--limit=localhost"),
    ("verify",),
    ("trace", "--extra-vars=trace_target=http://example.app.org/"),
    ("rollout",),
    ("forward",),
    ("ingress_report",),
    ("teardown",),
]


@pytest.mark.parametrize("habit", [one for one in HABITS if SOAK or not one.soak], ids=lambda one: one.name)
def test_a_run_ends_the_same(habit: Habit, tmp_path: pathlib.Path) -> None:
    done = played(tmp_path, "kuber.network.check", "--check", *habit.options, **habit.environment)
    assert done.returncode == 1, done.stdout
    report = json.loads((tmp_path / "a directory" / "drift.json").read_text(encoding="utf-8"))
    assert (report["status"], report["drift"]) == ("incomplete", [])
    messages = " ".join(one["message"] for one in report["not_checked"])
    assert [text for text in MISSING if text not in messages] == []
    assert [text for text in UNFIT if text in done.stdout] == []


@pytest.mark.parametrize("role", ROLES if SOAK else ["verify"])
def test_a_role_alone_says_what_it_lacks(role: str, tmp_path: pathlib.Path) -> None:
    play = [{"hosts": "localhost", "gather_facts": False, "roles": [f"kuber.network.{role}"]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    done = played(tmp_path, str(tmp_path / "play.yml"), "--check")
    assert [text for text in UNFIT if text in done.stdout] == [], done.stdout


@pytest.mark.parametrize("command", COMMANDS if SOAK else [COMMANDS[0]], ids=" ".join)
def test_a_part_of_the_tasks_says_what_it_lacks(command: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    playbook, *options = command
    done = played(tmp_path, f"kuber.network.{playbook}", "--check", *options)
    assert done.returncode == 1, done.stdout
    assert [text for text in (*MISSING, UNSELECTED) if text in done.stdout] != [], done.stdout
    assert [text for text in UNFIT if text in done.stdout] == [], done.stdout


# Every run has spaces in its paths, and the locale C (with LC_ALL=C Ansible itself refuses to start).
def played(scratch: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    directory = scratch / "a directory"
    collections = scratch / "my collections"
    directory.mkdir()
    collections.mkdir()
    (collections / "ansible_collections").symlink_to(COLLECTIONS / "ansible_collections")
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LANG": "C",
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACKS_ENABLED": "kuber.network.drift_report",
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "4000",
    }
    return subprocess.run(
        [str(PLAYBOOK), *arguments],
        cwd=directory,
        env=given | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
