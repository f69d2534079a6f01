# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``iptables-restore --noflush`` on paper, as strict as the kernel is."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net.rulesets import RuleSet

Chains = dict[str, list[tuple[str, str]]]
"""By chain: the rules in order, each with where it leads."""


class RefusedError(Exception):
    """What iptables-restore would not do."""


def tables_of(rules: RuleSet) -> dict[str, Chains]:
    return {
        name: {
            chain: [(rule.text, rule.target) for rule in table.rules if rule.chain == chain] for chain in table.chains
        }
        for name, table in rules.tables.items()
    }


def restore(tables: dict[str, Chains], text: str, *, built_in: t.Mapping[str, t.Sequence[str]]) -> dict[str, Chains]:
    """The tables after ``text``; knows the commands that plans are made of, and refuses all others."""
    result = dict(tables)
    name, chains = "", {}
    for line in text.split("\n"):
        command, _space, rest = line.partition(" ")
        if line.startswith("*"):
            name, chains = line[1:], {chain: list(rules) for chain, rules in result[line[1:]].items()}
        elif line.startswith(":"):
            _flush(chains, command[1:], rest, built_in[name])
        elif command == "-D":
            _delete(chains, *rest.split(" ", 1))
        elif command == "-I":
            chain, position, rule = rest.split(" ", 2)
            chains[chain].insert(int(position) - 1, (rule, rule.rpartition(" -j ")[2]))
        elif command == "-X":
            _drop(chains, rest, built_in[name])
        elif line == "COMMIT":
            _check(chains)
            result[name] = chains
        elif line:
            raise RefusedError(f"unknown line: {line}")
    return result


def _flush(chains: Chains, chain: str, rest: str, built_in: t.Sequence[str]) -> None:
    if chain in built_in or rest != "- [0:0]":
        raise RefusedError(f"policy of {chain} would change: {rest}")
    # A name that is unknown would make a new chain.
    if chain not in chains:
        raise RefusedError(f"{chain} would be made")
    chains[chain] = []


def _delete(chains: Chains, chain: str, text: str) -> None:
    found = next((rule for rule in chains[chain] if rule[0] == text), None)
    if found is None:
        raise RefusedError(f"no such rule in {chain}: {text}")
    chains[chain].remove(found)


def _drop(chains: Chains, chain: str, built_in: t.Sequence[str]) -> None:
    users = [name for name, rules in chains.items() if any(target == chain for _text, target in rules)]
    if chain in built_in or chains[chain] or users:
        raise RefusedError(f"{chain} cannot go: rules {chains[chain]}, used by {users}")
    del chains[chain]


def _check(chains: Chains) -> None:
    for chain, rules in chains.items():
        for text, target in rules:
            if target.startswith("KUBE-") and target not in chains:
                raise RefusedError(f"{chain} leads nowhere: {text}")
