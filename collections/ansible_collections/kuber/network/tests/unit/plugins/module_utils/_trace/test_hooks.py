# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a packet starts on the node: hooks, jumps, the rules of others, and interfaces."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._trace import node_routes, rules_iptables
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Kind, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import NodeNetwork, TracedNode
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.on_a_node import (
    CLIENT,
    HERE,
    JUMP,
    KEY,
    LB,
    OWN,
    follow,
    in_iptables,
    in_nftables,
    items,
    plain,
    rules_hop,
    said,
    with_rules,
)


@pytest.mark.parametrize("hook", ["PREROUTING", "OUTPUT"])
def test_rules_that_no_packet_comes_to_are_broken(lab: t.Any, hook: str) -> None:
    text = plain().replace(f"-A {hook} {JUMP}\n", "")
    target = {"PREROUTING": LB, "OUTPUT": "service default/web-svc-cip"}
    root = follow(lab, in_iptables(text), target[hook])
    assert f"Nothing jumps to KUBE-SERVICES: no rule of {hook} in table nat" in said(root)
    other = "OUTPUT" if hook == "PREROUTING" else "PREROUTING"
    assert first_broken(follow(lab, in_iptables(text), target[other])) is None


@pytest.mark.parametrize(("hook", "target"), [("prerouting", LB), ("output", "service default/web-svc-cip")])
def test_nftables_without_a_chain_at_the_hook_is_broken(lab: t.Any, hook: str, target: str) -> None:
    found = [one for one in items() if one.get("rule", {}).get("chain") != f"nat-{hook}"]
    assert f"Nothing jumps to services: no chain of table kube-proxy at hook {hook}" in said(
        follow(lab, in_nftables(found), target)
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.5:8080",
            "sends it to 172.18.0.5:8080",
        ),
        ("-A PREROUTING -s 192.168.99.0/24 -j ACCEPT", "ends with ACCEPT"),
        ("-A PREROUTING -i eth+ -p tcp -j REDIRECT --to-ports 3128", "ends with REDIRECT"),
    ],
)
def test_a_rule_of_others_that_is_faster_is_named(lab: t.Any, rule: str, says: str) -> None:
    root = follow(lab, in_iptables(with_rules(plain(), "nat", rule)), LB)
    assert rules_hop(root).health is Health.BROKEN
    assert rule in said(root)
    assert says in said(root)
    assert "kube-proxy lags" not in said(root)
    assert [hop.health for hop in walk(root) if hop.kind is Kind.POD and hop.health is Health.BROKEN] == []


@pytest.mark.parametrize(
    "rule",
    [
        "-A PREROUTING -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.5:8080",
        "-A PREROUTING -s 10.0.0.0/8 -j ACCEPT",
        "-A PREROUTING ! -i eth0 -j ACCEPT",
        "-A PREROUTING -p tcp -m tcp --dport 81:90 -j ACCEPT",
        "-A PREROUTING -m addrtype --dst-type LOCAL -j ACCEPT",
        '-A PREROUTING -m comment --comment "-j ACCEPT" -j LOG --log-prefix "-j DROP"',
        # A chain without a verdict takes no packet.
        "-A PREROUTING -m length --length 40 -j EMPTY",
    ],
)
def test_rules_of_others_that_are_not_for_the_packet_are_passed(lab: t.Any, rule: str) -> None:
    root = follow(lab, in_iptables(with_rules(plain(), "nat", rule)), LB)
    assert rules_hop(root).health is Health.OK, said(root)


def test_a_rule_that_cannot_be_judged_leaves_the_way_unknown(lab: t.Any) -> None:
    root = follow(lab, in_iptables(with_rules(plain(), "nat", "-A PREROUTING -m length --length 40 -j ACCEPT")), LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert "-m length --length 40 -j ACCEPT" in said(root)


def test_a_packet_that_table_filter_stops_on_its_way_to_the_pod_is_named(lab: t.Any) -> None:
    text = with_rules(plain(), "filter", "-A FORWARD -d 10.244.0.0/16 -i eth0 -j DROP")
    root = follow(lab, in_iptables(text), LB)
    assert "dropped in table filter by the rule `-A FORWARD -d 10.244.0.0/16 -i eth0 -j DROP`" in said(root)
    assert first_broken(follow(lab, in_iptables(text), "service default/web-svc-cip")) is None


def test_a_lost_last_rule_of_a_service_is_missed(lab: t.Any) -> None:
    last = re.compile(rf'-A KUBE-SVC-{KEY} -m comment --comment "[^"]*" -j KUBE-SEP.*\n')
    text, count = last.subn("", plain())
    assert count == 1
    root = follow(lab, in_iptables(text), LB)
    assert "lacks a rule that takes the last 33.3 % of the packets" in said(root)


@pytest.mark.parametrize(
    ("rules", "ends"),
    [
        # An ACCEPT ends its own table only, here and in mangle.
        (["-A PREROUTING -j ACCEPT"], ""),
        (["-A PREROUTING -g AWAY", "-A PREROUTING -j DROP", "-A AWAY -j RETURN"], ""),
        (["-A PREROUTING -j AWAY", "-A PREROUTING -j DROP", "-A AWAY -j RETURN", "-A AWAY -j ACCEPT"], "DROP"),
        (["-A PREROUTING -j AWAY", "-A AWAY -s 192.168.99.1/32 -j DROP"], "DROP"),
    ],
)
@pytest.mark.parametrize("table", ["raw", "mangle"])
def test_tables_before_nat_are_passed_in_their_order(table: str, rules: list[str], ends: str) -> None:
    text = "\n".join([f"*{table}", ":PREROUTING ACCEPT", *rules, "COMMIT", ""]) + plain().replace("*mangle", "*other")
    found = rules_iptables.look_up(
        iptables.parse(text), Packet("TCP", "172.17.255.1", 80, outside=True, source=CLIENT), OWN
    )
    assert found.refused == ends
    assert bool(found.trouble) == bool(ends)
    assert len(found.backends) == (0 if ends else 3)


def test_a_policy_that_drops_is_named(lab: t.Any) -> None:
    text = plain().replace(":FORWARD ACCEPT", ":FORWARD DROP", 2)
    text = re.sub("-A KUBE-FORWARD .*ACCEPT\n", "", text)
    assert "the policy of chain FORWARD" in said(follow(lab, in_iptables(text), LB))


@pytest.mark.parametrize(
    ("table", "rule", "health", "says"),
    [
        ("raw", "-A PREROUTING -s 192.168.99.0/24 -j DROP", Health.BROKEN, "ends with DROP"),
        ("raw", "-A PREROUTING -s 10.0.0.0/8 -j DROP", Health.OK, ""),
        (
            "nat",
            "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.5:80",
            Health.UNKNOWN,
            "172.18.0.5",
        ),
        ("nat", "-A PREROUTING -i docker0 -p tcp -j DNAT --to-destination 172.18.0.5:80", Health.OK, ""),
        # Only what comes before the addresses are translated is asked with the address of the Service.
        ("filter", "-A FORWARD -d 172.17.255.1/32 -j DROP", Health.OK, ""),
    ],
)
def test_iptables_counts_beside_nftables(lab: t.Any, table: str, rule: str, health: Health, says: str) -> None:
    beside = iptables.parse(f"*{table}\n{rule}\nCOMMIT\n")
    root = follow(lab, in_nftables(items(), dataclasses.replace(HERE, iptables={"ipv4": beside})), LB)
    assert rules_hop(root).health is health
    assert says in said(root)


ROUTES = node_routes.parse("default via 192.168.99.1 dev eth0\n10.244.0.0/24 dev cni0 scope link\n", 4)
ROUTED = dataclasses.replace(HERE, routes={"ipv4": ROUTES})


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("nat", "-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3128"),
        ("filter", "-A FORWARD -d 10.244.0.0/16 -i eth0 -j DROP"),
    ],
)
def test_without_the_rule_that_is_named_the_path_is_whole(lab: t.Any, table: str, rule: str) -> None:
    text = with_rules(plain(), table, rule)
    root = follow(lab, in_iptables(text, ROUTED), LB)
    (named,) = re.findall(r"the rule `([^`]+)`", said(root))
    assert re.search("[Rr]emove (that|the) rule", said(root))
    assert rules_hop(follow(lab, in_iptables(text.replace(f"{named}\n", ""), ROUTED), LB)).health is Health.OK


@pytest.mark.parametrize(
    ("rules", "health"),
    [
        (["-A FORWARD -i eth0 -o cni0 -j DROP"], Health.BROKEN),
        (["-A FORWARD -i eth0 -o cni+ -m conntrack --ctstate NEW,DNAT -j REJECT"], Health.BROKEN),
        (["-A FORWARD -i eth0 -o cni1 -j DROP"], Health.OK),
        (["-A FORWARD ! -o docker0 -j ACCEPT", "-A FORWARD -j DROP"], Health.OK),
        # Those of Docker, libvirt and a policy engine, none of which is about the packet.
        (["-A FORWARD -o docker0 -j DOCKER", "-A DOCKER ! -i docker0 -o docker0 -j DROP"], Health.OK),
        (["-A FORWARD -o virbr0 -j REJECT --reject-with icmp-port-unreachable"], Health.OK),
        (["-A FORWARD -i cali+ -j FROM", "-A FROM -m set --match-set cali40all src -j DROP"], Health.OK),
        # What cannot be decided may stop the packet.
        (["-A FORWARD -o cni0 -m set --match-set KUBE-SRC-X src -j DROP"], Health.UNKNOWN),
        (["-A FORWARD -o cni0 -m string --string x --algo bm -j DROP"], Health.UNKNOWN),
        (["-A FORWARD -o cni0 -m limit --limit 3/min -j LOG"], Health.OK),
    ],
)
@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_firewall_between_the_node_and_its_pods_counts(
    lab: t.Any, mode: str, rules: list[str], health: Health
) -> None:
    """Also with the interface on which packets leave the node, which its routes tell."""
    if mode == "iptables":
        found = in_iptables(with_rules(plain(), "filter", *rules), ROUTED)
    else:
        beside = iptables.parse("\n".join(["*filter", ":FORWARD ACCEPT", *rules, "COMMIT", ""]))
        found = in_nftables(items(), dataclasses.replace(ROUTED, iptables={"ipv4": beside}))
    root = follow(lab, found, LB)
    assert rules_hop(root).health is health, said(root)
    if health is not Health.OK:
        assert rules[0].partition(" -m ")[0] in said(root)


@pytest.mark.parametrize(
    ("rule", "health"),
    [
        ("-A PREROUTING -m rpfilter --validmark --invert -j DROP", Health.OK),
        ("-A PREROUTING -m rpfilter --loose -j DROP", Health.BROKEN),
        ("-A PREROUTING -m iprange --src-range 192.168.99.1-192.168.99.9 -j DROP", Health.BROKEN),
        ("-A PREROUTING -m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP", Health.OK),
        ("-A PREROUTING -m iprange ! --dst-range 172.17.255.1-172.17.255.9 -j DROP", Health.OK),
        ("-A PREROUTING -p tcp -m multiport --ports 22,80 -j DROP", Health.BROKEN),
        ("-A PREROUTING -p tcp -m multiport --ports 22,23 -j DROP", Health.OK),
        ("-A PREROUTING -m addrtype --dst-type MULTICAST -j DROP", Health.OK),
        ("-A PREROUTING -m addrtype --dst-type UNICAST,LOCAL -j DROP", Health.BROKEN),
        ("-A PREROUTING -m addrtype --src-type UNICAST --dst-type BLACKHOLE -j DROP", Health.UNKNOWN),
        ("-A PREROUTING -m mac --mac-source 02:00:00:00:00:01 -j DROP", Health.UNKNOWN),
    ],
)
def test_matches_that_firewalls_have(lab: t.Any, rule: str, health: Health) -> None:
    raw = f"*raw\n:PREROUTING ACCEPT\n{rule}\nCOMMIT\n"
    root = follow(lab, in_iptables(raw + plain(), ROUTED), LB)
    assert rules_hop(root).health is health, said(root)


def local_policy(lab: t.Any) -> None:
    lab.get("services", "web-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"
    for endpoint in lab.slices_of("web-svc-lb")[0]["endpoints"][1:]:
        endpoint["nodeName"] = "minikube-m02"


def pods_by_interface_in_iptables(pods: str, local: str) -> TracedNode:
    old = [line for line in plain().splitlines() if line.startswith(f"-A KUBE-EXT-{KEY} ")]
    text = plain().replace("\n".join(old) + "\n", "")
    chain = next(re.findall(rf"-A (KUBE-SEP-\S+) .*web-svc-lb.*DNAT --to-destination {local}:8000", text).__iter__())
    return in_iptables(
        with_rules(
            text,
            "nat",
            f"-A KUBE-EXT-{KEY} -i {pods} -j KUBE-SVC-{KEY}",
            f"-A KUBE-EXT-{KEY} -m addrtype --src-type LOCAL -j KUBE-SVC-{KEY}",
            f"-A KUBE-EXT-{KEY} -j KUBE-SVL-{KEY}",
            f"-A KUBE-SVL-{KEY} -j {chain}",
        )
    )


def pods_by_interface_in_nftables(pods: str, local: str) -> TracedNode:
    name = "XVOP54PY-default/web-svc-lb/tcp/"
    found = [one for one in items() if one.get("rule", {}).get("chain") != f"external-{name}"]
    interface = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": pods.replace("+", "*")}}
    to = {"dnat": {"addr": local, "port": 8000}}
    for chain, expression in (
        ("external", [interface, {"goto": {"target": f"service-{name}"}}]),
        ("external", [{"goto": {"target": f"local-{name}"}}]),
        ("local", [{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}, to]),
    ):
        found.append({"rule": {"chain": f"{chain}-{name}", "expr": expression}})
    return in_nftables(found)


@pytest.mark.parametrize("pods", ["veth+", "cni0"])
@pytest.mark.parametrize("place", [HERE, NodeNetwork()], ids=["read", "unread"])
@pytest.mark.parametrize("write", [pods_by_interface_in_iptables, pods_by_interface_in_nftables])
def test_a_client_from_outside_comes_in_through_no_interface_of_a_pod(
    lab: t.Any, write: t.Any, place: NodeNetwork, pods: str
) -> None:
    local_policy(lab)
    local = lab.slices_of("web-svc-lb")[0]["endpoints"][0]["addresses"][0]
    root = follow(lab, dataclasses.replace(write(pods, local), place=place), LB)
    assert rules_hop(root).health is Health.OK, said(root)
    pod = [hop for hop in walk(root) if hop.kind is Kind.POD and hop.health is Health.OK]
    assert [hop.socket for hop in pod] == [f"{local}:8000"]
    assert pod[0].share in (None, 1)


def test_every_third_packet_is_a_third_of_them() -> None:
    text = re.sub(r"--mode random --probability 0\.3+\d*", "--mode nth --every 3 --packet 0", plain())
    found = rules_iptables.look_up(iptables.parse(text), Packet("TCP", "172.17.255.1", 80, outside=True))
    assert [round(float(one.share), 3) for one in found.backends] == [0.333, 0.333, 0.333]
