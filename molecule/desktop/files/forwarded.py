# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the playbook that forwards, do all that it says, and end it as Ctrl-C does.

forwarded.py COMMAND...: fails unless every curl command that it prints gets 200, the name server answers over UDP and
TCP, the names in the hosts file work with the port, and nothing is left after SIGINT.
"""

from __future__ import annotations

import os
import pathlib
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time

import dns.message
import dns.query

START_SECONDS = 60
END_SECONDS = 20
WHERE = "127.0.0.1"
HOSTS = pathlib.Path("/etc/hosts")
QUESTION = "kubernetes.default.svc.cluster.local."


def until(process: subprocess.Popen[bytes], wanted: str) -> str:
    assert process.stdout is not None
    text, deadline = "", time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while wanted not in text:
            assert time.monotonic() < deadline, text
            if selector.select(1):
                part = os.read(process.stdout.fileno(), 65_536).decode()
                assert part, text
                text += part
    return text


def status(*curl: str) -> str:
    argv = [*curl, "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def follow(text: str) -> None:
    commands = re.findall(r"^ +(curl .*)$", text, re.MULTILINE)
    assert len(commands) > 3, text
    with_names = []
    for command in commands:
        assert status(*shlex.split(command)) == "200", command
        named = re.search(r"--resolve ([^:]+):\S+ (\S+)", command)
        if named and named[1] in HOSTS.read_text():
            assert status("curl", "-L", named[2]) == "200", named[2]
            with_names.append(named[2])
    assert with_names, HOSTS.read_text()
    (port,) = re.findall(r"dig -p (\d+) @127\.0\.0\.1", text)
    question = dns.message.make_query(QUESTION, "A")
    for ask in (dns.query.udp, dns.query.tcp):
        assert ask(question, WHERE, port=int(port), timeout=10).answer, ask


def main(command: list[str]) -> None:
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            text = until(process, "Press Ctrl-C to stop")
            print(text)
            follow(text)
            # As a terminal does it: all processes of the foreground get it.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(END_SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    for port in re.findall(rf"-> +(?:https?://)?{re.escape(WHERE)}:(\d+)", text):
        with socket.socket() as client:
            assert client.connect_ex((WHERE, int(port))), f"something still listens on port {port}"


main(sys.argv[1:])
