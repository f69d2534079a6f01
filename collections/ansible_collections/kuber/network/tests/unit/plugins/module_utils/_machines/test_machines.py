# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts that run on machines, on this one: with a stub in place of Python and Ansible."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._machines import bundle, install, run, summary
from ansible_collections.kuber.network.plugins.module_utils._machines.summary import Row, RunVerdict
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

COLLECTION = pathlib.Path(__file__).resolve().parents[5]
# It is python3, and what it "installs" is itself, as python and as ansible-playbook.
STUB = """#!/bin/sh
case $0 in
*/ansible-playbook) echo '{"task": "Set up MetalLB"}' >"$KUBER_RUN_STATUS"; sleep "$(cat ../seconds)"; exit 0 ;;
esac
case $1$2 in
-mvenv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/ansible-playbook" ;;
-mpip) [ ! -e full ] || { echo 'No space left on device' >&2; exit 1; } ;;
-c*) [ ! -e old ] || { echo 3.9.2; exit 1; } ;;
esac
"""


class Here(Runner):
    """A machine whose commands run here."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        data = None if stdin is None else stdin.encode(errors="surrogateescape")
        done = subprocess.run(argv, input=data, capture_output=True, check=False)
        return Result(argv, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    stub = tmp_path / "python3"
    stub.write_text(STUB)
    stub.chmod(0o755)
    (tmp_path / "seconds").write_text("0")
    return tmp_path


def installed(home: pathlib.Path, *packages: str) -> tuple[install.Place, bool]:
    wanted = bundle.read(COLLECTION, packages)
    return install.ensure(Here(), wanted, directory=str(home), python=str(home / "python3"), tell=lambda _text: None)


def started(home: pathlib.Path) -> install.Place:
    place, _now = installed(home, "ansible-core")
    run.start(Here(), place, arguments=["kuber.network.site"], settings={}, environment={})
    return place


def test_it_is_installed_once_and_the_old_one_stays_until_the_new_one_works(home: pathlib.Path) -> None:
    place, first = installed(home, "ansible-core")
    assert (first, installed(home, "ansible-core")) == (True, (place, False))
    (home / "full").touch()
    with pytest.raises(KuberError, match="No space left on device"):
        installed(home, "ansible-core==2.21.5")
    assert (home / place.version / "installed").exists()
    (home / "full").unlink()
    other, again = installed(home, "ansible-core==2.21.5")
    assert again
    assert [path.name for path in home.glob("version-*")] == [other.version]


def test_the_copy_is_the_collection(home: pathlib.Path) -> None:
    place, _now = installed(home, "ansible-core")
    copy = home / place.version / "collections" / "ansible_collections" / "kuber" / "network"
    for path in ("playbooks/site.yml", "plugins/modules/manifests.py", "requirements.txt"):
        assert (copy / path).read_bytes() == (COLLECTION / path).read_bytes()
    assert (home / place.version / "kuber.minikube.yml").exists()


def test_an_interrupted_installation_is_made_again(home: pathlib.Path) -> None:
    place, _now = installed(home, "ansible-core")
    (home / place.version / "installed").unlink()
    assert installed(home, "ansible-core") == (place, True)


def test_a_python_that_is_too_old_is_named(home: pathlib.Path) -> None:
    (home / "old").touch()
    with pytest.raises(KuberError, match=r"too old or missing; .*; found: 3\.9\.2"):
        installed(home, "ansible-core")


def test_a_second_run_is_refused_while_one_is_going_on(home: pathlib.Path) -> None:
    (home / "seconds").write_text("30")
    place = started(home)
    with pytest.raises(KuberError, match="Another run is active"):
        run.start(Here(), place, arguments=[], settings={}, environment={})
    told: list[str] = []
    with pytest.raises(
        KuberError, match="stopped after 1 s; wanted: an end within 1 s; found: it was running the task: Set up MetalLB"
    ):
        run.follow(Here(), place, timeout=1, interval=1, tell=told.append, clock=iter([0.0, 0.4, 1.0]).__next__)
    assert told == ["after 0 s: Set up MetalLB"]
    # Nothing is left of the one that was stopped.
    (home / "seconds").write_text("0")
    started(home)
    assert run.follow(Here(), place, timeout=60, interval=5, tell=told.append).exit_code == 0


def test_a_run_that_was_killed_is_distinguished_from_one_that_goes_on(home: pathlib.Path) -> None:
    (home / "seconds").write_text("30")
    place = started(home)
    subprocess.run(["kill", "-9", "--", f"-{(home / 'run' / 'pid').read_text().strip()}"], check=True)
    done = run.follow(Here(), place, timeout=60, interval=5, tell=lambda _text: None)
    assert done.problems == ["The run was killed, or the machine has restarted meanwhile"]


def test_what_failed_without_a_report_is_read_from_the_log() -> None:
    done = run.Run(4, {}, "one\ntwo\nERROR! no such playbook\n", 1.0)
    assert done.problems == ["ansible-playbook ended with exit code 4: one two ERROR! no such playbook"]


ROWS = [
    Row("pc01", RunVerdict.OK),
    Row("pc02", RunVerdict.DRIFTED, 12),
    Row("a-machine-with-a-longer-name", RunVerdict.UNREACHABLE, 0, "It cannot be reached;\n  found: no\x1b[2Jroute."),
]


def test_the_table_has_a_row_for_each_machine() -> None:
    assert summary.table(ROWS, width=100) == [
        "machine                       verdict      drift  what failed",
        "pc01                          ok",
        "pc02                          drifted      12",
        "a-machine-with-a-longer-name  unreachable         It cannot be reached; found: no [2Jroute.",
    ]
    assert summary.total(ROWS) == "3 machines: 1 ok, 1 drifted, 1 unreachable"


def test_a_narrow_terminal_gets_whole_words() -> None:
    lines = summary.table(ROWS, width=60)
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()).endswith("It cannot be reached; found: no [2Jroute.")
