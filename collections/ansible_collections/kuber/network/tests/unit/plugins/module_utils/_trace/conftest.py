# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster with everything of site.yml in it, as it was seen: what its API server and its node said, in each mode."""

from __future__ import annotations

import copy
import dataclasses
import json
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables as _iptables
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, nftables, own, virtual_servers
from ansible_collections.kuber.network.plugins.module_utils._net.route import Route
from ansible_collections.kuber.network.plugins.module_utils._trace import rules_ipvs, target
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects
from ansible_collections.kuber.network.plugins.module_utils._trace.host import Machine, RouteLookup
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Hop, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import ProxyStatus, TracedNode
from ansible_collections.kuber.network.plugins.module_utils._trace.plan import TraceData, plan

SEEN = pathlib.Path(__file__).parent / "seen"
HOSTS = "127.0.0.1 localhost\n172.17.255.3\texample.app.org\n"
OWN = own.load(
    [
        {"ifname": "lab0", "addr_info": [{"local": "192.168.99.1", "prefixlen": 24}]},
        {"ifname": "docker0", "addr_info": [{"local": "172.17.0.1", "prefixlen": 16}]},
        {"ifname": "tun0", "addr_info": [{"local": "10.8.0.6", "address": "10.8.0.5", "prefixlen": 32}]},
    ]
)
OPEN_ROUTE = RouteLookup(Route("172.17.255.1", "192.168.99.134", "lab0"), own=OWN)


@dataclasses.dataclass
class Lab:
    """What a trace reads; tests spoil it before they look."""

    objects: dict[str, list[dict[str, t.Any]]]
    mode: str = "ipvs"
    hosts: str = HOSTS
    resolved: tuple[str, ...] = ()
    route: RouteLookup = OPEN_ROUTE
    hidden: bool = False
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    answers: dict[str, str] = dataclasses.field(default_factory=dict)
    metallb: bool = True
    node: TracedNode | None = None

    def get(self, kind: str, name: str) -> dict[str, t.Any]:
        """The object of this name, to be changed in place."""
        return next(one for one in self.objects[kind] if one["metadata"]["name"] == name)

    def remove(self, kind: str, name: str) -> None:
        self.objects[kind].remove(self.get(kind, name))

    def pods_of(self, label: str) -> list[dict[str, t.Any]]:
        key, _equals, value = label.partition("=")
        return [pod for pod in self.objects["pods"] if pod["metadata"].get("labels", {}).get(key) == value]

    def slices_of(self, service: str) -> list[dict[str, t.Any]]:
        label = "kubernetes.io/service-name"
        return [one for one in self.objects["slices"] if one["metadata"]["labels"].get(label) == service]

    def world(self) -> TraceData:
        cluster = ClusterObjects(**{kind: tuple(found) for kind, found in self.objects.items()}, metallb=self.metallb)
        return TraceData(
            cluster,
            Machine(self.hosts, self.resolved, None if self.hidden else self.route, self.hidden),
            self.node or node(self.mode),
            self.headers,
            self.answers,
        )

    def trace(self, text: str) -> Hop:
        """Every pod takes connections, but for those that ``answers`` has something else for."""
        wanted, world = target.parse(text), self.world()
        sockets = [hop.socket for hop in walk(plan(wanted, world)) if hop.socket]
        answers = {socket: self.answers.get(socket, "") for socket in sockets}
        return plan(wanted, dataclasses.replace(world, answers=answers))


def node(mode: str) -> TracedNode:
    rules = {"ipvs": ipvs_rules, "iptables": iptables_rules, "nftables": nftables_rules}[mode]()
    return TracedNode("minikube", ProxyStatus(mode, mode), rules)


def ipvs_rules() -> rules_ipvs.IpvsTable:
    servers = virtual_servers.parse((SEEN / "ip_vs").read_text())
    sets = ipvs.parse_sets((SEEN / "ipset").read_text())
    _there, addresses = ipvs.parse_device((SEEN / "addresses").read_text())
    return rules_ipvs.IpvsTable({server.key: server for server in servers}, sets, addresses)


def iptables_rules() -> dict[str, dict[str, _iptables.IptablesTable]]:
    return {"ipv4": _iptables.parse((SEEN / "iptables").read_text())}


def nftables_rules() -> dict[str, nftables.NftablesTable]:
    return {"ipv4": nftables.parse((SEEN / "nftables.json").read_text())}


OBJECTS = json.loads((SEEN / "cluster.json").read_text())


@pytest.fixture
def lab() -> Lab:
    return Lab(copy.deepcopy(OBJECTS))


@pytest.fixture(params=["ipvs", "iptables", "nftables"])
def lab_in_each_mode(lab: Lab, request: pytest.FixtureRequest) -> Lab:
    return dataclasses.replace(lab, mode=request.param)
