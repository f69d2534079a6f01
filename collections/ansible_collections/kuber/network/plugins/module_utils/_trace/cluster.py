# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the cluster's objects once, and answer a trace's questions about them."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.status import condition
from ansible_collections.kuber.network.plugins.module_utils._proxy import services as _services

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

PATHS = {
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
    "pods": "/api/v1/pods",
    "nodes": "/api/v1/nodes",
    "deployments": "/apis/apps/v1/deployments",
    "ingresses": "/apis/networking.k8s.io/v1/ingresses",
    "classes": "/apis/networking.k8s.io/v1/ingressclasses",
}
# These kinds exist only where MetalLB is installed.
METALLB_PATHS = {
    "pools": "/apis/metallb.io/v1beta1/ipaddresspools",
    "advertisements": "/apis/metallb.io/v1beta1/l2advertisements",
    "announcements": "/apis/metallb.io/v1beta1/servicel2statuses",
}
# These only where Gateway API is.
GATEWAY_PATHS = {
    "gateways": "/apis/gateway.networking.k8s.io/v1/gateways",
    "http_routes": "/apis/gateway.networking.k8s.io/v1/httproutes",
}
EVENTS = "/api/v1/events"


@dataclasses.dataclass(frozen=True)
class ClusterObjects:
    """The objects of the cluster, as read at one moment."""

    services: tuple[Body, ...] = ()
    slices: tuple[Body, ...] = ()
    pods: tuple[Body, ...] = ()
    nodes: tuple[Body, ...] = ()
    deployments: tuple[Body, ...] = ()
    ingresses: tuple[Body, ...] = ()
    classes: tuple[Body, ...] = ()
    pools: tuple[Body, ...] = ()
    advertisements: tuple[Body, ...] = ()
    announcements: tuple[Body, ...] = ()
    gateways: tuple[Body, ...] = ()
    http_routes: tuple[Body, ...] = ()
    warnings: tuple[Body, ...] = ()
    """Events of type Warning."""
    metallb: bool = False

    def service(self, namespace: str, name: str) -> Body | None:
        return next((one for one in self.services if _is(one, namespace, name)), None)

    def pod(self, namespace: str, name: str) -> Body | None:
        return next((one for one in self.pods if _is(one, namespace, name)), None)

    def node_at(self, address: str) -> Body | None:
        return next((node for node in self.nodes if address in node_addresses(node)), None)

    def node(self, name: str) -> Body | None:
        return next((node for node in self.nodes if node["metadata"]["name"] == name), None)

    def selected(self, service: Body) -> list[Body]:
        """Return the pods that the selector of a Service matches, except terminated ones."""
        selector = service["spec"].get("selector") or {}
        return [
            pod
            for pod in self.pods
            if selector
            and pod["metadata"]["namespace"] == service["metadata"]["namespace"]
            and has_labels(pod, selector)
            and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        ]

    def events(self, body: Body) -> list[Body]:
        """Return the warnings about an object, oldest first."""
        uid = body["metadata"].get("uid")
        mine = [event for event in self.warnings if event["involvedObject"].get("uid") == uid]
        return sorted(mine, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))

    def announcing_nodes(self, address: str) -> list[str]:
        """Return the nodes from which MetalLB announces an address."""
        owners = [one["metadata"] for one in self.services if address in outer_addresses(one)]
        names = {(one["namespace"], one["name"]) for one in owners}
        # MetalLB creates a ServiceL2Status first, and fills in the Service a moment later.
        statuses = [one.get("status") or {} for one in self.announcements]
        return sorted(
            {
                one["node"]
                for one in statuses
                if one.get("node") and (one.get("serviceNamespace"), one.get("serviceName")) in names
            }
        )


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """An endpoint of a Service: a pod, or another address."""

    address: str
    port: int
    node: str
    ready: bool
    pod: Body | None
    protocol: str = "TCP"

    @property
    def socket(self) -> str:
        return _services.socket_text(self.address, self.port)


def read(client: Client) -> ClusterObjects:
    lists: dict[str, t.Any] = {name: tuple(client.list(path)) for name, path in PATHS.items()}
    lists["warnings"] = tuple(client.list(EVENTS, fieldSelector="type=Warning"))
    # Who may not read these learns of a router's route that it is unknown; all else of a trace needs none of them.
    lists |= _optional(client, GATEWAY_PATHS, missing=(403, 404))
    metallb = _optional(client, METALLB_PATHS)
    return ClusterObjects(**lists, **metallb, metallb=bool(metallb))


def _optional(client: Client, paths: t.Mapping[str, str], missing: t.Collection[int] = (404,)) -> dict[str, t.Any]:
    """Read kinds that a cluster may not have; nothing if it has not all of them."""
    try:
        return {name: tuple(client.list(path)) for name, path in paths.items()}
    except ApiError as exc:
        if exc.status not in missing:
            raise
        return {}


def endpoints(cluster: ClusterObjects, service: Body, port: Body) -> list[Endpoint]:
    """Return the endpoints of one port of a Service, by address."""
    found = _services.endpoints(service["metadata"], port, cluster.slices)
    namespace, protocol = service["metadata"]["namespace"], port.get("protocol", "TCP")
    result = [_endpoint(cluster, namespace, protocol, number, endpoint) for number, endpoint in found]
    return sorted(result, key=lambda one: (ipaddress.ip_address(one.address).packed, one.port))


def _endpoint(
    cluster: ClusterObjects, namespace: str, protocol: str, number: int, endpoint: t.Mapping[str, t.Any]
) -> Endpoint:
    target = endpoint.get("targetRef") or {}
    pod = cluster.pod(namespace, target["name"]) if target.get("kind") == "Pod" else None
    ready = (endpoint.get("conditions") or {}).get("ready", True)
    return Endpoint(endpoint["addresses"][0], number, endpoint.get("nodeName") or "", bool(ready), pod, protocol)


def cluster_addresses(service: Body) -> tuple[str, ...]:
    spec = service["spec"]
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or ""]
    return tuple(address for address in addresses if address not in _services.NO_ADDRESS)


def outer_addresses(service: Body) -> tuple[str, ...]:
    return (*(service["spec"].get("externalIPs") or ()), *_services.load_balancer_addresses(service))


def node_addresses(node: Body) -> list[str]:
    """Return the internal addresses of a node."""
    found = (node.get("status") or {}).get("addresses") or []
    return [one["address"] for one in found if one["type"] in ("InternalIP", "ExternalIP")]


def is_ready_node(node: Body) -> bool:
    return condition(node, "Ready").get("status") == "True"


def has_labels(body: Body, wanted: t.Mapping[str, str]) -> bool:
    labels = body["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def title(body: Body) -> str:
    """Return namespace and name, such as default/web."""
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"


def pool_ranges(pool: Body) -> Iterator[tuple[int, int, int]]:
    """Yield version, first and last address of each range of an IPAddressPool."""
    for text in pool["spec"].get("addresses") or ():
        first, dash, last = (part.strip() for part in text.partition("-"))
        if dash:
            ends = [ipaddress.ip_address(first), ipaddress.ip_address(last)]
            yield ends[0].version, int(ends[0]), int(ends[1])
        else:
            network = ipaddress.ip_network(text.strip(), strict=False)
            yield network.version, int(network[0]), int(network[-1])


def pool_of(cluster: ClusterObjects, address: str) -> Body | None:
    """Return the pool that contains an address."""
    wanted = ipaddress.ip_address(address)
    for pool in cluster.pools:
        for version, first, last in pool_ranges(pool):
            if version == wanted.version and first <= int(wanted) <= last:
                return pool
    return None


def network_around(cluster: ClusterObjects, address: str) -> str:
    """Return the smallest network that contains the pool's range around an address: the destination of a route."""
    own = ipaddress.ip_address(address)
    for pool in cluster.pools:
        for version, first, last in pool_ranges(pool):
            if version == own.version and first <= int(own) <= last:
                length = own.max_prefixlen - (first ^ last).bit_length()
                return str(ipaddress.ip_network((first, length), strict=False))
    return str(ipaddress.ip_network(address))


def _is(body: Body, namespace: str, name: str) -> bool:
    metadata = body["metadata"]
    return bool(metadata["name"] == name and metadata["namespace"] == namespace)
