# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Assemble the path of a request from what has been read, in pure code."""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.pods import is_ready
from ansible_collections.kuber.network.plugins.module_utils._trace import hooks, host, ingress, traefik
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import (
    ClusterObjects,
    Endpoint,
    cluster_addresses,
    endpoints,
    has_labels,
    node_addresses,
    title,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.entry import CACHE_APPS, EntryPoint, Serving, find
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Health, Hop, Kind, chain
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet, equal_shares
from ansible_collections.kuber.network.plugins.module_utils._trace.service import pod_hop, service_hop

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.node import TracedNode
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Lookup
    from ansible_collections.kuber.network.plugins.module_utils._trace.target import Target


@dataclasses.dataclass(frozen=True)
class TraceData:
    """Everything that has been read."""

    cluster: ClusterObjects
    machine: host.Machine
    node: TracedNode
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    answers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """For each socket of a pod that was probed: why it does not accept connections, empty if it does."""
    routers: Mapping[str, t.Any] | str | None = None
    """If the controller is Traefik: what its API says, or why it says nothing."""


def plan(target: Target, world: TraceData) -> Hop:
    """Return the path as a tree, with the request at its root."""
    entry = find(target, world.cluster, world.machine)
    inside = not entry.from_outside
    client = world.node.place.source if inside else _client(world)
    origin = [Fact("from", f"node {world.node.name}" if inside else "this machine")]
    origin += [Fact("address", client)] if client else []
    origin += [Fact("not checked", "the path from this machine: no route")] if world.machine.hidden else []
    headers = [Fact("header", f"{name}: {value}") for name, value in world.headers.items()]
    request = Hop(Kind.REQUEST, target.text, (*origin, *headers))
    found = world.machine.route
    route = None
    if found is not None and entry.address and not inside:
        announcing = world.cluster.announcing_nodes(entry.address)
        route = host.route_hop(world.cluster, found, entry.address, announcing)
    return chain(request, entry.name_hop, route, _way_in(target, world, entry))


def _way_in(target: Target, world: TraceData, entry: EntryPoint) -> Hop:
    if entry.serving is not None:
        return _served(target, world, entry, entry.serving)
    if entry.cached and entry.address and target.port:
        return _cache(world, Packet(target.protocol, entry.address, target.port, outside=False), hooks.CACHE)
    if entry.endpoint is not None:
        return pod_hop(world.cluster, entry.endpoint, service="", share=None, answers=world.answers)
    return entry.trouble_hop or Hop(Kind.SERVICE, "no address").idle("Without an address there is nothing to trace")


def _served(target: Target, world: TraceData, entry: EntryPoint, serving: Serving) -> Hop:
    """Return the path through a Service: its address, the rules of the node, and the pods behind them."""
    found = endpoints(world.cluster, serving.service, serving.port)
    hop = service_hop(world.cluster, serving.service, serving.port, found, entry.address or "")
    if not entry.address:
        return hop.then(*_pods(world, serving.service, found))
    packet = _packet(world, entry, serving)
    rules = world.node.look(packet)
    controllers = [one.pod for one in found if one.pod and ingress.is_controller(one.pod)]
    if rules.cache and not rules.trouble:
        behind = [_cache(world, packet, rules.cache), *_passed_by(world, serving.service, found, rules.cache)]
    elif target.is_web and controllers:
        behind = [_controller(target, world, controllers)]
    elif target.is_web and world.routers is not None:
        behind = [_traefik(target, world, world.routers, [one.pod for one in found if one.pod])]
    else:
        behind = _pods_behind(world, serving.service, found, rules, packet)
    return chain(hop, _rules_hop(world, entry, serving, found, rules, packet).then(*behind))


def _cache(world: TraceData, packet: Packet, name: str) -> Hop:
    """Return the hop of the program that answers on the node itself, with its pod if there is one."""
    node = world.node.name
    apps = [{"k8s-app": app} for app in CACHE_APPS]
    pods = [one for one in world.cluster.pods if any(has_labels(one, labels) for labels in apps)]
    pod = next((one for one in pods if one["spec"].get("nodeName") == node), None)
    if pod is None:
        return Hop(Kind.POD, name, (Fact("address", packet.socket), Fact("node", node)))
    endpoint = Endpoint(packet.address, packet.port, node, is_ready(pod), pod, packet.protocol)
    return pod_hop(world.cluster, endpoint, service=name, share=None, facts=[Fact("is", name)])


def _passed_by(world: TraceData, service: Body, found: Sequence[Endpoint], cache: str) -> list[Hop]:
    pods = [_pod(world, service, one, fractions.Fraction(0)) for one in found]
    return [pod.idle(f"{cache} answers instead, and queries it for unknown names") for pod in pods]


def _packet(world: TraceData, entry: EntryPoint, serving: Serving) -> Packet:
    return Packet(
        protocol=serving.port.get("protocol", "TCP"),
        address=_asked(world, entry),
        port=serving.port["nodePort"] if entry.node_port else serving.port["port"],
        outside=entry.from_outside,
        local=serving.service["spec"].get(_policy(world, entry, serving.service)) == "Local",
        node_port=entry.node_port,
        source=_client(world) if entry.from_outside else world.node.place.source,
        interface=world.node.place.interface if entry.from_outside else "",
    )


def _policy(world: TraceData, entry: EntryPoint, service: Body) -> str:
    """The field that decides whether only the node's own pods are asked; that for load balancers is not for packets of
    the node itself, except with IPVS, which cannot tell who sends them."""
    ipvs = world.node.proxy is not None and world.node.proxy.mode == "ipvs"
    if entry.from_outside or (ipvs and entry.address not in cluster_addresses(service)):
        return "externalTrafficPolicy"
    return "internalTrafficPolicy" if entry.address in cluster_addresses(service) else ""


def _asked(world: TraceData, entry: EntryPoint) -> str:
    """Return the address of a packet; a node port of another node is examined on this node."""
    address = entry.address or ""
    if not entry.node_port or _entered_at(world, entry) == world.node.name:
        return address
    node = world.cluster.node(world.node.name)
    own = [one for one in (node_addresses(node) if node else ()) if (":" in one) == (":" in address)]
    return own[0] if own else address


def _client(world: TraceData) -> str:
    """Return the address that this machine uses as a client."""
    route = world.machine.route.route if world.machine.route else None
    return route.source if route else ""


def _rules_hop(
    world: TraceData, entry: EntryPoint, serving: Serving, found: Sequence[Endpoint], rules: Lookup, packet: Packet
) -> Hop:
    """Compare what the kernel of the node does with what it should do."""
    hop = Hop(Kind.RULES, rules.name, (Fact("node", world.node.title), *rules.facts))
    entered = _entered_at(world, entry)
    if world.node.problem:
        return hop.unknown(world.node.problem)
    if rules.trouble and (rules.alike or entered == world.node.name):
        return hop.broken(rules.trouble.what, rules.trouble.remedy)
    if entered != world.node.name:
        # All nodes have the same rules, except those for local pods only, and except for faults.
        other = f"{entered}, whose rules were not read"
        hop = dataclasses.replace(hop, facts=(*hop.facts, Fact("entered at", other)))
        if packet.local or rules.trouble:
            here = f"; on {world.node.name}: {rules.trouble.what}" if rules.trouble else ""
            return hop.unknown(f"the packets enter at {other}{here}")
    if rules.unknown:
        return hop.unknown(rules.unknown)
    if rules.cache:
        return hop
    return _compared(hop, world.node.name, serving, found, rules, packet)


def _compared(hop: Hop, node: str, serving: Serving, found: Sequence[Endpoint], rules: Lookup, packet: Packet) -> Hop:
    """Return the hop, with trouble if the rules do not lead to all the pods that they should."""
    ready = [one for one in found if one.ready]
    here = [one for one in ready if one.node in ("", node)] if packet.local else ready
    if ready and not here:
        others = ", ".join(sorted({one.node for one in ready}))
        return hop.broken(
            f"The traffic policy is Local, and node {node} has no ready pod of {title(serving.service)}: "
            "it drops the packets",
            f"Send the requests to node {others}, or set the traffic policy to Cluster",
        )
    known = {backend.socket for backend in rules.backends}
    missing = [one.socket for one in here if one.socket not in known]
    if missing:
        return hop.broken(
            f"The rules lack {', '.join(missing)}, ready according to the API server: kube-proxy lags behind",
            "See `kubectl --namespace kube-system logs daemonset/kube-proxy`",
        )
    return hop


def _entered_at(world: TraceData, entry: EntryPoint) -> str:
    """Return the node that gets the request first."""
    route = world.machine.route.route if world.machine.route and entry.from_outside else None
    if route is None:
        return world.node.name
    node = world.cluster.node_at((not entry.node_port and route.gateway) or entry.address or "")
    announcing = [] if route.gateway else world.cluster.announcing_nodes(entry.address or "")
    return str(node["metadata"]["name"]) if node else next(iter(announcing), world.node.name)


def _pods_behind(
    world: TraceData, service: Body, found: Sequence[Endpoint], rules: Lookup, packet: Packet
) -> list[Hop]:
    """Return a hop for each pod that the rules lead to or should lead to."""
    by_socket = {one.socket: one for one in found}
    hops = []
    for backend in rules.backends:
        endpoint = by_socket.pop(backend.socket, None)
        if endpoint is None:
            hop = Hop(Kind.POD, backend.socket, backend.facts, share=backend.share)
            if not backend.share:
                # IPVS: weight 0 until the last connection has closed.
                hops.append(hop.idle("Draining: keeps its connections, gets no new ones (weight 0)"))
                continue
            what = f"The rules lead to {backend.socket}, which is not an endpoint of {title(service)}"
            if rules.unknown or rules.trouble:
                hops.append(hop.idle(what))
                continue
            what = f"{what} any longer"
            hops.append(hop.broken(what, "See `kubectl --namespace kube-system logs daemonset/kube-proxy`"))
            continue
        hops.append(_pod(world, service, endpoint, backend.share, backend.facts))
    for endpoint in by_socket.values():
        nothing = None if world.node.problem or rules.unknown else fractions.Fraction(0)
        hop = _pod(world, service, endpoint, nothing)
        if packet.local and endpoint.ready and endpoint.node != world.node.name:
            hop = hop.idle(f"The traffic policy is Local: node {world.node.name} sends nothing to node {endpoint.node}")
        hops.append(hop)
    return _all_to_one(hops)


def _all_to_one(hops: list[Hop]) -> list[Hop]:
    """Drop the share if there is only one hop to choose."""
    return [dataclasses.replace(hop, share=None) for hop in hops] if [hop.share for hop in hops] == [1] else hops


def _pod(
    world: TraceData,
    service: Body,
    endpoint: Endpoint,
    share: fractions.Fraction | None,
    facts: Sequence[Fact] = (),
) -> Hop:
    name = title(service)
    return pod_hop(world.cluster, endpoint, service=name, share=share, facts=facts, answers=world.answers)


def _pods(world: TraceData, service: Body, found: Sequence[Endpoint]) -> list[Hop]:
    """Return the pods of a Service that clients reach without the rules of the node: each client chooses a pod."""
    share = equal_shares(sum(one.ready for one in found))
    return _all_to_one([_pod(world, service, one, share) for one in found])


def _controller(target: Target, world: TraceData, pods: Sequence[Body]) -> Hop:
    hop = ingress.controller_hop(pods)
    rule, backends = ingress.rule_hop(world.cluster, target, world.headers, pods)
    return hop.then(rule.then(*_all_to_one([_backend(world, backend) for backend in backends])))


def _traefik(target: Target, world: TraceData, routers: Mapping[str, t.Any] | str, pods: Sequence[Body]) -> Hop:
    hop = ingress.controller_hop(pods, "Traefik")
    if isinstance(routers, str):
        return hop.unknown(routers)
    decision = traefik.decide(world.cluster, routers, target, world.headers, pods[0])
    return hop.then(decision.hop.then(*_all_to_one([_server(world, one, pods[0]) for one in decision.backends])))


def _server(world: TraceData, backend: traefik.TraefikBackend, of_traefik: Body) -> Hop:
    """Return a service of Traefik as the Service that it was made of, with that Service's pods."""
    if backend.reference is None:
        hop = Hop(Kind.SERVICE, backend.name, share=backend.share)
        return hop.unknown(f"of which Service Traefik's service {backend.name} is made")
    namespace, name, wanted = backend.reference
    service = world.cluster.service(namespace, name)
    bare = Hop(Kind.SERVICE, f"{namespace}/{name}", share=backend.share)
    answer = backend.refusal or "Traefik answers 503"
    if service is None:
        return bare.broken(
            f"The {backend.owner} names Service {namespace}/{name}, which does not exist: {answer}",
            f"Create the Service, or correct the backend of the {backend.owner}",
        )
    ports = service["spec"].get("ports") or []
    port = next((one for one in ports if wanted in (str(one["port"]), one.get("name"))), None)
    if port is None:
        there = ", ".join(str(one["port"]) for one in ports)
        return bare.broken(
            f"The {backend.owner} names port {wanted} of Service {namespace}/{name}, which has {there}: {answer}",
            f"Correct the port of the backend to {there}",
        )
    if backend.refusal:
        return bare.broken(f"Nothing is sent to Service {namespace}/{name}: {answer}", "Correct the HTTPRoute")
    found = endpoints(world.cluster, service, port)
    hop = dataclasses.replace(service_hop(world.cluster, service, port, found), share=backend.share)
    missing = [one.socket for one in found if one.ready and one.socket not in backend.servers]
    if missing:
        hop = hop.broken(
            f"Traefik does not know {', '.join(missing)}, ready according to the API server: it lags behind",
            traefik.see_logs(of_traefik),
        )
    if hop.health is Health.BROKEN and not backend.share:
        hop = dataclasses.replace(hop, health=Health.IDLE)
    return hop.then(*_pods(world, service, found))


def _backend(world: TraceData, backend: ingress.IngressBackend) -> Hop:
    """Return a Service behind a rule. The controller sends to the pods directly, not to the Service's address."""
    namespace, name, wanted = backend.reference
    service = world.cluster.service(namespace, name)
    bare = Hop(Kind.SERVICE, f"{namespace}/{name}", backend.facts, share=backend.share)
    owner = title(backend.location.ingress)
    if service is None:
        return bare.broken(
            f"Ingress {owner} names Service {namespace}/{name}, which does not exist: nginx answers 503",
            f"Create the Service, or correct the backend: `kubectl --namespace {namespace} edit ingress "
            f"{backend.location.ingress['metadata']['name']}`",
        )
    ports = service["spec"].get("ports") or []
    port = next((one for one in ports if wanted in (one["port"], one.get("name"))), None)
    if port is None:
        there = ", ".join(str(one["port"]) for one in ports)
        return bare.broken(
            f"Ingress {owner} names port {wanted} of Service {namespace}/{name}, which has {there}: nginx answers 503",
            f"Correct the port of the backend to {there}",
        )
    found = endpoints(world.cluster, service, port)
    hop = service_hop(world.cluster, service, port, found)
    hop = dataclasses.replace(hop, share=backend.share, facts=(*backend.facts, *hop.facts))
    if hop.health is Health.BROKEN and not backend.share:
        hop = dataclasses.replace(hop, health=Health.IDLE)
    return hop.then(*_pods(world, service, found))
