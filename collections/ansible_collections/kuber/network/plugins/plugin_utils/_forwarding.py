# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Forward ports of this machine through a node's SSH to addresses that only the node reaches."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._forward.plan import HERE, ForwardTarget, Open

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterator

# How many ports to try if the preferred one is in use.
TRIES = 100
CHUNK = 32 * 1024
DATAGRAM = 65_535
ANSWER_SECONDS = 5.0

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


class Stream(t.Protocol):
    """A connection: a socket, or a channel of SSH."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> t.Any: ...
    def shutdown(self, how: int, /) -> t.Any: ...
    def settimeout(self, seconds: float | None, /) -> t.Any: ...
    def close(self) -> None: ...


class Forwarder:
    """Opens ports until its context is left."""

    def __init__(self, connect: Callable[[str, int], Stream]) -> None:
        self._connect = connect
        self._listeners: list[socket.socket] = []

    def __enter__(self) -> Forwarder:
        return self

    def __exit__(self, *_error: object) -> None:
        for listener in self._listeners:
            # A thread that waits for a client would keep the port open.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def open(self, target: ForwardTarget) -> Open:
        """Listen on the preferred port, or on the next one that is free."""
        for port in range(target.preferred, target.preferred + TRIES):
            try:
                sockets = list(_bound(port, [socket.SOCK_STREAM, *([socket.SOCK_DGRAM] if target.datagrams else [])]))
            except OSError as exc:
                if exc.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
                continue
            self._listeners += sockets
            self._start(self._accept, sockets[0], target)
            if target.datagrams:
                self._start(self._relay, sockets[1], target)
            return Open(target, port)
        raise KuberError(
            f"No free port on this machine for {target.service}",
            wanted=f"one from {target.preferred} to {target.preferred + TRIES - 1} on {HERE}",
            found="all are in use",
            remedy="Stop a program that listens there (`ss -tlnp`)",
        )

    @staticmethod
    def _start(work: Callable[..., None], *arguments: t.Any) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept(self, listener: socket.socket, target: ForwardTarget) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                self._start(self._serve, client, target)

    def _serve(self, client: socket.socket, target: ForwardTarget) -> None:
        try:
            there = self._connect(target.address, target.port)
        except Exception as exc:  # pylint: disable=broad-exception-caught
            # The client sees a refused connection; the next one may succeed.
            _log.debug("%s:%s: %s", target.address, target.port, exc)
            client.close()
            return
        back = threading.Thread(target=_copy, args=(there, client), daemon=True)
        back.start()
        _copy(client, there)
        back.join()
        client.close()
        there.close()

    def _relay(self, listener: socket.socket, target: ForwardTarget) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, client = listener.recvfrom(DATAGRAM)
                self._start(self._answer, listener, question, client, target)

    def _answer(self, listener: socket.socket, question: bytes, client: t.Any, target: ForwardTarget) -> None:
        """Relay a DNS query over TCP: SSH does not carry datagrams, and every name server answers over TCP."""
        try:
            there = self._connect(target.address, target.port)
            there.settimeout(ANSWER_SECONDS)
            there.sendall(len(question).to_bytes(2, "big") + question)
            size = int.from_bytes(_exactly(there, 2), "big")
            listener.sendto(_exactly(there, size), client)
            there.close()
        except Exception as exc:  # pylint: disable=broad-exception-caught
            # UDP clients retry.
            _log.debug("%s:%s: %s", target.address, target.port, exc)


def _bound(port: int, kinds: list[socket.SocketKind]) -> Iterator[socket.socket]:
    with contextlib.ExitStack() as stack:
        for kind in kinds:
            one = stack.enter_context(socket.socket(socket.AF_INET, kind))
            if kind == socket.SOCK_STREAM:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HERE, port))
            if kind == socket.SOCK_STREAM:
                one.listen(128)
            yield one
        stack.pop_all()


def _copy(source: Stream, sink: Stream) -> None:
    """Copy until the source ends or the sink is closed."""
    with contextlib.suppress(OSError, EOFError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError, EOFError):
        sink.shutdown(socket.SHUT_WR)


def _exactly(stream: Stream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise OSError("the connection was closed too early")
        data += part
    return data
