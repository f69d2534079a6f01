# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import http.server
import ipaddress
import itertools
import json
import pathlib
import socket
import ssl
import threading
import time
import typing as t
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import DesiredSet, Outcome, Run
from ansible_collections.kuber.network.tests.unit.servers import Handler, serving

_numbers = itertools.count(1)
STATUS = "application/merge-patch+json"


@pytest.fixture(scope="session")
def client(api_server: t.Any) -> Client:
    return Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")


@pytest.fixture
def namespace(client: Client) -> str:
    """A namespace that only one test knows; it goes with the API server."""
    name = f"test-{next(_numbers)}"
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name


class Cluster:
    """What the stories do to the API server: through the engine as users, and behind its back."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace
        self.said: list[str] = []

    def run(self, *objects: t.Any, **wishes: t.Any) -> Outcome:
        """The outcome, whether the engine has met an error or not; one before it began is raised."""
        wish = DesiredSet(documents=tuple(from_definition(list(objects))), namespace=self.namespace)
        return Run(self.client, dataclasses.replace(wish, **wishes), self.said.append).execute()

    def apply(self, *objects: t.Any, **wishes: t.Any) -> dict[str, str]:
        """What has become of each object; nothing is waited for unless asked."""
        outcome = self.run(*objects, **({"wait": False} | wishes))
        assert outcome.error is None
        return {entry.ref.name: entry.action.value for entry in outcome.changes.entries}

    def refusal(self, *objects: t.Any, **wishes: t.Any) -> str:
        try:
            outcome = self.run(*objects, **({"wait": False} | wishes))
        except KuberError as exc:
            return str(exc)
        assert outcome.error is not None
        return str(outcome.error)

    def path(self, plural: str, name: str | None = None, api: str = "api/v1") -> str:
        return f"/{api}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def pods(self, count: int) -> list[dict[str, t.Any]]:
        """The pods, as soon as there are so many."""
        deadline = time.monotonic() + 20
        while len(found := self.client.list(self.path("pods"))) != count:
            assert time.monotonic() < deadline, f"{len(found)} pods, not {count}"
            time.sleep(0.1)
        return found

    def set_status(self, pod: dict[str, t.Any], *containers: dict[str, t.Any], ready: bool = False) -> None:
        """Be the kubelet of a pod."""
        condition = {"type": "Ready", "status": "True" if ready else "False"}
        body = {"status": {"phase": "Running", "conditions": [condition], "containerStatuses": list(containers)}}
        path = self.path("pods", pod["metadata"]["name"]) + "/status"
        self.client.request("PATCH", path, body=body, content_type=STATUS)

    def tell(self, about: dict[str, t.Any], reason: str, message: str, count: int = 1) -> None:
        """Record an event about a pod, as its kubelet does, or about something else that is given as a reference."""
        if "metadata" in about:
            metadata = about["metadata"]
            about = {"kind": "Pod", "namespace": self.namespace, "name": metadata["name"], "uid": metadata["uid"]}
        event = {
            "metadata": {"generateName": "event-"},
            "involvedObject": about,
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": count,
            "lastTimestamp": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.client.request("POST", self.path("events"), body=event)


@pytest.fixture
def cluster(client: Client, namespace: str) -> Cluster:
    return Cluster(client, namespace)


class Detour:
    """A way to the API server that can be closed, as it is while the server restarts, and opened again."""

    def __init__(self, api: t.Any, directory: pathlib.Path) -> None:
        where = urllib.parse.urlsplit(api.server)
        self._target = (where.hostname, where.port)
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._port = 0
        self.open()
        config = json.loads(api.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self._port}"
        path = directory / "detour"
        path.write_text(json.dumps(config))
        self.client = Client.from_kubeconfig(kubeconfig=str(path), context="loopback")

    def __enter__(self) -> Detour:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        if self._listener is not None:
            # Without a shutdown, what is blocked in accept() would get one more connection.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                ends = [listener.accept()[0], socket.create_connection(self._target)]
                self._connections += ends
                for one, other in (ends, reversed(ends)):
                    threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def detour(api_server: t.Any, tmp_path: pathlib.Path) -> t.Iterator[Detour]:
    with Detour(api_server, tmp_path) as one:
        yield one


class Webhook:
    """An admission webhook on loopback that can be asleep, willing or unwilling."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.verdict = True
        self.reason = "pools are not what I like"
        webhook = self

        class Answers(Handler):
            def do_POST(self) -> None:
                review = json.loads(self.content())
                response = {"uid": review["request"]["uid"], "allowed": webhook.verdict}
                if not webhook.verdict:
                    response["status"] = {"message": webhook.reason}
                self.answer(json.dumps({**review, "response": response}), headers={"Content-Type": "application/json"})

        certificate, key = _certificate(directory)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        # Bound, not listening: the port is taken, and whoever calls is refused until the webhook wakes up.
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers, bind_and_activate=False)
        self._server.server_bind()
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._awake = contextlib.ExitStack()
        self.url = f"https://127.0.0.1:{self._server.server_port}/"
        self.certificate = certificate.read_bytes()

    def wake_up(self) -> None:
        self._server.server_activate()
        self._awake.enter_context(serving(self._server))

    def close(self) -> None:
        self._awake.close()
        self._server.server_close()


@pytest.fixture
def webhook(tmp_path: pathlib.Path) -> t.Iterator[Webhook]:
    with contextlib.closing(Webhook(tmp_path)) as one:
        yield one


def _certificate(directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhook")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "webhook.crt", directory / "webhook.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
