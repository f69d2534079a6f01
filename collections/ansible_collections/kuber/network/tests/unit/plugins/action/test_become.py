# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user who may use sudo with a password, and is asked for it at a terminal."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.tests.unit.plugins.action.test_host_modules import (
    COLLECTIONS,
    SET_UP,
    Host,
    host,
)

__all__ = ["host"]
PASSWORD = "not-the-one-of-root"
# They are asked for in the machine's own /etc, which is a copy.
USER = f"""
cp -a /etc {{home}}/etc && mount --bind {{home}}/etc /etc
useradd --uid 64321 --home-dir {{home}}/tmp student
echo 'student:{PASSWORD}' | chpasswd
echo 'student ALL=(ALL) ALL' >/etc/sudoers.d/student && chmod 440 /etc/sudoers.d/student
chown -R student {{home}}/tmp
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root, even to do without it inside")


def answered(argv: t.Sequence[str], environment: dict[str, str], answer: str) -> tuple[int, str]:
    """Run it at a terminal of its own, and answer the one question."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(argv[0], argv, environment)
    output, asked = "", False
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # What Linux says at the end.
            break
        output += read.decode(errors="replace")
        if not asked and "BECOME password:" in output:
            os.write(terminal, f"{answer}\n".encode())
            asked = True
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def play(machine: Host, answer: str) -> tuple[int, str]:
    book, settings, scratch = machine.home / "play.yml", machine.home / "ansible.cfg", machine.home / "tmp"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(SET_UP)}]))
    settings.write_text(
        f"[defaults]\ncollections_path={COLLECTIONS}\nhome={scratch}\nlocal_tmp={scratch}\nremote_tmp={scratch}\n"
    )
    program = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
    user = ("setpriv", "--reuid=64321", "--regid=64321", "--clear-groups")
    options = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
    argv = [*machine.prefix, *user, program, "--ask-become-pass", *options, str(book)]
    return answered(argv, os.environ | {"ANSIBLE_CONFIG": str(settings), "HOME": str(scratch)}, answer)


def test_the_password_is_asked_for_once_and_serves_every_change(host: Host) -> None:
    host.run(USER.format(home=host.home))
    code, output = play(host, "wrong")
    assert code == 2, output
    assert host.routes() == []
    code, output = play(host, PASSWORD)
    assert code == 0, output
    assert re.search(r"changed=2\b", output)
    assert host.routes() == ["172.17.255.0/24 via 192.168.99.134 dev wire proto 107"]
    assert "172.17.255.3\texample.app.org" in host.hosts()
    assert PASSWORD not in output
