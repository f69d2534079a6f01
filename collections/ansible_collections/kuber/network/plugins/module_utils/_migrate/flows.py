# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Keep connections open through Services: TCP connections that go on exchanging bytes, and one UDP flow."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import select
import socket
import struct
import threading
import time
import types
import typing as t
import urllib.parse

TCP, UDP = "tcp", "udp"
QUERY_NAME = "kubernetes.default.svc.cluster.local"
_TYPE_A, _CLASS_IN, _RECURSION = 1, 1, 0x0100
_DATAGRAM = 65_535


@dataclasses.dataclass(frozen=True)
class Exchange:
    """One question on an open connection, with its answer."""

    flow: str
    connection: int
    """Which connection of the flow it was on: 0 for the one that was opened first."""
    at: float
    seconds: float
    ok: bool
    found: str


class Flow:
    """Exchanges on connections of its own while its context is active."""

    def __init__(self, name: str, *, rate: float, timeout: float) -> None:
        self.name = name
        self.exchanges: list[Exchange] = []
        self.began = threading.Event()
        """Set when the first exchange has ended."""
        self._pause = 1 / rate
        self._timeout = timeout
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Flow:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join(self._timeout + 1)

    def _run(self) -> None:
        raise NotImplementedError

    def _keep(self, connection: int, at: float, seconds: float, problem: str) -> None:
        self.exchanges.append(Exchange(self.name, connection, at, seconds, not problem, problem))
        self.began.set()


class TcpFlow(Flow):
    """Requests a page again and again on one connection; a new one is opened only when that has broken."""

    def __init__(self, name: str, url: str, *, rate: float, timeout: float) -> None:
        super().__init__(name, rate=rate, timeout=timeout)
        parts = urllib.parse.urlsplit(url)
        self._host, self._port = str(parts.hostname), parts.port or 80
        self._path = parts._replace(scheme="", netloc="").geturl() or "/"

    def _run(self) -> None:
        for number in itertools.count():
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            # A broken connection must not be replaced silently.
            connection.auto_open = 0
            at = time.monotonic()
            try:
                connection.connect()
            except OSError as exc:
                self._keep(number, at, time.monotonic() - at, f"no connection: {_why(exc)}")
            else:
                self._use(connection, number)
            connection.close()
            if self._ending.wait(self._pause):
                return

    def _use(self, connection: http.client.HTTPConnection, number: int) -> None:
        while not self._ending.is_set():
            at = time.monotonic()
            problem = self._ask(connection)
            self._keep(number, at, time.monotonic() - at, problem)
            if problem:
                return
            self._ending.wait(max(0.0, at + self._pause - time.monotonic()))

    def _ask(self, connection: http.client.HTTPConnection) -> str:
        try:
            connection.request("GET", self._path)
            answer = connection.getresponse()
            answer.read()
        except http.client.RemoteDisconnected:
            return "closed by the other side"
        except (OSError, http.client.HTTPException) as exc:
            return _why(exc)
        if answer.will_close:
            return "the server ends each connection after one answer"
        # Whatever the answer is, also one that leads elsewhere: the connection has carried it.
        return ""


class UdpFlow(Flow):
    """Sends questions to a name server, all from one source port; an answer that is late holds up no question."""

    def __init__(self, name: str, server: str, port: int, *, rate: float, timeout: float) -> None:
        super().__init__(name, rate=rate, timeout=timeout)
        self._server = (server, port)
        self._waiting: dict[int, float] = {}

    def _run(self) -> None:
        family = socket.AF_INET6 if ":" in self._server[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(self._server)
            following = time.monotonic()
            for number in itertools.count(1):
                following += self._pause
                self._send(sock, number % 0x10000)
                while (left := following - time.monotonic()) > 0 and not self._ending.is_set():
                    self._receive(sock, min(left, self._pause))
                self._give_up(time.monotonic() - self._timeout)
                if self._ending.is_set():
                    return

    def _send(self, sock: socket.socket, number: int) -> None:
        at = time.monotonic()
        try:
            sock.send(query(number, QUERY_NAME))
        except OSError as exc:
            # An earlier one was refused by ICMP: the kernel tells it now, and sends nothing.
            self._keep(0, at, 0.0, _why(exc))
        else:
            self._waiting[number] = at

    def _receive(self, sock: socket.socket, seconds: float) -> None:
        if not select.select([sock], [], [], seconds)[0]:
            return
        try:
            answer = sock.recv(_DATAGRAM)
        except OSError:
            # The question that it is about is counted when its time is up.
            return
        sent = self._waiting.pop(int.from_bytes(answer[:2], "big"), None)
        if sent is not None:
            self._keep(0, sent, time.monotonic() - sent, "")

    def _give_up(self, before: float) -> None:
        for number, sent in [(number, sent) for number, sent in self._waiting.items() if sent < before]:
            with contextlib.suppress(KeyError):
                del self._waiting[number]
            self._keep(0, sent, self._timeout, "no answer in time")


def query(number: int, name: str) -> bytes:
    """Return a question of DNS for an address."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack("!6H", number, _RECURSION, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", _TYPE_A, _CLASS_IN)


def _why(exc: Exception) -> str:
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    return str(getattr(exc, "strerror", None) or exc or type(exc).__name__).lower()


def open_flows(url: str, server: str, *, connections: int, rate: float, timeout: float) -> list[Flow]:
    """Return the flows to keep open; without a server there is none of UDP."""
    flows: list[Flow] = [
        TcpFlow(f"{TCP} {number + 1}", url, rate=rate, timeout=timeout) for number in range(connections)
    ]
    if server:
        host, _colon, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
        flows.append(UdpFlow(UDP, host, int(port), rate=rate, timeout=timeout))
    return flows


def wait_for_first(flows: t.Iterable[Flow], seconds: float) -> str:
    """Return why not every flow has begun with an answer; empty if each has."""
    deadline = time.monotonic() + seconds
    for flow in flows:
        if not flow.began.wait(max(0.0, deadline - time.monotonic())):
            return f"{flow.name}: no answer in {seconds:g} s"
        first = flow.exchanges[0]
        if not first.ok:
            return f"{flow.name}: {first.found}"
    return ""
