# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read everything on a node that kube-proxy's modes write to; what cannot be read is reported as unread."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    ipvs,
    leftovers,
    netlink,
    nft,
    node_proxy,
    sysctls,
    variants,
)
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND, borrowed

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._net.variants import Program  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner  # pragma: no cover

SERVERS, SETS, DEVICE, SETTINGS = "servers", "sets", "device", "sysctls"
_SET_MODULE = "/sys/module/ip_set"
_WHICH = 'for one; do command -v "$one" >/dev/null 2>&1 && echo "$one"; done; true'
# The tables of legacy iptables in the kernel; without any there are no legacy rules.
LEGACY_TABLES = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}
# What the programs print if the kernel has nothing to list.
_ABSENT = re.compile(
    r"does not exist|insmod|not supported|No such file|generation id: Invalid argument|Protocol not available"
)
_DENIED = re.compile(r"Permission denied|Operation not permitted|must be root")


@dataclasses.dataclass(frozen=True)
class NodeState:
    """What there is on a node."""

    proxy: node_proxy.NodeProxy
    variant: str
    """The variant of iptables that kube-proxy uses."""
    rules: t.Mapping[Program, t.Mapping[str, IptablesTable]]
    ipvs: ipvs.IpvsState | None
    """Not read in IPVS mode."""
    nftables: t.Mapping[str, str]
    """kube-proxy's nftables tables by family; not read in nftables mode."""
    sysctls: t.Mapping[str, str]
    """Settings to reset, with their values."""
    values: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The current settings."""
    unread: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What could not be read, and why; rules by their family."""
    from_proxy: frozenset[Program] = frozenset()
    """Variants of iptables that only the program in kube-proxy's container can read."""
    can_remove_servers: bool = False


def read(runner: Runner, mode: str, asked: str = variants.AUTO) -> NodeState:
    done = run_all(runner, _commands(mode))
    proxy = node_proxy.parse(done["proxy"])
    unread: dict[str, str] = {}
    dumps = {program: one for program in variants.PROGRAMS if (one := rules_of(done, program, unread)) is not None}
    dumps, from_proxy = _complete(runner, dumps, unread)
    variant, texts = variants.choose(runner, dumps, mode=mode, asked=asked, proxys=proxy.variant)
    rules = {program: iptables.parse(text) for program, text in texts.items()}
    found_ipvs = None if mode == "ipvs" else _ipvs(done, rules, unread)
    values = {} if found_ipvs is None else sysctls.parse_values(done[SETTINGS].stdout)
    return NodeState(
        proxy=proxy,
        variant=variant,
        rules=rules,
        ipvs=found_ipvs,
        nftables={} if mode == "nftables" else _nftables(done, unread),
        sysctls=sysctls.plan(values, sysctls.parse_files(done["sysctl.d"].stdout)) if values else {},
        values=values,
        unread=unread,
        from_proxy=from_proxy,
        can_remove_servers=any(set(group) <= set(done["programs"].stdout.split()) for group in netlink.PROGRAMS),
    )


def _commands(mode: str) -> dict[str, t.Sequence[str]]:
    commands: dict[str, t.Sequence[str]] = {"proxy": node_proxy.READ}
    commands |= {str(program): program.save for program in variants.PROGRAMS}
    commands |= {path: ("cat", path) for path in LEGACY_TABLES.values()}
    commands["programs"] = ("sh", "-c", _WHICH, "sh", *sorted({one for group in netlink.PROGRAMS for one in group}))
    if mode != "ipvs":
        commands |= {
            SERVERS: ("cat", "/proc/net/ip_vs"),
            SETS: borrowed(["ipset", "save"]),
            "references": borrowed(["ipset", "list", "-terse"]),
            _SET_MODULE: ("test", "-e", _SET_MODULE),
            "links": ("ip", "-o", "link", "show"),
            "addresses": ("ip", "-o", "address", "show"),
            SETTINGS: sysctls.READ_VALUES,
            "sysctl.d": sysctls.READ_FILES,
        }
    if mode != "nftables":
        commands |= {family: nft.read_command(family) for family in nft.TABLES}
    return commands


def _why(result: Result) -> str:
    return result.stderr.strip().partition("\n")[0] or f"exit code {result.rc}"


def _is_absent(result: Result) -> bool:
    """Whether the kernel has nothing to list."""
    return bool(_ABSENT.search(result.stderr)) and not _DENIED.search(result.stderr) and result.rc != NOT_FOUND


def rules_of(done: t.Mapping[str, Result], program: Program, unread: dict[str, str]) -> str | None:
    """Return what a program printed; note in ``unread`` if it printed nothing although there may be rules."""
    result = done[str(program)]
    if result.rc == 0:
        return result.stdout
    unused = program.variant == variants.LEGACY and not done[LEGACY_TABLES[program.family]].stdout.split()
    if not (unused or _is_absent(result)):
        _note(unread, program, f"the rules of {program}: {_why(result)}")
    return None


def _note(unread: dict[str, str], program: Program, text: str) -> None:
    unread[program.family] = "; ".join(filter(None, (unread.get(program.family), text)))


def _complete(
    runner: Runner, dumps: variants.Dumps, unread: dict[str, str]
) -> tuple[variants.Dumps, frozenset[Program]]:
    """Read with kube-proxy's own iptables what the node's iptables cannot print."""
    lacking = [program for program, text in dumps.items() if _hidden(text)]
    if not lacking:
        return dumps, frozenset()
    done = run_all(runner, {str(program): borrowed([f"{program}-save"]) for program in lacking})
    printed = {program: done[str(program)].stdout for program in lacking if done[str(program)].rc == 0}
    found = dumps | {program: text for program, text in printed.items() if not _hidden(text)}
    for program in lacking:
        names = _hidden(found[program])
        if names:
            why = "cannot print rules that a newer iptables or nft has written"
            _note(unread, program, f"table {', '.join(names)} of {program}: {why}")
    return found, frozenset(program for program in lacking if not _hidden(found[program]))


def _hidden(text: str) -> list[str]:
    return [table.name for table in iptables.parse(text).values() if not table.shown]


def _ipvs(
    done: t.Mapping[str, Result],
    rules: t.Mapping[Program, t.Mapping[str, IptablesTable]],
    unread: dict[str, str],
) -> ipvs.IpvsState:
    parts = {SERVERS: done[SERVERS], DEVICE: done["links"]}
    unread |= {name: _why(one) for name, one in parts.items() if one.rc != 0 and not _is_absent(one)}
    # Without the kernel's module there are no sets, whatever programs the node has.
    if done[SETS].rc != 0 and done[_SET_MODULE].rc == 0:
        unread[SETS] = _why(done[SETS])
    device, addresses = ipvs.parse_device(done["links"].stdout + done["addresses"].stdout)
    chains = ((name, chain) for tables in rules.values() for name, table in tables.items() for chain in table.chains)
    return ipvs.IpvsState(
        servers=ipvs.parse_servers(done[SERVERS].stdout),
        sets=ipvs.parse_sets(done[SETS].stdout) if done[SETS].rc == 0 else {},
        device=device,
        addresses=addresses,
        references=ipvs.parse_references(done["references"].stdout),
        traces=sysctls.is_sign(sysctls.parse_values(done[SETTINGS].stdout))
        or any(leftovers.belongs_to(*one, "ipvs") and leftovers.is_leftover(*one, "iptables") for one in chains),
    )


def _nftables(done: t.Mapping[str, Result], unread: dict[str, str]) -> dict[str, str]:
    unread |= {
        family: f"table {' '.join(nft.TABLES[family])}: {_why(done[family])}"
        for family in nft.TABLES
        if done[family].rc != 0 and not _is_absent(done[family])
    }
    return {family: done[family].stdout for family in nft.TABLES if done[family].rc == 0}
