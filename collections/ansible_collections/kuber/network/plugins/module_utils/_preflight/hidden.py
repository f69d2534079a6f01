# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Explain why no route of this machine can lead to the nodes."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.route import NoNeighbourError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

MACOS = "Darwin"
GO_ON = (
    "Set host_network_route_enabled=false: everything is then set up without a route and checked from the node, and "
    "the playbook forward.yml (`make forward`) opens the addresses on 127.0.0.1"
)


@dataclasses.dataclass(frozen=True)
class Engine:
    """Where a container engine runs, according to itself."""

    system: str = ""
    rootless: bool = False
    host: str = "127.0.0.1"
    """The machine on which it publishes ports."""
    name: str = ""
    """The name of the machine that it runs on; empty if it is this one, or unknown."""

    @classmethod
    def load(cls, info: Mapping[str, t.Any], host: str, here: str = "") -> Engine:
        """Read what ``docker info`` or ``podman info`` prints as JSON; ``here`` is the name of this machine."""
        options = info.get("SecurityOptions") or ()
        podman = info.get("host") or {}
        rootless = any("name=rootless" in str(option) for option in options)
        rootless |= bool((podman.get("security") or {}).get("rootless"))
        name = str(info.get("Name") or podman.get("hostname") or "")
        is_here = not here or name.partition(".")[0].lower() == here.partition(".")[0].lower()
        return cls(str(info.get("OperatingSystem") or ""), rootless, host, "" if is_here else name)


def why_hidden(driver: str, ssh_host: str, engine: Engine | None) -> str:
    """Return what hides the nodes from this machine; empty if nothing is known."""
    if engine is not None:
        if "Docker Desktop" in engine.system:
            return "the nodes are containers in Docker Desktop's virtual machine, which only publishes ports"
        if engine.rootless:
            return "the engine is rootless, with networks in its own namespace: only published ports are reachable"
        if not _is_loopback(engine.host):
            return f"the nodes are containers on another machine, {engine.host}"
        if engine.name:
            # A virtual machine (Colima, podman machine), another context, or a container that was given its socket.
            return f"the nodes are containers on another machine: the engine says that it runs on {engine.name}"
        return ""
    if driver == "qemu2" and _is_loopback(ssh_host):
        return f"the node's network is inside QEMU (--network=builtin), which only forwards ports of {ssh_host}"
    if driver == "ssh" and _is_loopback(ssh_host):
        return f"the node's sshd is forwarded to {ssh_host}, and its own network is unknown"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def no_route(why: str, found: NoNeighbourError) -> KuberError:
    """Return the error for a route to hidden nodes."""
    return KuberError(
        "No route from this machine to the nodes is possible",
        wanted=found.wanted,
        found=f"{why}; {found.found}",
        remedy=GO_ON,
    )


def no_route_on(system: str) -> KuberError | None:
    """Return the error for a system whose routes the collection does not manage."""
    if system != MACOS:
        return None
    return KuberError(
        "Cannot set the route of this machine",
        wanted="Linux, where `ip` sets routes",
        found="macOS",
        remedy=f"{GO_ON}. Where the node is a machine of its own (vfkit, krunkit, qemu with socket_vmnet), "
        "`sudo route -n add -net 172.17.255.0/24 NODE` sets the route by hand",
    )
