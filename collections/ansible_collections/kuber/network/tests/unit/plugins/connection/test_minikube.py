# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
# sudo, as far as Ansible uses it, with a password.
SUDO = r"""#!/bin/sh
while true; do case $1 in -H|-S|-n) shift ;; -p) prompt=$2; shift 2 ;; -u) shift 2 ;; *) break ;; esac; done
printf '%s' "$prompt" >&2
IFS= read -r given
test "$given" = secret || { echo 'Sorry, try again.' >&2; exit 1; }
exec "$@"
"""


@dataclasses.dataclass(frozen=True)
class Ansible:
    """The command ``ansible`` with an inventory of one node."""

    home: pathlib.Path
    variables: dict[str, t.Any]

    def run(self, *argv: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        inventory = self.home / "hosts.json"
        hosts = {"all": {"hosts": {"minikube": self.variables | variables}}}
        inventory.write_text(json.dumps(hosts))
        settings = self.home / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlocal_tmp={self.home / 'local'}\n")
        return subprocess.run(
            [str(pathlib.Path(sys.executable).with_name("ansible")), "-i", str(inventory), "minikube", *argv],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"ANSIBLE_CONFIG": str(settings)},
        )


@pytest.fixture
def ansible(sshd: t.Any, tmp_path: pathlib.Path) -> Ansible:
    variables = {
        "ansible_connection": "kuber.network.minikube",
        "ansible_host": "127.0.0.1",
        "ansible_port": sshd.port,
        "ansible_user": sshd.user,
        "ansible_ssh_private_key_file": str(sshd.key_file),
        "ansible_python_interpreter": sys.executable,
        "ansible_remote_tmp": str(tmp_path / "remote"),
        "minikube_known_hosts": str(tmp_path / "known_hosts"),
        "minikube_host_key_alias": "minikube",
    }
    return Ansible(tmp_path, variables)


def test_a_command_runs_without_python_on_the_node(ansible: Ansible) -> None:
    done = ansible.run("-m", "ansible.builtin.raw", "-a", "echo $((6 * 7)); exit 4", ansible_python_interpreter="/none")
    assert "rc=4" in done.stdout
    assert "42" in done.stdout


def test_the_host_key_is_kept_in_the_file_of_the_machine(ansible: Ansible, sshd: t.Any) -> None:
    assert ansible.run("-m", "ansible.builtin.raw", "-a", "true").returncode == 0
    public = sshd.host_key_file.with_suffix(".pub").read_text().split()
    assert (ansible.home / "known_hosts").read_text() == f"minikube {public[0]} {public[1]}\n"


def test_a_changed_host_key_makes_the_node_unreachable(ansible: Ansible, sshd: t.Any) -> None:
    assert ansible.run("-m", "ansible.builtin.raw", "-a", "true").returncode == 0
    sshd.change_host_key()
    done = ansible.run("-m", "ansible.builtin.raw", "-a", "touch never")
    assert "UNREACHABLE!" in done.stdout
    assert "The host key of minikube has changed" in done.stdout
    assert ansible.run("-m", "ansible.builtin.raw", "-a", "true", ansible_host_key_checking=False).returncode == 0


def test_a_node_that_is_down_is_unreachable(ansible: Ansible, sshd: t.Any) -> None:
    sshd.stop()
    done = ansible.run("-m", "ansible.builtin.raw", "-a", "true")
    assert "UNREACHABLE!" in done.stdout
    assert f"127.0.0.1:{sshd.port} is not to be reached" in done.stdout


@pytest.mark.parametrize("pipelining", [True, False])
def test_modules_run_where_there_is_python(ansible: Ansible, pipelining: bool) -> None:
    done = ansible.run("-m", "ansible.builtin.command", "-a", "echo it works", ansible_pipelining=pipelining)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "it works" in done.stdout


def test_files_go_there_and_back_without_sftp(ansible: Ansible) -> None:
    content = bytes(range(256)) * 1000
    source, there, back = (ansible.home / name for name in ("source", "there is 'it'", "back"))
    source.write_bytes(content)
    arguments = json.dumps({"src": str(source), "dest": str(there)})
    copied = ansible.run("-m", "ansible.builtin.copy", "-a", arguments)
    assert copied.returncode == 0, copied.stdout
    assert there.read_bytes() == content
    arguments = json.dumps({"src": str(there), "dest": str(back), "flat": True})
    fetched = ansible.run("-m", "ansible.builtin.fetch", "-a", arguments)
    assert fetched.returncode == 0, fetched.stdout
    assert back.read_bytes() == content


def test_a_file_that_cannot_be_written_is_an_error(ansible: Ansible) -> None:
    done = ansible.run("-m", "ansible.builtin.copy", "-a", "content=x dest=/proc/none", ansible_remote_tmp="/proc/none")
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("password", "expected"), [("secret", "rc=0 >>\nme\n"), ("wrong", "did not accept the password")]
)
def test_the_password_of_become_is_typed(ansible: Ansible, password: str, expected: str) -> None:
    sudo = ansible.home / "sudo"
    sudo.write_text(SUDO)
    sudo.chmod(0o755)
    done = ansible.run(
        *("-b", "-m", "ansible.builtin.raw", "-a", "echo me"),
        ansible_become_user="other",
        ansible_become_exe=str(sudo),
        ansible_become_password=password,
    )
    assert expected in done.stdout + done.stderr
