# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load balancers that are only for some clients, in each mode."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace import hooks, rules_ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import TracedNode
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Lookup, Packet
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import STOPS
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import (
    SEEN,
)
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.on_a_node import (
    CLIENT,
    KEY,
    LB,
    follow,
    in_iptables,
    in_ipvs,
    in_nftables,
    items,
    plain,
    rules_hop,
    said,
    shares,
    with_rules,
)

DUMPS = pathlib.Path(__file__).parents[1] / "_net" / "dumps"
BALANCER = '-d 172.17.255.1/32 -p tcp -m comment --comment "default/web-svc-lb loadbalancer IP" -m tcp --dport 80 -j '
TO_FIREWALL = (f"{BALANCER}KUBE-EXT-{KEY}", f"{BALANCER}KUBE-FW-{KEY}")


def ranges_in_iptables(networks: list[str]) -> TracedNode:
    text = plain().replace(*TO_FIREWALL)
    allowed = [
        f'-A KUBE-FW-{KEY} -s {one} -m comment --comment "a/b loadbalancer IP" -j KUBE-EXT-{KEY}' for one in networks
    ]
    text = with_rules(text, "nat", f":KUBE-FW-{KEY} - ", *allowed, f"-A KUBE-FW-{KEY} -m comment --comment other")
    drop = (
        '-A KUBE-PROXY-FIREWALL -d 172.17.255.1/32 -p tcp -m comment --comment "not accepted" -m tcp --dport 80 -j DROP'
    )
    return in_iptables(with_rules(text, "filter", drop))


def ranges_in_old_iptables(networks: list[str]) -> TracedNode:
    """Until 1.25 the packets were marked in table nat, and dropped by the mark."""
    text = plain().replace(*TO_FIREWALL)
    allowed = [f"-A KUBE-FW-{KEY} -s {one} -j KUBE-EXT-{KEY}" for one in networks]
    mark = ["-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000", f"-A KUBE-FW-{KEY} -j KUBE-MARK-DROP"]
    text = with_rules(text, "nat", *allowed, *mark)
    jumps = ["-A FORWARD -j KUBE-FIREWALL", "-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP"]
    return in_iptables(with_rules(text, "filter", *jumps))


def ranges_in_nftables(networks: list[str]) -> TracedNode:
    found = items()
    key = [{"concat": ["172.17.255.1", "tcp", 80]}, {"goto": {"target": "firewall-XVOP54PY-default/web-svc-lb/tcp/"}}]
    prefixes = [{"prefix": {"addr": one.split("/")[0], "len": int(one.split("/")[1])}} for one in networks]
    right = {"set": prefixes} if len(prefixes) > 1 else prefixes[0]
    saddr = {"payload": {"protocol": "ip", "field": "saddr"}}
    rule = [{"match": {"op": "!=", "left": saddr, "right": right}}, {"drop": None}]
    for one in found:
        if one.get("map", {}).get("name") == "firewall-ips":
            one["map"]["elem"] = [key]
    found.append({"rule": {"chain": "firewall-XVOP54PY-default/web-svc-lb/tcp/", "expr": rule}})
    return in_nftables(found)


def ranges_in_ipvs(networks: list[str]) -> TracedNode:
    members = [f"172.17.255.1,tcp:80,{one}" for one in networks]
    return in_ipvs({"KUBE-LOAD-BALANCER-FW": ["172.17.255.1,tcp:80"], "KUBE-LOAD-BALANCER-SOURCE-CIDR": members})


FIREWALLS = [ranges_in_iptables, ranges_in_old_iptables, ranges_in_nftables, ranges_in_ipvs]


@pytest.mark.parametrize("ranges", FIREWALLS)
@pytest.mark.parametrize("networks", [["192.168.99.0/24"], ["10.0.0.0/8", "192.168.99.0/29"]])
def test_a_client_that_a_load_balancer_is_for_gets_through(lab: t.Any, ranges: t.Any, networks: list[str]) -> None:
    root = follow(lab, ranges(networks), LB)
    assert [hop.health for hop in walk(root) if hop.health is not Health.OK] == []
    assert len(shares(root)) == 3


@pytest.mark.parametrize("ranges", FIREWALLS)
@pytest.mark.parametrize("networks", [["10.0.0.0/8"], ["10.0.0.0/8", "192.168.99.128/25"]])
def test_the_trace_says_that_another_client_is_shut_out(lab: t.Any, ranges: t.Any, networks: list[str]) -> None:
    root = follow(lab, ranges(networks), LB)
    assert rules_hop(root).health is Health.BROKEN
    assert f"your address {CLIENT} is not in {', '.join(networks)}" in said(root)
    assert "loadBalancerSourceRanges" in said(root)
    assert "kube-proxy" not in said(root)
    assert set(shares(root).values()) <= {0.0, 1 / 3}


@pytest.mark.parametrize("ranges", FIREWALLS)
def test_without_the_client_s_address_nothing_is_claimed(lab: t.Any, ranges: t.Any) -> None:
    root = follow(lab, ranges(["10.0.0.0/8"]), LB, source="")
    assert rules_hop(root).health is Health.UNKNOWN
    assert "restart" not in said(root)


def test_the_request_says_from_which_address_it_comes(lab: t.Any) -> None:
    for target, source in ((LB, CLIENT), ("service default/web-svc-cip", "192.168.99.134")):
        root = follow(lab, in_iptables(plain()), target)
        assert [fact.text for fact in root.facts if fact.label == "address"] == [source]


def test_a_service_s_ranges_are_the_same_on_every_node(lab: t.Any) -> None:
    node = dataclasses.replace(ranges_in_iptables(["10.0.0.0/8"]), name="minikube-m02")
    assert rules_hop(follow(lab, node, LB)).health is Health.BROKEN


def test_sets_with_numbers_in_place_of_protocols_are_understood(lab: t.Any) -> None:
    text = (SEEN / "ipset").read_text()
    sets = ipvs.parse_sets(text.replace(",tcp:", ",6:").replace(",udp:", ",17:"))
    assert sets == ipvs.parse_sets(text)
    assert first_broken(follow(lab, in_ipvs(sets), LB)) is None


FILTER = """*filter
:INPUT ACCEPT
:OUTPUT ACCEPT
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
-A KUBE-IPVS-OUT-FILTER -s 172.17.255.1/32 -m ipvs --vaddr 172.17.255.1 --vproto 6 --vport 80 -j DROP
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT
-A KUBE-PROXY-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-SOURCE-RANGES-FIREWALL
-A KUBE-SOURCE-RANGES-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN
-A KUBE-SOURCE-RANGES-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j RETURN
-A KUBE-SOURCE-RANGES-FIREWALL -j DROP
COMMIT
"""
SHUT = {
    "KUBE-LOAD-BALANCER-FW": ["172.17.255.1,tcp:80"],
    "KUBE-LOAD-BALANCER-SOURCE-CIDR": ["172.17.255.1,tcp:80,10.0.0.0/8"],
}


def ipvs_finding(rules: str, packet: Packet) -> Lookup:
    return rules_ipvs.look_up(t.cast(rules_ipvs.IpvsTable, in_ipvs(SHUT, rules).rules), packet)


def test_ipvs_shuts_clients_out_as_long_as_its_jumps_are_there() -> None:
    packet = Packet("TCP", "172.17.255.1", 80, outside=True, source=CLIENT)
    shut = ipvs_finding(FILTER, packet)
    assert shut.trouble
    assert f"your address {CLIENT} is not in 10.0.0.0/8" in shut.trouble.what
    assert shut.refused == "DROP"
    allowed = dataclasses.replace(packet, source="10.1.2.3")
    assert ipvs_finding(FILTER, allowed).trouble is None
    flushed = re.sub("-A INPUT .*\n", "", FILTER)
    assert ipvs_finding(flushed, packet).trouble is None


def test_ipvs_shuts_the_node_itself_out() -> None:
    packet = Packet("TCP", "172.17.255.1", 80, outside=False, source="172.17.255.1")
    found = ipvs_finding(FILTER, packet)
    assert found.trouble
    assert "the node's address 172.17.255.1 is not in 10.0.0.0/8" in found.trouble.what


@pytest.mark.parametrize(("source", "interface"), [(CLIENT, "eth0"), ("", "")])
def test_recorded_rules_of_ipvs_admit_what_is_in_its_sets_and_nothing_else(source: str, interface: str) -> None:
    tables = iptables.parse((DUMPS / "ipvs.ipv4").read_text())
    sets = ipvs.parse_sets((DUMPS / "ipvs.ipset").read_text())
    members = [*sets["KUBE-CLUSTER-IP"], *sets["KUBE-LOAD-BALANCER"]]
    assert members
    for address, protocol, port in (re.split("[,:]", member) for member in members):
        packet = Packet(protocol.upper(), address, int(port), outside=True, source=source, interface=interface)
        for one, stops in ((packet, set()), (dataclasses.replace(packet, port=9), {"REJECT"})):
            journey = hooks.travel(tables, Scene(one, to_node=True, sets=sets))
            assert journey.doubt == ""
            assert {course.end for course in journey.courses} & set(STOPS) == stops
