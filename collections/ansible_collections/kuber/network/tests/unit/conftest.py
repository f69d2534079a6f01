# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real control plane on loopback, without nodes: what the tests do not simulate they need not believe."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

BINARIES = "KUBER_TEST_KUBERNETES"
TOKEN = "for-tests-on-loopback"
READY_SECONDS = 120
# Those that act on objects; nothing may act on nodes or hand out addresses.
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
    "serviceaccount-controller",
)


@dataclasses.dataclass(frozen=True)
class ApiServer:
    """Where it listens and how to get in."""

    server: str
    kubeconfig: pathlib.Path
    ca: pathlib.Path


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ApiServer]:
    directory = os.environ.get(BINARIES)
    if not directory:
        pytest.skip(f"{BINARIES} does not name a directory with kube-apiserver, kube-controller-manager and etcd")
    with contextlib.ExitStack() as stack:
        yield _start(pathlib.Path(directory), tmp_path_factory.mktemp("kubernetes"), stack)


def _start(binaries: pathlib.Path, home: pathlib.Path, stack: contextlib.ExitStack) -> ApiServer:
    etcd, peer, port = _free_ports(3)
    _write_key(home / "service-accounts.key")
    (home / "tokens.csv").write_text(f"{TOKEN},tester,1,system:masters\n")
    api = ApiServer(f"https://127.0.0.1:{port}", home / "kubeconfig", home / "certificates" / "apiserver.crt")
    for argv in (_etcd(home, etcd, peer), _apiserver(home, etcd, port)):
        _spawn([str(binaries / argv[0]), *argv[1:]], home, stack)
    _wait_until_ready(api, home / "kube-apiserver.log")
    api.kubeconfig.write_text(json.dumps(_kubeconfig(api)))
    _spawn([str(binaries / "kube-controller-manager"), *_controllers(api, home)], home, stack)
    return api


def _etcd(home: pathlib.Path, port: int, peer: int) -> list[str]:
    client, between = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return [
        "etcd",
        f"--data-dir={home / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={between}",
        f"--initial-advertise-peer-urls={between}",
        f"--initial-cluster=default={between}",
        "--unsafe-no-fsync",
    ]


def _apiserver(home: pathlib.Path, etcd: int, port: int) -> list[str]:
    return [
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={home / 'certificates'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={home / 'service-accounts.key'}",
        f"--service-account-signing-key-file={home / 'service-accounts.key'}",
        # There is no network to announce an address in.
        "--endpoint-reconciler-type=none",
        # Pods would have to wait for the account of their namespace; nothing here would use its token.
        "--disable-admission-plugins=ServiceAccount",
    ]


def _controllers(api: ApiServer, home: pathlib.Path) -> list[str]:
    return [
        f"--kubeconfig={api.kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--cert-dir={home / 'certificates'}",
    ]


def _kubeconfig(api: ApiServer) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "loopback",
        "clusters": [
            {"name": "loopback", "cluster": {"server": api.server, "certificate-authority": str(api.ca)}},
        ],
        "users": [{"name": "tester", "user": {"token": TOKEN}}],
        "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": "tester"}}],
    }


def _write_key(path: pathlib.Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        # All are held until the last is known, or two of them might be the same.
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for one in range(count)]
        return [bound.getsockname()[1] for bound in sockets]


def _spawn(argv: list[str], home: pathlib.Path, stack: contextlib.ExitStack) -> None:
    log = stack.enter_context((home / f"{pathlib.Path(argv[0]).name}.log").open("wb"))
    process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, cwd=home)
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(api: ApiServer, log: pathlib.Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    request = urllib.request.Request(f"{api.server}/readyz", headers={"Authorization": f"Bearer {TOKEN}"})
    while True:
        try:
            trust = ssl.create_default_context(cafile=str(api.ca))
            with urllib.request.urlopen(request, context=trust, timeout=5):
                return
        except (OSError, urllib.error.URLError) as exc:
            if time.monotonic() > deadline:
                pytest.fail(f"kube-apiserver is not ready after {READY_SECONDS} s ({exc}):\n{log.read_text()[-4000:]}")
            time.sleep(0.2)
