# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open every port that the Docker engine publishes in another network namespace too, as Docker Desktop on its host.

published.py NETNS READY: runs where the engine runs, as long as the engine does. The listeners are made inside NETNS (a
thread may step into it for a moment), the connections behind them here. The file READY is made once all ports are open.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import pathlib
import socket
import sys
import typing as t

ENGINE = "/run/docker.sock"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
CHUNK = 1 << 16
EVENTS = "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D"
# asyncio itself holds tasks weakly.
RUNNING: set[asyncio.Task[t.Any]] = set()


def listener(namespace: str, address: str, port: int) -> socket.socket:
    with open("/proc/self/ns/net") as here, open(namespace) as there:
        if LIBC.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), namespace)
        try:
            return socket.create_server((address, port))
        finally:
            LIBC.setns(here.fileno(), CLONE_NEWNET)


async def ask(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the body of an answer of the engine, unframed as in HTTP/1.0, and its connection, which must be kept."""
    reader, writer = await asyncio.open_unix_connection(ENGINE)
    writer.write(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def serve(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    task = asyncio.current_task()
    if task is not None:
        RUNNING.add(task)
        task.add_done_callback(RUNNING.discard)
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.close()
        return
    try:
        # Where one side has gone, so does the other.
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)
    finally:
        inner_writer.close()
        writer.close()


async def published() -> set[tuple[str, int]]:
    answer, writer = await ask("/containers/json")
    containers = json.loads(await answer.read())
    writer.close()
    ports = [port for container in containers for port in container["Ports"] if port["Type"] == "tcp"]
    return {(port["IP"], port["PublicPort"]) for port in ports if "PublicPort" in port and ":" not in port["IP"]}


async def follow(namespace: str, ready: pathlib.Path) -> None:
    servers: dict[tuple[str, int], asyncio.Server] = {}
    events, held = await ask(EVENTS)
    while True:
        wanted = await published()
        for gone in servers.keys() - wanted:
            servers.pop(gone).close()
        for address, port in wanted - servers.keys():
            taken = listener(namespace, address, port)
            servers[address, port] = await asyncio.start_server(lambda r, w, port=port: serve(port, r, w), sock=taken)
        ready.touch()
        if not await events.readline():
            held.close()
            return


asyncio.run(follow(sys.argv[1], pathlib.Path(sys.argv[2])))
