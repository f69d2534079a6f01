# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The way of a packet through the chains of kube-proxy's iptables mode.

The chains are those of kubernetes/pkg/proxy/iptables/proxier.go: KUBE-SERVICES or KUBE-NODEPORTS find the service port,
KUBE-EXT- tells requests from outside apart, KUBE-SVC- (all pods) and KUBE-SVL- (those of this node) choose, KUBE-SEP-
is one pod.
"""

from __future__ import annotations

import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Backend, Finding, merged

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import Rule, Table
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

ENTRY, NODE_PORTS, ENDPOINT = "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-SEP-"
# They only mark; the packet goes on.
PASSING = ("KUBE-MARK-MASQ", "MARK", "RETURN")
# In table filter: what turns packets away that no pod can take.
REFUSING = ("KUBE-EXTERNAL-SERVICES", "KUBE-SERVICES", "KUBE-NODEPORTS")
LONGEST = 16
GRAIN = 1 << 64


def look(tables: Mapping[str, Table], packet: Packet) -> Finding:
    nat = tables.get("nat")
    entry = NODE_PORTS if packet.node_port else ENTRY
    rules = [rule for rule in nat.rules if rule.chain == entry] if nat else []
    found = next((rule for rule in rules if rule.target not in (None, *PASSING) and _is_for(rule, packet)), None)
    name = f"iptables {packet}"
    refused = _refusal(tables, packet)
    if nat is None or found is None:
        trouble = None if refused else _missing(entry, packet)
        return Finding(name, (Fact("filter", refused),) if refused else (), (), trouble, refused)
    chain = str(found.target)
    steps = [Fact(entry, f"{packet.socket} → {chain}")]
    backends = merged(_backends(nat, chain, packet, fractions.Fraction(1), steps, 0))
    if _has_affinity(nat, steps):
        steps.append(Fact("affinity", "a client that came before goes to the same pod again"))
    if refused:
        steps.append(Fact("filter", refused))
    return Finding(name, tuple(steps), backends, None, refused)


def cascade(probabilities: t.Iterable[fractions.Fraction | None]) -> list[fractions.Fraction]:
    """The share of each of a row of rules, of which each sees only what those before have left."""
    left, shares = fractions.Fraction(1), []
    for probability in probabilities:
        after = left * (0 if probability is None else 1 - probability)
        # Finer than the kernel, which has 31 bits; without an end to the digits hundreds of pods would take seconds.
        after = fractions.Fraction(round(after * GRAIN), GRAIN)
        shares.append(left - after)
        left = after
    return shares


def _backends(
    nat: Table, chain: str, packet: Packet, share: fractions.Fraction, steps: list[Fact], depth: int
) -> Iterator[Backend]:
    """Follow the jumps of a chain; each way through them ends at a pod."""
    rules = [rule for rule in nat.rules if rule.chain == chain and _applies(rule, packet)]
    shares = cascade(_probability(rule) for rule in rules)
    for rule, part in zip(rules, shares, strict=True):
        target = str(rule.target)
        if not part or depth > LONGEST:
            continue
        if target.startswith(ENDPOINT):
            yield _endpoint(nat, target, share * part, _probability(rule))
        else:
            steps.append(Fact(chain, f"→ {target}"))
            yield from _backends(nat, target, packet, share * part, steps, depth + 1)
    if rules and str(rules[0].target).startswith(ENDPOINT):
        steps.append(Fact(chain, f"chooses among {len(rules)} pod{'' if len(rules) == 1 else 's'}"))


def _endpoint(nat: Table, chain: str, share: fractions.Fraction, probability: fractions.Fraction | None) -> Backend:
    rules = [rule for rule in nat.rules if rule.chain == chain and rule.target == "DNAT"]
    socket = _option(rules[0], "--to-destination") if rules else None
    chance = "all that is left" if probability is None else f"probability {float(probability):.4g}"
    return Backend(socket or "nowhere", share, (Fact("chain", chain), Fact("rule", f"{chance} → DNAT")))


def _applies(rule: Rule, packet: Packet) -> bool:
    """Whether a rule of a chain of the service may send this packet on."""
    if rule.target in (None, *PASSING) or "recent" in rule.words:
        return False
    if packet.outside:
        # Requests of pods and of the node itself are short-circuited to all pods.
        return "-s" not in rule.words and _option(rule, "--src-type") != "LOCAL"
    return "-s" not in rule.words


def _is_for(rule: Rule, packet: Packet) -> bool:
    destination = (_option(rule, "-d") or "").partition("/")[0]
    return (
        (packet.node_port or destination == packet.address)
        and _option(rule, "-p") == packet.protocol.lower()
        and _option(rule, "--dport") == str(packet.port)
    )


def _refusal(tables: Mapping[str, Table], packet: Packet) -> str:
    """What table filter says to a packet for which there is no pod."""
    rules = tables["filter"].rules if "filter" in tables else ()
    for rule in rules:
        if rule.chain in REFUSING and rule.target in ("REJECT", "DROP") and _is_for(rule, packet):
            return f"{rule.target}: {' '.join(rule.comments)}"
    return ""


def _missing(entry: str, packet: Packet) -> Trouble:
    return Trouble(
        f"Chain {entry} has no rule for {packet}: kube-proxy has not written it",
        "Look at `kubectl --namespace kube-system logs daemonset/kube-proxy`; "
        "`kubectl --namespace kube-system rollout restart daemonset/kube-proxy` makes it write all rules anew",
    )


def _has_affinity(nat: Table, steps: list[Fact]) -> bool:
    chains = {step.label for step in steps}
    return any(rule.chain in chains and "recent" in rule.words for rule in nat.rules)


def _probability(rule: Rule) -> fractions.Fraction | None:
    text = _option(rule, "--probability")
    return None if text is None else fractions.Fraction(text)


def _option(rule: Rule, name: str) -> str | None:
    """The value of an option; one that is negated does not count."""
    words = rule.words
    for number, word in enumerate(words[:-1]):
        if word == name and (number == 0 or words[number - 1] != "!"):
            return words[number + 1]
    return None
