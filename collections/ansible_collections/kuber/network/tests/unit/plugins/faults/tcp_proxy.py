# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP fault proxy: connections to a real sshd that pass through it break, stall, crawl or turn into garbage."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
import typing as t

CHUNK = 65536
# So much comes from the server until somebody is let in: 1,670 bytes to agree on keys, 110 more for the login.
LOGIN_BYTES = 1750
TRICKLE_BYTES = 64
TRICKLE_SECONDS = 0.003

BEFORE_THE_BANNER = "closed before the banner"
BANNER_GARBAGE = "banner garbage"
FLOOD = "garbage without end"
CUT = "cut on the way to the login"
GARBLED = "garbled on the way to the login"
STALL = "stall on the way to the login"
SLOW = "slow"
FAULTS = (BEFORE_THE_BANNER, BANNER_GARBAGE, FLOOD, CUT, GARBLED, STALL, SLOW)


class Proxy:
    """Listens on loopback from entering its context until leaving it; ``fault`` befalls a share of the connections."""

    def __init__(self, port: int, fault: str, *, rate: float, seed: int = 0) -> None:
        self.fault = fault
        self.rate = rate
        self.injected = 0
        self.connections = 0
        self._random = random.Random(seed)
        self._target = port
        self._open: list[socket.socket] = []
        self._stalled = threading.Event()
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        # Without a shutdown, what is blocked in accept() would get one more connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Break all connections."""
        for one in self._open:
            _reset(one)
        self._open.clear()

    def stall(self) -> None:
        """From now on nothing passes, and no connection ends."""
        self._stalled.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self.connections += 1
                due = self._random.random() < self.rate
                self.injected += due
                threading.Thread(target=self._serve, args=(client, self.fault if due else ""), daemon=True).start()

    def _serve(self, client: socket.socket, fault: str) -> None:
        self._open.append(client)
        with contextlib.suppress(OSError):
            if fault == BEFORE_THE_BANNER:
                client.close()
            elif fault == BANNER_GARBAGE:
                client.sendall(self._random.randbytes(300) + b"\r\n")
                client.close()
            elif fault == FLOOD:
                while not self._closing.wait(0.01):
                    client.sendall(b"\xff" * 1000)
            else:
                self._pass_on(client, fault)

    def _pass_on(self, client: socket.socket, fault: str) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        self._open.append(server)
        threading.Thread(target=self._pump, args=(client, server, ""), daemon=True).start()
        self._pump(server, client, fault)

    def _pump(self, source: socket.socket, sink: socket.socket, fault: str) -> None:
        left = self._random.randrange(LOGIN_BYTES)
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if self._stalled.is_set():
                    self._closing.wait()
                    return
                if fault == SLOW:
                    _trickle(data, sink)
                    continue
                if fault and len(data) > left:
                    sink.sendall(data[:left])
                    if fault == STALL:
                        self._closing.wait()
                    if fault != GARBLED:
                        break
                    data, fault = bytes(255 - byte for byte in data[left:]), ""
                left -= len(data)
                sink.sendall(data)
        _reset(source)
        _reset(sink)


def _trickle(data: bytes, sink: socket.socket) -> None:
    for start in range(0, len(data), TRICKLE_BYTES):
        sink.sendall(data[start : start + TRICKLE_BYTES])
        time.sleep(TRICKLE_SECONDS)


def _reset(connection: t.Any) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Close alone would not wake up what reads from it.
        connection.shutdown(socket.SHUT_RD)
        connection.close()
