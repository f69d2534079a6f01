# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Rules as iptables-save prints them: read, changed on paper, and written as one transaction for iptables-restore."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

# Their value may look like an option; iptables-save puts it into quotation marks only where it has more than letters,
# digits, dashes and underscores (xtables_save_string in iptables/libxtables/xtables.c).
FREE_TEXT = ("--comment", "--nfacct-name", "--helper", "--name", "--hashlimit-name", "--log-prefix", "--nflog-prefix")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^ ]+)', re.DOTALL)
# do_output in iptables/xtables-save.c: the whole table, or chains with hooks of their own; the exit code is 0.
_HIDDEN = re.compile(r"^# Table [`'](\S+)' (?:is incompatible|contains incompatible)", re.MULTILINE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule: its chain, and the rest of the line exactly as it was printed."""

    chain: str
    text: str

    @functools.cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(word for word, _quoted in self.tokens)

    @functools.cached_property
    def tokens(self) -> tuple[tuple[str, bool], ...]:
        """The words, each with whether it stands in quotation marks: then it is no option."""
        found = _WORD.finditer(self.text)
        return tuple((_ESCAPED.sub(r"\1", one[1]), True) if one[1] is not None else (one[2], False) for one in found)

    @functools.cached_property
    def target(self) -> str | None:
        """Where the rule sends a packet to: a chain, or an action such as ACCEPT."""
        tokens = iter(self.tokens)
        for word, quoted in tokens:
            if word in ("-j", "-g") and not quoted:
                return next(tokens, (None, False))[0]
            if word in FREE_TEXT and not quoted:
                next(tokens, None)
        return None

    @property
    def can_be_written(self) -> bool:
        """Whether iptables-restore understands what iptables-save has printed: it reads line by line."""
        return "\n" not in self.text

    @property
    def comments(self) -> tuple[str, ...]:
        return self._values("--comment")

    @property
    def sets(self) -> tuple[str, ...]:
        """The ipsets that the rule looks into or adds to."""
        return self._values("--match-set") + self._values("--add-set") + self._values("--del-set")

    def _values(self, option: str) -> tuple[str, ...]:
        pairs = zip(self.words, self.words[1:], strict=False)
        return tuple(value for word, value in pairs if word == option)

    def __str__(self) -> str:
        return f"-A {self.chain} {self.text}".rstrip()


@dataclasses.dataclass(frozen=True)
class Table:
    """One table: chains with their policy ("-" for chains that are not built in), and all rules in order."""

    name: str
    chains: t.Mapping[str, str]
    rules: tuple[Rule, ...]
    shown: bool = True
    """Whether iptables-save has printed all of it: it leaves out what another program has written in its own way."""

    @functools.cached_property
    def by_chain(self) -> t.Mapping[str, t.Sequence[Rule]]:
        """The rules of each chain, in order."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.chain, []).append(rule)
        return found

    def is_built_in(self, chain: str) -> bool:
        return self.chains.get(chain, "-") != "-"


@dataclasses.dataclass(frozen=True)
class Change:
    """What is to happen to one table."""

    table: str
    dropped_chains: tuple[str, ...] = ()
    """Go together with all of their rules."""
    deleted_rules: tuple[Rule, ...] = ()
    """Rules of other chains; of equal rules all are listed."""
    inserted_rules: tuple[Rule, ...] = ()
    """Go to the top of their chain."""

    def __bool__(self) -> bool:
        return bool(self.dropped_chains or self.deleted_rules or self.inserted_rules)


def parse(text: str) -> dict[str, Table]:
    """Read what iptables-save prints, without the counters."""
    tables: dict[str, Table] = {}
    chains: dict[str, str] = {}
    rules: list[Rule] = []
    hidden = dict.fromkeys(_HIDDEN.findall(text))
    for line in _lines(text):
        if line.startswith("*"):
            chains, rules = {}, []
            name = line[1:].strip()
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            chains[chain] = policy
        elif line.startswith(("-A ", "[")):
            # With counters a rule begins with them: [packets:bytes] -A CHAIN ...
            chain, _space, rest = line.partition("-A ")[2].partition(" ")
            rules.append(Rule(chain, rest.strip()))
        elif line.strip() == "COMMIT":
            tables[name] = Table(name, chains, tuple(rules), name not in hidden)
    return {**{name: Table(name, {}, (), shown=False) for name in hidden}, **tables}


def _lines(text: str) -> t.Iterator[str]:
    """The lines of a dump; a comment in quotation marks may have line breaks of its own, of any kind."""
    pending = ""
    for line in text.split("\n"):
        pending = f"{pending}\n{line}" if pending else line.removesuffix("\r")
        if not pending.startswith(("-", "[")) or _ESCAPED.sub("", pending).count('"') % 2 == 0:
            yield pending
            pending = ""


def apply(tables: t.Mapping[str, Table], changes: t.Iterable[Change]) -> dict[str, Table]:
    """The tables as they are after the changes."""
    result = dict(tables)
    for change in changes:
        table = result.get(change.table, Table(change.table, {}, ()))
        dropped, deleted = set(change.dropped_chains), set(change.deleted_rules)
        rest = [rule for rule in table.rules if rule.chain not in dropped and rule not in deleted]
        result[change.table] = Table(
            table.name,
            {chain: policy for chain, policy in table.chains.items() if chain not in dropped},
            (*change.inserted_rules, *rest),
        )
    return result


def restore_input(changes: t.Iterable[Change]) -> str:
    """What ``iptables-restore --noflush`` has to read for the changes to happen, each table at one stroke."""
    lines: list[str] = []
    for change in changes:
        lines.append(f"*{change.table}")
        # Naming a chain empties it, so that chains which refer to each other can go in any order.
        lines += [f":{chain} - [0:0]" for chain in change.dropped_chains]
        lines += [f"-D {rule.chain} {rule.text}" for rule in change.deleted_rules]
        lines += [f"-I {rule.chain} 1 {rule.text}" for rule in reversed(change.inserted_rules)]
        lines += [f"-X {chain}" for chain in change.dropped_chains]
        lines.append("COMMIT")
    return "\n".join([*lines, ""])


def removed_lines(tables: t.Mapping[str, Table], changes: t.Iterable[Change]) -> list[str]:
    """All that goes, as arguments of iptables that would bring it back."""
    lines: list[str] = []
    for change in changes:
        dropped = set(change.dropped_chains)
        lines += [f"-t {change.table} -N {chain}" for chain in change.dropped_chains]
        inside = [rule for rule in tables[change.table].rules if rule.chain in dropped] if dropped else []
        lines += [f"-t {change.table} {rule}" for rule in (*inside, *change.deleted_rules)]
    return lines


def added_lines(changes: t.Iterable[Change]) -> list[str]:
    return [f"-t {change.table} -I {rule.chain} 1 {rule.text}" for change in changes for rule in change.inserted_rules]


def render(tables: t.Mapping[str, Table]) -> str:
    """The tables for a diff: as iptables-save has them, but without what changes from one moment to the next."""
    lines: list[str] = []
    for table in sorted(tables.values(), key=lambda table: table.name):
        order = {chain: number for number, chain in enumerate(table.chains)}
        lines.append(f"*{table.name}")
        lines += [f":{chain} {policy}" for chain, policy in table.chains.items()]
        lines += [str(rule) for rule in sorted(table.rules, key=lambda rule: order.get(rule.chain, -1))]
    return "\n".join([*lines, ""])
