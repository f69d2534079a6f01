# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on disks that are full or read-only, as mount points and immutable: whole, or as they were."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import files

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")

OLD = "127.0.0.1 localhost\n" * 100
SCRIPT = """
import pathlib, sys
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import files
path, content = pathlib.Path(sys.argv[1]), sys.stdin.buffer.read()
for act in (files.rehearse, files.replace):
    try:
        with files.explained(path):
            act(path, content)
        print("done")
    except KuberError as exc:
        print(exc)
"""
DISKS: dict[str, tuple[str, int, str]] = {
    "as usual": ("true", 5000, "done"),
    "mount point": ("touch other; cp hosts other; mount --bind other hosts", 5000, "done"),
    "mount point, shorter": ("cp hosts other; mount --bind other hosts", 50, "done"),
    "directory read-only, file not": (
        "cp hosts other; mount --bind other hosts; mount -o remount,bind,ro .",
        5000,
        "done",
    ),
    "all read-only": ("mount -o remount,ro .", 5000, "file system is read-only.*host_network_enabled=false"),
    "full": (
        "dd if=/dev/zero of=filler bs=4096 2>/dev/null || true",
        40000,
        "No space left on device. Free some disk space",
    ),
    "mount point on another disk, which is full": (
        "mkdir d; mount -t tmpfs -o size=12k other d; cp hosts d/hosts; mount --bind d/hosts hosts; "
        "dd if=/dev/zero of=d/filler bs=512 2>/dev/null || true",
        30000,
        "No space left on device. Free some disk space",
    ),
    "full mount point": (
        "cp hosts other; mount --bind other hosts; dd if=/dev/zero of=filler bs=4096 2>/dev/null || true",
        40000,
        "No space left on device. Free some disk space",
    ),
}


@pytest.mark.parametrize(("setup", "size", "said"), DISKS.values(), ids=DISKS.keys())
def test_a_file_is_whole_or_as_it_was(tmp_path: pathlib.Path, setup: str, size: int, said: str) -> None:
    new = ("172.17.255.3 example.app.org\n" * 2000)[:size]
    script = f"cd {tmp_path}; mount -t tmpfs -o size=64k disk .; cd {tmp_path}; cat >hosts <<'END'\n{OLD}END\n{setup}\n"
    script += f'"$0" -c "$1" {tmp_path}/hosts; echo ---; cat hosts; echo ---; ls -A'
    argv = ["unshare", "--mount", "--propagation=private", "sh", "-ec", script, sys.executable, SCRIPT]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(argv, input=new, capture_output=True, text=True, env=environment, check=False)
    answers, text, names = done.stdout.split("---\n")
    rehearsed, replaced = answers.splitlines()
    assert rehearsed == replaced, "the trial said something else"
    assert (replaced == "done") == (text == new), replaced
    assert text in (OLD, new)
    assert pytest.approx(len(names.split()), abs=2) == 1
    assert not any(name.startswith(".") for name in names.split()), "something is left behind"
    assert re.search(said, replaced), replaced


HELP: dict[str, tuple[str, str]] = {
    "full": ("dd if=/dev/zero of=filler bs=4096 2>/dev/null || true", "rm filler"),
    "full mount point": (
        "cp hosts other; mount --bind other hosts; dd if=/dev/zero of=filler bs=4096 2>/dev/null || true",
        "rm filler",
    ),
}


@pytest.mark.parametrize(("setup", "remedy"), HELP.values(), ids=HELP.keys())
def test_what_a_refusal_says_helps(tmp_path: pathlib.Path, setup: str, remedy: str) -> None:
    """A disk is made free, as the message asks for."""
    new = ("172.17.255.3 example.app.org\n" * 2000)[:40000]
    script = f"cd {tmp_path}; mount -t tmpfs -o size=64k disk .; cd {tmp_path}; cat >hosts <<'END'\n{OLD}END\n{setup}\n"
    script += f'cat >../new; "$0" -c "$1" {tmp_path}/hosts <../new; {remedy}; "$0" -c "$1" {tmp_path}/hosts <../new'
    argv = ["unshare", "--mount", "--propagation=private", "sh", "-ec", script, sys.executable, SCRIPT]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(argv, input=new, capture_output=True, text=True, env=environment, check=False)
    answers = done.stdout.splitlines()
    assert ["Free some disk space" in one for one in answers] == [True, True, False, False], done
    assert answers[2:] == ["done", "done"]


def test_an_immutable_file_can_be_changed_after_what_a_refusal_says(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(OLD)
    if subprocess.run(["chattr", "+i", str(path)], check=False, capture_output=True).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        with pytest.raises(KuberError, match="chattr -i"), files.explained(path):
            files.rehearse(path, b"new")
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)
    files.rehearse(path, b"new")
    files.replace(path, b"new")
    assert path.read_text() == "new"


def test_owner_and_mode_are_kept(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(OLD)
    os.chown(path, 65534, 65534)
    path.chmod(0o640)
    files.replace(path, b"new\n")
    assert path.read_text() == "new\n"
    assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o7777) == (65534, 65534, 0o640)


def test_what_is_cut_off_was_empty_lines(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed between the two steps leaves the new lines and nothing of the old ones."""
    path = tmp_path / "hosts"
    path.write_text(OLD)

    def killed(*_args: t.Any) -> None:
        raise KeyboardInterrupt

    def busy(*_paths: str) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(os, "ftruncate", killed)
    with pytest.raises(KeyboardInterrupt):
        files.replace(path, b"172.17.255.3 example.app.org\n")
    assert path.read_text().rstrip("\n") == "172.17.255.3 example.app.org"
