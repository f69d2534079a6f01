# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is to be done on a node, planned on paper, and what will be left all the same."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables as _iptables
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers, variants
from ansible_collections.kuber.network.plugins.module_utils._net.node_read import DEVICE, SERVERS, SETS, SETTINGS

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.node_read import State  # pragma: no cover

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
    "They still answer, also for Services that are gone: on addresses of the node to everybody, on all others to the "
    "node itself; and no program of the node can use these ports. A restart of the node removes them"
)


@dataclasses.dataclass(frozen=True)
class Spec:
    """What the user wants of the node."""

    mode: str
    echo_reply: bool = False
    variant: str = variants.AUTO
    mode_pending: bool = False
    """Whether kube-proxy has yet to be put into this mode, so that its chains are still those of another one."""


@dataclasses.dataclass(frozen=True)
class Left:
    """Something of another mode that stays, in one sentence or two."""

    part: str
    text: str
    unknown: bool = False
    """Whether it is only known that it could not be looked at."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done on the node."""

    rules: t.Mapping[variants.Program, leftovers.Plan]
    ipvs: ipvs.Plan
    nftables: tuple[str, ...] = ()
    sysctls: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    left: tuple[Left, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ipvs or self.nftables or self.sysctls or any(part.changes for part in self.rules.values()))


def plan(state: State, spec: Spec) -> Plan:
    rules = {program: plan_rules(state, program, spec) for program in state.rules}
    left = [Left(part, f"{TITLES[part]} were not looked at: {why}", unknown=True) for part, why in state.unread.items()]
    left += [Left(program.family, text) for program, part in rules.items() for text in part.warnings]
    nftables = tuple(state.nftables)
    if state.ipvs is None:
        return Plan(rules, ipvs.Plan(), nftables, left=tuple(left))
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
    return Plan(rules, found, nftables, {} if sharing else state.sysctls, tuple(left))


_DOUBT = (
    "they may be somebody else's: the sets that name kube-proxy's own are gone, and http://{}/configz does not say "
    "which networks (ipvs.excludeCIDRs) kube-proxy has left to others"
)


def servers_left(servers: t.Sequence[ipvs.VirtualServer], why: str) -> Left:
    names = ", ".join(map(str, servers))
    return Left(SERVERS, f"{len(servers)} virtual servers of IPVS mode stay, because {why}: {names}. {STILL_ANSWER}")


def settings_left(state: State, servers: t.Sequence[ipvs.VirtualServer]) -> Left:
    values = ", ".join(f"{key}={state.values[key]}" for key in state.sysctls)
    return Left(
        SETTINGS,
        f"Kernel settings of IPVS mode stay ({values}), because virtual servers that go by them stay: "
        f"{', '.join(map(str, servers))}",
    )


Rules = t.Mapping[variants.Program, t.Sequence[_iptables.Rule]]


def _staying(state: State, spec: Spec, program: variants.Program, wanted: leftovers.Plan) -> t.Sequence[_iptables.Rule]:
    """The rules that will be there when sets are destroyed."""
    tables = _iptables.apply(state.rules[program], wanted.changes)
    return [
        rule
        for table in tables.values()
        for rule in table.rules
        # kube-proxy writes these chains again when it starts.
        if not (spec.mode_pending and leftovers.belongs_to(table.name, rule.chain, spec.mode))
    ]


def _freed(state: State, staying: Rules) -> t.Counter[str]:
    """How many uses of each set end with the rules that go."""
    uses = collections.Counter(
        name
        for tables in state.rules.values()
        for table in tables.values()
        for rule in table.rules
        for name in rule.sets
    )
    return uses - collections.Counter(name for rules in staying.values() for rule in rules for name in rule.sets)


def _used_set(state: ipvs.State, staying: Rules, name: str) -> Left:
    users = [f"rule `{rule}` of {program}" for program, rules in staying.items() for rule in rules if name in rule.sets]
    users += [f"set {one}" for one, members in state.sets.items() if name in members]
    return Left(
        SETS,
        f"Set {name} is a leftover of kube-proxy, but it stays, because it is used by "
        f"{', '.join(users) or 'something that cannot be seen from here'}",
    )


def plan_rules(state: State, program: variants.Program, spec: Spec) -> leftovers.Plan:
    """What to do in one family and variant; where kube-proxy does not write to, all of its rules are left over."""
    live = program.variant == state.variant
    return leftovers.plan(
        state.rules[program],
        family=program.family,
        mode=spec.mode if live else "nftables",
        echo_reply=spec.echo_reply and live,
    )
