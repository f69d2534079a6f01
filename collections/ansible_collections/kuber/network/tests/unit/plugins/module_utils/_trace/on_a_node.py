# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded node with other rules than it had, and what a trace says of them."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Hop, Kind, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import NodeNetwork, ProxyStatus, TracedNode
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import (
    OPEN_ROUTE,
    SEEN,
    ipvs_rules,
)

LB = "172.17.255.1:80"
NODE_PORT = "192.168.99.134:30400"
DNS = "udp://10.96.0.10:53"
KEY = "7CR5Y7OTXOGQWUQY"
CLIENT = "192.168.99.1"
OWN = frozenset({"127.0.0.1", "192.168.99.134", "10.244.0.1"})
HERE = NodeNetwork(OWN, "192.168.99.134", "eth0")
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


def in_iptables(text: str, place: NodeNetwork = HERE) -> TracedNode:
    return TracedNode("minikube", ProxyStatus("iptables", "iptables"), {"ipv4": iptables.parse(text)}, place=place)


def in_nftables(items: list[t.Any], place: NodeNetwork = HERE) -> TracedNode:
    table = nftables.parse(json.dumps({"nftables": items}))
    return TracedNode("minikube", ProxyStatus("nftables", "nftables"), {"ipv4": table}, place=place)


def items() -> list[t.Any]:
    return list(json.loads((SEEN / "nftables.json").read_text())["nftables"])


def in_ipvs(
    sets: t.Mapping[str, t.Sequence[str]], rules: str = "", place: NodeNetwork = HERE, **parts: t.Any
) -> TracedNode:
    seen = ipvs_rules()
    table = dataclasses.replace(seen, sets={**(seen.sets or {}), **sets}, **parts)
    if rules:
        table = dataclasses.replace(table, tables={"ipv4": iptables.parse(rules)})
    return TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), table, place=place)


def follow(lab: t.Any, node: TracedNode, target: str, source: str = CLIENT) -> Hop:
    lab.mode, lab.node = "none", node
    route = OPEN_ROUTE.route
    assert route is not None
    address = target.rpartition("/")[2].partition(":")[0]
    gateway = "" if address == "192.168.99.134" else route.gateway
    there = dataclasses.replace(route, destination=address, gateway=gateway, source=source)
    lab.route = dataclasses.replace(OPEN_ROUTE, route=there)
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
