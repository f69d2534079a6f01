# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports forwarded through a real sshd to servers that only the node reaches, from a playbook's start to its Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import selectors
import signal
import socket
import socketserver
import subprocess
import sys
import time
import typing as t
import urllib.request

import dns.message
import dns.query
import dns.rrset
import pytest
import yaml

from ansible_collections.kuber.network.plugins.action.rollout import target_of
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._forward.plan import ForwardTarget
from ansible_collections.kuber.network.plugins.module_utils._rollout.requests import Requests
from ansible_collections.kuber.network.plugins.plugin_utils._forwarding import Forwarder
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

COLLECTIONS = pathlib.Path(__file__).parents[7]
PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The "load balancer" of these tests: an address that is only asked for through the node.
ADDRESS = "127.0.0.2"
START_SECONDS = 60
NAME = "web.default.svc.cluster.local."


class Page(Handler):
    answers: t.ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = self.answers.get(self.path.partition("?")[0], self.headers["Host"])
        self.answer(body, headers={"Content-Type": "application/json"})


@pytest.fixture
def page() -> t.Iterator[int]:
    with serving(http_server(Page, address=ADDRESS)) as server:
        yield server.server_port


class Names(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        question = dns.query.receive_tcp(self.request)[0]
        reply = dns.message.make_response(question)
        reply.answer = [dns.rrset.from_text(NAME, 5, "IN", "A", "10.96.0.7")]
        dns.query.send_tcp(self.request, reply)


@contextlib.contextmanager
def here(address: str, port: int) -> t.Iterator[socket.socket]:
    with socket.create_connection((address, port), 5) as connection:
        yield connection


def straight(address: str, port: int) -> socket.socket:
    return socket.create_connection((address, port), 5)


def test_datagrams_are_asked_for_over_tcp() -> None:
    with serving(socketserver.ThreadingTCPServer((ADDRESS, 0), Names)) as server, Forwarder(straight) as forwarder:
        opened = forwarder.open(ForwardTarget("dns", ADDRESS, server.server_address[1], datagrams=True))
        question = dns.message.make_query(NAME, "A")
        for ask in (dns.query.udp, dns.query.tcp):
            assert str(ask(question, "127.0.0.1", port=opened.port, timeout=5).answer[0][0]) == "10.96.0.7"


def test_the_next_free_port_is_taken(page: int) -> None:
    with Forwarder(straight) as forwarder:
        first, second = (forwarder.open(ForwardTarget("web", ADDRESS, page)) for _number in range(2))
        assert second.port > first.port
        assert PLAIN.open(f"http://{second.socket}/", timeout=5).read().decode() == second.socket
    # Nothing is left.
    with Forwarder(straight) as forwarder:
        assert forwarder.open(ForwardTarget("web", ADDRESS, page)).port == first.port


def test_without_an_answer_there_the_connection_ends_here() -> None:
    with (
        Forwarder(straight) as forwarder,
        here("127.0.0.1", forwarder.open(ForwardTarget("gone", ADDRESS, 9)).port) as client,
    ):
        client.settimeout(10)
        assert client.recv(1) == b""


def listed(version: str, kind: str, *items: dict[str, t.Any]) -> str:
    return json.dumps({"apiVersion": version, "kind": f"{kind}List", "metadata": {}, "items": items})


@pytest.fixture
def playbook(sshd: t.Any, page: int, tmp_path: pathlib.Path) -> t.Iterator[list[str]]:
    """The command that forwards, with an API server that has one load balancer with an ingress."""
    status = {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
    ports = [{"port": page, "protocol": "TCP"}]
    service = {"metadata": {"namespace": "a", "name": "web"}, "spec": {"type": "LoadBalancer", "ports": ports}}
    Page.answers = {
        "/api/v1/services": listed("v1", "Service", service | {"status": status}),
        "/apis/networking.k8s.io/v1/ingresses": listed("networking.k8s.io/v1", "Ingress"),
    }
    host = sshd.variables(tmp_path / "known_hosts")
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"minikube": host}}}))
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlocal_tmp={tmp_path}/local\n")
    with serving(http_server(Page)) as api:
        named = {
            "clusters": [{"name": "c", "cluster": {"server": url_of(api)}}],
            "users": [{"name": "u", "user": {"token": "x"}}],
            "contexts": [{"name": "minikube", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **named}))
        task = {"kuber.network.forward": {"kubeconfig": str(tmp_path / "kubeconfig"), "context": "minikube"}}
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
        program = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
        yield [program, "-i", str(tmp_path / "hosts.json"), str(tmp_path / "play.yml")]


def until(process: subprocess.Popen[bytes], wanted: str) -> str:
    """What it prints until then; not read by lines, for a line may never come."""
    assert process.stdout is not None
    text, deadline = "", time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while wanted not in text and time.monotonic() < deadline:
            if selector.select(1):
                part = os.read(process.stdout.fileno(), 65_536).decode()
                text += part
                if not part:
                    break
    assert wanted in text, text
    return text


def test_a_playbook_forwards_until_ctrl_c(playbook: list[str], page: int, tmp_path: pathlib.Path, sshd: t.Any) -> None:
    settings = os.environ | {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        playbook,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=settings,
        start_new_session=True,
    ) as process:
        try:
            text = until(process, "Press Ctrl-C to stop")
            (port,) = re.findall(rf"a/web {ADDRESS}:{page} +-> +127\.0\.0\.1:(\d+)", text)
            address = f"127.0.0.1:{port}"
            assert PLAIN.open(f"http://{address}/", timeout=10).read().decode() == address
            # As a terminal does it: all processes of the foreground get it.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(20)
        finally:
            process.kill()
    with pytest.raises(ConnectionRefusedError), here("127.0.0.1", int(port)):
        pass
    assert "Traceback" not in text


def test_a_rollout_asks_through_the_way_under_the_name_of_the_page(page: int) -> None:
    url = f"http://{ADDRESS}:{page}/"
    with Forwarder(straight) as forwarder:
        opened = forwarder.open(target_of(url))
        answer = Requests(url, rate=1, timeout=5, through=opened.socket).ask()
    # The page says which host was asked for.
    assert (answer.ok, answer.found) == (True, f"200 {ADDRESS}:{page}")


@pytest.mark.parametrize("url", ["https://172.17.255.1/", "172.17.255.1"])
def test_a_page_that_cannot_be_asked_for_so_is_refused(url: str) -> None:
    with pytest.raises(KuberError, match="Unsupported URL for a check from the host"):
        target_of(url)
