# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find where a request enters the cluster: its address, and the Service, node or pod that has it."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.diagnosis import event_text
from ansible_collections.kuber.network.plugins.module_utils._trace import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._trace import host as _host
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import Endpoint, title
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Hop, Kind

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects
    from ansible_collections.kuber.network.plugins.module_utils._trace.host import Machine
    from ansible_collections.kuber.network.plugins.module_utils._trace.target import Target

# Labels of the DaemonSets of kubernetes/cluster/addons/dns/nodelocaldns and of kubespray.
CACHE_APPS = ("node-local-dns", "nodelocaldns")
DNS = 53
REQUESTED = ("metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs")


@dataclasses.dataclass(frozen=True)
class Serving:
    """One port of a Service."""

    service: Body
    port: Body


@dataclasses.dataclass(frozen=True)
class EntryPoint:
    """Where a request enters the cluster."""

    address: str | None = None
    """``None`` for a headless Service, or if no address is known."""
    serving: Serving | None = None
    """The Service ports that have the address."""
    from_outside: bool = True
    """Whether the request comes from this machine; requests to cluster addresses come from the node."""
    node_port: bool = False
    endpoint: Endpoint | None = None
    """The pod, if the address is a pod's."""
    cached: bool = False
    """Whether the local DNS cache of each node has the address."""
    name_hop: Hop | None = None
    trouble_hop: Hop | None = None
    """The hop that explains why nothing has the address."""


def find(target: Target, cluster: ClusterObjects, machine: Machine) -> EntryPoint:
    """What the request meets first, and who sends it."""
    entry = _find(target, cluster, machine)
    return dataclasses.replace(entry, from_outside=False) if machine.hidden else entry


def _find(target: Target, cluster: ClusterObjects, machine: Machine) -> EntryPoint:
    if target.scheme == "service":
        return _service(target, cluster)
    if not target.is_name:
        return _at(target, cluster, target.host)
    hop, address = _host.name_hop(machine, target.host, ingress_addresses(cluster, target.host))
    if address is None:
        missing = Hop(Kind.SERVICE, "no address").idle("Without an address there is nothing to trace")
        return EntryPoint(name_hop=hop, trouble_hop=missing)
    return dataclasses.replace(_at(target, cluster, address), name_hop=hop)


def ingress_addresses(cluster: ClusterObjects, name: str) -> list[str]:
    """Return the addresses in the status of the Ingresses that have rules for a host."""
    found: dict[str, None] = {}
    for ingress in cluster.ingresses:
        if not any(rule.get("host") == name for rule in ingress["spec"].get("rules") or ()):
            continue
        for one in ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if one.get("ip"):
                found[one["ip"]] = None
    return list(found)


def _at(target: Target, cluster: ClusterObjects, address: str) -> EntryPoint:
    """Return the entry point of an address."""
    for addresses, outside in ((_cluster.outer_addresses, True), (_cluster.cluster_addresses, False)):
        # Several Services may share an address, with different ports.
        owners = [service for service in cluster.services if address in addresses(service)]
        for service in owners:
            port = _port(service, target)
            if port is not None:
                return EntryPoint(address, Serving(service, port), outside)
        if owners:
            return EntryPoint(address, None, outside, trouble_hop=_no_port(owners, target))
    if cluster.node_at(address) is not None:
        return _at_node(target, cluster, address)
    endpoint = _pod_at(target, cluster, address)
    if endpoint is not None:
        return EntryPoint(address, from_outside=False, endpoint=endpoint)
    if _is_link_local(address) and target.port == DNS and any(_is_cache(pod) for pod in cluster.pods):
        return EntryPoint(address, from_outside=False, cached=True)
    return EntryPoint(address, trouble_hop=_unassigned(cluster, address))


def _is_link_local(address: str) -> bool:
    return ipaddress.ip_address(address).is_link_local


def _is_cache(pod: Body) -> bool:
    return any(_cluster.has_labels(pod, {"k8s-app": app}) for app in CACHE_APPS)


def _at_node(target: Target, cluster: ClusterObjects, address: str) -> EntryPoint:
    for service in cluster.services:
        for port in service["spec"].get("ports") or ():
            if port.get("nodePort") == target.port and port.get("protocol", "TCP") == target.protocol:
                return EntryPoint(address, Serving(service, port), node_port=True)
    what = f"No Service has node port {target.protocol} {target.port}"
    hop = Hop(Kind.SERVICE, f"{address}:{target.port}")
    remedy = "`kubectl get services --all-namespaces` lists the node ports"
    return EntryPoint(address, trouble_hop=hop.broken(what, remedy))


def _pod_at(target: Target, cluster: ClusterObjects, address: str) -> Endpoint | None:
    for pod in cluster.pods:
        status = pod.get("status") or {}
        if status.get("podIP") == address and not pod["spec"].get("hostNetwork"):
            conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
            ready = conditions.get("Ready") == "True"
            return Endpoint(address, target.port or 0, pod["spec"].get("nodeName", ""), ready, pod, target.protocol)
    return None


def _port(service: Body, target: Target) -> Body | None:
    for port in service["spec"].get("ports") or ():
        if port["port"] == target.port and port.get("protocol", "TCP") == target.protocol:
            return t.cast("Body", port)
    return None


def _no_port(owners: list[Body], target: Target) -> Hop:
    ports = [f"{one.get('protocol', 'TCP')} {one['port']}" for service in owners for one in service["spec"]["ports"]]
    names = ", ".join(title(service) for service in owners)
    hop = Hop(Kind.SERVICE, names, (Fact("ports", ", ".join(ports)),))
    what = f"{names} has no port {target.protocol} {target.port}, only {', '.join(ports)}"
    return hop.broken(what, "Use one of these ports, or add the port to the Service")


def _service(target: Target, cluster: ClusterObjects) -> EntryPoint:
    service = cluster.service(target.namespace, target.host)
    if service is None:
        alike = [title(one) for one in cluster.services if one["metadata"]["name"] == target.host]
        there = [title(one) for one in cluster.services if one["metadata"]["namespace"] == target.namespace]
        known = ", ".join(alike or there) or "none"
        hop = Hop(Kind.SERVICE, f"{target.namespace}/{target.host}")
        return EntryPoint(
            from_outside=False, trouble_hop=hop.broken("There is no such Service", f"Similar names: {known}")
        )
    if service["spec"].get("type") == "ExternalName":
        return EntryPoint(from_outside=False, trouble_hop=_elsewhere(service))
    ports = service["spec"].get("ports") or []
    chosen = [one for one in ports if _is_meant(one, target)]
    if not chosen:
        return EntryPoint(from_outside=False, trouble_hop=_no_port([service], target))
    outer, inner = _cluster.outer_addresses(service), _cluster.cluster_addresses(service)
    if service["spec"].get("type") == "LoadBalancer" and not outer:
        return EntryPoint(trouble_hop=_no_address(cluster, service))
    address = next(iter((*outer, *inner)), None)
    return EntryPoint(address, Serving(service, chosen[0]), bool(outer))


def _elsewhere(service: Body) -> Hop:
    name = service["spec"].get("externalName", "")
    hop = Hop(Kind.SERVICE, title(service), (Fact("type", "ExternalName"), Fact("alias of", name)))
    return hop.idle(f"It is only a DNS alias of {name}", f"Trace {name} instead")


def _is_meant(port: Body, target: Target) -> bool:
    if target.port is None and not target.port_name:
        return True
    return port["port"] == target.port or (bool(target.port_name) and port.get("name") == target.port_name)


def _no_address(cluster: ClusterObjects, service: Body) -> Hop:
    """Explain why a load balancer has no address, with MetalLB's event if there is one."""
    annotated = (_requested(service, name) for name in REQUESTED)
    wanted = next(filter(None, annotated), service["spec"].get("loadBalancerIP"))
    facts = (Fact("type", "LoadBalancer"), *([Fact("requested", str(wanted))] if wanted else []))
    hop = Hop(Kind.SERVICE, title(service), facts)
    what = f"Service {title(service)} has no address"
    if not cluster.metallb:
        return hop.broken(f"{what}: nothing in the cluster assigns addresses", "Install MetalLB and create a pool")
    if not cluster.pools:
        return hop.broken(f"{what}: MetalLB has no pool", "Create an IPAddressPool and an L2Advertisement")
    messages = [event_text(event) for event in cluster.events(service)]
    pools = "; ".join(f"{one['metadata']['name']}: {', '.join(one['spec']['addresses'])}" for one in cluster.pools)
    if messages:
        return hop.broken(f"{what}: {messages[-1]}", f"Pools: {pools}. Enlarge one, or request an address within it")
    return hop.broken(f"{what} yet", f"Check MetalLB's controller; pools: {pools}")


def _requested(service: Body, name: str) -> str:
    return str((service["metadata"].get("annotations") or {}).get(name, ""))


def _unassigned(cluster: ClusterObjects, address: str) -> Hop:
    """Explain an address that nothing has; a Service may be waiting for it."""
    for service in cluster.services:
        requested = [_requested(service, name) for name in REQUESTED] + [str(service["spec"].get("loadBalancerIP", ""))]
        if any(address in one.split(",") for one in requested):
            return _no_address(cluster, service)
    hop = Hop(Kind.SERVICE, address)
    pool = _cluster.pool_of(cluster, address)
    if pool is not None:
        what = f"No Service has {address}; it is free in pool {pool['metadata']['name']}"
        return hop.broken(what, "`kubectl get services --all-namespaces` lists the assigned addresses")
    what = f"Nothing in the cluster has {address}: no Service, no node, no pod"
    return hop.broken(what, "`kubectl get services --all-namespaces` lists the assigned addresses")
