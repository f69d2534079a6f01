# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What labs change for the whole machine: the last one that goes puts it back."""

from __future__ import annotations

import os
import pathlib
import subprocess

FUNCTIONS = pathlib.Path(__file__).resolve().parents[3] / "roles" / "common" / "files" / "machine-settings"
# A file stands in for the kernel's: what is written to it replaces what it held.
SCRIPT = """
source "$1"
SETTINGS_DIRECTORY=$2/settings CONTROLLERS=$2/controllers SETTINGS=kernel.ostype
as() { LAB_NAME=$1 "${@:2}"; }
"""


def run(directory: pathlib.Path, script: str) -> None:
    subprocess.run(["bash", "-euc", SCRIPT + script, "bash", str(FUNCTIONS), str(directory)], check=True, timeout=30)


def test_last_lab_takes_back_the_controllers_that_were_not_handed_on(tmp_path: pathlib.Path) -> None:
    controllers = tmp_path / "controllers"
    controllers.write_text("memory pids\n")
    run(tmp_path, "as one settings_keep $$; as two settings_keep $$")
    controllers.write_text("cpu memory pids\n")
    run(tmp_path, "as two settings_keep $$; as one settings_release")
    assert controllers.read_text() == "cpu memory pids\n"
    run(tmp_path, "as two settings_release")
    assert controllers.read_text() == "-cpu\n"


def test_controllers_that_were_handed_on_before_stay(tmp_path: pathlib.Path) -> None:
    controllers = tmp_path / "controllers"
    controllers.write_text("cpu memory pids\n")
    run(tmp_path, "as one settings_keep $$; as one settings_release")
    assert controllers.read_text() == "cpu memory pids\n"


def test_machine_without_control_groups_of_version_2_has_none_to_take_back(tmp_path: pathlib.Path) -> None:
    run(tmp_path, "as one settings_keep $$; as one settings_release")
    assert not (tmp_path / "controllers").exists()
    assert list((tmp_path / "settings" / "labs").iterdir()) == []


def test_killed_build_in_a_process_namespace_of_its_own_is_forgotten(tmp_path: pathlib.Path) -> None:
    labs = tmp_path / "settings" / "labs"
    labs.mkdir(parents=True)
    # Its number counts in there; out here it is that of a process that lives.
    (labs / "killed").write_text(f"{os.getpid()} pid:[1]\n")
    run(tmp_path, "as one settings_keep $$")
    assert [lab.name for lab in labs.iterdir()] == ["one"]


def test_lab_that_is_built_does_not_forget_those_that_it_cannot_see(tmp_path: pathlib.Path) -> None:
    run(
        tmp_path,
        """
        as one settings_keep $$
        for name in $(compgen -A function); do export -f "${name?}"; done
        export SETTINGS_DIRECTORY CONTROLLERS SETTINGS
        unshare --user --map-root-user --pid --fork --mount-proc \
          bash -euc 'export LAB_SEES_OTHERS=; as built settings_keep $$; as built settings_release'
        """,
    )
    assert [lab.name for lab in (tmp_path / "settings" / "labs").iterdir()] == ["one"]
    assert (tmp_path / "settings" / "settings").exists()
