# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The way of a packet through the maps and chains of kube-proxy's nftables mode.

Map service-ips (kubernetes/pkg/proxy/nftables/proxier.go) has a verdict for each address, protocol and port: a chain
service- (all pods), or external-, which tells requests from outside apart and goes on to service- or local- (the pods
of this node). These choose a pod in the rule itself or, where clients stay with a pod, one endpoint- chain per pod.
"""

from __future__ import annotations

import fractions
import json
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


def look(table: Table, packet: Packet) -> Finding:
    name = f"nftables {packet}"
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
    facts = [Fact("map", f"{source} has {' . '.join(key)} → {_short(found.target)}"), *facts]
    backends = merged(_follow(table, found.target, packet, fractions.Fraction(1), facts, 0))
    return Finding(name, tuple(facts), backends, None, refused)


def _follow(
    table: Table, chain: str, packet: Packet, share: fractions.Fraction, facts: list[Fact], depth: int
) -> Iterator[Backend]:
    """Follow the rules of a chain until one of them decides; each way through them ends at a pod."""
    for rule in table.chains.get(chain, ()):
        if depth > LONGEST or not _applies(rule, packet):
            continue
        for statement in rule:
            sockets = nftables.destinations(statement)
            if sockets:
                if not chain.startswith(ENDPOINT):
                    facts.append(Fact(_short(chain), _choice("dnat to", sockets)))
                part = share * equal_shares(len(sockets))
                yield from (Backend(socket, part, (Fact("chain", _short(chain)),)) for socket in sockets)
                return
            verdicts = _verdicts(statement)
            if verdicts:
                facts.append(Fact(_short(chain), _choice("goto", [_short(one.target) for one in verdicts])))
                for verdict in verdicts:
                    part = share * equal_shares(len(verdicts))
                    yield from _follow(table, verdict.target, packet, part, facts, depth + 1)
                return


def _verdicts(statement: Statement) -> list[Verdict]:
    """Where a statement sends packets for good: one place, or evenly to several."""
    found = nftables.verdict(statement)
    return [found] if found and found.action == "goto" else nftables.choices(statement) or []


def _choice(action: str, places: Sequence[str]) -> str:
    return f"numgen random: {action} one of {len(places)}" if len(places) > 1 else f"{action} {places[0]}"


def _applies(rule: Sequence[Statement], packet: Packet) -> bool:
    """Whether a rule may send this packet on: those for pods, for the node itself and for returning clients do not."""
    for statement in rule:
        match = statement.get("match") or {}
        left = match.get("left") or {}
        if not isinstance(left, dict):
            continue
        if "saddr" in json.dumps(left.get("payload", left.get("concat", ""))) and match.get("op") in ("==", "in"):
            # A network of pods that is short-circuited, or the set of clients that came before.
            return False
        if "fib" in left and packet.outside:
            return False
    return True


def _short(chain: str) -> str:
    """The kind and the key of a chain: service-XVOP54PY of service-XVOP54PY-default/web/tcp/."""
    return "-".join(chain.split("-")[:2])


def _missing(source: str, packet: Packet) -> Trouble:
    return Trouble(
        f"Map {source} of table kube-proxy has no verdict for {packet}: kube-proxy has not written it",
        "Look at `kubectl --namespace kube-system logs daemonset/kube-proxy`; "
        "`kubectl --namespace kube-system rollout restart daemonset/kube-proxy` makes it write all rules anew",
    )
