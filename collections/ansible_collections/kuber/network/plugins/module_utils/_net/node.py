# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan the cleanup of a node, and explain what it will leave."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables as _iptables
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers, variants
from ansible_collections.kuber.network.plugins.module_utils._net.node_read import DEVICE, SERVERS, SETS, SETTINGS

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.node_read import NodeState  # pragma: no cover

TITLES = {
    "ipv4": "Rules of IPv4",
    "ipv6": "Rules of IPv6",
    SERVERS: "Virtual servers",
    SETS: "ipsets",
    DEVICE: f"Device {ipvs.DEVICE}",
    SETTINGS: "Kernel settings of IPVS mode",
    "ip": "nftables for IPv4",
    "ip6": "nftables for IPv6",
}
STILL_ANSWER = (
    "They still answer, even for deleted Services: on addresses of the node to any client, on other addresses to the "
    "node itself; and no program on the node can use these ports. Restart the node to remove them"
)


@dataclasses.dataclass(frozen=True)
class NodeSpec:
    """The desired state of the node."""

    mode: str
    echo_reply: bool = False
    variant: str = variants.AUTO
    mode_pending: bool = False
    """Whether kube-proxy has yet to switch to this mode, so that its chains are still those of another mode."""


@dataclasses.dataclass(frozen=True)
class Remainder:
    """Something of another mode that stays, explained in one or two sentences."""

    part: str
    text: str
    unknown: bool = False
    """Whether it could not be read, so that it is not known if anything is there."""


@dataclasses.dataclass(frozen=True)
class NodePlan:
    """What to do on the node."""

    rules: t.Mapping[variants.Program, leftovers.RulesPlan]
    ipvs: ipvs.IpvsPlan
    nftables: tuple[str, ...] = ()
    sysctls: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    left: tuple[Remainder, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ipvs or self.nftables or self.sysctls or any(part.changes for part in self.rules.values()))


def plan(state: NodeState, spec: NodeSpec) -> NodePlan:
    rules = {program: plan_rules(state, program, spec) for program in state.rules}
    left = [
        Remainder(part, f"{TITLES[part]} could not be read: {why}", unknown=True) for part, why in state.unread.items()
    ]
    left += [Remainder(program.family, text) for program, part in rules.items() for text in part.warnings]
    nftables = tuple(state.nftables)
    if state.ipvs is None:
        return NodePlan(rules, ipvs.IpvsPlan(), nftables, left=tuple(left))
    staying_rules = {program: _staying(state, spec, program, rules[program]) for program in rules}
    found = ipvs.plan(state.ipvs, freed=_freed(state, staying_rules), proxy=state.proxy)
    left += [_used_set(state.ipvs, staying_rules, name) for name in found.used_sets]
    staying = found.servers if not state.can_remove_servers else ()
    if staying:
        found = dataclasses.replace(found, servers=())
        left.append(servers_left(staying, "the node has neither ipvsadm nor perl nor socat with dd and od"))
    if found.doubtful:
        left.append(servers_left(found.doubtful, _DOUBT.format(state.proxy.address)))
    sharing = (*staying, *found.doubtful, *found.foreign)
    if state.sysctls and sharing:
        left.append(settings_left(state, sharing))
    return NodePlan(rules, found, nftables, {} if sharing else state.sysctls, tuple(left))


_DOUBT = (
    "they may be another program's: the sets that list kube-proxy's own are gone, and http://{}/configz does not say "
    "which networks (ipvs.excludeCIDRs) kube-proxy leaves alone"
)


def servers_left(servers: t.Sequence[ipvs.VirtualServer], why: str) -> Remainder:
    names = ", ".join(map(str, servers))
    return Remainder(
        SERVERS, f"{len(servers)} virtual servers of IPVS mode stay, because {why}: {names}. {STILL_ANSWER}"
    )


def settings_left(state: NodeState, servers: t.Sequence[ipvs.VirtualServer]) -> Remainder:
    values = ", ".join(f"{key}={state.values[key]}" for key in state.sysctls)
    return Remainder(
        SETTINGS,
        f"Kernel settings of IPVS mode stay ({values}), because virtual servers that depend on them stay: "
        f"{', '.join(map(str, servers))}",
    )


Rules = t.Mapping[variants.Program, t.Sequence[_iptables.Rule]]


def _staying(
    state: NodeState, spec: NodeSpec, program: variants.Program, wanted: leftovers.RulesPlan
) -> t.Sequence[_iptables.Rule]:
    """Return the rules that will exist when sets are destroyed."""
    tables = _iptables.apply(state.rules[program], wanted.changes)
    return [
        rule
        for table in tables.values()
        for rule in table.rules
        # kube-proxy writes these chains again when it starts.
        if not (spec.mode_pending and leftovers.belongs_to(table.name, rule.chain, spec.mode))
    ]


def _freed(state: NodeState, staying: Rules) -> t.Counter[str]:
    """Count the references to each set that are removed with the rules."""
    uses = collections.Counter(
        name
        for tables in state.rules.values()
        for table in tables.values()
        for rule in table.rules
        for name in rule.sets
    )
    return uses - collections.Counter(name for rules in staying.values() for rule in rules for name in rule.sets)


def _used_set(state: ipvs.IpvsState, staying: Rules, name: str) -> Remainder:
    users = [f"rule `{rule}` of {program}" for program, rules in staying.items() for rule in rules if name in rule.sets]
    users += [f"set {one}" for one, members in state.sets.items() if name in members]
    return Remainder(
        SETS,
        f"Set {name} is a leftover of kube-proxy, but stays because it is used by "
        f"{', '.join(users) or 'something that could not be identified'}",
    )


def plan_rules(state: NodeState, program: variants.Program, spec: NodeSpec) -> leftovers.RulesPlan:
    """Plan one family and variant; in the variant that kube-proxy does not use, all of its rules are leftovers."""
    live = program.variant == state.variant
    return leftovers.plan(
        state.rules[program],
        family=program.family,
        mode=spec.mode if live else "nftables",
        echo_reply=spec.echo_reply and live,
    )
