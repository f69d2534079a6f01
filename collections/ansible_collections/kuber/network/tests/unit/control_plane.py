# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real control plane on loopback, without nodes: what the tests do not simulate they need not believe."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import socket
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

READY_SECONDS = 120
# Those that act on objects; nothing may act on nodes or hand out addresses.
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
)


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who may do everything."""

    name: str
    token: str


@dataclasses.dataclass(frozen=True)
class ApiServer:
    """Where it listens and how to get in."""

    server: str
    kubeconfig: pathlib.Path
    ca: pathlib.Path


class NotReadyError(Exception):
    """The control plane does not come up."""


def start(
    binaries: pathlib.Path,
    home: pathlib.Path,
    stack: contextlib.ExitStack,
    *,
    users: t.Sequence[User],
    flags: t.Sequence[str] = (),
    controllers: t.Sequence[str] = CONTROLLERS,
) -> ApiServer:
    """Start etcd, the API server (with ``flags``) and the controllers; the kubeconfig is the first user's."""
    etcd, peer, port = _free_ports(3)
    _write_key(home / "service-accounts.key")
    tokens = [f"{user.token},{user.name},{user.name},system:masters\n" for user in users]
    (home / "tokens.csv").write_text("".join(tokens))
    api = ApiServer(f"https://127.0.0.1:{port}", home / "kubeconfig", home / "certificates" / "apiserver.crt")
    for argv in (_etcd(home, etcd, peer), [*_apiserver(home, etcd, port), *flags]):
        _spawn([str(binaries / argv[0]), *argv[1:]], home, stack)
    _wait_until_ready(api, users[0], home / "kube-apiserver.log")
    api.kubeconfig.write_text(json.dumps(_kubeconfig(api, users[0])))
    if controllers:
        _spawn([str(binaries / "kube-controller-manager"), *_controllers(api, home, controllers)], home, stack)
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


def _controllers(api: ApiServer, home: pathlib.Path, controllers: t.Sequence[str]) -> list[str]:
    return [
        f"--kubeconfig={api.kubeconfig}",
        f"--controllers={','.join(controllers)}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--cert-dir={home / 'certificates'}",
    ]


def _kubeconfig(api: ApiServer, user: User) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "loopback",
        "clusters": [
            {"name": "loopback", "cluster": {"server": api.server, "certificate-authority": str(api.ca)}},
        ],
        "users": [{"name": user.name, "user": {"token": user.token}}],
        "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": user.name}}],
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


def _wait_until_ready(api: ApiServer, user: User, log: pathlib.Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    request = urllib.request.Request(f"{api.server}/readyz", headers={"Authorization": f"Bearer {user.token}"})
    while True:
        try:
            trust = ssl.create_default_context(cafile=str(api.ca))
            with urllib.request.urlopen(request, context=trust, timeout=5):
                return
        except (OSError, urllib.error.URLError) as exc:
            if time.monotonic() > deadline:
                end = log.read_text()[-4000:]
                raise NotReadyError(f"kube-apiserver is not ready after {READY_SECONDS} s ({exc}):\n{end}") from exc
            time.sleep(0.2)
