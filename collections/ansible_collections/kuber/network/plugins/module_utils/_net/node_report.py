# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Present the changes on a node as results, diffs and drift."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Drift
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, nft

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.node import NodePlan  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._net.node_read import NodeState  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._net.variants import Program  # pragma: no cover

THINGS = {
    "ipv4": "IPv4 rules",
    "ipv6": "IPv6 rules",
    "ipvs": "leftovers of IPVS mode",
    "nftables": "leftovers of nftables mode",
    "sysctls": "kernel settings of IPVS mode",
}


def removed(state: NodeState, wanted: NodePlan) -> dict[str, list[str]]:
    """Return what is removed: rules as arguments that would restore them, other things by kind and name."""
    found: dict[str, list[str]] = {}
    for program, part in wanted.rules.items():
        lines = iptables.removed_lines(state.rules[program], part.changes)
        found.setdefault(program.family, []).extend(_named(lines, state, program))
    return found | {
        "ipvs": wanted.ipvs.lines(),
        "nftables": nft.lines(wanted.nftables),
        "sysctls": [f"{key} = {state.values[key]}" for key in wanted.sysctls],
    }


def added(state: NodeState, wanted: NodePlan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for program, part in wanted.rules.items():
        found.setdefault(program.family, []).extend(_named(iptables.added_lines(part.changes), state, program))
    return found | {"sysctls": [f"{key} = {value}" for key, value in wanted.sysctls.items()]}


def drift(state: NodeState, wanted: NodePlan) -> list[Drift]:
    """Return the changes as drift."""
    gone, new = removed(state, wanted), added(state, wanted)
    found = [
        Drift(thing, removed=tuple(gone.get(part, ())), added=tuple(new.get(part, ())))
        for part, thing in THINGS.items()
    ]
    return [one for one in found if one.removed or one.added]


def _named(lines: t.Iterable[str], state: NodeState, program: Program) -> list[str]:
    """Prefix the lines of the variant that kube-proxy does not use with the name of its program."""
    return [line if program.variant == state.variant else f"{program} {line}" for line in lines]


def diff(state: NodeState, wanted: NodePlan) -> list[dict[str, str]]:
    entries = []
    for program, part in wanted.rules.items():
        tables = state.rules[program]
        if part.changes:
            after = iptables.render(iptables.apply(tables, part.changes))
            entries.append(_entry(f"{program}-save", iptables.render(tables), after))
    entries += [_entry(f"nft list table {family} kube-proxy", state.nftables[family], "") for family in wanted.nftables]
    if wanted.ipvs:
        entries.append(_entry("left by IPVS mode", _text(wanted.ipvs.lines()), ""))
    if wanted.sysctls:
        before, after = (_text(part(state, wanted)["sysctls"]) for part in (removed, added))
        entries.append(_entry("kernel settings of IPVS mode", before, after))
    return entries


def _text(lines: t.Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _entry(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "before": before, "after_header": header, "after": after}
