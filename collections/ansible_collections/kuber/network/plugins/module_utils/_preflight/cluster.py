# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the cluster's version and networks, and check that it is the intended cluster and supports the mode."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight import gateway_api, readiness, records
from ansible_collections.kuber.network.plugins.module_utils._preflight.pool import Taken
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config, proxy_modes
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

MODES = (*proxy_config.MODES, proxy_config.KEEP)
KUBEADM = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
SERVICE_CIDRS = "/apis/networking.k8s.io/v1/servicecidrs"


@dataclasses.dataclass(frozen=True)
class ClusterInfo:
    """What preflight knows about the cluster."""

    server: str
    context: str
    version: str
    node_addresses: tuple[str, ...]
    networks: tuple[Taken, ...]
    proxy_configuration: t.Mapping[str, t.Any] | KuberError
    """kube-proxy's configuration, or why it cannot be read."""
    architectures: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Of the nodes, by their names."""
    recorded: t.Mapping[str, str] | KuberError = dataclasses.field(default_factory=dict)
    """What a switch has recorded, or why it cannot be read."""
    gateway_api: gateway_api.GatewayApi | KuberError = dataclasses.field(default_factory=gateway_api.GatewayApi)
    """What is there of Gateway API, if it is wanted, or why it cannot be read."""
    not_ready: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Why nodes are not ready, by their names."""


def read_cluster(client: Client, *, wants_gateway_api: bool = False) -> ClusterInfo:
    """Read from the API server; raise ``KuberError`` if it does not answer."""
    version = client.get("/version")["gitVersion"]
    nodes = client.list("/api/v1/nodes")
    kubeadm = _document(_optional(client, KUBEADM), "ClusterConfiguration")
    networking = kubeadm.get("networking", {})
    services = [cidr for item in _service_cidrs(client) for cidr in item["spec"]["cidrs"]]
    pods = [cidr for node in nodes for cidr in node["spec"].get("podCIDRs", ())]
    texts = {
        "the network of services": services or _split(networking.get("serviceSubnet")),
        "the network of pods": _split(networking.get("podSubnet")) or pods,
    }
    return ClusterInfo(
        server=client.server,
        context=client.context,
        version=version,
        node_addresses=tuple(address for node in nodes for address in _internal_addresses(node)),
        networks=tuple(Taken(purpose, ipaddress.ip_network(text)) for purpose, all_ in texts.items() for text in all_),
        proxy_configuration=_proxy_configuration(client),
        architectures=dict(_architectures(nodes)),
        recorded=records.read(client),
        gateway_api=gateway_api.read(client) if wants_gateway_api else gateway_api.GatewayApi(),
        not_ready=readiness.not_ready(nodes),
    )


def _architectures(nodes: Sequence[Mapping[str, t.Any]]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        architecture = ((node.get("status") or {}).get("nodeInfo") or {}).get("architecture")
        if architecture:
            yield node["metadata"]["name"], architecture


def _proxy_configuration(client: Client) -> t.Mapping[str, t.Any] | KuberError:
    try:
        return kube_proxy.read_document(client)[0].config
    except KuberError as exc:
        return exc


def _optional(client: Client, path: str) -> t.Any:
    try:
        return client.get(path)
    except ApiError as exc:
        if exc.status == 404:
            return None
        raise


def _service_cidrs(client: Client) -> list[dict[str, t.Any]]:
    """Return the ServiceCIDRs, which exist since Kubernetes 1.33."""
    answer = _optional(client, SERVICE_CIDRS)
    return list(answer["items"]) if answer else []


def _document(config_map: t.Any, key: str) -> dict[str, t.Any]:
    """Return a YAML document from a ConfigMap; an invalid one counts as empty."""
    try:
        document = yaml.safe_load((config_map or {}).get("data", {}).get(key, ""))
    except yaml.YAMLError:
        return {}
    return document if isinstance(document, dict) else {}


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _internal_addresses(node: Mapping[str, t.Any]) -> list[str]:
    return [item["address"] for item in node["status"].get("addresses", ()) if item["type"] == "InternalIP"]


def wrong_mode(mode: str) -> Iterator[KuberError]:
    """Yield an error for a mode that kube-proxy never had."""
    if mode not in MODES:
        yield KuberError(
            "Invalid mode of kube-proxy", wanted=" or ".join(MODES), found=repr(mode), remedy="Change kube_proxy_mode"
        )


def unsupported_mode(mode: str, gates: Mapping[str, t.Any], cluster: ClusterInfo) -> Iterator[KuberError]:
    """Yield why kube-proxy cannot run in the mode; ``gates`` are the feature gates in the settings."""
    found = cluster.proxy_configuration
    if isinstance(found, KuberError):
        if mode != proxy_config.KEEP or not isinstance(found, NoProxyError):
            yield found
    elif mode in MODES:
        try:
            configured = proxy_config.feature_gates(found)
        except KuberError as exc:
            yield exc
        else:
            yield from proxy_modes.unsupported(mode, cluster.version, {**configured, **gates})


def foreign_context(profile: str, profile_addresses: Sequence[str], cluster: ClusterInfo) -> Iterator[KuberError]:
    """Yield an error if the context belongs to another cluster than the profile's."""
    # QEMU's own network (--network=builtin) has 127.0.0.1 for the node, which no cluster knows it by.
    profile_addresses = [address for address in profile_addresses if not address.startswith("127.")]
    if profile and profile_addresses and not set(profile_addresses) & set(cluster.node_addresses):
        yield KuberError(
            f"Context {cluster.context} does not belong to minikube profile {profile}",
            wanted=f"a cluster whose node is {', '.join(profile_addresses)}",
            found=f"{cluster.server} with {', '.join(cluster.node_addresses) or 'no nodes'}",
            remedy="Set kuber_context to the profile's context (minikube gives it the name of the profile), "
            "or KUBER_PROFILE to another profile",
        )
