# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Rules of a node: read once, planned on paper."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables as _iptables
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers, nft, sysctls, variants
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import Table  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner  # pragma: no cover


@dataclasses.dataclass(frozen=True)
class State:
    """All that kube-proxy's modes leave traces in."""

    variant: str
    """Which iptables kube-proxy uses."""
    rules: t.Mapping[variants.Program, t.Mapping[str, Table]]
    """The tables of this variant, and of the other one where kube-proxy has left something there, too."""
    ipvs: ipvs.State | None
    """Not looked at in IPVS mode."""
    nftables: t.Mapping[str, str]
    """kube-proxy's tables by family; not looked at in nftables mode."""
    sysctls: t.Mapping[str, str]
    """What to set back, and to which value."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done on the node."""

    rules: t.Mapping[variants.Program, leftovers.Plan]
    ipvs: ipvs.Plan
    nftables: tuple[str, ...] = ()
    sysctls: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.ipvs or self.nftables or self.sysctls or any(part.changes for part in self.rules.values()))

    @property
    def warnings(self) -> list[str]:
        return [*(warning for part in self.rules.values() for warning in part.warnings), *self.ipvs.warnings]


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user wants of the node."""

    mode: str
    echo_reply: bool = False
    variant: str = variants.AUTO


def read(runner: Runner, wish: Wish) -> State:
    commands: dict[str, t.Sequence[str]] = {str(program): program.save for program in variants.PROGRAMS}
    if wish.mode != "ipvs":
        commands |= {
            "servers": ("cat", "/proc/net/ip_vs"),
            "sets": ("ipset", "save"),
            "links": ("ip", "-o", "link", "show"),
            "addresses": ("ip", "-o", "address", "show"),
            "sysctls": sysctls.READ_VALUES,
            "sysctl.d": sysctls.READ_FILES,
        }
    if wish.mode != "nftables":
        commands |= {family: nft.read_command(family) for family in nft.TABLES}
    done = run_all(runner, commands)
    dumps = {program: done[str(program)].stdout for program in variants.PROGRAMS if done[str(program)].rc == 0}
    variant, texts = variants.choose(runner, dumps, mode=wish.mode, asked=wish.variant)
    found_ipvs = None if wish.mode == "ipvs" else _ipvs(done)
    return State(
        variant=variant,
        rules={program: _iptables.parse(text) for program, text in texts.items()},
        ipvs=found_ipvs,
        nftables={family: done[family].stdout for family in nft.TABLES if family in done and done[family].rc == 0},
        sysctls={} if found_ipvs is None else _sysctls(done),
    )


def _ipvs(done: t.Mapping[str, Result]) -> ipvs.State:
    # Without the kernel module there is no such file, and without the program no sets.
    servers, sets = done["servers"], done["sets"]
    device, addresses = ipvs.parse_device(done["links"].stdout + done["addresses"].stdout)
    return ipvs.State(
        servers=ipvs.parse_servers(servers.stdout) if servers.rc == 0 else (),
        sets=ipvs.parse_sets(sets.stdout) if sets.rc == 0 else {},
        device=device,
        addresses=addresses,
    )


def _sysctls(done: t.Mapping[str, Result]) -> dict[str, str]:
    values = sysctls.parse_values(done["sysctls"].stdout)
    return sysctls.plan(values, sysctls.parse_files(done["sysctl.d"].stdout))


def plan(state: State, wish: Wish) -> Plan:
    rules = {program: plan_rules(state, program, wish) for program in state.rules}
    nftables = tuple(state.nftables)
    if state.ipvs is None:
        return Plan(rules, ipvs.Plan(), nftables)
    remaining = [
        rule
        for program, tables in state.rules.items()
        for table in _iptables.apply(tables, rules[program].changes).values()
        for rule in table.rules
    ]
    found = ipvs.plan(state.ipvs, sets_in_use={name for rule in remaining for name in rule.sets})
    # Somebody else's virtual servers go by the same settings.
    shared = len(found.servers) < len(state.ipvs.servers)
    return Plan(rules, found, nftables, {} if shared else state.sysctls)


def plan_rules(state: State, program: variants.Program, wish: Wish) -> leftovers.Plan:
    """What to do in one family and variant; where kube-proxy does not write to, all of its rules are left over."""
    live = program.variant == state.variant
    return leftovers.plan(
        state.rules[program],
        family=program.family,
        mode=wish.mode if live else "nftables",
        echo_reply=wish.echo_reply and live,
    )
