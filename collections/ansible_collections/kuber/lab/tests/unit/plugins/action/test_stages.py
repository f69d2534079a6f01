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

from ansible_collections.kuber.lab.plugins.action.stages import Stage, ensure_all, fingerprint, last_line
from ansible_collections.kuber.lab.plugins.plugin_utils._progress import duration

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


def stage(directory: pathlib.Path, text: str, name: str = "try", **environment: str) -> Stage:
    build = directory / f"{name}.sh"
    build.write_text(text)
    spec = {
        "name": name,
        "script": str(build),
        "inputs": {},
        "environment": environment,
        "tools": {},
        "takes": 1,
        "portable": False,
    }
    return Stage(directory, spec)


@needs_root
def test_a_stage_that_fails_leaves_no_result_and_tells_the_end_of_its_output(tmp_path: pathlib.Path) -> None:
    failing = stage(tmp_path, 'echo "half" > "$OUT/half"; echo "no such thing" >&2; exit 3')
    with pytest.raises(AnsibleActionFail, match=r"(?s)exit code 3.*no such thing"):
        ensure_all([failing])
    assert not failing.is_built


@needs_root
def test_a_stage_that_succeeds_appears_whole_and_knows_its_time(tmp_path: pathlib.Path) -> None:
    done = stage(tmp_path, 'echo "$WORD" > "$OUT/word"', WORD="done")
    (tmp_path / "try-ffffffffffff.partial").mkdir()
    ensure_all([done])
    assert (done.path / "word").read_text() == "done\n"
    assert done.expected() == "took 0 s the last time"
    assert not list(tmp_path.glob("*.partial"))


@needs_root
def test_stages_of_one_task_run_at_the_same_time(tmp_path: pathlib.Path) -> None:
    """Each waits for what only the other one says."""
    talk = f"echo $$ > {tmp_path}/$MINE; until [ -e {tmp_path}/$OTHER ]; do sleep 0.05; done"
    pair = [stage(tmp_path, talk, "a", MINE="1", OTHER="2"), stage(tmp_path, talk, "b", MINE="2", OTHER="1")]
    ensure_all(pair)
    assert all(one.is_built for one in pair)


@needs_root
def test_a_failure_ends_the_stages_beside_it(tmp_path: pathlib.Path) -> None:
    endless = stage(tmp_path, "sleep 600", "endless")
    started = time.monotonic()
    with pytest.raises(AnsibleActionFail, match="Stage failing failed with exit code 4"):
        ensure_all([endless, stage(tmp_path, "sleep 0.5; exit 4", "failing")])
    assert time.monotonic() - started < 60
    assert not endless.is_built


@needs_root
def test_a_killed_run_takes_what_the_stage_started_along(tmp_path: pathlib.Path) -> None:
    beat = tmp_path / "beat"
    build = script(tmp_path, f"while sleep 0.1; do date +%N > {beat}; done & wait")
    spec = {
        "name": "try",
        "script": str(build),
        "inputs": {},
        "environment": {},
        "tools": {},
        "takes": 1,
        "portable": False,
    }
    program = (
        "import pathlib, sys; from ansible_collections.kuber.lab.plugins.action.stages import Stage, ensure_all; "
        f"ensure_all([Stage(pathlib.Path({str(tmp_path)!r}), {spec!r})])"
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
def test_a_run_waits_for_another_one_that_builds_the_same(tmp_path: pathlib.Path) -> None:
    """The lock is held from outside for a moment; the build begins when it is free."""
    held = tmp_path / "held"
    waiting = stage(tmp_path, f"[ ! -e {held} ]")
    hold = f"touch {held}; sleep 1; rm {held}"
    with subprocess.Popen(["flock", str(tmp_path / "try.lock"), "sh", "-c", hold]):
        while not held.exists():
            time.sleep(0.01)
        ensure_all([waiting])
    assert waiting.is_built


@needs_root
def test_full_disk_is_named_and_keeps_nothing_unfinished(tmp_path: pathlib.Path) -> None:
    build = script(tmp_path, "head -c 20M /dev/zero >$OUT/part; echo done >$OUT/whole")
    cache = tmp_path / "cache"
    cache.mkdir()
    run = f"""
import pathlib, sys, threading
from ansible.errors import AnsibleActionFail
from ansible_collections.kuber.lab.plugins.action.stages import Stage
cache = pathlib.Path({str(cache)!r})
spec = dict(name="part", script={str(build)!r}, inputs={{}}, environment={{}}, tools={{}}, takes=1, portable=False)
stage = Stage(cache, spec)
try:
    stage.ensure(threading.Event())
except AnsibleActionFail as exc:
    print(exc, stage.is_built, sorted(path.name for path in cache.iterdir()))
"""
    # A small disk of its own, seen by this process only.
    mounted = f'mount -t tmpfs -o size=8M small {cache}; exec "$@"'
    command = ["unshare", "--mount", "sh", "-ec", mounted, "sh", sys.executable, "-c", run]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    said = done.stdout.splitlines()[-1]
    assert f"because a disk is full. {cache} has " in said
    assert said.endswith("False ['part.lock', 'part.log']")
