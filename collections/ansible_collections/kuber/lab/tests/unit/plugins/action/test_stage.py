# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.kuber.lab.plugins.action.stage import Stage, duration, fingerprint, last_line

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a stage makes namespaces, which takes root")


def script(directory: pathlib.Path, text: str) -> pathlib.Path:
    path = directory / "build.sh"
    path.write_text(text)
    return path


def test_another_clone_with_the_same_files_has_the_same_key(tmp_path: pathlib.Path) -> None:
    keys = []
    for clone in ("one", "two"):
        files = tmp_path / clone / "files"
        files.mkdir(parents=True)
        (files / "config").write_text("the same")
        keys.append(fingerprint(script(tmp_path / clone, "true"), {"FILES": str(files)}, {"VERSION": "1"}))
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda files, environment: (files / "config").write_text("other"),
        lambda files, environment: (files / "more").write_text(""),
        lambda files, environment: (files / "config").rename(files / "renamed"),
        lambda files, environment: (files / "config").chmod(0o755),
        lambda files, environment: (files.parent / "build.sh").write_text("false"),
        lambda files, environment: environment.update(VERSION="2"),
    ],
    ids=["content", "new file", "name", "mode", "script", "environment"],
)
def test_whatever_goes_in_changes_the_key(tmp_path: pathlib.Path, change) -> None:
    files, environment = tmp_path / "files", {"VERSION": "1"}
    files.mkdir()
    (files / "config").write_text("one")
    build = script(tmp_path, "true")
    before = fingerprint(build, {"FILES": str(files)}, environment)
    change(files, environment)
    assert fingerprint(build, {"FILES": str(files)}, environment) != before


def test_a_missing_input_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AnsibleActionFail, match="nowhere"):
        fingerprint(script(tmp_path, "true"), {"FILES": str(tmp_path / "nowhere")}, {})


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (245, "4 min 05 s")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("log", "line"),
    [("", ""), ("one\n\n  \n", "one"), ("one\n  CC net/core.o\n", "CC net/core.o"), ("x" * 5000, "x" * 120)],
)
def test_progress_shows_the_last_line_that_says_something(tmp_path: pathlib.Path, log: str, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(log)
    assert last_line(path) == line


@needs_root
def test_a_stage_that_fails_leaves_no_result_and_tells_the_end_of_its_output(tmp_path: pathlib.Path) -> None:
    stage = Stage(tmp_path, "try", "0123456789ab")
    build = script(tmp_path, 'echo "half" > "$OUT/half"; echo "no such thing" >&2; exit 3')
    with pytest.raises(AnsibleActionFail, match=r"(?s)exit code 3.*no such thing"):
        stage.build(build, {}, 1)
    assert not stage.path.exists()


@needs_root
def test_a_stage_that_succeeds_appears_whole_and_knows_its_time(tmp_path: pathlib.Path) -> None:
    stage = Stage(tmp_path, "try", "0123456789ab")
    (tmp_path / "try-ffffffffffff.partial").mkdir()
    stage.build(script(tmp_path, 'echo "$WORD" > "$OUT/word"'), {"WORD": "done"}, 1)
    assert (stage.path / "word").read_text() == "done\n"
    assert stage.expected(99) == "took 0 s the last time"
    assert not list(tmp_path.glob("*.partial"))


@needs_root
def test_a_killed_run_takes_what_the_stage_started_along(tmp_path: pathlib.Path) -> None:
    beat = tmp_path / "beat"
    build = script(tmp_path, f"while sleep 0.1; do date +%N > {beat}; done & wait")
    program = (
        "import pathlib, sys; from ansible_collections.kuber.lab.plugins.action.stage import Stage; "
        f"Stage(pathlib.Path({str(tmp_path)!r}), 'try', '0').build(pathlib.Path({str(build)!r}), {{}}, 1)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as run:
        deadline = time.monotonic() + 20
        while not beat.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert beat.exists()
        run.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    last = beat.read_text()
    time.sleep(0.5)
    assert beat.read_text() == last


@needs_root
def test_two_runs_build_one_after_the_other(tmp_path: pathlib.Path) -> None:
    stage = Stage(tmp_path, "try", "0123456789ab")
    with stage.locked(), subprocess.Popen(["flock", "--nonblock", str(tmp_path / "try.lock"), "true"]) as other:
        assert other.wait() != 0
    subprocess.run(["flock", "--nonblock", str(tmp_path / "try.lock"), "true"], check=True)
