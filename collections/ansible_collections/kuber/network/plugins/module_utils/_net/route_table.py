# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read, test and change the routing table of a machine."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired, after_change
from ansible_collections.kuber.network.plugins.module_utils._net import in_use, own, policy
from ansible_collections.kuber.network.plugins.module_utils._net.iproute import IpRoute
from ansible_collections.kuber.network.plugins.module_utils._net.route import PROTOCOL, NoNeighbourError, Route, Wanted
from ansible_collections.kuber.network.plugins.module_utils._net.route_plan import PARKED, RoutePlan
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:  # pragma: no cover
    import pathlib
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network, OwnAddress
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

# How many addresses are tried to find one that no more specific route covers.
TRIES = 256
# A metric that no route has.
NO_METRIC = 4_294_967_294


class RouteTable:
    """The main routing table of the runner's machine, and the rules and tables that take precedence."""

    def __init__(self, runner: Runner, version: int) -> None:
        self._runner = runner
        self._ip = IpRoute(runner, version)
        self._version = version

    def routes_to(self, destination: Network) -> list[Route]:
        """Return all routes to exactly this destination."""
        return self._show("main", "to", "exact", str(destination))

    def parked(self, destination: Network) -> list[Route]:
        """Return the other programs' routes that were taken over."""
        return self._show(PARKED, "to", "exact", str(destination))

    def inner(self, destination: Network) -> list[Route]:
        """Return routes to a part of the destination."""
        found = self._show("main", "to", "root", str(destination))
        return [route for route in found if route.network != destination]

    def own(self) -> tuple[OwnAddress, ...]:
        return own.load(self._ip.ask("address", "show"))

    def surroundings(self, root: pathlib.Path) -> in_use.LocalNetworks:
        return in_use.LocalNetworks(
            own=self.own(),
            routes=[route for route in self._show("all") if route.item.get("table") != PARKED],
            neighbours=in_use.load_neighbours(self._ip.ask("neighbour", "show")),
            name_servers=in_use.read_name_servers(root, self._version),
        )

    def device_to(self, hop: Address, addresses: Sequence[OwnAddress]) -> str:
        """Return the device through which the address is a neighbour; raise if it is not one."""
        hops, problem = self._ip.get(str(hop))
        if own.is_own(addresses, hop) or (hops and hops[0].get("type") == "local"):
            raise NoNeighbourError(
                f"The next hop {hop} is this machine's own address",
                wanted="the address of a node on another machine",
                found="the node is this machine, as with minikube's driver none",
                remedy="Such a node needs no route; set host_network_route_enabled=false",
            )
        device = str(hops[0].get("dev", "?")) if hops else ""
        if hops and "gateway" in hops[0]:
            problem = f"it is behind gateway {hops[0]['gateway']} (dev {device})"
        elif hops and own.beside(addresses, hop, device) is None:
            there = ", ".join(str(one.network) for one in addresses if one.device == device)
            problem = f"the route uses {device}, on which this machine has {there or 'no network'}"
        elif hops:
            return device
        raise NoNeighbourError(
            f"The next hop {hop} is not a neighbour of this machine",
            wanted="a node's address in one of this machine's own networks",
            found=problem,
            remedy="Check that the cluster is running and that its address is current. If the nodes are hidden (Docker "
            "Desktop, rootless engines, WSL2) no route is possible: set host_network_route_enabled=false",
        )

    def require_use(self, wanted: Wanted, *, is_set: bool, changed: bool = False) -> None:
        """Raise if the kernel does not use the route, or would not use it."""
        address = self._sample(wanted.destination)
        if address is None:
            return
        found = self._other_way(wanted, address) if is_set else self._rival(wanted, address)
        if not found:
            return
        raise KuberError(
            f"The route to {wanted.destination} {'is' if is_set else 'would'} not {'' if is_set else 'be '}used: "
            "something else takes precedence",
            wanted=wanted.text(),
            found=f"{address} is routed by {found}",
            remedy="See `ip rule` and `ip route get`, and exclude this network in the VPN or program that made them",
            changed=changed,
        )

    def _other_way(self, wanted: Wanted, address: Address) -> str:
        """Return how the kernel routes the address if not as wanted, without and then with the source that it chose."""
        hops, problem = self._ip.get(str(address))
        source = hops[0].get("prefsrc") if hops else None
        for words in ((), ("from", source)) if source else ((),):
            hops, problem = self._ip.get(str(address), *words)
            if not hops:
                return problem
            if not Route.load(hops[0] | {"protocol": ""}).leads_as(wanted):
                return Route.load(hops[0]).text() + (f" (table {hops[0]['table']})" if "table" in hops[0] else "")
        # The kernel is asked about a packet without protocol and port.
        return self._rival(wanted, address)

    def _rival(self, wanted: Wanted, address: Address) -> str:
        rules = self._ip.ask("rule", "show")
        near = wanted.near
        sources = (one.address for one in self.own() if one.device == wanted.device and near and one.address in near)
        found = policy.rival(
            rules,
            wanted.destination,
            address,
            lambda table: self._best(table, address),
            os.geteuid(),
            next(sources, None),
        )
        return found if rules else ""

    def require_permission(self, destination: Network) -> None:
        """Test the right to change routes by removing one that does not exist: without it, the kernel refuses."""
        self._change(f"route del {destination} proto {PROTOCOL} metric {NO_METRIC}", check=False)

    def _change(self, step: str, *, check: bool = True) -> None:
        answer = self._runner.run([*self._ip.argv, *step.split()], check=False)
        if "Operation not permitted" in answer.stderr:
            raise RootRequired(
                "Only root may change the routes of this machine",
                found=f"Operation not permitted for user id {os.geteuid()}",
                remedy="Run as root with the capability CAP_NET_ADMIN, which containers drop, or with "
                "`become: true` (`--ask-become-pass`), or set host_network_enabled=false",
            )
        if check and answer.rc != 0:
            raise CommandError(answer)

    def apply(self, plan: RoutePlan, wanted: Wanted | None, destination: Network) -> None:
        """Carry out the steps of a plan and check the result."""
        # Without -batch: there iproute2 reads the name of a protocol as the number before it.
        for number, step in enumerate(plan.steps):
            with after_change(changed=number > 0):
                self._change(step)
        found = tuple(route.text() for route in self.routes_to(destination))
        if sorted(found) != sorted(plan.after):
            raise KuberError(
                f"The routes to {destination} differ from what was set: another program changes them",
                wanted=", ".join(plan.after) or "none",
                found=", ".join(found) or "none",
                remedy="Look for a network manager or a VPN that owns this network",
                changed=True,
            )
        if wanted is not None:
            self.require_use(wanted, is_set=True, changed=True)

    def _sample(self, destination: Network) -> Address | None:
        """Return an address of the destination that no more specific route covers."""
        smaller = [route.network for route in self.inner(destination)]
        first = 1 if destination.num_addresses > 1 else 0
        for number in range(first, min(destination.num_addresses, TRIES)):
            address = destination[number]
            if not any(address in network for network in smaller):
                return address
        return None

    def _best(self, table: str, address: Address) -> dict[str, t.Any] | None:
        found = self._ip.ask("route", "show", "table", table, "to", "match", str(address))
        lengths = [0 if item["dst"] == "default" else Route.load(item).network.prefixlen for item in found]
        return found[lengths.index(max(lengths))] if found else None

    def _show(self, table: str, *words: str) -> list[Route]:
        return [Route.load(item) for item in self._ip.ask("route", "show", "table", table, *words)]
