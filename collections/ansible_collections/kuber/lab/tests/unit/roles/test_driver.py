# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of the lab's driver, and the machines that are refused before anything is touched."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

LAB = pathlib.Path(__file__).resolve().parents[3]
LOOK = LAB / "roles" / "driver" / "files" / "look"
COLLECTIONS = LAB.parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the machines are made with namespaces, which takes root")


def look(directory: pathlib.Path, *, before: str = "true", prefix: tuple[str, ...] = ()) -> dict[str, object]:
    """What the program prints on a machine that the shell commands have made, in a mount namespace of their own."""
    script = f'{before}; exec "$@"'
    command = ["unshare", "--mount", "bash", "-euc", script, "bash", *prefix, "bash", str(LOOK), str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(result.stdout)
    assert isinstance(answer, dict)
    return answer


@needs_root
@pytest.mark.parametrize(
    ("before", "prefix", "says"),
    [
        pytest.param("true", ("setpriv", "--reuid=65534", "--clear-groups"), "must run as root", id="not root"),
        pytest.param(
            'file=$(mktemp); grep -v overlay /proc/filesystems >"$file"; mount --bind "$file" /proc/filesystems',
            (),
            "This kernel has no overlayfs",
            id="no overlayfs",
        ),
        pytest.param(
            "true", ("setpriv", "--bounding-set=-net_admin"), "Network bridges cannot be made", id="no bridge"
        ),
        pytest.param(
            "mount -t tmpfs none /sys/fs/cgroup; mount -o remount,ro /sys/fs/cgroup",
            (),
            "The control group controller memory is missing",
            id="no control groups",
        ),
    ],
)
def test_machine_without_a_prerequisite_is_named(
    tmp_path: pathlib.Path, before: str, prefix: tuple[str, ...], says: str
) -> None:
    sentences = look(tmp_path, before=before, prefix=prefix)["docker"]
    assert isinstance(sentences, list)
    assert any(says in sentence for sentence in sentences), sentences


@needs_root
def test_kernel_with_a_module_for_ipvs_is_recognised(tmp_path: pathlib.Path) -> None:
    """A modprobe that knows the module stands in for a machine that has it."""
    program = tmp_path / "modprobe"
    program.write_text("#!/bin/sh\necho insmod /lib/modules/ip_vs.ko\n")
    program.chmod(0o755)
    assert look(tmp_path, before=f"PATH={tmp_path}:$PATH")["ipvs"] is True


@needs_root
def test_lab_that_is_up_and_its_nodes_are_found(tmp_path: pathlib.Path) -> None:
    lab = tmp_path / "docker"
    lab.mkdir()
    (lab / "nodes").write_text("2\n")
    (lab / "status").write_text("#!/bin/sh\necho running\n")
    (lab / "status").chmod(0o755)
    (tmp_path / "current").symlink_to("docker")
    answer = look(tmp_path)
    assert (answer["running"], answer["nodes"]) == ("docker", {"docker": 2})
    (lab / "status").write_text("#!/bin/sh\necho stopped\n")
    assert look(tmp_path)["running"] == ""


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"lab_driver": "vfkit"}, "DRIVER is vfkit. The lab has two drivers: DRIVER=docker and DRIVER=ssh."),
        ({"lab_driver": "docker", "lab_nodes": "0"}, "NODES is 0. It must be a number from 1 to 4."),
        ({"lab_driver": "docker", "lab_nodes": "two"}, "NODES is two. It must be a number from 1 to 4."),
        ({"lab_driver": "docker", "lab_nodes": "-1"}, "NODES is -1. It must be a number from 1 to 4."),
        (
            {"lab_driver": "docker", "lab_nodes": "50"},
            "NODES is 50. The lab has at most 4 nodes: that many would take a machine with 53 GB of memory",
        ),
        ({"lab_driver": "ssh", "lab_nodes": "2"}, "NODES is 2, and the driver ssh has one node."),
    ],
)
def test_bad_choice_is_refused(tmp_path: pathlib.Path, values: dict[str, str], says: str) -> None:
    playbook = tmp_path / "playbooks" / "play.yml"
    playbook.parent.mkdir()
    playbook.write_text(
        textwrap.dedent("""\
        - hosts: localhost
          gather_facts: false
          roles: [kuber.lab.driver]
        """)
    )
    options = ["-i", ",", "-c", "local", "-e", json.dumps(values)]
    command = [sys.executable, "-m", "ansible", "playbook", *options, str(playbook)]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCALHOST_WARNING": "false"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert result.returncode != 0
    assert says in " ".join(result.stdout.split()), result.stdout + result.stderr
