# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real modules in processes of their own, and network namespaces for them to work in."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

import pytest

PACKAGE = "ansible_collections.kuber.network.plugins.modules"


class Namespace:
    """A network namespace with one interface, 192.168.99.1/24 and fd00:99::1/64, and a neighbour behind it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ip(self, *words: str) -> str:
        argv = ["ip", "-n", self.name, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def routes(self, destination: str, version: int = 4) -> list[str]:
        shown = self.ip(f"-{version}", "route", "show", "to", "exact", destination)
        # The mark of our own routes, which has a test of its own.
        return [line.replace(" proto 107", "").strip() for line in shown.splitlines()]


@pytest.fixture
def namespace() -> t.Iterator[Namespace]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    space = Namespace(f"kuber-test-{os.getpid()}")
    subprocess.run(["ip", "netns", "add", space.name], check=True)
    try:
        space.ip("link", "add", "wire", "type", "veth", "peer", "name", "peer")
        space.ip("address", "add", "192.168.99.1/24", "dev", "wire")
        space.ip("address", "add", "fd00:99::1/64", "dev", "wire", "nodad")
        for link in ("lo", "wire", "peer"):
            space.ip("link", "set", link, "up")
        # The kernel notices within a second that the other end is up, too; until then it marks the routes.
        deadline = time.monotonic() + 10
        while "linkdown" in space.ip("route") and time.monotonic() < deadline:
            time.sleep(0.05)
        yield space
    finally:
        subprocess.run(["ip", "netns", "delete", space.name], check=True)


class ModuleCaller(t.Protocol):
    """Runs a module and returns what it printed, as a task result."""

    def __call__(
        self, name: str, params: dict[str, t.Any], *, check: bool = False, prefix: t.Sequence[str] = ()
    ) -> dict[str, t.Any]: ...


@pytest.fixture
def run_module(tmp_path: pathlib.Path) -> ModuleCaller:
    def call(
        name: str, params: dict[str, t.Any], *, check: bool = False, prefix: t.Sequence[str] = ()
    ) -> dict[str, t.Any]:
        internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(tmp_path)}
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": params | internal})
        argv = [*prefix, sys.executable, "-m", f"{PACKAGE}.{name}"]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = subprocess.run(argv, input=arguments, capture_output=True, text=True, env=environment, check=False)
        assert done.stdout.strip(), done.stderr
        return t.cast("dict[str, t.Any]", json.loads(done.stdout))

    return call
