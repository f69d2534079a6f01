# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters and nodes to report about: nodes from what real ones have printed."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate import node
from ansible_collections.kuber.network.plugins.module_utils._migrate.cluster import ClusterFacts
from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts
from ansible_collections.kuber.network.plugins.module_utils._runner import Result

UTILS = pathlib.Path(__file__).resolve().parents[1]
DUMPS = UTILS / "_net" / "dumps"
SEEN = UTILS / "_trace" / "seen"
PRIMARY = "192.168.99.134"
ADDRESSES = f"""1: lo    inet 127.0.0.1/8 scope host lo
1: lo    inet6 ::1/128 scope host
2: eth0    inet {PRIMARY}/24 scope global eth0
2: eth0    inet6 fe80::1/64 scope link
3: cni0    inet 10.244.0.1/24 scope global cni0
"""


def cluster(mode: str = "ipvs", *, services: t.Sequence[dict[str, t.Any]] = (), **more: t.Any) -> ClusterFacts:
    facts: dict[str, t.Any] = {
        "version": "v1.37.2",
        "config": {"mode": mode},
        "modes": {"minikube": mode},
        "node_addresses": {"minikube": (PRIMARY,)},
        "services": tuple(services),
        "daemon_sets": ({"metadata": {"name": "kindnet", "namespace": "kube-system"}},),
    }
    return ClusterFacts(**(facts | more))


def service(name: str = "web", *, node_port: int = 0, kind: str = "NodePort", **spec: t.Any) -> dict[str, t.Any]:
    port = {"port": 80, "protocol": "TCP"} | ({"nodePort": node_port} if node_port else {})
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind, "clusterIP": "10.96.0.9", "ports": [port]} | spec,
    }


def recorded(name: str) -> str:
    return (DUMPS / name).read_text()


def ruleset() -> str:
    return (SEEN / "nftables.json").read_text()


def outputs(**texts: str | tuple[int, str]) -> dict[str, Result]:
    """The results of all commands: a text for success, (exit code, error) for a failure; the others print nothing."""
    found = {}
    for name in node.commands():
        given = texts.get(name.replace("-", "_").replace(" ", "_").rpartition("/")[2], "")
        rc, out, err = (0, given, "") if isinstance(given, str) else (given[0], "", given[1])
        found[name] = Result((name,), rc, out, err)
    return found


def ipvs_node(**texts: str | tuple[int, str]) -> dict[str, Result]:
    """What a node in IPVS mode has printed."""
    printed: dict[str, str | tuple[int, str]] = {
        "iptables_nft": recorded("ipvs.ipv4"),
        "ip6tables_nft": recorded("ipvs.ipv6"),
        "ipsets": (SEEN / "ipset").read_text(),
        "virtual_servers": (SEEN / "ip_vs").read_text(),
        "addresses": (SEEN / "addresses").read_text() + ADDRESSES,
        "nft": json.dumps({"nftables": []}),
        "nft_version": "nftables v1.0.6 (Lester Gooch #5)",
        "connections": "12\n",
        "conntrack": "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal:0\n",
    }
    return outputs(**(printed | texts))


def facts(**known: t.Any) -> NodeFacts:
    """A node on which nothing stands out."""
    given: dict[str, t.Any] = {
        "name": "minikube",
        "release": "6.12.48",
        "missing": {"ipvs": [], "iptables": [], "nftables": []},
        "nft": "1.0.6",
        "addresses": ("127.0.0.1", PRIMARY, "10.244.0.1"),
        "connections": 0,
        "settings": {"nf_conntrack_tcp_be_liberal": "0"},
    }
    return NodeFacts(**(given | known))
