# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node of minikube, as far as its files and its sshd go: a real OpenSSH server on loopback."""

from __future__ import annotations

import dataclasses
import getpass
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import typing as t

import pytest

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
READY_SECONDS = 20


def make_key(path: pathlib.Path, kind: str = "ed25519") -> pathlib.Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
    return path


@dataclasses.dataclass
class Sshd:
    """An sshd that lets the user of the tests in with the key ``key_file``."""

    home: pathlib.Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    prefix: tuple[str, ...] = ()
    """What puts a command where the server is, when that is a network of its own."""

    @property
    def key_file(self) -> pathlib.Path:
        return self.home / "id"

    @property
    def host_key_file(self) -> pathlib.Path:
        return self.home / "host_key"

    @property
    def user(self) -> str:
        return getpass.getuser()

    def variables(self, known_hosts: pathlib.Path) -> dict[str, t.Any]:
        """What an inventory says of this machine as a node of minikube."""
        return {
            "ansible_connection": "kuber.network.minikube",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": self.user,
            "ansible_ssh_private_key_file": str(self.key_file),
            "minikube_known_hosts": str(known_hosts),
            "minikube_host_key_alias": "minikube",
        }

    def set_up(self) -> None:
        make_key(self.key_file)
        make_key(self.host_key_file)
        shutil.copy(f"{self.key_file}.pub", self.home / "authorized_keys")
        (self.home / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.host_key_file}\nPidFile none\n"
            f"AuthorizedKeysFile {self.home / 'authorized_keys'}\nStrictModes no\nUsePAM no\n"
            # As on a minikube node, files cannot be moved by SFTP.
            "PasswordAuthentication no\nPermitRootLogin yes\nKbdInteractiveAuthentication no\n"
        )

    def start(self) -> None:
        assert SSHD is not None
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        argv = [*self.prefix, SSHD, "-D", "-e", "-f", str(self.home / "config")]
        log = (self.home / "log").open("ab")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.listening():
                return
            time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text())

    def listening(self) -> bool:
        probe = f"import socket; socket.create_connection(('127.0.0.1', {self.port}), timeout=1).close()"
        return (
            subprocess.run(
                [*self.prefix, sys.executable, "-c", probe], check=False, stderr=subprocess.DEVNULL
            ).returncode
            == 0
        )

    def handshakes(self) -> int:
        """How often somebody has logged in so far."""
        return (self.home / "log").read_text().count("Accepted publickey")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        self.process = None

    def change_host_key(self, kind: str = "ed25519") -> None:
        self.stop()
        for path in (self.host_key_file, self.host_key_file.with_suffix(".pub")):
            path.unlink()
        make_key(self.host_key_file, kind)
        self.start()

    def add_host_key(self, kind: str) -> None:
        self.stop()
        config = self.home / "config"
        config.write_text(f"HostKey {make_key(self.home / kind, kind)}\n{config.read_text()}")
        self.start()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def sshd(tmp_path: pathlib.Path) -> t.Iterator[Sshd]:
    if SSHD is None:
        pytest.skip("there is no sshd (Debian: openssh-server)")
    home = tmp_path / "sshd"
    home.mkdir()
    server = Sshd(home, free_port())
    server.set_up()
    server.start()
    yield server
    server.stop()


@dataclasses.dataclass(frozen=True)
class MinikubeHome:
    """A directory .minikube with the files that minikube itself writes, as far as they are read."""

    path: pathlib.Path

    def profile(self, name: str = "minikube", **changes: t.Any) -> None:
        config = {
            "Name": name,
            "Driver": "ssh",
            "KubernetesConfig": {"KubernetesVersion": "v1.37.2", "ClusterName": name, "ContainerRuntime": "containerd"},
            "Nodes": [{"Name": "", "IP": "192.168.99.134", "Port": 8443, "ControlPlane": True, "Worker": True}],
            "Addons": {},
        }
        self.write(f"profiles/{name}/config.json", config | changes)

    def machine(self, name: str = "minikube", **driver: t.Any) -> None:
        fields = {"IPAddress": "192.168.99.134", "MachineName": name, "SSHUser": "docker", "SSHPort": 22}
        self.write(f"machines/{name}/config.json", {"ConfigVersion": 3, "Driver": fields | driver, "Name": name})

    def write(self, path: str, content: object) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def minikube_home(tmp_path: pathlib.Path) -> MinikubeHome:
    home = MinikubeHome(tmp_path / ".minikube")
    home.path.mkdir()
    return home
