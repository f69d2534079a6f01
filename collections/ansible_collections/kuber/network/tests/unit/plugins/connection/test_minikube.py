# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
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
    prefix: tuple[str, ...] = ()

    def start(self, program: str, *argv: str, **variables: t.Any) -> subprocess.Popen[str]:
        inventory = self.home / "hosts.json"
        hosts = {"all": {"hosts": {"minikube": self.variables | variables}}}
        inventory.write_text(json.dumps(hosts))
        settings = self.home / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlocal_tmp={self.home / 'local'}\n")
        return subprocess.Popen(
            [*self.prefix, str(pathlib.Path(sys.executable).with_name(program)), "-i", str(inventory), *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ANSIBLE_CONFIG": str(settings)},
        )

    def run(self, *argv: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        """One task on the node."""
        process = self.start("ansible", "minikube", *argv, **variables)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def play(self, *tasks: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """Tasks on the node, one after the other, and what each of them returned."""
        results = [self.home / f"result-{number}" for number, task in enumerate(tasks)]
        steps: list[dict[str, t.Any]] = []
        for task, path in zip(tasks, results, strict=True):
            keep = {"content": "{{ result | to_json }}", "dest": str(path), "mode": "0600"}
            steps.append(task | {"name": "Task", "register": "result", "ignore_errors": True})
            steps.append(
                {"name": "Keep", "ansible.builtin.copy": keep, "delegate_to": "localhost", "connection": "local"}
            )
        book = self.home / "play.yml"
        book.write_text(json.dumps([{"hosts": "minikube", "gather_facts": False, "tasks": steps}]))
        process = self.start("ansible-playbook", str(book))
        stdout, stderr = process.communicate()
        assert process.returncode == 0, stdout + stderr
        return [json.loads(path.read_text()) for path in results]


@pytest.fixture
def ansible(sshd: t.Any, tmp_path: pathlib.Path) -> Ansible:
    variables = sshd.variables(tmp_path / "known_hosts") | {
        "ansible_python_interpreter": sys.executable,
        "ansible_remote_tmp": str(tmp_path / "remote"),
    }
    return Ansible(tmp_path, variables)


def test_a_command_runs_without_python_on_the_node(ansible: Ansible) -> None:
    done = ansible.run("-m", "ansible.builtin.raw", "-a", "echo $((6 * 7)); exit 4", ansible_python_interpreter="/none")
    assert "rc=4" in done.stdout
    assert "42" in done.stdout


@pytest.mark.parametrize(
    ("command", "rc", "stdout", "stderr"),
    [
        ("printf out; printf err >&2; exit 3", 3, "out", "err"),
        ("printf 'a\\r\\nb\\n\\n'", 0, "a\r\nb\n\n", ""),
        ("printf '\\303\\251 \\342\\202\\254' >&2; exit 255", 255, "", "é €"),
        ("kill -TERM $$", 128, "", ""),
        ("head -c 5000000 /dev/zero | tr '\\0' x", 0, "x" * 5_000_000, ""),
    ],
)
def test_exit_code_output_and_errors_are_exact(
    ansible: Ansible, command: str, rc: int, stdout: str, stderr: str
) -> None:
    (result,) = ansible.play({"ansible.builtin.raw": command})
    assert (result["rc"], result["stderr"]) == (rc, stderr)
    assert result["stdout"] == stdout


def test_there_is_one_handshake_per_task_however_many_commands_it_takes(ansible: Ansible, sshd: t.Any) -> None:
    before = sshd.handshakes()
    ansible.play(
        {"ansible.builtin.raw": "echo {{ item }}", "loop": [1, 2, 3]},
        {"ansible.builtin.copy": {"content": "x", "dest": str(ansible.home / "copied"), "mode": "0600"}},
        {"ansible.builtin.command": "true"},
    )
    assert (ansible.home / "copied").read_text() == "x"
    assert sshd.handshakes() - before == 3


def test_a_command_that_hangs_is_ended_by_the_limit_of_the_task(ansible: Ansible) -> None:
    started = time.monotonic()
    (result,) = ansible.play({"ansible.builtin.raw": "echo before; sleep 100", "timeout": 2})
    assert result["failed"]
    assert "2" in result["msg"]
    assert time.monotonic() - started < 30


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_a_node_that_dies_is_given_up_in_time(ansible: Ansible, sshd: t.Any) -> None:
    name = f"kuber-test-dead-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    inside = ("ip", "netns", "exec", name)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        sshd.stop()
        sshd.prefix = inside
        sshd.start()
        there = dataclasses.replace(ansible, prefix=inside)
        marker = ansible.home / "running"
        raw = ("-m", "ansible.builtin.raw", "-a", f"touch {marker}; sleep 100")
        process = there.start("ansible", "minikube", *raw, minikube_silence_timeout=3)
        while not marker.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        # Power off: nobody answers any more, and nobody says goodbye.
        subprocess.run([*inside, "iptables", "-A", "INPUT", "-p", "tcp", "-j", "DROP"], check=True)
        started = time.monotonic()
        output = process.communicate(timeout=60)[0]
        assert time.monotonic() - started < 30
        assert "UNREACHABLE!" in output
        assert f"The connection to {sshd.user}@127.0.0.1:{sshd.port} was lost" in output
        # Whoever notices first: the kernel, that nothing is acknowledged, or we, that sshd does not answer.
        assert re.search("no sign of life for 3 s|it was closed while a command was running", output)
    finally:
        sshd.stop()
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("sudo") is None, reason="needs root and sudo")
def test_another_user_is_become_by_sudo(ansible: Ansible) -> None:
    who = {"ansible.builtin.raw": "id -un; pwd >&2; exit 7", "become": True, "become_user": "nobody"}
    (result,) = ansible.play(who)
    assert (result["rc"], result["stdout"]) == (7, "nobody\n")


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
    (message,) = [line for line in done.stdout.splitlines() if '"msg"' in line]
    assert message.count(f"Cannot connect to 127.0.0.1:{sshd.port}") == 1, "each cause repeats it"


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
