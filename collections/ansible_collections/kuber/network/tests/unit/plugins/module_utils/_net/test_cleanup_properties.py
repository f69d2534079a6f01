# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten thousand nodes are cleaned up on paper, some of them for real; a failure names the seed of its rule set."""

from __future__ import annotations

import collections
import os
import pathlib
import shutil
import subprocess
import typing as t
import uuid

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, leftovers
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import restore_model, rulesets

RULE_SETS = 10_000
CHUNKS = 20
REAL_SETS = 20
FAMILIES = ("ipv4", "ipv6")
PROGRAMS = {"ipv4": "iptables", "ipv6": "ip6tables"}


def plan(before: rulesets.RuleSet, text: str) -> tuple[leftovers.RulesPlan, dict[str, iptables.IptablesTable]]:
    tables = iptables.parse(text)
    return leftovers.plan(tables, family=before.family, mode=before.running, echo_reply=False), tables


def lines_by_chain(rules: t.Iterable[t.Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = collections.defaultdict(list)
    for rule in rules:
        found[rule.chain].append(rule.text)
    return dict(found)


def unwritable(before: rulesets.RuleSet) -> bool:
    """Whether a rule that ought to go cannot be written, so that what it leads to stays, too."""
    return any(
        "\n" in rule.text and before.tables[name].chains.get(rule.target)
        for name, table in before.tables.items()
        for rule in table.rules
    )


def check(before: rulesets.RuleSet) -> int:
    """All that must hold for one rule set; return how many rules go."""
    wanted, tables = plan(before, before.text())
    right = rulesets.expected(before)
    after = iptables.apply(tables, wanted.changes)
    # What is somebody else's, or the running mode's, is there in its order; all else is gone.
    assert {name: list(table.chains) for name, table in after.items()} == right.chains
    for name, rules in right.rules.items():
        assert lines_by_chain(after[name].rules) == lines_by_chain(rules)
    assert bool(wanted.warnings) == bool(right.kept)
    # iptables-restore does the same with what it is given, and refuses none of it.
    text = iptables.restore_input(wanted.changes)
    done = restore_model.restore(restore_model.tables_of(before), text, built_in=rulesets.BUILT_IN)
    for name, chains in done.items():
        assert {chain: [line for line, _target in rules] for chain, rules in chains.items() if rules} == lines_by_chain(
            after[name].rules
        )
    # There is nothing left to do.
    again = leftovers.plan(after, family=before.family, mode=before.running, echo_reply=False)
    assert again.changes == ()
    return sum(len(table.rules) for table in tables.values()) - sum(len(table.rules) for table in after.values())


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_of_others_is_lost_and_nothing_of_other_modes_is_left(chunk: int) -> None:
    removed = kept = 0
    for seed in range(chunk, RULE_SETS, CHUNKS):
        before = rulesets.Maker(seed, family=FAMILIES[seed % 7 == 0]).make()
        assert not unwritable(before)
        try:
            removed += check(before)
        except AssertionError as exc:
            raise AssertionError(f"rule set {seed}, mode {before.running}") from exc
        kept += bool(rulesets.expected(before).kept)
    # The generator has not gone astray.
    assert removed > 1000
    assert kept > 10


def test_a_rule_that_cannot_be_written_keeps_what_it_leads_to() -> None:
    text = (
        '*filter\n:INPUT ACCEPT [0:0]\n:KUBE-NODEPORTS - [0:0]\n[1:2] -A INPUT -m comment --comment "a\nb" '
        "-j KUBE-NODEPORTS\n-A INPUT -j KUBE-NODEPORTS\nCOMMIT\n"
    )
    wanted = leftovers.plan(iptables.parse(text), family="ipv4", mode="ipvs", echo_reply=False)
    assert wanted.changes == ()
    assert "line break" in wanted.warnings[0]


class Kernel:
    """The rules of a network namespace."""

    def __init__(self, name: str, program: str) -> None:
        self.name = name
        self.program = program

    def run(self, *argv: str, stdin: str = "") -> str:
        command = ["ip", "netns", "exec", self.name, *argv]
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, check=False)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr.decode()}\n{stdin}"
        return done.stdout.decode()

    def load(self, rules: rulesets.RuleSet) -> None:
        sets = "".join(
            f"create KUBE-{'6-' if rules.family == 'ipv6' else ''}{name} {kind} family "
            f"{'inet6' if rules.family == 'ipv6' else 'inet'}\n"
            for name, kind in rulesets.SETS.items()
        )
        self.run("ipset", "-exist", "restore", stdin=sets)
        self.run(f"{self.program}-restore", "--counters", stdin=rules.text())

    def rules(self) -> dict[str, dict[str, list[str]]]:
        """By table and chain, each with its counters, read as naively as can be."""
        found: dict[str, dict[str, list[str]]] = {}
        for line in self.run(f"{self.program}-save", "--counters").split("\n"):
            if line.startswith("*"):
                table = found.setdefault(line[1:], {})
            elif line.startswith(":"):
                # The counters of a policy go on with any packet.
                table[line.split()[0][1:]] = []
            elif line.startswith("["):
                counters, _add, chain, text = line.split(" ", 3)
                table[chain].append(f"{counters} {text}")
        return found


@pytest.fixture
def namespace() -> t.Iterator[str]:
    missing = [name for name in ("ip", "ipset", "iptables-nft", "iptables-legacy") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    name = f"kuber-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)
    assert not (pathlib.Path("/run/netns") / name).exists()


@pytest.mark.parametrize("variant", ["nft", "legacy"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_keeps_every_rule_of_others_with_its_counters(namespace: str, family: str, variant: str) -> None:
    kernel = Kernel(namespace, f"{PROGRAMS[family]}-{variant}")
    for seed in range(REAL_SETS):
        made = rulesets.Maker(seed, family=family, can_be_loaded=True).make()
        kernel.load(made)
        before = kernel.rules()
        right = rulesets.expected(made)
        # The kernel prints a rule in its own words: what was loaded and what is printed go together by their place.
        wanted = {
            name: {
                chain: [
                    line
                    for line, rule in zip(
                        before[name][chain],
                        [rule for rule in table.rules if rule.chain == chain],
                        strict=True,
                    )
                    if rule in right.rules[name]
                ]
                for chain in right.chains[name]
            }
            for name, table in made.tables.items()
        }
        changes = plan(made, kernel.run(f"{kernel.program}-save"))[0].changes
        kernel.run(f"{kernel.program}-restore", "--noflush", stdin=iptables.restore_input(changes))
        assert kernel.rules() == wanted, f"rule set {seed}, mode {made.running}"
        assert plan(made, kernel.run(f"{kernel.program}-save"))[0].changes == ()
