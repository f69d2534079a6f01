# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that kube-proxy of Kubernetes 1.37 writes for Services, in either mode.

After syncProxyRules of kubernetes/pkg/proxy/iptables/proxier.go and kubernetes/pkg/proxy/nftables/proxier.go.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import ipaddress

PODS = "10.244.0.0/16"
ANY = "any"


@dataclasses.dataclass(frozen=True)
class Pod:
    address: str
    port: int
    here: bool
    """On the node whose rules these are."""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Service:
    """One port of one Service."""

    name: str
    protocol: str
    port: int
    address: str
    node_port: int = 0
    external: tuple[str, ...] = ()
    balancer: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    external_local: bool = False
    internal_local: bool = False
    sticky: bool = False
    pods: tuple[Pod, ...] = ()

    @property
    def local_pods(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.here)

    @property
    def outer(self) -> bool:
        return bool(self.node_port or self.external or self.balancer)

    @property
    def inner_pods(self) -> tuple[Pod, ...]:
        return self.local_pods if self.internal_local else self.pods

    @property
    def outer_pods(self) -> tuple[Pod, ...]:
        return self.local_pods if self.external_local else self.pods


@dataclasses.dataclass(frozen=True)
class Settings:
    """Of kube-proxy on one node."""

    node: str
    detect: str = "ClusterCIDR"
    """Or BridgeInterface, InterfaceNamePrefix, or none."""
    node_ports: tuple[str, ...] = (ANY,)
    """The addresses that admit node ports."""
    masquerade_all: bool = False

    @property
    def pods(self) -> str:
        """The condition for packets of pods, in the words of iptables."""
        return {
            "ClusterCIDR": f"-s {PODS}",
            "BridgeInterface": "-i cni0",
            "InterfaceNamePrefix": "-i veth+",
        }.get(self.detect, "")


def key_of(*parts: str, size: int) -> str:
    return base64.b32encode(hashlib.sha256("/".join(parts).encode()).digest()).decode()[:size]


def allowed(settings: Settings, service: Service) -> list[str]:
    """The networks of loadBalancerSourceRanges, and the balancer's own address if the node is among them."""
    inside = any(ipaddress.ip_address(settings.node) in ipaddress.ip_network(one) for one in service.ranges)
    return [*service.ranges, *(f"{one}/32" for one in service.balancer if inside)]
