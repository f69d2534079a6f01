# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Trace the part of the path on the client machine: names and routes."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import own
from ansible_collections.kuber.network.plugins.module_utils._net.hosts import Line
from ansible_collections.kuber.network.plugins.module_utils._net.iproute import IpRoute
from ansible_collections.kuber.network.plugins.module_utils._net.route import PROTOCOL, Route
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError
from ansible_collections.kuber.network.plugins.module_utils._trace import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Health, Hop, Kind

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"


@dataclasses.dataclass(frozen=True)
class RouteLookup:
    """The kernel's route to an address, or the reason why there is none."""

    route: Route | None
    problem: str = ""
    own: tuple[own.OwnAddress, ...] = ()
    """The addresses of the client machine."""


@dataclasses.dataclass(frozen=True)
class Machine:
    """What the client machine knows about the target."""

    hosts: str = ""
    """Its /etc/hosts."""
    resolved: tuple[str, ...] = ()
    """The answer of its name servers, queried only if /etc/hosts has no entry."""
    route: RouteLookup | None = None
    """Its route to the address; ``None`` if the request begins on the node."""
    hidden: bool = False
    """Nothing leads from it to the nodes, so that the node asks in its place."""


def look_up_route(runner: Runner, address: str) -> RouteLookup:
    ip = IpRoute(runner, ipaddress.ip_address(address).version)
    addresses: tuple[own.OwnAddress, ...] = ()
    try:
        found, problem = ip.get(address)
        with contextlib.suppress(CommandError):
            addresses = own.load(ip.ask("address", "show"))
    except KuberError as exc:
        return RouteLookup(None, str(exc).rstrip("."))
    return RouteLookup(Route.load(found[0]) if found else None, problem, addresses)


def ask_name_servers(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def lookup(hosts: str, name: str) -> list[str]:
    """Return all addresses of a name in a hosts file; the first one is used."""
    lines = [Line.parse(raw) for raw in hosts.splitlines(keepends=True)]
    return [line.address for line in lines if line.holds(name)]


def name_hop(machine: Machine, name: str, wanted: Sequence[str]) -> tuple[Hop, str | None]:
    """Return the hop that resolves the name; ``wanted`` are its addresses according to the cluster."""
    listed = lookup(machine.hosts, name)
    source = "/etc/hosts" if listed else "name server"
    found = listed or list(machine.resolved)
    if machine.hidden and wanted:
        # The node asks for the address; the name on this machine is for a way that forward.yml opens.
        here = Fact("on this machine", f"{found[0]} ({source})" if found else "not known")
        return Hop(Kind.NAME, name, (Fact("address", wanted[0]), Fact("source", "its ingress"), here)), wanted[0]
    line = f"{wanted[0]} {name}" if wanted else f"ADDRESS {name}"
    if not found:
        what = f"Cannot resolve {name}: it is not in /etc/hosts, and no name server has it"
        hop = Hop(Kind.NAME, name).broken(what, f"Add the line `{line}` to /etc/hosts")
        return hop, wanted[0] if wanted else None
    hop = Hop(Kind.NAME, name, (Fact("address", found[0]), Fact("source", source)))
    if len(set(listed)) > 1:
        hop = dataclasses.replace(hop, facts=(*hop.facts, Fact("also listed", ", ".join(listed[1:]))))
    if wanted and found[0] not in wanted:
        what = f"{source} has {found[0]} for {name}, but its ingress is at {', '.join(wanted)}"
        remedy = (
            f"Change the line in /etc/hosts to `{wanted[0]} {name}`"
            if listed
            else f"Add the line `{line}` to /etc/hosts"
        )
        return hop.broken(what, remedy), wanted[0]
    return hop, found[0]


def route_hop(cluster: ClusterObjects, found: RouteLookup, address: str, announcing: Sequence[str]) -> Hop:
    """Return the hop for this machine's route to an address; ``announcing`` are the nodes that MetalLB chose."""
    network = _cluster.network_around(cluster, address)
    remedy = _advice(cluster, found.own, network, announcing)
    if found.route is None:
        return Hop(Kind.ROUTE, network).broken(f"This machine has no route to {address} ({found.problem})", remedy)
    route = found.route
    facts = (Fact("goes", _text(route)),)
    if route.kind == "local":
        what = f"{address} is this machine's own address, so packets do not leave it"
        return Hop(Kind.ROUTE, network, facts).broken(what, f"Remove it from device {route.device}")
    if not route.gateway:
        return _on_link(cluster, Hop(Kind.ROUTE, network, facts), found, address, announcing)
    node = cluster.node_at(route.gateway)
    if node is None:
        what = f"The route to {address} leads to {route.gateway}, which is not a node of the cluster"
        return Hop(Kind.ROUTE, network, facts).broken(what, remedy)
    return _with_node(Hop(Kind.ROUTE, network, facts), node)


def _on_link(cluster: ClusterObjects, hop: Hop, found: RouteLookup, address: str, announcing: Sequence[str]) -> Hop:
    """Trace an on-link address: the node that has it, or the one that MetalLB chose, answers the ARP request."""
    node = cluster.node_at(address)
    device = found.route.device if found.route else ""
    if not found.own:
        unknown = Fact("unknown", "cannot read the addresses of this machine")
        return dataclasses.replace(hop, health=Health.UNKNOWN, facts=(*hop.facts, unknown))
    if not any(own.beside(found.own, one, device) for one in _addresses(found.own, [node] if node else cluster.nodes)):
        there = ", ".join(str(one.network) for one in found.own if one.device == device)
        where = f"{device} ({there or 'no network'})"
        what = f"This machine has no route to {address}: packets go to {where}, where no node is"
        return hop.broken(what, _advice(cluster, found.own, hop.name, announcing))
    if node is not None:
        return _with_node(hop, node)
    hop = dataclasses.replace(hop, facts=(*hop.facts, Fact("ARP", f"who has {address}?")))
    if announcing:
        node = cluster.node(announcing[0])
        hop = dataclasses.replace(hop, facts=(*hop.facts, Fact("answered by", f"MetalLB on {announcing[0]}")))
        return _with_node(hop, node) if node else hop
    what = f"{address} is in a network of this machine, but no node answers for it (MetalLB does not announce it)"
    return hop.broken(what, _why_silent(cluster))


def _why_silent(cluster: ClusterObjects) -> str:
    if not cluster.advertisements:
        return "Create an L2Advertisement for its pool"
    excluded = [
        node["metadata"]["name"] for node in cluster.nodes if EXCLUDED in (node["metadata"].get("labels") or {})
    ]
    if len(excluded) == len(cluster.nodes):
        return f"Remove the label {EXCLUDED} from node {excluded[0]}"
    return "Check the pods of MetalLB's speaker: `kubectl --namespace metallb-system get pods --output wide`"


def _with_node(hop: Hop, node: dict[str, t.Any]) -> Hop:
    name = node["metadata"]["name"]
    ready = _cluster.is_ready_node(node)
    hop = dataclasses.replace(hop, facts=(*hop.facts, Fact("node", f"{name}, {'ready' if ready else 'not ready'}")))
    if not ready:
        return hop.broken(f"Node {name} is not ready", f"See `kubectl describe node {name}`, and start the machine")
    return hop


def _advice(
    cluster: ClusterObjects, addresses: Sequence[own.OwnAddress], network: str, announcing: Sequence[str]
) -> str:
    """Return the command for the route that the playbook would set."""
    nodes = _addresses(addresses, cluster.nodes)
    devices = [one.device for one in addresses if any(node in one.network for node in nodes)]
    if addresses and not devices:
        return (
            "No route is possible from here, as this machine is in no network of the nodes: ask from the node "
            "(trace_from=host) and open the addresses here with the playbook forward.yml (`make forward`), or start "
            "the cluster if it is stopped"
        )
    if len(cluster.nodes) > 1 and devices and own.shared(addresses, nodes, devices[0]):
        return f"As root: `ip route replace {network} dev {devices[0]} proto {PROTOCOL}`"
    return f"As root: `ip route replace {network} via {_gateway(cluster, announcing)} proto {PROTOCOL}`"


def _addresses(addresses: Iterable[own.OwnAddress], nodes: Iterable[dict[str, t.Any]]) -> list[own.Address]:
    """Return the nodes' addresses of this machine's address families."""
    versions = {one.address.version for one in addresses}
    found = [ipaddress.ip_address(text) for node in nodes for text in _cluster.node_addresses(node)]
    return [address for address in found if address.version in versions]


def _gateway(cluster: ClusterObjects, announcing: Sequence[str]) -> str:
    chosen = [node for name in announcing if (node := cluster.node(name))]
    ready = [node for node in cluster.nodes if _cluster.is_ready_node(node)]
    addresses = [address for node in [*chosen, *ready, *cluster.nodes] for address in _cluster.node_addresses(node)]
    return next((one for one in addresses if ipaddress.ip_address(one).version == 4), "NODE")


def _text(route: Route) -> str:
    parts = [f"via {route.gateway}" if route.gateway else "directly"]
    return " ".join([*parts, *([f"dev {route.device}"] if route.device else [])])
