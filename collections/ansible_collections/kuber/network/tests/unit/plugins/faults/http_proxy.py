# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP fault proxy: what passes through it to a real API server fails, now and then, in one chosen way."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import http.client
import http.server
import ipaddress
import json
import pathlib
import random
import socket
import ssl
import struct
import threading
import time
import typing as t
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.kuber.network.tests.unit.servers import Handler, serving

CHUNK = 65536
# What is on its way when a connection is reset must have arrived, or the fault would be another one.
ARRIVAL_SECONDS = 0.02
# Headers that are about one connection only (RFC 9110, section 7.6.1).
HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclasses.dataclass(frozen=True)
class Fault:
    """What the proxy does to a request, or, before it sees one, to the connection."""

    name: str
    act: t.Callable[[Exchange], None] | None = None
    handshake: str | None = None
    """What happens to the TLS handshake instead: "cut" or "foreign", a certificate that nobody trusts."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request that has come in."""

    method: str
    path: str
    fault: str | None
    done: bool
    """Whether the API server has seen it."""


class Proxy:
    """Listens on loopback with the API server's own certificate, from entering its context until leaving it."""

    def __init__(self, api: t.Any, directory: pathlib.Path, fault: Fault, *, rate: float, seed: int = 0) -> None:
        where = urllib.parse.urlsplit(api.server)
        self.fault = fault
        self.rate = rate
        self.concerns: t.Callable[[str, str], bool] = lambda method, path: True
        """Which requests a fault may befall at all."""
        self.stall_seconds = 30.0
        self.retry_after = "1"
        self.asked: list[Asked] = []
        self.injected = 0
        self.closing = threading.Event()
        self._upstream = (str(where.hostname), int(where.port or 443))
        self._trust = ssl.create_default_context(cafile=str(api.ca))
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        own, foreign = (api.ca, api.ca.with_suffix(".key")), foreign_certificate(directory)
        self._tls = {kind: _server_side(*pair) for kind, pair in ((None, own), ("foreign", foreign))}
        self._directory = directory
        config = json.loads(api.kubeconfig.read_text())
        self._token = str(config["users"][0]["user"].pop("token"))
        self._generation = 0
        self._ways: list[http.client.HTTPSConnection] = []
        self._server = _Server(self)
        self._running = contextlib.ExitStack()
        self.server = f"https://127.0.0.1:{self._server.server_address[1]}"
        config["clusters"][0]["cluster"]["server"] = self.server
        config["users"][0]["user"]["tokenFile"] = str(self._token_file)
        self.kubeconfig = directory / "through-the-proxy"
        self.kubeconfig.write_text(json.dumps(config))
        self._token_file.write_text(self._current_token)

    def __enter__(self) -> Proxy:
        self._running.enter_context(serving(self._server))
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._running.close()
        for way in self._ways:
            if way.sock is not None:
                # A thread that waits for the next event of a watch wakes up.
                with contextlib.suppress(OSError):
                    way.sock.shutdown(socket.SHUT_RDWR)

    def draw(self) -> bool:
        """Whether a fault is due."""
        with self._lock:
            due = self._random.random() < self.rate
            self.injected += due
            return due

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def tls(self, kind: str | None) -> ssl.SSLContext:
        return self._tls[kind]

    def forward(self, method: str, path: str, headers: t.Mapping[str, str], body: bytes) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(*self._upstream, context=self._trust)
        passed = {name: value for name, value in headers.items() if name.lower() not in HOP | {"host"}}
        self._ways.append(connection)
        connection.request(method, path, body=body or None, headers=passed | {"Authorization": f"Bearer {self._token}"})
        return connection.getresponse()

    def accepts(self, authorization: str | None) -> bool:
        return authorization == f"Bearer {self._current_token}"

    def expire(self) -> None:
        """From now on another token counts; it is where credentials are loaded from."""
        with self._lock:
            self._generation += 1
            new = self._directory / "token.new"
            new.write_text(self._current_token)
            new.rename(self._token_file)

    @property
    def _current_token(self) -> str:
        return f"token-{self._generation}"

    @property
    def _token_file(self) -> pathlib.Path:
        return self._directory / "token"


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), Exchange)

    def process_request_thread(self, request: t.Any, client_address: t.Any) -> None:
        # Here, not where connections are accepted: a handshake may take its time.
        proxy = self.proxy
        kind = proxy.fault.handshake if proxy.fault.handshake and proxy.draw() else None
        with contextlib.suppress(OSError):
            if kind == "cut":
                # The client has said hello, and sees the connection end.
                request.recv(CHUNK)
                request.close()
                return
            request = proxy.tls(kind).wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
            return
        request.close()

    def shutdown_request(self, request: t.Any) -> None:
        # Without a farewell, which would come before the reset that an exchange has prepared.
        self.close_request(request)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Clients go when they have enough."""


class Exchange(Handler):
    """One connection: its requests are forwarded, or a fault befalls them."""

    server: _Server

    def setup(self) -> None:
        super().setup()
        self.proxy = self.server.proxy

    def _exchange(self) -> None:
        self.body = self.content()
        fault = self.proxy.fault
        if fault.handshake:
            # Each request is to have a handshake of its own.
            self.close_connection = True
        self._done = False
        due = fault.act is not None and self.proxy.concerns(self.command, self.path) and self.proxy.draw()
        try:
            if due and fault.act is not None:
                fault.act(self)
            elif not self.proxy.accepts(self.headers.get("Authorization")):
                self.refuse(401, "Unauthorized", "Unauthorized")
            else:
                self.relay(self.forward())
        finally:
            self.proxy.note(Asked(self.command, self.path, fault.name if due else None, self._done))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _exchange

    @property
    def is_watch(self) -> bool:
        return "watch=true" in self.path

    def forward(self) -> http.client.HTTPResponse:
        answer = self.proxy.forward(self.command, self.path, dict(self.headers), self.body)
        self._done = True
        return answer

    def refuse(self, status: int, reason: str, message: str, **headers: str) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
        content = json.dumps(body | {"reason": reason, "message": message}).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def relay(self, answer: http.client.HTTPResponse) -> None:
        if self.is_watch and answer.status == 200:
            self._head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
            while (data := answer.read1(CHUNK)) and not self.proxy.closing.is_set():
                self._chunk(data)
            self._chunk(b"")
            return
        content = answer.read()
        self._head(answer.status, {**_passed(answer), "Content-Length": str(len(content))})
        self.wfile.write(content)

    def relay_cut(self, answer: http.client.HTTPResponse) -> None:
        """Half of the answer, and a message that says it is whole."""
        if self.is_watch:
            self._head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
            data = answer.read1(CHUNK)
            self._chunk(data[: len(data) // 2] + b"\n")
            self._chunk(b"")
            return
        content = answer.read()
        content = content[: len(content) // 2]
        self._head(answer.status, {**_passed(answer), "Content-Length": str(len(content))})
        self.wfile.write(content)

    def relay_half(self, answer: http.client.HTTPResponse) -> None:
        """Half of the answer, and more is promised."""
        if self.is_watch:
            self._head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
            data = answer.read1(CHUNK)
            self.wfile.write(b"%x\r\n%s" % (len(data), data[: len(data) // 2]))
        else:
            content = answer.read()
            self._head(answer.status, {**_passed(answer), "Content-Length": str(len(content))})
            self.wfile.write(content[: len(content) // 2])
        time.sleep(ARRIVAL_SECONDS)

    def stall(self) -> None:
        self.proxy.closing.wait(self.proxy.stall_seconds)
        self.reset()

    def reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _head(self, status: int, headers: t.Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def _passed(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {name: value for name, value in answer.getheaders() if name.lower() not in HOP | {"date", "server"}}


def _put_off(exchange: Exchange) -> None:
    later = {"Retry-After": exchange.proxy.retry_after}
    exchange.refuse(429, "TooManyRequests", "too many requests, please try again later", **later)


def _reset_before(exchange: Exchange) -> None:
    exchange.reset()


def _reset_after(exchange: Exchange) -> None:
    exchange.forward().close()
    exchange.reset()


def _reset_halfway(exchange: Exchange) -> None:
    exchange.relay_half(exchange.forward())
    exchange.reset()


def _stall(exchange: Exchange) -> None:
    exchange.forward().close()
    exchange.stall()


def _stall_halfway(exchange: Exchange) -> None:
    exchange.relay_half(exchange.forward())
    exchange.stall()


def _expire(exchange: Exchange) -> None:
    exchange.proxy.expire()
    exchange.refuse(401, "Unauthorized", "the token has expired")


FAULTS = (
    Fault("429", lambda it: it.refuse(429, "TooManyRequests", "too many requests, please try again later")),
    Fault("429 with Retry-After", _put_off),
    Fault("500 that passes", lambda it: it.refuse(500, "InternalError", "etcdserver: leader changed")),
    Fault("500 of unknown cause", lambda it: it.refuse(500, "InternalError", "something is wrong inside")),
    Fault("503", lambda it: it.refuse(503, "ServiceUnavailable", "the server is shutting down")),
    Fault("reset before it is done", _reset_before),
    Fault("reset after it is done", _reset_after),
    Fault("reset mid-body", _reset_halfway),
    Fault("truncated JSON", lambda it: it.relay_cut(it.forward())),
    Fault("stall", _stall),
    Fault("stall mid-body", _stall_halfway),
    Fault("401", lambda it: it.refuse(401, "Unauthorized", "Unauthorized")),
    Fault("expired token", _expire),
    Fault("TLS handshake cut", handshake="cut"),
    Fault("foreign certificate", handshake="foreign"),
)


def _server_side(certificate: pathlib.Path, key: pathlib.Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def foreign_certificate(directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate for loopback that nobody has signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
    builder = builder.not_valid_after(now + datetime.timedelta(hours=1)).add_extension(address, critical=False)
    paths = directory / "foreign.crt", directory / "foreign.key"
    paths[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
