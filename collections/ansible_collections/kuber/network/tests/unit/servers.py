# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of this machine that tests ask."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import threading
import typing as t

LOOPBACK = "127.0.0.1"
# How long the end of a test waits at most for its server to notice.
POLL_SECONDS = 0.01

_Server = t.TypeVar("_Server", bound=socketserver.BaseServer)


@contextlib.contextmanager
def serving(server: _Server) -> t.Iterator[_Server]:
    """The server at work, in a thread of its own; in the end nothing of it is left."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers in one piece, and writes no log."""

    protocol_version = "HTTP/1.1"

    def content(self) -> bytes:
        """What the request brings along."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, body: bytes | str = b"", *, status: int = 200, headers: t.Mapping[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


def http_server(
    handler: t.Callable[..., http.server.BaseHTTPRequestHandler], *, address: str = LOOPBACK
) -> http.server.ThreadingHTTPServer:
    """A server on a free port, which is not at work yet."""
    return http.server.ThreadingHTTPServer((address, 0), handler)


def url_of(server: socketserver.TCPServer) -> str:
    host, port = server.server_address[:2]
    return f"http://{host!s}:{port}"
