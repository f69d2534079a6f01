# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The routing table of a machine: read, asked and changed."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired, after_change
from ansible_collections.kuber.network.plugins.module_utils._net import in_use, own, policy
from ansible_collections.kuber.network.plugins.module_utils._net.iproute import IpRoute
from ansible_collections.kuber.network.plugins.module_utils._net.route import PROTOCOL, NoNeighbourError, Route, Wanted
from ansible_collections.kuber.network.plugins.module_utils._net.route_plan import PARKED, Plan
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:  # pragma: no cover
    import pathlib
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network, OwnAddress
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

# As many addresses are looked at to find one that no smaller route takes away.
TRIES = 256
# One that no route has.
NO_METRIC = 4_294_967_294


class RouteTable:
    """The main routing table of the machine that the runner reaches, and what decides beside it."""

    def __init__(self, runner: Runner, version: int) -> None:
        self._runner = runner
        self._ip = IpRoute(runner, version)
        self._version = version

    def routes_to(self, destination: Network) -> list[Route]:
        """All routes to exactly this destination."""
        return self._show("main", "to", "exact", str(destination))

    def parked(self, destination: Network) -> list[Route]:
        """The routes of others that were taken over."""
        return self._show(PARKED, "to", "exact", str(destination))

    def inner(self, destination: Network) -> list[Route]:
        """Routes to a part of the destination."""
        found = self._show("main", "to", "root", str(destination))
        return [route for route in found if route.network != destination]

    def own(self) -> tuple[OwnAddress, ...]:
        return own.load(self._ip.ask("address", "show"))

    def surroundings(self, root: pathlib.Path) -> in_use.Surroundings:
        return in_use.Surroundings(
            own=self.own(),
            routes=[route for route in self._show("all") if route.item.get("table") != PARKED],
            neighbours=in_use.load_neighbours(self._ip.ask("neighbour", "show")),
            name_servers=in_use.read_name_servers(root, self._version),
        )

    def device_to(self, hop: Address, addresses: Sequence[OwnAddress]) -> str:
        """The device on whose other side the address is; refuse what is no neighbour of this machine."""
        hops, problem = self._ip.get(str(hop))
        if own.is_own(addresses, hop) or (hops and hops[0].get("type") == "local"):
            raise NoNeighbourError(
                f"The next hop {hop} is an address of this machine itself",
                wanted="the address of a node that is another machine",
                found="the node is this machine, as with minikube's driver none",
                remedy="Such a node needs no route; set host_network_route_enabled=false",
            )
        device = str(hops[0].get("dev", "?")) if hops else ""
        if hops and "gateway" in hops[0]:
            problem = f"it lies behind {hops[0]['gateway']} (dev {device})"
        elif hops and own.beside(addresses, hop, device) is None:
            there = ", ".join(str(one.network) for one in addresses if one.device == device)
            problem = f"the way leads to {device}, where this machine is in {there or 'no network'}"
        elif hops:
            return device
        raise NoNeighbourError(
            f"The next hop {hop} is no neighbour of this machine",
            wanted="the node's address, in a network in which this machine has an address, too",
            found=problem,
            remedy="Check that the cluster runs and that its address is current. Where the nodes are hidden (Docker "
            "Desktop, rootless engines, WSL2) no route is possible: set host_network_route_enabled=false",
        )

    def require_use(self, wanted: Wanted, *, is_set: bool, changed: bool = False) -> None:
        """Refuse a route that is not used: what the kernel says of it, or would say if it were there."""
        address = self._sample(wanted.destination)
        if address is None:
            return
        if is_set:
            hops, problem = self._ip.get(str(address))
            if hops and Route.load(hops[0] | {"protocol": ""}).leads_as(wanted):
                return
            table = f" (table {hops[0]['table']})" if hops and "table" in hops[0] else ""
            found = Route.load(hops[0]).text() + table if hops else problem
        else:
            rules = self._ip.ask("rule", "show")
            found = policy.rival(
                rules, wanted.destination, address, lambda table: self._best(table, address), os.geteuid()
            )
            if not rules or not found:
                return
        raise KuberError(
            f"The route to {wanted.destination} {'is' if is_set else 'would'} not {'' if is_set else 'be '}used: "
            "something else decides first",
            wanted=wanted.text(),
            found=f"{address} goes another way: {found}",
            remedy="See `ip rule` and `ip route get`, and let the VPN or whatever made them leave this network out",
            changed=changed,
        )

    def require_permission(self, destination: Network) -> None:
        """Take away a route that nobody has: the kernel refuses that to those who may not change its routes."""
        self._change(f"route del {destination} proto {PROTOCOL} metric {NO_METRIC}", check=False)

    def _change(self, step: str, *, check: bool = True) -> None:
        answer = self._runner.run([*self._ip.argv, *step.split()], check=False)
        if "Operation not permitted" in answer.stderr:
            raise RootRequired(
                "Only root may change the routes of this machine",
                found=f"Operation not permitted for user id {os.geteuid()}",
                remedy="Run as root with the capability CAP_NET_ADMIN, which containers take away, or with "
                "`become: true` (`--ask-become-pass`), or set host_network_enabled=false",
            )
        if check and answer.rc != 0:
            raise CommandError(answer)

    def apply(self, plan: Plan, wanted: Wanted | None, destination: Network) -> None:
        """Do the steps of a plan and look whether they did what was planned."""
        # Not with -batch: there iproute2 takes the name of a protocol for the number that came before it.
        for number, step in enumerate(plan.steps):
            with after_change(changed=number > 0):
                self._change(step)
        found = tuple(route.text() for route in self.routes_to(destination))
        if sorted(found) != sorted(plan.after):
            raise KuberError(
                f"The routes to {destination} are not what was set; something else changes them",
                wanted=", ".join(plan.after) or "none",
                found=", ".join(found) or "none",
                remedy="Look for a network manager or a VPN that owns this network",
                changed=True,
            )
        if wanted is not None:
            self.require_use(wanted, is_set=True, changed=True)

    def _sample(self, destination: Network) -> Address | None:
        """An address of the destination that is led as the destination is."""
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
