# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Look up a packet in the rules of kube-proxy's iptables mode.

It starts at the hook: PREROUTING for incoming packets, OUTPUT for the node's own. The chains after it are those of
kubernetes/pkg/proxy/iptables/proxier.go: KUBE-SERVICES or KUBE-NODEPORTS find the service port, KUBE-FW- lets some
clients through, KUBE-EXT- separates requests from outside, KUBE-SVC- (all pods) and KUBE-SVL- (those of this node)
choose, KUBE-SEP- is one pod. Packets that are not sent to a pod reach table filter unchanged.
"""

from __future__ import annotations

import dataclasses
import fractions
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace import hooks, matches
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble, percent
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import (
    Lookup,
    RuleBackend,
    merged,
    missing,
    not_admitted,
    not_allowed,
    unhooked,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import STOPS

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable, Rule
    from ansible_collections.kuber.network.plugins.module_utils._trace.node_routes import NodeRoutes
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet
    from ansible_collections.kuber.network.plugins.module_utils._trace.walk import Course, Step

ENTRY, NODE_PORTS, ENDPOINT, FIREWALL = "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-SEP-", "KUBE-FW-"
BEYOND_FIREWALL = ("KUBE-EXT-", "KUBE-SVC-", "KUBE-SVL-", "KUBE-XLB-")
OWN = "KUBE-"
_SOCKET = re.compile(r"(?!0\.0\.0\.0)(?:[0-9.]+|\[[0-9a-f:]+\])(?::[1-9][0-9]*)?|[0-9a-f]+:[0-9a-f:]+")
_COMMENT = re.compile(r"-> (\S+)$")


def look_up(
    tables: Mapping[str, IptablesTable],
    packet: Packet,
    own: frozenset[str] | None = None,
    routes: NodeRoutes | None = None,
) -> Lookup:
    """Look up a packet; ``own`` are the addresses of the node and ``routes`` its routes, if known."""
    name = f"iptables {packet}"
    journey = hooks.travel(tables, matches.Scene(packet, packet.node_port))
    sent = [one for one in journey.courses if one.end == "DNAT"]
    lost = [one for one in journey.courses if one.end != "DNAT"]
    backends = merged(_backend(one, packet) for one in sent)
    facts = _facts(tables["nat"].rules if "nat" in tables else (), sent or journey.courses, packet)
    unknown = hooks.unseen(tables) or journey.doubt or _unprinted(sent)
    finding = Lookup(name, tuple(facts), backends, unknown=unknown)
    if journey.untracked:
        return hooks.past_tracking(finding, journey.untracked, packet, own)
    foreign = next((one.path[-1] for one in sent if not one.path[-1].chain.startswith(OWN)), None)
    if foreign:
        return dataclasses.replace(finding, trouble=hooks.taken(foreign, packet))
    if sent and not lost:
        return hooks.forwarded(tables, packet, finding, sent, own, routes)
    return _lost(tables, packet, finding, journey, lost)


def _lost(
    tables: Mapping[str, IptablesTable],
    packet: Packet,
    finding: Lookup,
    journey: hooks.Journey,
    lost: Sequence[Course],
) -> Lookup:
    """Explain why the rules do not send packets to a pod."""
    stop = next((one.path[-1] for one in lost if one.end in STOPS), None)
    if stop:
        refused = hooks.text(stop)
        finding = dataclasses.replace(finding, facts=(*finding.facts, Fact(stop.chain, refused)), refused=refused)
    if finding.unknown:
        return finding
    trouble = _why(tables, packet, journey, lost, stop)
    return dataclasses.replace(finding, trouble=trouble, alike=_is_shut_out(journey))


def _is_shut_out(journey: hooks.Journey) -> bool:
    """Whether the packets reached the firewall of a load balancer and did not pass it."""
    come = [one for one in journey.entered if one.startswith((FIREWALL, *BEYOND_FIREWALL))]
    return bool(come) and all(one.startswith(FIREWALL) for one in come)


def _why(
    tables: Mapping[str, IptablesTable],
    packet: Packet,
    journey: hooks.Journey,
    lost: Sequence[Course],
    stop: Step | None,
) -> Trouble | None:
    entered = journey.entered
    if _is_shut_out(journey):
        return not_allowed(packet, _ranges(tables["nat"], entered, packet))
    if stop:
        return None if stop.chain.startswith(OWN) else hooks.taken(stop, packet)
    accepted = next((one.path[-1] for one in lost if one.end), None)
    if accepted and not accepted.chain.startswith(OWN):
        return hooks.taken(accepted, packet)
    rules = tables["nat"].rules if "nat" in tables else ()
    if not any(rule.chain == ENTRY for rule in rules):
        return missing(f"Table nat has no rules in chain {ENTRY}")
    if ENTRY not in entered:
        return unhooked(f"no rule of {journey.hook} in table nat sends {packet} there", ENTRY)
    if packet.node_port and NODE_PORTS not in entered:
        jumps = [rule for rule in rules if rule.chain == ENTRY and rule.target == NODE_PORTS]
        return not_admitted(packet, [_plain(one) for rule in jumps if (one := matches.option(rule, "-d"))])
    chains = [chain for chain in entered if chain.startswith((ENDPOINT, *BEYOND_FIREWALL))]
    if chains:
        rest = percent(sum((one.share for one in lost), fractions.Fraction(0)))
        return missing(f"Chain {chains[-1]} lacks a rule that takes the last {rest} of the packets")
    return missing(f"Chain {NODE_PORTS if packet.node_port else ENTRY} has no rule for {packet}")


def _ranges(nat: IptablesTable, entered: Sequence[str], packet: Packet) -> list[str]:
    """Return the networks that a firewall chain accepts, without the load balancer's own address."""
    firewall = next(chain for chain in entered if chain.startswith(FIREWALL))
    found = (matches.option(rule, "-s") for rule in nat.by_chain[firewall])
    return [one for one in found if one and _plain(one) != packet.address]


def _plain(network: str) -> str:
    return network.removesuffix("/32").removesuffix("/128")


def _backend(course: Course, packet: Packet) -> RuleBackend:
    step, before = course.path[-1], course.path[-2] if len(course.path) > 1 else None
    socket, printed = _socket(step, before, packet)
    chance = matches.option(before.rule, "--probability") if before else None
    how = f"probability {float(chance):.4g}" if chance else "all remaining"
    facts = [Fact("chain", step.chain), Fact("rule", f"{how} → DNAT")]
    if not printed:
        facts.append(Fact("address from", "the comment of the rule"))
    return RuleBackend(socket or "an address that iptables cannot print", course.share, tuple(facts))


def _socket(step: Step, before: Step | None, packet: Packet) -> tuple[str, bool]:
    """Return the destination of DNAT, and whether the rule itself names it; kube-proxy's comments do as well."""
    socket = step.action.socket
    if _SOCKET.fullmatch(socket):
        whole = socket.startswith("[") or socket.count(":") == 1
        return socket if whole else dataclasses.replace(packet, address=socket).socket, True
    comments: Sequence[str] = before.rule.comments if before else ()
    found = next((match[1] for text in comments if (match := _COMMENT.search(text))), "")
    return found, False


def _unprinted(sent: Sequence[Course]) -> str:
    chains = [one.path[-1].chain for one in sent if not _SOCKET.fullmatch(one.socket)]
    if not chains or not chains[0].startswith(OWN):
        return ""
    return f"this iptables cannot print the rule of {', '.join(chains)}; the addresses are from kube-proxy's comments"


def _facts(nat: Sequence[Rule], courses: Sequence[Course], packet: Packet) -> list[Fact]:
    """Return the chains in the order of the packet, each with its target."""
    facts: dict[Fact, None] = {}
    choices: dict[str, int] = {}
    for course in courses:
        for step in course.path[: -1 if course.end else None]:
            if step.action.target.startswith(ENDPOINT):
                choices[step.chain] = choices.get(step.chain, 0) + 1
                continue
            start = f"{packet.socket} " if step.chain in (ENTRY, NODE_PORTS) else ""
            facts[Fact(step.chain, f"{start}→ {step.action.target}")] = None
    many = [Fact(chain, f"chooses among {n} pod{'' if n == 1 else 's'}") for chain, n in choices.items()]
    sticky = any("--rcheck" in rule.words for rule in nat if rule.chain in choices)
    affinity = [Fact("affinity", "a client stays with its pod")] if sticky else []
    return [*facts, *many, *affinity]
