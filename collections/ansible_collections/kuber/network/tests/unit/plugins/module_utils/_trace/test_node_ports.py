# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node ports that not every address admits, and packets that are not tracked."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Kind, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import NodeNetwork, TracedNode
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import (
    ipvs_rules,
)
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.on_a_node import (
    CACHE_RULE,
    DNS,
    HERE,
    NODE_PORT,
    OWN,
    RAW,
    follow,
    in_iptables,
    in_ipvs,
    in_nftables,
    items,
    plain,
    rules_hop,
    said,
)


def test_node_ports_that_are_open_elsewhere_only(lab: t.Any) -> None:
    admits = "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
    assert admits in plain()
    elsewhere = in_iptables(plain().replace(admits, "-d 10.0.2.15/32 -j KUBE-NODEPORTS"))
    found = items()
    for one in found:
        if one.get("set", {}).get("name") == "nodeport-ips":
            one["set"]["elem"] = ["10.0.2.15"]
    servers = ipvs_rules().servers
    moved = {
        server.key: server
        for old in servers.values()
        for server in [dataclasses.replace(old, socket=old.socket.replace("192.168.99.134:30400", "10.0.2.15:30400"))]
    }
    for node in (elsewhere, in_nftables(found), in_ipvs({}, servers=moved)):
        root = follow(lab, node, NODE_PORT)
        assert re.search(r"Node ports are not open on 192.168.99.134, only on (10.244.0.1, )?10.0.2.15", said(root))
        assert "nodePortAddresses" in said(root)


def test_node_ports_that_are_open_nowhere(lab: t.Any) -> None:
    text = "\n".join(line for line in plain().splitlines() if not line.endswith("--dst-type LOCAL -j KUBE-NODEPORTS"))
    root = follow(lab, in_iptables(text), NODE_PORT)
    assert "not open on 192.168.99.134, or on any other address" in said(root)


def test_a_node_port_of_another_node_is_looked_at_as_if_it_were_this_one_s(lab: t.Any) -> None:
    other = json.loads(json.dumps(lab.get("nodes", "minikube")))
    other["metadata"]["name"] = "minikube-m02"
    other["status"]["addresses"] = [{"type": "InternalIP", "address": "192.168.99.135"}]
    lab.objects["nodes"].append(other)
    for node in (in_nftables(items()), in_ipvs({})):
        root = follow(lab, node, NODE_PORT.replace(".134", ".135"))
        assert rules_hop(root).health is Health.OK, said(root)
        facts = {fact.label: fact.text for fact in rules_hop(root).facts}
        assert facts["entered at"] == "minikube-m02, whose rules were not read"


def cached(mode: str, place: NodeNetwork) -> TracedNode:
    raw = RAW.format(CACHE_RULE)
    if mode == "iptables":
        return in_iptables(raw + plain(), place)
    return in_nftables(items(), dataclasses.replace(place, iptables={"ipv4": iptables.parse(raw)}))


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_the_local_cache_answers_in_place_of_coredns(lab: t.Any, mode: str) -> None:
    place = dataclasses.replace(HERE, addresses=OWN | {"10.96.0.10"})
    for known in (place, NodeNetwork()):
        pods = [hop for hop in walk(follow(lab, cached(mode, known), DNS)) if hop.kind is Kind.POD]
        assert pods[0].name == "NodeLocal DNSCache"
        assert [hop.health for hop in pods] == [Health.OK, Health.IDLE]
    template = json.loads(json.dumps(lab.pods_of("k8s-app=kube-dns")[0]))
    template["metadata"] |= {"name": "node-local-dns-x7k2p", "labels": {"k8s-app": "node-local-dns"}}
    lab.objects["pods"].append(template)
    pods = [hop for hop in walk(follow(lab, cached(mode, place), DNS)) if hop.kind is Kind.POD]
    assert pods[0].name == "node-local-dns-x7k2p"


@pytest.mark.parametrize("target", ["udp://169.254.20.10:53", "tcp://169.254.20.10:53"])
def test_the_address_that_every_node_s_cache_has_leads_to_that_of_the_node(lab: t.Any, target: str) -> None:
    root = follow(lab, in_iptables(plain()), target)
    assert first_broken(root) is not None
    template = json.loads(json.dumps(lab.pods_of("k8s-app=kube-dns")[0]))
    for name, node in (("node-local-dns-a", "minikube-m02"), ("node-local-dns-b", "minikube")):
        pod = json.loads(json.dumps(template))
        pod["metadata"] |= {"name": name, "labels": {"k8s-app": "node-local-dns"}}
        pod["spec"] |= {"nodeName": node, "hostNetwork": True}
        lab.objects["pods"].append(pod)
    root = follow(lab, in_iptables(plain()), target)
    assert first_broken(root) is None
    assert [hop.name for hop in walk(root) if hop.kind is Kind.POD] == ["node-local-dns-b"]
    # Another port there is not the cache's.
    assert first_broken(follow(lab, in_iptables(plain()), target.replace(":53", ":54"))) is not None


def test_a_cache_whose_rules_have_no_comment_is_known_by_its_address(lab: t.Any) -> None:
    rule = "-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -j NOTRACK"
    for own, health in ((OWN | {"10.96.0.10"}, Health.OK), (None, Health.UNKNOWN)):
        root = follow(lab, in_iptables(RAW.format(rule) + plain(), NodeNetwork(own)), DNS)
        assert rules_hop(root).health is health
        assert any(hop.name == "NodeLocal DNSCache" for hop in walk(root)) == (health is Health.OK)


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_cache_that_has_gone_and_left_its_rules_is_broken(lab: t.Any, mode: str) -> None:
    root = follow(lab, cached(mode, HERE), DNS)
    assert "the node has no address 10.96.0.10 for NodeLocal DNSCache to answer at" in said(root)


def test_with_ipvs_the_cache_is_named_and_who_answers_is_not_known(lab: t.Any) -> None:
    root = follow(lab, in_ipvs({}, RAW.format(CACHE_RULE)), DNS)
    assert rules_hop(root).health is Health.UNKNOWN
    assert "NodeLocal DNSCache" in said(root)
