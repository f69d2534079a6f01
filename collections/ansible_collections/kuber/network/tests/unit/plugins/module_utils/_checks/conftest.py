# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers on the loopback interface, with answers that each test chooses."""

from __future__ import annotations

import socket
import socketserver
import subprocess
import typing as t

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of


class LocalRunner(Runner):
    """Runs commands on this machine."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        try:
            done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
        except FileNotFoundError as exc:
            return Result(argv, 127, "", str(exc))
        return Result(argv, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def local_runner() -> Runner:
    return LocalRunner()


Answer = tuple[int, dict[str, str], str]


class WebServer:
    """Answers each request with what ``answer`` says; counts the requests."""

    def __init__(self) -> None:
        self.answer: t.Callable[[str, t.Mapping[str, str], int], Answer] = lambda path, headers, number: (200, {}, "")
        self.requests = 0
        self.url = ""


@pytest.fixture
def web() -> t.Iterator[WebServer]:
    state = WebServer()

    class Answers(Handler):
        def do_GET(self) -> None:
            state.requests += 1
            code, headers, body = state.answer(self.path, self.headers, state.requests)
            self.answer(body, status=code, headers=headers)

    with serving(http_server(Answers)) as server:
        state.url = url_of(server)
        yield state


class NameServer:
    """Knows A records by name; over UDP and TCP on one port, each of which can be silenced."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.records: dict[str, list[str]] = {}
        self.silent: set[str] = set()

    def reply(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        name = query.question[0].name
        answer = dns.message.make_response(query)
        addresses = self.records.get(name.to_text(omit_final_dot=True))
        if addresses is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            answer.answer.append(dns.rrset.from_text_list(name, 5, "IN", "A", addresses))
        return answer.to_wire()


@pytest.fixture
def names() -> t.Iterator[NameServer]:
    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, sock = self.request
            if "udp" not in state.silent:
                sock.sendto(state.reply(data), self.client_address)

    class Tcp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sock: socket.socket = self.request
            if "tcp" not in state.silent:
                size = int.from_bytes(sock.recv(2), "big")
                wire = state.reply(sock.recv(size))
                sock.sendall(len(wire).to_bytes(2, "big") + wire)

    # TCP first: its ports are often in use by other tests' connections, those of UDP are not.
    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp)
    state = NameServer(tcp.server_address[1])
    udp = socketserver.ThreadingUDPServer(("127.0.0.1", state.port), Udp)
    with serving(udp), serving(tcp):
        yield state
