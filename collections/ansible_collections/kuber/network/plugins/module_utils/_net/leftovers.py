# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan the removal of iptables rules that other modes of kube-proxy left, and our own rule for ping."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable, Rule, TableChange

MODES = ("ipvs", "iptables", "nftables")

# Chains by the mode that makes them (kubernetes/pkg/proxy/{userspace,iptables,ipvs}/proxier.go, since 1.19). Those
# listed for several modes are rewritten by the running one. nftables mode has none. The kubelet's are not listed; its
# KUBE-FIREWALL is in filter.
CHAINS: dict[str, dict[str, frozenset[str]]] = {
    "iptables": {
        "nat": frozenset(
            {"KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-PROXY-CANARY"}
        ),
        "filter": frozenset(
            {
                "KUBE-SERVICES",
                "KUBE-EXTERNAL-SERVICES",
                "KUBE-FORWARD",
                "KUBE-NODEPORTS",
                "KUBE-PROXY-FIREWALL",
                "KUBE-PROXY-CANARY",
            }
        ),
        "mangle": frozenset({"KUBE-PROXY-CANARY"}),
    },
    "ipvs": {
        "nat": frozenset(
            {
                "KUBE-SERVICES",
                "KUBE-NODE-PORT",
                "KUBE-POSTROUTING",
                "KUBE-MARK-MASQ",
                "KUBE-LOAD-BALANCER",
                "KUBE-FIREWALL",
            }
        ),
        "filter": frozenset(
            {
                "KUBE-FORWARD",
                "KUBE-NODE-PORT",
                "KUBE-PROXY-FIREWALL",
                "KUBE-SOURCE-RANGES-FIREWALL",
                "KUBE-IPVS-FILTER",
                "KUBE-IPVS-OUT-FILTER",
            }
        ),
    },
    "nftables": {},
    # Removed in 1.26.
    "userspace": {
        "nat": frozenset(
            {
                "KUBE-PORTALS-CONTAINER",
                "KUBE-PORTALS-HOST",
                "KUBE-NODEPORT-CONTAINER",
                "KUBE-NODEPORT-HOST",
            }
        ),
        "filter": frozenset({"KUBE-NODEPORT-NON-LOCAL"}),
    },
}
# One chain for each service and endpoint; EXT was called XLB before Kubernetes 1.24.
SERVICE_CHAIN = re.compile(r"KUBE-(SVC|SEP|SVL|EXT|FW|XLB)-")
# Both modes jump to this chain with different comments, and neither removes the other's jump.
FIREWALL_CHAIN = "KUBE-PROXY-FIREWALL"
FIREWALL_COMMENTS = {"iptables": "kubernetes load balancer firewall", "ipvs": "kube-proxy firewall rules"}

ECHO_COMMENT = "kuber.network: service addresses answer ping"
ECHO_MATCHES = {
    "ipv4": "-p icmp -m icmp --icmp-type 8",
    "ipv6": "-p ipv6-icmp -m icmp6 --icmpv6-type 128",
}
# Rejects packets to a service address that are not for one of its ports, ping included (Kubernetes 1.27 and newer).
REJECTING_CHAIN = "KUBE-IPVS-FILTER"


@dataclasses.dataclass(frozen=True)
class RulesPlan:
    """What to change in one address family, and what is left alone with the reason."""

    changes: tuple[TableChange, ...]
    warnings: tuple[str, ...]


def plan(tables: t.Mapping[str, IptablesTable], *, family: str, mode: str, echo_reply: bool) -> RulesPlan:
    """Plan to remove what modes other than ``mode`` left, and to have our rule where it takes effect, or not at all.

    Tables that could not be read in full are left alone.
    """
    changes: list[TableChange] = []
    warnings: list[str] = []
    for table in (one for one in tables.values() if one.shown):
        change, remarks = _plan_table(table, mode)
        if table.name == "filter":
            change = _with_echo_rule(change, table, family=family, wanted=echo_reply and mode == "ipvs")
        if change:
            changes.append(change)
        warnings += remarks
    if "filter" not in tables and echo_reply and mode == "ipvs":
        changes.append(
            _with_echo_rule(TableChange("filter"), IptablesTable("filter", {}, ()), family=family, wanted=True)
        )
    return RulesPlan(tuple(changes), tuple(warnings))


def echo_rule(family: str) -> Rule:
    return Rule("INPUT", f'{ECHO_MATCHES[family]} -m comment --comment "{ECHO_COMMENT}" -j ACCEPT')


def is_leftover(table: str, chain: str, mode: str) -> bool:
    """Whether the chain is kube-proxy's, but not of this mode."""
    if SERVICE_CHAIN.match(chain):
        return mode != "iptables"
    others = (chains.get(table, frozenset()) for other, chains in CHAINS.items() if other != mode)
    return chain not in CHAINS[mode].get(table, frozenset()) and any(chain in chains for chains in others)


def belongs_to(table: str, chain: str, mode: str) -> bool:
    """Whether kube-proxy makes the chain in this mode."""
    return chain in CHAINS[mode].get(table, ()) or (mode == "iptables" and bool(SERVICE_CHAIN.match(chain)))


def is_kube_proxys(table: str, chain: str) -> bool:
    """Whether kube-proxy makes the chain in any mode."""
    made = (chains.get(table, frozenset()) for chains in CHAINS.values())
    return bool(SERVICE_CHAIN.match(chain)) or any(chain in chains for chains in made)


def _plan_table(table: IptablesTable, mode: str) -> tuple[TableChange, list[str]]:
    leftovers = {chain for chain in table.chains if is_leftover(table.name, chain, mode)}
    kept, warnings = _in_use(table, leftovers)
    gone = leftovers - kept
    return (
        TableChange(
            table.name,
            dropped_chains=tuple(chain for chain in table.chains if chain in gone),
            deleted_rules=tuple(
                rule
                for rule in table.rules
                if rule.chain not in gone and (rule.target in gone or _is_others_jump(table, rule, mode))
            ),
        ),
        warnings,
    )


def _in_use(table: IptablesTable, leftovers: t.Collection[str]) -> tuple[set[str], list[str]]:
    """Return the leftovers that another program's chain refers to, and all chains that these refer to."""
    kept: set[str] = set()
    warnings: list[str] = []
    for rule in table.rules:
        foreign = not table.is_built_in(rule.chain) and not is_kube_proxys(table.name, rule.chain)
        if rule.target is not None and rule.target in leftovers and (foreign or not rule.can_be_written):
            kept.add(rule.target)
            why = "another program's rule uses it" if foreign else "the comment of a rule contains a line break"
            warnings.append(
                f"Chain {rule.target} of table {table.name} is a leftover of kube-proxy, but it stays, "
                f"because {why}: {rule}"
            )
    while more := {r.target for r in table.rules if r.chain in kept and r.target in leftovers} - kept:
        kept |= {target for target in more if target}
    return kept, warnings


def _is_others_jump(table: IptablesTable, rule: Rule, mode: str) -> bool:
    if rule.target != FIREWALL_CHAIN or not table.is_built_in(rule.chain):
        return False
    others = [comment for other, comment in FIREWALL_COMMENTS.items() if other != mode]
    return any(comment in others for comment in rule.comments)


def _with_echo_rule(change: TableChange, table: IptablesTable, *, family: str, wanted: bool) -> TableChange:
    rule = echo_rule(family)
    going = set(change.deleted_rules)
    ours = [found for found in table.rules if ECHO_COMMENT in found.comments and found not in going]
    if [sorted(found.words) for found in ours] == [sorted(rule.words)] * wanted and _comes_first(table, ours):
        return change
    return dataclasses.replace(
        change,
        deleted_rules=(*change.deleted_rules, *ours),
        inserted_rules=(rule,) if wanted else (),
    )


def _comes_first(table: IptablesTable, ours: t.Sequence[Rule]) -> bool:
    """Whether our rule comes before the rejecting one; kube-proxy inserts its new rules at the top."""
    for rule in table.rules:
        if rule in ours and rule.chain == "INPUT":
            return True
        if rule.target == REJECTING_CHAIN:
            return not ours
    return not ours
