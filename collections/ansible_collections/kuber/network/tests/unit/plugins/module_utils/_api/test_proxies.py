# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib
import pathlib
import socket
import socketserver
import struct
import threading
import typing as t
import urllib.parse

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api import connections, proxies
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client, ServerGoneError
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.tests.unit.servers import serving

from .kubeconfigs import cluster_of, load, refused
from .test_trust import Chain

PROXY = "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("server", "no_proxy", "through"),
    [
        ("https://192.168.99.134:8443", "", True),
        ("https://192.168.99.134:8443", "192.168.99.0/24", False),
        ("https://192.168.99.134:8443", "192.168.99.200/24", False),
        ("https://192.168.99.134:8443", "10.0.0.0/8, 192.168.99.134", False),
        ("https://192.168.99.134:8443", "192.168.99.134:8443", False),
        ("https://192.168.99.134:8443", "192.168.99.134:443", True),
        ("https://192.168.99.134", "192.168.99.134:443", False),
        ("https://192.168.99.134:8443", "192.168.49.0/24", True),
        ("https://192.168.99.134:8443", ".134", False),
        ("https://192.168.99.134:8443", "*", False),
        ("https://192.168.99.134:8443", "no/network, 192.168.99.134/33, , :8443", True),
        ("https://127.0.0.1:8443", "", False),
        ("https://127.1.2.3:8443", "", False),
        ("https://[::1]:8443", "", False),
        ("https://[fd00::5]:8443", "fd00::/64", False),
        ("https://[fd00::5]:8443", "fd00::5", False),
        ("https://[fd00::5]:8443", "[fd00::5]:8443", False),
        ("https://[fd00::5]:8443", "[fd00::5]:443", True),
        ("https://localhost:8443", "", False),
        ("https://api.example.org:6443", "example.org", False),
        ("https://API.Example.org:6443", " EXAMPLE.ORG ", False),
        ("https://api.example.org:6443", "api.example.org:6443", False),
        ("https://api.example.org:6443", "api.example.org:443", True),
        ("https://api.example.org:6443", "*.example.org", False),
        ("https://api.example.org:6443", ".example.org", False),
        ("https://api.example.org:6443", "*.example.org:6443", False),
        ("https://example.org:6443", "*.example.org", True),
        ("https://example.org:6443", ".example.org", True),
        ("https://myexample.org:6443", "example.org", True),
        ("https://api.example.org:6443", "example.com,10.0.0.0/8", True),
    ],
)
def test_no_proxy_exempts_what_it_exempts_for_go(server: str, no_proxy: str, through: bool) -> None:
    found = proxies.of_environment(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy})
    assert found == (PROXY if through else None)
    assert proxies.of_environment(server, {"https_proxy": PROXY, "no_proxy": no_proxy}) == found


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "me:secret@proxy:3128"}, "http://me:secret@proxy:3128"),
        ({"https_proxy": "10.0.0.1:3128"}, "http://10.0.0.1:3128"),
        ({"HTTPS_PROXY": "", "https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": "socks5://127.0.0.1:1080"}, "socks5://127.0.0.1:1080"),
        ({"ALL_PROXY": PROXY, "all_proxy": "socks://127.0.0.1:1080/"}, None),
        ({"HTTP_PROXY": PROXY}, None),
    ],
)
def test_proxy_of_the_environment_is_the_one_that_go_takes(environ: dict[str, str], found: str | None) -> None:
    assert proxies.of_environment("https://192.0.2.1:6443", environ) == found


def test_unencrypted_server_has_a_variable_of_its_own() -> None:
    environ = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": "http://other:1"}
    assert proxies.of_environment("http://192.0.2.1", environ) == PROXY


def test_own_proxy_of_the_cluster_is_used_whoever_is_exempt(tmp_path: pathlib.Path) -> None:
    path = cluster_of(tmp_path, **{"server": "https://127.0.0.1:1", "proxy-url": PROXY})
    assert load(path, NO_PROXY="127.0.0.1", HTTPS_PROXY="http://other:1").proxy == PROXY


@pytest.mark.parametrize("url", ["ftp://me:secret@proxy", "socks://proxy:1080", "proxy:3128", "http://", "secret"])
def test_proxy_of_another_kind_is_refused_in_one_sentence(tmp_path: pathlib.Path, url: str) -> None:
    text = refused(cluster_of(tmp_path, **{"proxy-url": url}))
    assert "proxy-url of cluster here is " in text
    assert "expected: a URL that begins with http://, https:// or socks5://" in text
    assert "me:secret" not in text
    if "://" in url:
        text = refused(cluster_of(tmp_path), HTTPS_PROXY=url)
        assert "the environment variable HTTPS_PROXY is " in text


def test_socks_without_its_library_is_refused_with_what_to_install(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.importlib.util, "find_spec", lambda name: None)
    path = cluster_of(tmp_path, **{"proxy-url": "socks5://me:secret@127.0.0.1:1080"})
    with pytest.raises(KuberError, match=r"proxy socks5://\*\*\*@127\.0\.0\.1:1080 needs .* PySocks\. .*pip install"):
        Client.from_kubeconfig(kubeconfig=path, context=None)


class HttpProxy(socketserver.StreamRequestHandler):
    """Lets those through who know user and password."""

    def handle(self) -> None:
        method, target, _version = self.rfile.readline().decode().split()
        headers = {}
        while (line := self.rfile.readline().decode().strip()) != "":
            name, _colon, value = line.partition(": ")
            headers[name.lower()] = value
        self.server.asked.append((method, headers.get("proxy-authorization")))  # type: ignore[attr-defined]
        if headers.get("proxy-authorization") != f"Basic {base64.b64encode('mé:s@cret'.encode()).decode()}":
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        host, _colon, port = target.rpartition(":")
        tunnel(self.connection, (host, int(port)))


class SocksProxy(socketserver.BaseRequestHandler):
    """SOCKS version 5 (RFC 1928) without authentication, for names and IPv4."""

    def handle(self) -> None:
        _version, methods = self.request.recv(2)
        self.request.recv(methods)
        self.request.sendall(b"\x05\x00")
        _version, _command, _reserved, kind = self.request.recv(4)
        length = 4 if kind == 1 else self.request.recv(1)[0]
        raw = self.request.recv(length)
        host = socket.inet_ntoa(raw) if kind == 1 else raw.decode()
        (port,) = struct.unpack("!H", self.request.recv(2))
        self.server.asked.append((host, port))
        self.request.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        tunnel(self.request, (host, port))


def tunnel(near: socket.socket, target: tuple[str, int]) -> None:
    with socket.create_connection(target) as far:
        thread = threading.Thread(target=pump, args=(far, near))
        thread.start()
        pump(near, far)
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        self.asked: list[t.Any] = []
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


def version(directory: pathlib.Path, proxy: str) -> t.Any:
    """What a server with TLS answers that is asked over the proxy."""
    with Chain(directory).serving() as port:
        place = {"server": f"https://127.0.0.1:{port}", "certificate-authority": "root.crt", "proxy-url": proxy}
        return Client.from_kubeconfig(kubeconfig=cluster_of(directory, **place), context=None).get("/version")


def test_proxy_gets_user_and_password(tmp_path: pathlib.Path) -> None:
    server = Listening(HttpProxy)
    with serving(server):
        user = f"{urllib.parse.quote('mé')}:s%40cret"
        assert version(tmp_path, f"http://{user}@{server.place}") == {"major": "1"}
    assert [method for method, _header in server.asked] == ["CONNECT"]


def test_proxy_that_refuses_every_connection_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.kuber.network.plugins.module_utils._api.transport.FIRST_CONTACT_SECONDS", 0
    )
    with serving(Listening(HttpProxy)) as server:
        path = cluster_of(tmp_path, **{"proxy-url": f"http://me:wrong@{server.place}"})
        with pytest.raises(ServerGoneError) as caught:
            Client.from_kubeconfig(kubeconfig=path, context=None).get("/version")
    text = str(caught.value)
    for part in (
        "192.0.2.1:6443 over the proxy http://***@127.0.0.1",
        "407 proxy authentication required",
        "proxy-url",
    ):
        assert part in text
    assert "wrong" not in text


def test_socks_proxy_is_used_and_looks_names_up(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("socks")
    server = Listening(SocksProxy)
    with serving(server):
        assert version(tmp_path, f"socks5://{server.place}") == {"major": "1"}
    assert len(server.asked) == 1
