# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read what in a cluster depends on the mode of kube-proxy; what may not be read is kept with the reason."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

SERVICES, DAEMON_SETS, PODS, METRICS = "Services", "DaemonSets", "Pods", "metrics of kube-proxy"
# kubernetes/pkg/proxy/metrics/metrics.go, in iptables mode since 1.31.
LOCALHOST = "kubeproxy_iptables_localhost_nodeports_accepted_packets_total"
INVALID = "kubeproxy_iptables_ct_state_invalid_dropped_packets_total"


@dataclasses.dataclass(frozen=True)
class ClusterFacts:
    """What the API server knows."""

    version: str
    config: Mapping[str, t.Any]
    """The configuration of kube-proxy."""
    modes: Mapping[str, str | None]
    """The running mode by node; None if kube-proxy does not answer there."""
    node_addresses: Mapping[str, tuple[str, ...]]
    """The addresses of type InternalIP by node."""
    services: tuple[Body, ...] = ()
    daemon_sets: tuple[Body, ...] = ()
    images: tuple[str, ...] = ()
    """The images of all pods."""
    counters: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    """By node, those of the counters above that kube-proxy has."""
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What could not be read, and why."""

    @property
    def node_ports(self) -> list[int]:
        """The node ports of Services over TCP."""
        return sorted({port for service in self.services for port in node_ports(service)})


def node_ports(service: Body) -> list[int]:
    """Return the node ports of a Service over TCP."""
    ports = service["spec"].get("ports") or ()
    return [port["nodePort"] for port in ports if port.get("nodePort") and port.get("protocol", "TCP") == "TCP"]


def read(client: Client) -> ClusterFacts:
    """Read from the API server; raise ``KuberError`` without a cluster, or without kube-proxy."""
    version = client.get("/version")["gitVersion"]
    state = kube_proxy.read(client)
    unread: dict[str, str] = {}
    pods = _list(client, "/api/v1/pods", PODS, unread)
    return ClusterFacts(
        version=version,
        config=state.document.config,
        modes={pod.node: pod.mode for pod in state.pods},
        node_addresses={node["metadata"]["name"]: _internal(node) for node in client.list("/api/v1/nodes")},
        services=tuple(_list(client, "/api/v1/services", SERVICES, unread)),
        daemon_sets=tuple(_list(client, "/apis/apps/v1/daemonsets", DAEMON_SETS, unread)),
        images=tuple(sorted({one["image"] for pod in pods for one in _containers(pod)})),
        counters=_counters(client, state, unread),
        unread=unread,
    )


def _list(client: Client, path: str, what: str, unread: dict[str, str]) -> Sequence[Body]:
    try:
        return list(client.list(path))
    except ApiError as exc:
        if exc.status != 403:
            raise
        unread[what] = str(exc)
        return []


def _internal(node: Body) -> tuple[str, ...]:
    found = (node.get("status") or {}).get("addresses") or ()
    return tuple(one["address"] for one in found if one["type"] == "InternalIP")


def _containers(pod: Body) -> Sequence[Body]:
    spec = pod["spec"]
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _counters(client: Client, state: kube_proxy.ProxyState, unread: dict[str, str]) -> dict[str, Mapping[str, float]]:
    port = proxy_config.metrics_port(state.document.config)
    found: dict[str, Mapping[str, float]] = {}
    for pod in state.pods:
        text = kube_proxy.ask(client, pod.name, port, "metrics") if port else None
        if text is None:
            unread[METRICS] = f"kube-proxy on node {pod.node} does not answer the API server"
        else:
            found[pod.node] = dict(counters(text))
    return found


def counters(text: str) -> list[tuple[str, float]]:
    """Read the counters in what the metrics server prints; those that this kube-proxy lacks are left out."""
    lines = re.findall(rf"^({LOCALHOST}|{INVALID}) (\S+)$", text, re.MULTILINE)
    return [(name, float(value)) for name, value in lines]
