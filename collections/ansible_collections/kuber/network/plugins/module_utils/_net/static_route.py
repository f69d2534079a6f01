# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The work of module ``static_route``: the route in the kernel, and the file that restores it after a restart."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import files, in_use, own, persistence
from ansible_collections.kuber.network.plugins.module_utils._net.route import Wanted, parse_destination, parse_hop
from ansible_collections.kuber.network.plugins.module_utils._net.route_plan import RoutePlan, plan_absent, plan_present
from ansible_collections.kuber.network.plugins.module_utils._net.route_table import RouteTable

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network, OwnAddress
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

ARGUMENT_SPEC: dict[str, t.Any] = {
    "destination": {"type": "str", "required": True},
    "via": {"type": "str"},
    "nodes": {"type": "list", "elements": "str", "default": []},
    "persistent": {"type": "bool", "default": False},
    "take_over": {"type": "bool", "default": False},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
}
SPEC_RULES: dict[str, t.Any] = {"mutually_exclusive": [("via", "nodes")]}
ROOT = pathlib.Path("/")


@dataclasses.dataclass(frozen=True)
class RouteChange:
    """The planned changes, and the warnings."""

    destination: Network
    wanted: Wanted | None
    route: RoutePlan
    files: persistence.FilePlan
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        return bool(self.route.steps) or self.files.changes

    def result(self) -> dict[str, t.Any]:
        """Return the result of the task."""
        header = f"routes to {self.destination}"
        route = {
            "before_header": header,
            "after_header": header,
            "before": "".join(f"{line}\n" for line in self.route.before),
            "after": "".join(f"{line}\n" for line in self.route.after),
        }
        return {
            "changed": self.needed,
            "routes": list(self.route.after),
            "via": str(self.wanted.via) if self.wanted and self.wanted.via else "",
            "device": self.wanted.device if self.wanted else "",
            "notes": list(self.notes),
            "commands": list(self.route.steps),
            "files": [str(path) for path in self.files.after],
            "drift": _drift.dump([*self._route_drift(), *self.files.drift()]),
            "diff": [route, *self.files.diffs()],
        }

    def _route_drift(self) -> list[_drift.Drift]:
        return _drift.of_lines(f"route to {self.destination}", self.route.before, self.route.after)


def plan_change(params: Mapping[str, t.Any], runner: Runner, root: pathlib.Path = ROOT) -> RouteChange:
    """Read everything and return the change; nothing is changed, and no rights are needed."""
    destination = parse_destination(params["destination"])
    hops = _hops(params, destination)
    table = RouteTable(runner, destination.version)
    ours = persistence.own_files(destination, root)
    if params["state"] == "absent":
        plan = plan_absent(hops, table.routes_to(destination), table.parked(destination))
        return RouteChange(destination, None, plan, persistence.plan_files(None, ours))
    addresses = table.own()
    _refuse_own_network(destination, addresses)
    wanted = choose(destination, hops, table, addresses)
    routes, parked = table.routes_to(destination), table.parked(destination)
    plan = plan_present(wanted, routes, parked, take_over=params["take_over"])
    around = table.surroundings(root)
    is_set = any(route.leads_as(wanted) for route in routes)
    _refuse_what_is_in_use(destination, around, hops, is_led=is_set or any(route.marked for route in routes))
    if not plan.steps or not is_set:
        table.require_use(wanted, is_set=is_set)
    file = persistence.wanted_file(runner, wanted, root) if params["persistent"] else None
    warnings = tuple(
        f"A part of {destination} has another route: {route.text()}"
        for route in table.inner(destination)
        if not route.leads_as(wanted) and not route.leads_to(hops)
    )
    notes = tuple(_notes(wanted, hops, around))
    return RouteChange(destination, wanted, plan, persistence.plan_files(file, ours), warnings, notes)


def _hops(params: Mapping[str, t.Any], destination: Network) -> list[Address]:
    """Return the addresses of the nodes; removing a route needs none."""
    given = [params["via"]] if params["via"] is not None else params["nodes"]
    if not given and params["state"] == "present":
        raise KuberError(
            "The next hop of the route is not given",
            wanted="the addresses of the cluster's nodes in nodes (host_network_nodes), or a next hop in via",
            found="neither",
        )
    return list(dict.fromkeys(parse_hop(text, destination) for text in given))


def choose(destination: Network, hops: Sequence[Address], table: RouteTable, addresses: Sequence[OwnAddress]) -> Wanted:
    """Choose the next hop. Several nodes in one network of this machine answer there for the addresses they announce
    themselves, so the route is on-link; otherwise it leads to the first node that is a neighbour."""
    devices: dict[Address, str] = {}
    problems: list[KuberError] = []
    for hop in hops:
        try:
            devices[hop] = table.device_to(hop, addresses)
        except KuberError as exc:
            problems.append(exc)
    if not devices:
        raise problems[0]
    first, device = next(iter(devices.items()))
    common = own.shared(addresses, hops, device)
    if len(hops) > 1 and common is not None and set(devices.values()) == {device} and not problems:
        return Wanted(destination, device=device, near=common.place)
    near = own.beside(addresses, first, device)
    return Wanted(destination, first, device, near.place if near else None)


def _refuse_own_network(destination: Network, addresses: Sequence[OwnAddress]) -> None:
    for one in addresses:
        if one.network == destination:
            raise KuberError(
                f"{destination} is a network of this machine's own interface {one.device}",
                wanted="a network to be reached through the node",
                found=f"{one.address} on {one.device}",
                remedy="Choose another pool, or remove the address from that interface",
            )


def _refuse_what_is_in_use(
    destination: Network, around: in_use.LocalNetworks, hops: Sequence[Address], *, is_led: bool
) -> None:
    """Raise if the route would cut off addresses in use. A route of ours that exists already cuts off nothing more."""

    def holds(address: Address) -> bool:
        return address in destination

    found = list(in_use.own_addresses(around, holds))
    if not is_led:
        found += in_use.others(around, holds, hops)
    if found:
        raise KuberError(
            f"The route to {destination} would cut off addresses that this machine uses",
            wanted="a network in which nothing else has an address",
            found=", ".join(dict.fromkeys(found)),
            remedy="Choose another pool (metallb_pool_addresses, host_network_destination)",
        )


def _notes(wanted: Wanted, hops: Sequence[Address], around: in_use.LocalNetworks) -> t.Iterator[str]:
    nodes = ", ".join(str(hop) for hop in hops)
    if wanted.via is None:
        yield (
            f"{wanted.destination} is on-link on {wanted.device}, whose network contains all nodes ({nodes}): the node "
            "that MetalLB chooses for an address answers there directly"
        )
    elif len(hops) > 1:
        yield (
            f"{wanted.destination} is routed to one node at a time, as this machine shares no network with all of them "
            f"({nodes}). Each run chooses one that works"
        )
    for overlap in in_use.overlapping(around, wanted.destination):
        yield (
            f"This machine's network {overlap} overlaps {wanted.destination}. This works: the smaller network wins, "
            "and no address in it is known to be in use"
        )


def require_permission(change: RouteChange, runner: Runner) -> None:
    """Raise if route or files may not be changed; nothing is changed."""
    files.require_permission(change.files)
    if change.route.steps:
        RouteTable(runner, change.destination.version).require_permission(change.destination)


def carry_out(change: RouteChange, runner: Runner) -> None:
    """Check all rights first; then change the route, which the kernel may refuse, then the files."""
    require_permission(change, runner)
    if change.route.steps:
        table = RouteTable(runner, change.destination.version)
        table.apply(change.route, change.wanted, change.destination)
    files.carry_out(change.files)
