# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read services from the API: their addresses, ports and pods."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Object = Mapping[str, t.Any]

NO_ADDRESS = ("", "None")


@dataclasses.dataclass(frozen=True)
class Backend:
    """One address and port of a pod that serves requests."""

    address: str
    port: int
    node: str

    def __str__(self) -> str:
        return socket_text(self.address, self.port)


@dataclasses.dataclass(frozen=True)
class ServicePort:
    """One port of a service, as kube-proxy has to serve it."""

    service: str
    protocol: str
    port: int
    cluster_addresses: tuple[str, ...]
    outer_addresses: tuple[str, ...]
    backends: tuple[Backend, ...]
    cluster_local: bool
    outer_local: bool
    node_port: int = 0
    draining: tuple[Backend, ...] = ()
    """Terminating pods that still serve requests; they are used if there are no others."""

    def backends_for(self, address: str, node: str) -> frozenset[str]:
        """Return the backends that this node has to use for an address of the service, in IPVS mode.

        Without a local pod it uses all of them, unless the traffic policy is Local and the service cannot be reached
        from outside (syncEndpoint in kubernetes/pkg/proxy/ipvs/proxier.go, CategorizeEndpoints in topology.go).
        """
        local = self.cluster_local if address in self.cluster_addresses else self.outer_local
        version6 = ":" in address
        ready, draining = (
            [one for one in backends if (":" in one.address) == version6] for backends in (self.backends, self.draining)
        )
        own = [one for one in ready if one.node == node] or [one for one in draining if one.node == node]
        closed = self.cluster_local and not (self.outer_addresses or self.node_port)
        return frozenset(map(str, own if local and (own or closed) else ready or draining))


def socket_text(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def service_ports(services: Iterable[Object], slices: Sequence[Object]) -> list[ServicePort]:
    """Return every port of every service that has an address."""
    return [
        _service_port(service, port, slices)
        for service in services
        if service["spec"].get("clusterIP", "") not in NO_ADDRESS
        for port in service["spec"].get("ports", ())
    ]


def _service_port(service: Object, port: Object, slices: Sequence[Object]) -> ServicePort:
    meta, spec = service["metadata"], service["spec"]
    return ServicePort(
        service=f"{meta['namespace']}/{meta['name']}",
        protocol=port.get("protocol", "TCP").lower(),
        port=port["port"],
        cluster_addresses=tuple(spec.get("clusterIPs") or [spec["clusterIP"]]),
        outer_addresses=(*spec.get("externalIPs", ()), *load_balancer_addresses(service)),
        backends=tuple(_backends(meta, port, slices, _is_ready)),
        cluster_local=spec.get("internalTrafficPolicy") == "Local",
        outer_local=spec.get("externalTrafficPolicy") == "Local",
        node_port=port.get("nodePort", 0),
        draining=tuple(_backends(meta, port, slices, _is_draining)),
    )


def load_balancer_addresses(service: Object) -> list[str]:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    # With mode Proxy, the load balancer answers itself and kube-proxy ignores the address.
    return [item["ip"] for item in ingress if item.get("ip") and item.get("ipMode") != "Proxy"]


def _backends(
    meta: Object, port: Object, slices: Sequence[Object], wanted: Callable[[Object], bool]
) -> Iterable[Backend]:
    for number, endpoint in endpoints(meta, port, slices):
        if wanted(endpoint.get("conditions") or {}):
            yield Backend(endpoint["addresses"][0], number, endpoint.get("nodeName") or "")


def _is_ready(conditions: Object) -> bool:
    return bool(conditions.get("ready", True))


def _is_draining(conditions: Object) -> bool:
    return not _is_ready(conditions) and bool(conditions.get("serving") and conditions.get("terminating"))


def endpoints(meta: Object, port: Object, slices: Sequence[Object]) -> Iterable[tuple[int, Object]]:
    """Return the endpoints of one port of a service, each with its port number."""
    for item in slices:
        owner = item["metadata"].get("labels", {}).get("kubernetes.io/service-name")
        if item["metadata"]["namespace"] != meta["namespace"] or owner != meta["name"]:
            continue
        numbers = [entry["port"] for entry in item.get("ports") or () if _same_port(entry, port)]
        for endpoint in item.get("endpoints") or ():
            for number in numbers:
                yield number, endpoint


def _same_port(entry: Object, port: Object) -> bool:
    return (entry.get("name") or "") == (port.get("name") or "") and entry.get("protocol", "TCP") == port.get(
        "protocol", "TCP"
    )
