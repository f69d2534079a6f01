# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands in containers, with a server that speaks as the API server does."""

from __future__ import annotations

import base64
import hashlib
import json
import socketserver
import typing as t
import urllib.parse

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.kubeconfig import Access
from ansible_collections.kuber.network.plugins.module_utils._api.podexec import PodRunner, exit_code
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.tests.unit.servers import serving, url_of

SUCCESS = json.dumps({"status": "Success"})


def failure(reason: str, message: str, *causes: dict[str, str]) -> str:
    return json.dumps({"status": "Failure", "reason": reason, "message": message, "details": {"causes": causes}})


EXIT_3 = failure("NonZeroExitCode", "command terminated with exit code 3", {"reason": "ExitCode", "message": "3"})
NO_PROGRAM = failure("InternalError", 'exec: "cat": executable file not found in $PATH')


class Handler(socketserver.StreamRequestHandler):
    refusal: t.ClassVar[bytes] = b""
    messages: t.ClassVar[list[bytes]] = []
    asked: t.ClassVar[list[tuple[str, dict[str, str]]]] = []

    def handle(self) -> None:
        path = self.rfile.readline().decode().split(" ")[1]
        headers = {}
        while line := self.rfile.readline().strip().decode():
            name, _colon, value = line.partition(": ")
            headers[name.lower()] = value
        self.asked.append((path, headers))
        if self.refusal:
            length = f"Content-Length: {len(self.refusal)}\r\n\r\n".encode()
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n" + length + self.refusal)
            return
        key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n".encode()
        )
        for message in self.messages:
            size = bytes([len(message)]) if len(message) < 126 else b"\x7e" + len(message).to_bytes(2, "big")
            self.wfile.write(b"\x82" + size + message)
        self.wfile.write(b"\x88\x02\x03\xe8")


@pytest.fixture
def pod() -> t.Iterator[PodRunner]:
    Handler.refusal, Handler.messages, Handler.asked = b"", [], []
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as server:
        access = Access(url_of(server), "kind-kind", "default", {"Authorization": "Bearer abc"}, None, None, None)
        yield PodRunner(access, namespace="kube-system", pod="kube-proxy-x")


def test_output_errors_and_exit_code_come_back_apart(pod: PodRunner) -> None:
    Handler.messages = [b"\x01*nat\n", b"\x02a warning\n", b"\x01COMMIT\n", b"\x03" + EXIT_3.encode()]
    done = pod.run(["iptables-save", "-t", "nat"], check=False)
    assert (done.rc, done.stdout, done.stderr) == (3, "*nat\nCOMMIT\n", "a warning\n")
    ((path, headers),) = Handler.asked
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    assert query["command"] == ["iptables-save", "-t", "nat"]
    assert headers["authorization"] == "Bearer abc"


def test_without_a_shell_each_command_is_run_for_itself(pod: PodRunner) -> None:
    Handler.messages = [b"\x01x" * 200, b"\x03" + SUCCESS.encode()]
    done = run_all(pod, {"one": ["iptables-save"], "two": ["ipset", "save"]})
    assert [len(one.stdout) for one in done.values()] == [399, 399]
    assert len(Handler.asked) == 2


def test_without_rights_the_message_names_them(pod: PodRunner) -> None:
    Handler.refusal = json.dumps({"message": 'pods "kube-proxy-x" is forbidden'}).encode()
    with pytest.raises(
        KuberError, match=r"the right to get and create pods/exec.*403 pods \"kube-proxy-x\" is forbidden"
    ):
        pod.run(["true"])


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        (SUCCESS, 0, ""),
        (EXIT_3, 3, "command terminated with exit code 3"),
        (NO_PROGRAM, 127, "executable file not found"),
        ("", 127, "the connection ended before the command did"),
        ("[]", 127, "[]"),
    ],
)
def test_what_became_of_a_command(verdict: str, code: int, said: str) -> None:
    found = exit_code(verdict)
    assert found[0] == code
    assert said in found[1]
