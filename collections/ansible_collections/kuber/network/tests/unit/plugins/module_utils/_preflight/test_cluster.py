# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight.cluster import read_cluster
from ansible_collections.kuber.network.plugins.module_utils._preflight.pool import Taken
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_modes
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.tests.unit.control_plane import ApiServer

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "preflight"},
    "spec": {"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]},
    "status": {
        "addresses": [
            {"type": "Hostname", "address": "preflight"},
            {"type": "InternalIP", "address": "192.168.99.134"},
        ]
    },
}
KUBE_PROXY = "mode: iptables\nfeatureGates:\n  KubeProxyIPVS: true\n"
SYSTEM = "/api/v1/namespaces/kube-system"
CILIUM = "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium"
KUBEADM = "networking:\n  podSubnet: 10.244.0.0/16, fd00:244::/56\n  serviceSubnet: 10.96.0.0/12\n"


def config_map(name: str, **data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.fixture
def client(api_server: ApiServer) -> t.Iterator[Client]:
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context=None)
    yield client
    for path in (
        "/api/v1/nodes/preflight",
        "/api/v1/namespaces/kube-system/configmaps/kube-proxy",
        "/api/v1/namespaces/kube-system/configmaps/kubeadm-config",
        kube_proxy.DAEMON_SET,
        CILIUM,
    ):
        try:
            client.request("DELETE", path)
        except KuberError:
            continue


def add_kube_proxy(client: Client, text: str, *command: str) -> None:
    data = {"config.conf": text, "kubeconfig.conf": "x"}
    client.request("POST", f"{SYSTEM}/configmaps", body=config_map("kube-proxy", **data))
    add_daemon_set(client, "kube-proxy", *command)


def add_daemon_set(client: Client, name: str, *command: str) -> None:
    container = {"name": name, "image": "x", "command": list(command)}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name}, "spec": spec}
    client.request("POST", kube_proxy.DAEMON_SET.rpartition("/")[0], body=body)


def test_a_kubeadm_cluster_is_read(client: Client, api_server: ApiServer) -> None:
    client.request("POST", "/api/v1/nodes", body=NODE)
    add_kube_proxy(client, KUBE_PROXY, "/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf")
    client.request("POST", f"{SYSTEM}/configmaps", body=config_map("kubeadm-config", ClusterConfiguration=KUBEADM))

    cluster = read_cluster(client)

    assert cluster.server == api_server.server
    assert proxy_modes.minor(cluster.version) >= 33
    assert cluster.node_addresses == ("192.168.99.134",)
    assert cluster.proxy_configuration == {"mode": "iptables", "featureGates": {"KubeProxyIPVS": True}}
    # The API server itself tells the network of services; kubeadm's ConfigMap is only asked where it cannot.
    assert set(cluster.networks) == {
        Taken("the network of services", ipaddress.ip_network("10.96.0.0/16")),
        Taken("the network of pods", ipaddress.ip_network("10.244.0.0/16")),
        Taken("the network of pods", ipaddress.ip_network("fd00:244::/56")),
    }


def test_a_cluster_of_another_make_is_read(client: Client) -> None:
    client.request("POST", "/api/v1/nodes", body=NODE)
    cluster = read_cluster(client)
    assert isinstance(cluster.proxy_configuration, NoProxyError)
    assert Taken("the network of pods", ipaddress.ip_network("10.244.0.0/24")) in cluster.networks


def test_what_replaces_kube_proxy_is_named(client: Client) -> None:
    add_daemon_set(client, "cilium")
    found = read_cluster(client).proxy_configuration
    assert isinstance(found, NoProxyError)
    assert "Cilium runs here" in str(found)


@pytest.mark.parametrize(
    ("text", "command", "said"),
    [
        ("mode: [ipvs", ["--config=/var/lib/kube-proxy/config.conf"], "Cannot read"),
        ("mode: ipvs\n---\nmode: iptables\n", ["--config", "/a/config.conf"], "2 documents"),
        # Not what kube-proxy reads.
        (KUBE_PROXY, ["--config=/var/lib/kube-proxy/other.conf"], "in the ConfigMap config.conf, kubeconfig.conf"),
        (KUBE_PROXY, ["--proxy-mode=ipvs"], "does not read its configuration from ConfigMap kube-proxy"),
    ],
)
def test_a_configuration_that_cannot_be_edited_is_a_finding(
    client: Client, text: str, command: list[str], said: str
) -> None:
    add_kube_proxy(client, text, "kube-proxy", *command)
    found = read_cluster(client).proxy_configuration
    assert isinstance(found, KuberError)
    assert said in str(found)
