# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""One static route: what the kernel has, what is wanted, and the steps between the two."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

LINK_TYPES_WITH_GATEWAY = ("", "unicast")
"""Other types (blackhole, unreachable, prohibit...) never lead to the node."""

DEFAULT_METRIC = {4: 0, 6: 1024}
"""What the kernel gives a route for which nobody named a metric."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The route that the user asks for."""

    destination: Network
    via: Address

    @classmethod
    def parse(cls, destination: str, via: str) -> Wanted:
        """Check both values and how they fit together."""
        network = _network(destination)
        try:
            gateway = ipaddress.ip_address(via)
        except ValueError as exc:
            raise KuberError(
                "The next hop is no address", wanted="an address such as 192.168.99.134", found=repr(via)
            ) from exc
        if gateway.version != network.version:
            raise KuberError(
                "Destination and next hop are of different families",
                wanted=f"an IPv{network.version} address as next hop of {network}",
                found=str(gateway),
            )
        if gateway in network:
            raise KuberError(
                f"The next hop lies inside the destination {network}, so nothing would lead to it",
                wanted="an address outside the destination",
                found=str(gateway),
                remedy="Choose a destination that does not contain the node's own network",
            )
        return cls(network, gateway)


def _network(destination: str) -> Network:
    try:
        network = ipaddress.ip_network(destination)
    except ValueError as exc:
        raise KuberError(
            "The destination is no network",
            wanted="a network such as 172.17.255.0/24, without host bits",
            found=f"{destination!r} ({exc})",
        ) from exc
    if network.prefixlen == 0:
        raise KuberError(
            "The destination is the default route",
            wanted="the network of a pool of addresses",
            found=str(network),
            remedy="A default route is not this module's business",
        )
    return network


@dataclasses.dataclass(frozen=True)
class Route:
    """One line of ``ip route``."""

    destination: str
    gateway: str = ""
    device: str = ""
    metric: int = 0
    protocol: str = ""
    kind: str = ""
    hops: int = 1
    source: str = dataclasses.field(default="", compare=False)
    """The address that this machine sends from; no part of what makes a route this one."""

    @classmethod
    def load(cls, item: dict[str, t.Any]) -> Route:
        """Read one object of ``ip -j route``."""
        gateway = item.get("gateway") or item.get("via", {}).get("host", "")
        return cls(
            destination=item["dst"],
            gateway=gateway,
            device=item.get("dev", ""),
            metric=int(item.get("metric", 0)),
            protocol=item.get("protocol", ""),
            kind=item.get("type", ""),
            hops=max(1, len(item.get("nexthops", ()))),
            source=item.get("prefsrc", ""),
        )

    @property
    def network(self) -> Network:
        """The destination as a network; ``ip`` leaves out the length of a host route."""
        return ipaddress.ip_network(self.destination)

    @property
    def connected(self) -> bool:
        """Whether the kernel made it because an interface has an address in this network."""
        return self.protocol == "kernel"

    def leads_to(self, via: Address) -> bool:
        return (
            self.kind in LINK_TYPES_WITH_GATEWAY
            and self.hops == 1
            and bool(self.gateway)
            and ipaddress.ip_address(self.gateway) == via
        )

    def arguments(self) -> list[str]:
        """What names exactly this route to ``ip route del``."""
        words = [] if self.kind in LINK_TYPES_WITH_GATEWAY else [self.kind]
        words.append(self.destination)
        if self.hops == 1:
            words += ["via", self.gateway] if self.gateway else []
            words += ["dev", self.device] if self.device and not self.kind else []
        return words + (["metric", str(self.metric)] if self.metric else [])

    def text(self) -> str:
        """The route as ``ip route`` would print it."""
        return " ".join(self.arguments()) + ("" if self.hops == 1 else f" over {self.hops} next hops")


@dataclasses.dataclass(frozen=True)
class Plan:
    """The commands of ``ip -batch``, and what the table holds before and after them."""

    steps: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def plan_present(wanted: Wanted, routes: Sequence[Route]) -> Plan:
    """Leave exactly one route to the destination, the one that leads to the next hop."""
    for route in routes:
        if route.connected:
            raise KuberError(
                f"{wanted.destination} is a network of this machine's own interface {route.device}",
                wanted="a network that is reached through the node",
                found=route.text(),
                remedy="Choose another pool, or take the address off that interface",
            )
    before = tuple(route.text() for route in routes)
    good = [route for route in routes if route.leads_to(wanted.via)]
    # The kernel prefers the lowest metric, so that one is the route in use.
    kept = min(good, key=lambda route: route.metric) if good else None
    if kept is not None:
        surplus = [route for route in routes if route is not kept]
        return Plan(tuple(_deletion(route) for route in surplus), before, (kept.text(),))
    target = f"{_plain(wanted.destination)} via {wanted.via}"
    # "replace" swaps the first route of the same metric in one step, so no packet meets an empty table.
    metric = DEFAULT_METRIC[wanted.destination.version]
    replaced = next((route for route in routes if route.metric == metric), None)
    deletions = [_deletion(route) for route in routes if route is not replaced]
    return Plan((f"route replace {target}", *deletions), before, (target,))


def plan_absent(wanted: Wanted, routes: Sequence[Route]) -> Plan:
    """Take away the routes to the destination that lead to the next hop; others are not ours."""
    ours = [route for route in routes if route.leads_to(wanted.via)]
    others = tuple(route.text() for route in routes if route not in ours)
    return Plan(tuple(_deletion(route) for route in ours), tuple(route.text() for route in routes), others)


def _deletion(route: Route) -> str:
    return "route del " + " ".join(route.arguments())


def _plain(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


class RouteTable:
    """The main routing table of the machine that the runner reaches."""

    def __init__(self, runner: Runner, version: int) -> None:
        self._runner = runner
        self._ip = ("ip", f"-{version}")

    def routes_to(self, destination: Network) -> list[Route]:
        """All routes to exactly this destination."""
        return self._show("exact", str(destination))

    def shadows(self, wanted: Wanted) -> list[Route]:
        """Routes to a part of the destination that lead elsewhere."""
        inner = self._show("root", str(wanted.destination))
        return [route for route in inner if route.network != wanted.destination and not route.leads_to(wanted.via)]

    def require_neighbour(self, via: Address) -> str:
        """The interface that leads to the next hop; refuse one that the kernel would refuse, or this machine itself."""
        answer = self._runner.run([*self._ip, "-j", "route", "get", str(via)], check=False)
        hops = json.loads(answer.stdout or "[]") if answer.rc == 0 else []
        if not hops:
            found = answer.stderr.strip() or "no route"
        elif hops[0].get("type") == "local":
            found = "an address of this machine itself"
        elif "gateway" in hops[0]:
            found = f"it lies behind {hops[0]['gateway']} (dev {hops[0].get('dev', '?')})"
        else:
            return str(hops[0]["dev"])
        raise KuberError(
            f"The next hop {via} is no neighbour of this machine",
            wanted="the node's address, directly reachable over one of this machine's interfaces",
            found=found,
            remedy="Check that the cluster runs and that its address is current (`ip route get` shows the way)",
        )

    def apply(self, plan: Plan, wanted: Wanted) -> None:
        """Do the steps of a plan in one call of ``ip`` and look whether they did what was planned."""
        try:
            self._runner.run([*self._ip, "-batch", "-"], stdin="\n".join(plan.steps) + "\n")
        except CommandError as exc:
            if "Operation not permitted" in exc.result.stderr:
                raise RootRequired(
                    "Only root may change the routes of this machine",
                    found="Operation not permitted",
                    remedy="Run as root, or with `become: true` (`--ask-become-pass`)",
                ) from exc
            raise
        found = tuple(route.text() for route in self.routes_to(wanted.destination))
        if len(found) != len(plan.after):
            raise KuberError(
                f"The routes to {wanted.destination} are not what was set; something else changes them",
                wanted=", ".join(plan.after) or "none",
                found=", ".join(found) or "none",
                remedy="Look for a network manager or a VPN that owns this network",
                changed=True,
            )

    def _show(self, how: str, destination: str) -> list[Route]:
        argv = [*self._ip, "-j", "route", "show", "table", "main", "to", how, destination]
        return [Route.load(item) for item in json.loads(self._runner.run(argv).stdout or "[]")]
