# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The way of a packet through the maps and chains of kube-proxy's nftables mode.

Map service-ips (kubernetes/pkg/proxy/nftables/proxier.go) has a verdict for each address, protocol and port: a chain
service- (all pods), or external-, which tells requests from outside apart and goes on to service- or local- (the pods
of this node). One endpoint- is one pod.
"""

from __future__ import annotations

import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Backend, Finding, equal_shares, merged

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.nftables import Statement, Table, Verdict
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

SERVICES, NODE_PORTS = "service-ips", "service-nodeports"
REFUSED, REFUSED_NODE_PORTS = "no-endpoint-services", "no-endpoint-nodeports"
ENDPOINT = "endpoint-"
LONGEST = 16
LONGEST_NAME = 48


def look(table: Table, packet: Packet) -> Finding:
    name = f"nftables on {packet}"
    key: tuple[str, ...] = (packet.protocol.lower(), str(packet.port))
    if not packet.node_port:
        key = (packet.address, *key)
    source, refusing = (NODE_PORTS, REFUSED_NODE_PORTS) if packet.node_port else (SERVICES, REFUSED)
    found = table.maps.get(source, {}).get(key)
    turned_away = table.maps.get(refusing, {}).get(key)
    refused = f"map {refusing}: {turned_away}" if turned_away else ""
    facts = [Fact("map", f"{refusing} has {' . '.join(key)} → {turned_away}")] if turned_away else []
    if found is None:
        return Finding(name, tuple(facts), (), None if refused else _missing(source, packet), refused)
    facts = [Fact("map", f"{source} has {' . '.join(key)}"), Fact("verdict", _short(found)), *facts]
    backends = merged(_follow(table, found.target, packet, fractions.Fraction(1), facts, 0))
    return Finding(name, tuple(facts), backends, None, refused)


def _follow(
    table: Table, chain: str, packet: Packet, share: fractions.Fraction, facts: list[Fact], depth: int
) -> Iterator[Backend]:
    if chain.startswith(ENDPOINT):
        yield _endpoint(table, chain, share)
        return
    for rule in table.chains.get(chain, ()):
        if depth > LONGEST or not _applies(rule, packet):
            continue
        for statement in rule:
            chosen = nftables.choices(statement)
            if chosen and chosen[0] == "numgen":
                facts.append(Fact("verdict", f"numgen random among {len(chosen[1])}"))
                for _number, verdict in chosen[1]:
                    part = share * equal_shares(len(chosen[1]))
                    yield from _follow(table, verdict.target, packet, part, facts, depth + 1)
                return
            verdict_here = nftables.verdict(statement)
            if verdict_here and verdict_here.action == "goto":
                facts.append(Fact("verdict", _short(verdict_here)))
                yield from _follow(table, verdict_here.target, packet, share, facts, depth + 1)
                return


def _applies(rule: Sequence[Statement], packet: Packet) -> bool:
    """Whether a rule may send this packet on: those for pods, for the node itself and for returning clients do not."""
    for statement in rule:
        match = statement.get("match") or {}
        left = match.get("left") or {}
        if not isinstance(left, dict):
            continue
        if left.get("payload", {}).get("field") == "saddr" and match.get("op") == "==":
            # A network of pods that is short-circuited, or the set of clients that came before.
            return False
        if "fib" in left and packet.outside:
            return False
    return True


def _endpoint(table: Table, chain: str, share: fractions.Fraction) -> Backend:
    for rule in table.chains.get(chain, ()):
        for statement in rule:
            if "dnat" in statement:
                address, port = _destination(statement["dnat"])
                socket = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
                return Backend(socket, share, (Fact("chain", chain[:LONGEST_NAME]),))
    return Backend("nowhere", share, (Fact("chain", chain[:LONGEST_NAME]),))


def _destination(dnat: dict[str, t.Any]) -> tuple[str, str]:
    address = dnat.get("addr")
    if isinstance(address, dict) and "concat" in address:
        first, second = address["concat"]
        return str(first), str(second)
    return str(address), str(dnat.get("port", ""))


def _short(verdict: Verdict) -> str:
    return str(verdict)[:LONGEST_NAME]


def _missing(source: str, packet: Packet) -> Trouble:
    return Trouble(
        f"Map {source} of table kube-proxy has no verdict for {packet}: kube-proxy has not written it",
        "Look at `kubectl --namespace kube-system logs daemonset/kube-proxy`; "
        "`kubectl --namespace kube-system rollout restart daemonset/kube-proxy` makes it write all rules anew",
    )
