# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traffic against real servers, in a process of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import os
import pathlib
import socketserver
import subprocess
import sys
import threading
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._migrate import figures, traffic
from ansible_collections.kuber.network.plugins.module_utils._migrate.flows import TcpFlow, UdpFlow, open_flows, query

COLLECTIONS = pathlib.Path(__file__).resolve().parents[8]


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = t.cast("Pages", self.server)
        server.seen.append((self.client_address[1], self.path))
        if server.breaks.is_set():
            server.breaks.clear()
            self.close_connection = True
            return
        body = b"fine"
        # On a kept connection, as Go's file server answers for index.html.
        self.send_response(301 if "moved" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


class Pages(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.seen: list[tuple[int, str]] = []
        self.breaks = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/index.html?x=1"

    def handle_error(self, *_arguments: object) -> None:
        pass


class Names(socketserver.UDPServer):
    """Answers each question with itself, unless it is to be silent."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.ports: set[int] = set()
        self.silent = threading.Event()

    def finish_request(self, request: t.Any, client_address: t.Any) -> None:
        self.ports.add(client_address[1])
        if not self.silent.is_set():
            request[1].sendto(request[0], client_address)


@contextlib.contextmanager
def serving(server: t.Any) -> t.Iterator[t.Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def until(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_connection_is_used_again_and_again() -> None:
    with serving(Pages()) as pages:
        with TcpFlow("tcp 1", pages.url, rate=50, timeout=2) as flow:
            until(lambda: len(flow.exchanges) >= 5)
        assert {port for port, _path in pages.seen} == {pages.seen[0][0]}
        assert {path for _port, path in pages.seen} == {"/index.html?x=1"}
        assert all(one.ok and one.connection == 0 for one in flow.exchanges)


def test_an_answer_that_leads_elsewhere_is_an_answer() -> None:
    with serving(Pages()) as pages:
        with TcpFlow("tcp 1", f"{pages.url}&moved", rate=50, timeout=2) as flow:
            until(lambda: len(flow.exchanges) >= 3)
        assert all(one.ok and one.connection == 0 for one in flow.exchanges)


def test_a_broken_connection_is_told_and_replaced() -> None:
    with serving(Pages()) as pages:
        with TcpFlow("tcp 1", pages.url, rate=50, timeout=2) as flow:
            until(lambda: len(flow.exchanges) >= 3)
            pages.breaks.set()
            until(lambda: flow.exchanges[-1].ok and flow.exchanges[-1].connection == 1)
        assert [one.connection for one in flow.exchanges if not one.ok] == [0]
        assert [one.found for one in flow.exchanges if not one.ok] == ["closed by the other side"]


def test_udp_keeps_its_source_port_and_counts_what_is_lost() -> None:
    with serving(Names()) as names:
        with UdpFlow("udp", *names.server_address, rate=50, timeout=0.3) as flow:
            until(lambda: len(flow.exchanges) >= 3)
            names.silent.set()
            until(lambda: any(not one.ok for one in flow.exchanges))
            names.silent.clear()
            until(lambda: flow.exchanges[-1].ok)
        assert len(names.ports) == 1
        assert {one.found for one in flow.exchanges if not one.ok} == {"no answer in time"}


def test_a_question_is_one_that_name_servers_read() -> None:
    dns = pytest.importorskip("dns.message")
    message = dns.from_wire(query(7, "example.org"))
    assert message.id == 7
    assert str(message.question[0]) == "example.org. IN A"


def test_the_name_server_may_have_a_port() -> None:
    with serving(Pages()) as pages, serving(Names()) as names:
        host, port = names.server_address
        flows = open_flows(pages.url, f"{host}:{port}", connections=2, rate=50, timeout=2)
        assert [flow.name for flow in flows] == ["tcp 1", "tcp 2", "udp"]
        with flows[-1] as flow:
            until(lambda: bool(flow.exchanges))
        assert names.ports


def order(directory: pathlib.Path, url: str, server: str = "", **more: t.Any) -> traffic.Order:
    given: dict[str, t.Any] = {
        "directory": str(directory),
        "playbook": os.getpid(),
        "url": url,
        "server": server,
        "rate": 20.0,
        "timeout": 1.0,
        "connections": 2,
    }
    return traffic.Order(**(given | more))


def start(what: traffic.Order) -> subprocess.Popen[bytes]:
    """As the action plugin starts it."""
    argv = [sys.executable, "-m", traffic.__name__, json.dumps(dataclasses.asdict(what))]
    return subprocess.Popen(argv, cwd="/", env=os.environ | {"PYTHONPATH": str(COLLECTIONS)})


def test_a_process_of_its_own_tells_what_it_has_seen(tmp_path: pathlib.Path) -> None:
    with serving(Pages()) as pages, serving(Names()) as names:
        process = start(order(tmp_path, pages.url, "{}:{}".format(*names.server_address)))
        until((tmp_path / traffic.READY).exists)
        traffic.mark(tmp_path, "the switch begins")
        time.sleep(0.5)
        (tmp_path / traffic.STOP).touch()
        assert process.wait(15) == 0
        found = figures.conclude(traffic.read(tmp_path))
    assert (found["requests"]["failed"], found["udp"]["failed"]) == (0, 0)
    assert (found["tcp"]["open"], found["tcp"]["kept"]) == (2, 2)
    assert min(found["requests"]["sent"], found["udp"]["sent"]) > 10
    assert found["events"] == [{"at": 0.0, "what": "the switch begins"}]


def test_it_ends_with_the_playbook_and_leaves_nothing(tmp_path: pathlib.Path) -> None:
    directory = tmp_path / "traffic"
    directory.mkdir()
    playbook = subprocess.Popen(["sleep", "60"])
    with serving(Pages()) as pages:
        process = start(order(directory, pages.url, playbook=playbook.pid))
        until((directory / traffic.READY).exists)
        playbook.kill()
        playbook.wait()
        assert process.wait(15) == 1
    assert not directory.exists()


def test_what_does_not_answer_is_told_before_anything_else(tmp_path: pathlib.Path) -> None:
    with serving(Pages()) as pages:
        gone = pages.url
    assert traffic.run(order(tmp_path, gone)) == 1
    assert "does not answer: connection refused" in (tmp_path / traffic.PROBLEM).read_text()
    assert not (tmp_path / traffic.READY).exists()
