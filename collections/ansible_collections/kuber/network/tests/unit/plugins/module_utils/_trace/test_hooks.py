# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a packet starts on the node: hooks, interfaces, the client's own address, and rules that cannot be read."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, ipvs, nftables
from ansible_collections.kuber.network.plugins.module_utils._trace import hooks, rules_iptables, rules_ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Hop, Kind, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import Node, Place, Proxy
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Finding, Packet
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import (
    OPEN_WAY,
    SEEN,
    ipvs_rules,
)

DUMPS = pathlib.Path(__file__).parents[1] / "_net" / "dumps"
LB = "172.17.255.1:80"
NODE_PORT = "192.168.99.134:30400"
DNS = "udp://10.96.0.10:53"
KEY = "7CR5Y7OTXOGQWUQY"
CLIENT = "192.168.99.1"
OWN = frozenset({"127.0.0.1", "192.168.99.134", "10.244.0.1"})
HERE = Place(OWN, "192.168.99.134", "eth0")
JUMP = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
RAW = """*raw
:PREROUTING ACCEPT
:OUTPUT ACCEPT
{}
COMMIT
"""
CACHE_RULE = (
    "-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -m comment "
    '--comment "NodeLocal DNS Cache: skip conntrack" -j CT --notrack'
)


def plain() -> str:
    return re.sub(r" \[\d+:\d+\]", "", (SEEN / "iptables").read_text())


def with_rules(text: str, table: str, *rules: str) -> str:
    """These rules come first in their chains, after the chains of the table that they need."""
    head, star, rest = text.partition(f"*{table}\n")
    chains = re.match(r"(?::.*\n)*", rest)
    end = chains.end() if chains else 0
    return "".join([head, star, rest[:end], *(f"{rule}\n" for rule in rules), rest[end:]])


def in_iptables(text: str, place: Place = HERE) -> Node:
    return Node("minikube", Proxy("iptables", "iptables"), {"ipv4": iptables.parse(text)}, place=place)


def in_nftables(items: list[t.Any], place: Place = HERE) -> Node:
    table = nftables.parse(json.dumps({"nftables": items}))
    return Node("minikube", Proxy("nftables", "nftables"), {"ipv4": table}, place=place)


def items() -> list[t.Any]:
    return list(json.loads((SEEN / "nftables.json").read_text())["nftables"])


def in_ipvs(sets: t.Mapping[str, t.Sequence[str]], rules: str = "", place: Place = HERE, **parts: t.Any) -> Node:
    seen = ipvs_rules()
    table = dataclasses.replace(seen, sets={**(seen.sets or {}), **sets}, **parts)
    if rules:
        table = dataclasses.replace(table, tables={"ipv4": iptables.parse(rules)})
    return Node("minikube", Proxy("ipvs", "ipvs"), table, place=place)


def follow(lab: t.Any, node: Node, target: str, source: str = CLIENT) -> Hop:
    lab.mode, lab.node = "none", node
    route = OPEN_WAY.route
    assert route is not None
    address = target.rpartition("/")[2].partition(":")[0]
    gateway = "" if address == "192.168.99.134" else route.gateway
    there = dataclasses.replace(route, destination=address, gateway=gateway, source=source)
    lab.way = dataclasses.replace(OPEN_WAY, route=there)
    return t.cast(Hop, lab.trace(target))


def rules_hop(root: Hop) -> Hop:
    return next(hop for hop in walk(root) if hop.kind is Kind.RULES)


def said(root: Hop) -> str:
    """What the rules hop says is wrong or unknown, with the advice."""
    hop = rules_hop(root)
    trouble = f"{hop.trouble.what} | {hop.trouble.remedy}" if hop.trouble else ""
    return trouble + "".join(fact.text for fact in hop.facts if fact.label == "unknown")


def shares(root: Hop) -> dict[str, float]:
    return {hop.name: float(hop.share) for hop in walk(root) if hop.kind is Kind.POD and hop.share is not None}


BALANCER = '-d 172.17.255.1/32 -p tcp -m comment --comment "default/web-svc-lb loadbalancer IP" -m tcp --dport 80 -j '
TO_FIREWALL = (f"{BALANCER}KUBE-EXT-{KEY}", f"{BALANCER}KUBE-FW-{KEY}")

# Source ranges, as kube-proxy writes them in each mode for Service default/web-svc-lb.


def ranges_in_iptables(networks: list[str]) -> Node:
    text = plain().replace(*TO_FIREWALL)
    allowed = [
        f'-A KUBE-FW-{KEY} -s {one} -m comment --comment "a/b loadbalancer IP" -j KUBE-EXT-{KEY}' for one in networks
    ]
    text = with_rules(text, "nat", f":KUBE-FW-{KEY} - ", *allowed, f"-A KUBE-FW-{KEY} -m comment --comment other")
    drop = (
        '-A KUBE-PROXY-FIREWALL -d 172.17.255.1/32 -p tcp -m comment --comment "not accepted" -m tcp --dport 80 -j DROP'
    )
    return in_iptables(with_rules(text, "filter", drop))


def ranges_in_old_iptables(networks: list[str]) -> Node:
    """Until 1.25 the packets were marked in table nat, and dropped by the mark."""
    text = plain().replace(*TO_FIREWALL)
    allowed = [f"-A KUBE-FW-{KEY} -s {one} -j KUBE-EXT-{KEY}" for one in networks]
    mark = ["-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000", f"-A KUBE-FW-{KEY} -j KUBE-MARK-DROP"]
    text = with_rules(text, "nat", *allowed, *mark)
    jumps = ["-A FORWARD -j KUBE-FIREWALL", "-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP"]
    return in_iptables(with_rules(text, "filter", *jumps))


def ranges_in_nftables(networks: list[str]) -> Node:
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


def ranges_in_ipvs(networks: list[str]) -> Node:
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
def test_another_client_is_told_that_its_address_is_shut_out(lab: t.Any, ranges: t.Any, networks: list[str]) -> None:
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


# Hooks.


@pytest.mark.parametrize("hook", ["PREROUTING", "OUTPUT"])
def test_rules_that_no_packet_comes_to_are_broken(lab: t.Any, hook: str) -> None:
    text = plain().replace(f"-A {hook} {JUMP}\n", "")
    target = {"PREROUTING": LB, "OUTPUT": "service default/web-svc-cip"}
    root = follow(lab, in_iptables(text), target[hook])
    assert f"Nothing leads to KUBE-SERVICES: no rule of {hook} in table nat" in said(root)
    other = "OUTPUT" if hook == "PREROUTING" else "PREROUTING"
    assert first_broken(follow(lab, in_iptables(text), target[other])) is None


@pytest.mark.parametrize(("hook", "target"), [("prerouting", LB), ("output", "service default/web-svc-cip")])
def test_nftables_without_a_chain_at_the_hook_is_broken(lab: t.Any, hook: str, target: str) -> None:
    found = [one for one in items() if one.get("rule", {}).get("chain") != f"nat-{hook}"]
    assert f"Nothing leads to services: no chain of table kube-proxy at hook {hook}" in said(
        follow(lab, in_nftables(found), target)
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.5:8080",
            "sends it to 172.18.0.5:8080",
        ),
        ("-A PREROUTING -s 192.168.99.0/24 -j ACCEPT", "says ACCEPT"),
        ("-A PREROUTING -i eth+ -p tcp -j REDIRECT --to-ports 3128", "says REDIRECT"),
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
        # A chain that ends nowhere takes nothing, whoever it is for.
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
    assert "stopped in table filter by the rule `-A FORWARD -d 10.244.0.0/16 -i eth0 -j DROP`" in said(root)
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
    found = rules_iptables.look(
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
        ("raw", "-A PREROUTING -s 192.168.99.0/24 -j DROP", Health.BROKEN, "says DROP"),
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


# Interfaces.


def local_policy(lab: t.Any) -> None:
    lab.get("services", "web-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"
    for endpoint in lab.slices_of("web-svc-lb")[0]["endpoints"][1:]:
        endpoint["nodeName"] = "minikube-m02"


def pods_by_interface_in_iptables(pods: str, local: str) -> Node:
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


def pods_by_interface_in_nftables(pods: str, local: str) -> Node:
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
@pytest.mark.parametrize("place", [HERE, Place()], ids=["read", "unread"])
@pytest.mark.parametrize("write", [pods_by_interface_in_iptables, pods_by_interface_in_nftables])
def test_a_client_from_outside_comes_in_through_no_interface_of_a_pod(
    lab: t.Any, write: t.Any, place: Place, pods: str
) -> None:
    local_policy(lab)
    local = lab.slices_of("web-svc-lb")[0]["endpoints"][0]["addresses"][0]
    root = follow(lab, dataclasses.replace(write(pods, local), place=place), LB)
    assert rules_hop(root).health is Health.OK, said(root)
    pod = [hop for hop in walk(root) if hop.kind is Kind.POD and hop.health is Health.OK]
    assert [hop.socket for hop in pod] == [f"{local}:8000"]
    assert pod[0].share in (None, 1)


# Node ports.


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
        assert re.search(r"Node ports are not admitted on 192.168.99.134, only on (10.244.0.1, )?10.0.2.15", said(root))
        assert "nodePortAddresses" in said(root)


def test_node_ports_that_are_open_nowhere(lab: t.Any) -> None:
    text = "\n".join(line for line in plain().splitlines() if not line.endswith("--dst-type LOCAL -j KUBE-NODEPORTS"))
    root = follow(lab, in_iptables(text), NODE_PORT)
    assert "not admitted on 192.168.99.134, nor on any other address" in said(root)


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


# Packets that are not tracked.


def cached(mode: str, place: Place) -> Node:
    raw = RAW.format(CACHE_RULE)
    if mode == "iptables":
        return in_iptables(raw + plain(), place)
    return in_nftables(items(), dataclasses.replace(place, iptables={"ipv4": iptables.parse(raw)}))


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_the_local_cache_answers_in_place_of_coredns(lab: t.Any, mode: str) -> None:
    place = dataclasses.replace(HERE, addresses=OWN | {"10.96.0.10"})
    for known in (place, Place()):
        pods = [hop for hop in walk(follow(lab, cached(mode, known), DNS)) if hop.kind is Kind.POD]
        assert pods[0].name == "NodeLocal DNSCache"
        assert [hop.health for hop in pods] == [Health.OK, Health.IDLE]
    template = json.loads(json.dumps(lab.pods_of("k8s-app=kube-dns")[0]))
    template["metadata"] |= {"name": "node-local-dns-x7k2p", "labels": {"k8s-app": "node-local-dns"}}
    lab.objects["pods"].append(template)
    pods = [hop for hop in walk(follow(lab, cached(mode, place), DNS)) if hop.kind is Kind.POD]
    assert pods[0].name == "node-local-dns-x7k2p"


def test_a_cache_whose_rules_have_no_comment_is_known_by_its_address(lab: t.Any) -> None:
    rule = "-A OUTPUT -d 10.96.0.10/32 -p udp -m udp --dport 53 -j NOTRACK"
    for own, health in ((OWN | {"10.96.0.10"}, Health.OK), (None, Health.UNKNOWN)):
        root = follow(lab, in_iptables(RAW.format(rule) + plain(), Place(own)), DNS)
        assert rules_hop(root).health is health
        assert any(hop.name == "NodeLocal DNSCache" for hop in walk(root)) == (health is Health.OK)


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_cache_that_has_gone_and_left_its_rules_is_broken(lab: t.Any, mode: str) -> None:
    root = follow(lab, cached(mode, HERE), DNS)
    assert "the node has no address 10.96.0.10 at which NodeLocal DNSCache could answer" in said(root)


def test_with_ipvs_the_cache_is_named_and_who_answers_is_not_known(lab: t.Any) -> None:
    root = follow(lab, in_ipvs({}, RAW.format(CACHE_RULE)), DNS)
    assert rules_hop(root).health is Health.UNKNOWN
    assert "NodeLocal DNSCache" in said(root)


# Rules that cannot be read in full.

UNPRINTED = [
    "DNAT [unsupported revision]",
    "DNAT --to-destination :0 --persistent --to-destination 0.0.0.0 --persistent",
]


@pytest.mark.parametrize("how", UNPRINTED)
def test_dnat_that_iptables_cannot_print_is_read_from_the_comment(lab: t.Any, how: str) -> None:
    text = re.sub(r"DNAT --to-destination 10\S+", how, plain())
    root = follow(lab, in_iptables(text), LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert "this iptables cannot print the rule of KUBE-SEP-" in said(root)
    assert "restart" not in said(root)
    assert [hop.health for hop in walk(root) if hop.kind is Kind.POD] == [Health.OK] * 3
    assert all(abs(share - 1 / 3) < 1e-6 for share in shares(root).values())


@pytest.mark.parametrize("how", UNPRINTED)
def test_without_a_comment_the_address_stays_unknown(lab: t.Any, how: str) -> None:
    text = re.sub(r" -> 10[^\"]*", "", re.sub(r"DNAT --to-destination 10\S+", how, plain()))
    root = follow(lab, in_iptables(text), LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert first_broken(root) is None


@pytest.mark.parametrize(
    "line",
    [
        "# Table `nat' is incompatible, use 'nft' tool.",
        "# Table `nat' contains incompatible base-chains, use 'nft' tool to list them.",
    ],
)
def test_a_table_that_iptables_does_not_show_is_unknown(lab: t.Any, line: str) -> None:
    text = re.sub(r"\*nat\n(?:.*\n)*?COMMIT", line, plain())
    assert "*nat" not in text
    for shown in (text, f"{line}\n{plain()}"):
        root = follow(lab, in_iptables(shown), LB)
        assert rules_hop(root).health is Health.UNKNOWN
        assert "iptables-save does not show all of table nat" in said(root)
        assert "restart" not in said(root)


def test_a_family_whose_rules_were_not_read_is_unknown() -> None:
    found = in_iptables(plain()).look(Packet("TCP", "fd00::1", 80, outside=True))
    assert "ipv6" in found.unknown
    assert found.trouble is None


# IPVS.


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


def ipvs_finding(rules: str, packet: Packet) -> Finding:
    return rules_ipvs.look(t.cast(rules_ipvs.Table, in_ipvs(SHUT, rules).rules), packet)


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
            assert {course.end for course in journey.courses} & set(hooks.STOPS) == stops


# Shares of what is evaluated in other ways.


def test_every_third_packet_is_a_third_of_them() -> None:
    text = re.sub(r"--mode random --probability 0\.3+\d*", "--mode nth --every 3 --packet 0", plain())
    found = rules_iptables.look(iptables.parse(text), Packet("TCP", "172.17.255.1", 80, outside=True))
    assert [round(float(one.share), 3) for one in found.backends] == [0.333, 0.333, 0.333]
