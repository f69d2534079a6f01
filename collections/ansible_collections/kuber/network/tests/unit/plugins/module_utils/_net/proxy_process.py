# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands for kube-proxy in a network namespace: a process of its name, which answers questions about its mode.

Run as a program: FILE ADDRESS PORT. FILE is JSON, by path of the question, and is read again for each answer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import socket
import subprocess
import sys
import typing as t

ADDRESS, PORT = "127.0.0.1", 10249


@dataclasses.dataclass
class FakeProxy:
    """kube-proxy, as far as its node can see it."""

    file: pathlib.Path
    process: subprocess.Popen[bytes]

    def answer(self, **answers: object) -> None:
        """Change some of the answers; ``None`` is an error."""
        found = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.file.write_text(json.dumps(found | answers))

    @staticmethod
    def config(**ipvs: object) -> dict[str, object]:
        return {"kubeproxy.config.k8s.io": {"kind": "KubeProxyConfiguration", "ipvs": {"excludeCIDRs": None} | ipvs}}


def hiding(*programs: str) -> list[str]:
    """A command before a command: in files of its own, without these programs."""
    mounts = [f"mount --bind /dev/null $(readlink -f $(command -v {one})) && " for one in programs]
    return ["unshare", "--mount", "sh", "-c", f'{"".join(mounts)} exec "$@"', "sh"]


def replacing(program: str, other: str) -> list[str]:
    """The same, with another program in the place of one."""
    mount = f"mount --bind $(readlink -f $(command -v {other})) $(readlink -f $(command -v {program}))"
    return ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]


@contextlib.contextmanager
def running(
    namespace: str,
    directory: pathlib.Path,
    mode: str,
    *,
    inside: t.Sequence[str] = (),
    options: t.Sequence[str] = (),
    port: int = PORT,
) -> t.Iterator[FakeProxy]:
    """kube-proxy in a network namespace, with the files of a container that ``inside`` makes.

    Without it there is no iptables, so that its kind is not known.
    """
    file = directory / f"{namespace}.answers"
    inside = inside or hiding("iptables")
    program = [sys.executable, __file__, str(file), ADDRESS, str(port), *options]
    argv = ["ip", "netns", "exec", namespace, *inside, *program]
    file.write_text(json.dumps({"proxyMode": mode, "configz": FakeProxy.config()}))
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield FakeProxy(file, process)
    finally:
        process.kill()
        process.wait()


def main(file: str, address: str, port: str, *_options: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    pathlib.Path("/proc/self/comm").write_text("kube-proxy")
    with socket.create_server((address, int(port))) as server:
        print("ready", flush=True)
        while True:
            client = server.accept()[0]
            with client:
                path = client.recv(65_536).split()[1].decode().removeprefix("/")
                found = json.loads(pathlib.Path(file).read_text()).get(path)
                body = found if isinstance(found, str) else json.dumps(found)
                status = "404 Not Found" if found is None else "200 OK"
                client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
