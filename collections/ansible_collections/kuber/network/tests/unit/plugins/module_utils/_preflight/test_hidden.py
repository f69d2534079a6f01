# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines from which no route to the nodes is possible, and what a user is told there."""

from __future__ import annotations

import json
import platform
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._preflight.hidden import Engine, why_hidden
from ansible_collections.kuber.network.plugins.module_utils._preflight.host import HOST_SPEC, Host, inspect
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

LOOPBACK = "127.0.0.1"
# Parts of what `docker info --format '{{json .}}'` and `podman info --format '{{json .}}'` print.
DEBIAN = {"OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "SecurityOptions": ["name=seccomp,profile=builtin"]}
DESKTOP = {"OperatingSystem": "Docker Desktop", "SecurityOptions": None}
ROOTLESS = {"OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "SecurityOptions": ["name=seccomp", "name=rootless"]}
PODMAN: dict[str, t.Any] = {"host": {"security": {"rootless": True}}}
PODMAN_MACHINE = {"host": {"security": {"rootless": False}, "hostname": "podman-machine-default"}}


@pytest.mark.parametrize(
    ("driver", "info", "host", "ssh_host", "reason"),
    [
        ("docker", DEBIAN, LOOPBACK, LOOPBACK, ""),
        ("docker", {}, LOOPBACK, LOOPBACK, ""),
        ("docker", DESKTOP, LOOPBACK, LOOPBACK, "Docker Desktop"),
        ("docker", ROOTLESS, LOOPBACK, LOOPBACK, "rootless"),
        ("docker", DEBIAN, "build.example.org", "build.example.org", "another machine, build.example.org"),
        ("podman", PODMAN, LOOPBACK, LOOPBACK, "rootless"),
        ("podman", {"host": {"security": {"rootless": False}}}, LOOPBACK, LOOPBACK, ""),
        ("docker", DEBIAN | {"Name": "laptop"}, LOOPBACK, LOOPBACK, ""),
        ("docker", DEBIAN | {"Name": "Laptop.example.org"}, LOOPBACK, LOOPBACK, ""),
        # What Colima, Rancher Desktop and OrbStack say.
        ("docker", {"OperatingSystem": "Ubuntu 24.04.2 LTS", "Name": "colima"}, LOOPBACK, LOOPBACK, "runs on colima"),
        ("docker", {"OperatingSystem": "Alpine Linux v3.20", "Name": "lima-rancher-desktop"}, "", "", "lima-rancher"),
        ("docker", {"OperatingSystem": "OrbStack", "Name": "orbstack"}, LOOPBACK, LOOPBACK, "runs on orbstack"),
        ("podman", PODMAN_MACHINE, LOOPBACK, LOOPBACK, "runs on podman-machine-default"),
        ("qemu2", None, "", LOOPBACK, "--network=builtin"),
        ("ssh", None, "", LOOPBACK, "sshd is forwarded to 127.0.0.1"),
        ("ssh", None, "", "192.168.56.10", ""),
        ("qemu2", None, "", "192.168.105.2", ""),
        # Its sshd is forwarded, too, and its network can be reached all the same.
        ("virtualbox", None, "", LOOPBACK, ""),
        ("none", None, "", "", ""),
    ],
)
def test_what_hides_the_nodes_is_known(
    driver: str, info: dict[str, t.Any] | None, host: str, ssh_host: str, reason: str
) -> None:
    why = why_hidden(driver, ssh_host, None if info is None else Engine.load(info, host or LOOPBACK, "laptop.lan"))
    assert bool(why) == bool(reason)
    assert reason in why


class Laptop(Runner):
    """A machine with one network card, whose router gets everything else."""

    ADDRESS: t.ClassVar[list[dict[str, t.Any]]] = [
        {"ifname": "eth0", "addr_info": [{"local": "10.0.2.15", "prefixlen": 24}]}
    ]

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        del stdin
        found: list[dict[str, t.Any]] = []
        if "get" in argv:
            found = [{"dst": argv[-1], "gateway": "10.0.2.2", "dev": "eth0"}]
        elif "address" in argv:
            found = self.ADDRESS
        return Result(argv, 0, json.dumps(found), "")


def looked(why: str, route: str = "172.17.255.0/24") -> Host:
    params = {name: option.get("default") for name, option in HOST_SPEC.items()}
    given = {"route": route, "via": "", "route_nodes": ["192.168.49.2"]}
    return inspect(params | given, Laptop(), why_hidden=lambda: why)


def test_hidden_nodes_are_named_as_such_with_the_option_that_goes_on() -> None:
    (problem,) = looked("the nodes are inside Docker Desktop").problems
    assert problem.problem == "No route from this machine to the nodes is possible"
    assert "inside Docker Desktop" in str(problem)
    assert "host_network_route_enabled=false" in str(problem)


def test_with_that_option_it_goes_on() -> None:
    """The playbook gives no route then."""
    assert looked("the nodes are inside Docker Desktop", route="").problems == ()


def test_nodes_that_nothing_hides_may_only_be_off() -> None:
    (problem,) = looked("").problems
    assert "is not a neighbour of this machine" in str(problem)
    assert "Check that the cluster is running" in str(problem)


def test_macos_is_refused_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    (problem,) = looked("").problems
    assert problem.found == "macOS"
    assert "host_network_route_enabled=false" in str(problem)
