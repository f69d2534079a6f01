# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find the addresses in a network that are in use, and would be cut off by a route to that network."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    import pathlib
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network, OwnAddress
    from ansible_collections.kuber.network.plugins.module_utils._net.route import Route

    Holds = Callable[[Address], bool]

# Files that list the machine's name servers: for programs, for systemd-resolved, and for NetworkManager's own one.
RESOLVERS = ("etc/resolv.conf", "run/systemd/resolve/resolv.conf", "run/NetworkManager/no-stub-resolv.conf")
# States in which the kernel has had an answer from the address.
ALIVE = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"})


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """An address in use by another device on the same network."""

    address: Address
    device: str
    hardware: str


@dataclasses.dataclass(frozen=True)
class LocalNetworks:
    """What this machine knows about its networks."""

    own: Sequence[OwnAddress] = ()
    routes: Sequence[Route] = ()
    """The routes of all tables."""
    neighbours: Sequence[Neighbour] = ()
    name_servers: Sequence[Address] = ()


def load_neighbours(items: Iterable[Mapping[str, t.Any]]) -> list[Neighbour]:
    """Read the objects of ``ip -j neighbour``; skip addresses that never answered."""
    return [
        Neighbour(ipaddress.ip_address(item["dst"]), item["dev"], item["lladdr"])
        for item in items
        if "lladdr" in item and ALIVE & set(item.get("state", ()))
    ]


def read_name_servers(root: pathlib.Path, version: int) -> list[Address]:
    found: dict[Address, None] = {}
    for name in RESOLVERS:
        try:
            lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for words in (line.split() for line in lines):
            if len(words) > 1 and words[0] == "nameserver":
                found |= dict.fromkeys(_addresses(words[1], version))
    return list(found)


def _addresses(text: str, version: int) -> Iterator[Address]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return
    if address.version == version:
        yield address


def own_addresses(around: LocalNetworks, holds: Holds) -> Iterator[str]:
    for one in around.own:
        if holds(one.address):
            yield f"this machine's own address {one.address} on {one.device}"


def others(around: LocalNetworks, holds: Holds, nodes: Collection[Address]) -> Iterator[str]:
    """Yield gateways and neighbours, except addresses that a node answers for: MetalLB announces those."""
    for route in around.routes:
        for gateway in _gateways(route):
            if not route.marked and gateway not in nodes and holds(gateway):
                yield f"the gateway {gateway} of the route to {route.destination}"
    hardware = {one.hardware for one in around.neighbours if one.address in nodes}
    at_nodes = {one.device for one in around.neighbours if one.address in nodes} | _devices_of(around, nodes)
    for one in around.neighbours:
        # On the nodes' network, an address that MetalLB announces is recognised by the node's hardware address.
        known = bool(hardware) if one.device in at_nodes else True
        if holds(one.address) and one.address not in nodes and one.hardware not in hardware and known:
            yield f"the neighbour {one.address} ({one.hardware}) on {one.device}"


def name_servers(around: LocalNetworks, holds: Holds, ours: Collection[Address]) -> Iterator[str]:
    """Yield name servers, except the cluster's own, which this machine may be configured to use."""
    for server in around.name_servers:
        if holds(server) and server not in ours:
            yield f"the name server {server}"


def _devices_of(around: LocalNetworks, nodes: Collection[Address]) -> set[str]:
    return {one.device for one in around.own if any(node in one.network for node in nodes)}


def _gateways(route: Route) -> Iterator[Address]:
    texts = [route.gateway, *(hop.get("gateway", "") for hop in route.item.get("nexthops", ()))]
    return (ipaddress.ip_address(text) for text in texts if text)


def overlapping(around: LocalNetworks, destination: Network) -> Iterator[str]:
    """Yield networks of this machine that contain or overlap the destination."""
    for one in around.own:
        if one.network.version == destination.version and one.network.overlaps(destination):
            yield f"{one.network} of {one.device}"
