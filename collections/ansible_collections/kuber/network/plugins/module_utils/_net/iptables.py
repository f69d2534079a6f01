# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Parse what iptables-save prints, apply changes in memory, and write the input of iptables-restore."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

# Their value may look like an option; iptables-save quotes it only if it has characters other than letters,
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
        """The words of the rule, each with whether it is quoted; a quoted word is never an option."""
        found = _WORD.finditer(self.text)
        return tuple((_ESCAPED.sub(r"\1", one[1]), True) if one[1] is not None else (one[2], False) for one in found)

    @functools.cached_property
    def target(self) -> str | None:
        """The target of the rule: a chain, or an action such as ACCEPT."""
        tokens = iter(self.tokens)
        for word, quoted in tokens:
            if word in ("-j", "-g") and not quoted:
                return next(tokens, (None, False))[0]
            if word in FREE_TEXT and not quoted:
                next(tokens, None)
        return None

    @property
    def can_be_written(self) -> bool:
        """Whether iptables-restore can read the rule: it reads line by line."""
        return "\n" not in self.text

    @property
    def comments(self) -> tuple[str, ...]:
        return self._values("--comment")

    @property
    def sets(self) -> tuple[str, ...]:
        """The ipsets that the rule matches against or adds to."""
        return self._values("--match-set") + self._values("--add-set") + self._values("--del-set")

    def _values(self, option: str) -> tuple[str, ...]:
        pairs = zip(self.words, self.words[1:], strict=False)
        return tuple(value for word, value in pairs if word == option)

    def __str__(self) -> str:
        return f"-A {self.chain} {self.text}".rstrip()


@dataclasses.dataclass(frozen=True)
class IptablesTable:
    """One table: chains with their policy ("-" for user-defined chains), and all rules in order."""

    name: str
    chains: t.Mapping[str, str]
    rules: tuple[Rule, ...]
    shown: bool = True
    """Whether iptables-save has printed all of it: it omits rules that another program wrote in nft's own form."""

    @functools.cached_property
    def by_chain(self) -> t.Mapping[str, t.Sequence[Rule]]:
        """Return the rules of each chain, in order."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.chain, []).append(rule)
        return found

    def is_built_in(self, chain: str) -> bool:
        return self.chains.get(chain, "-") != "-"


@dataclasses.dataclass(frozen=True)
class TableChange:
    """The planned change of one table."""

    table: str
    dropped_chains: tuple[str, ...] = ()
    """Chains to remove with all of their rules."""
    deleted_rules: tuple[Rule, ...] = ()
    """Rules to remove from other chains; equal rules are listed as often as they occur."""
    inserted_rules: tuple[Rule, ...] = ()
    """Rules to insert at the top of their chain."""

    def __bool__(self) -> bool:
        return bool(self.dropped_chains or self.deleted_rules or self.inserted_rules)


def parse(text: str) -> dict[str, IptablesTable]:
    """Read what iptables-save prints, without the counters."""
    tables: dict[str, IptablesTable] = {}
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
            # A rule with counters begins with them: [packets:bytes] -A CHAIN ...
            chain, _space, rest = line.partition("-A ")[2].partition(" ")
            rules.append(Rule(chain, rest.strip()))
        elif line.strip() == "COMMIT":
            tables[name] = IptablesTable(name, chains, tuple(rules), name not in hidden)
    return {**{name: IptablesTable(name, {}, (), shown=False) for name in hidden}, **tables}


def _lines(text: str) -> t.Iterator[str]:
    """Yield the lines of a dump; a quoted comment may contain line breaks."""
    pending = ""
    for line in text.split("\n"):
        pending = f"{pending}\n{line}" if pending else line.removesuffix("\r")
        if not pending.startswith(("-", "[")) or _ESCAPED.sub("", pending).count('"') % 2 == 0:
            yield pending
            pending = ""


def apply(tables: t.Mapping[str, IptablesTable], changes: t.Iterable[TableChange]) -> dict[str, IptablesTable]:
    """Return the tables as they are after the changes."""
    result = dict(tables)
    for change in changes:
        table = result.get(change.table, IptablesTable(change.table, {}, ()))
        dropped, deleted = set(change.dropped_chains), set(change.deleted_rules)
        rest = [rule for rule in table.rules if rule.chain not in dropped and rule not in deleted]
        result[change.table] = IptablesTable(
            table.name,
            {chain: policy for chain, policy in table.chains.items() if chain not in dropped},
            (*change.inserted_rules, *rest),
        )
    return result


def restore_input(changes: t.Iterable[TableChange]) -> str:
    """Return the input for ``iptables-restore --noflush`` that makes the changes, atomically for each table."""
    lines: list[str] = []
    for change in changes:
        lines.append(f"*{change.table}")
        # Declaring a chain empties it, so chains that refer to each other can be removed in any order.
        lines += [f":{chain} - [0:0]" for chain in change.dropped_chains]
        lines += [f"-D {rule.chain} {rule.text}" for rule in change.deleted_rules]
        lines += [f"-I {rule.chain} 1 {rule.text}" for rule in reversed(change.inserted_rules)]
        lines += [f"-X {chain}" for chain in change.dropped_chains]
        lines.append("COMMIT")
    return "\n".join([*lines, ""])


def removed_lines(tables: t.Mapping[str, IptablesTable], changes: t.Iterable[TableChange]) -> list[str]:
    """Return everything that is removed, as arguments of iptables that would restore it."""
    lines: list[str] = []
    for change in changes:
        dropped = set(change.dropped_chains)
        lines += [f"-t {change.table} -N {chain}" for chain in change.dropped_chains]
        inside = [rule for rule in tables[change.table].rules if rule.chain in dropped] if dropped else []
        lines += [f"-t {change.table} {rule}" for rule in (*inside, *change.deleted_rules)]
    return lines


def added_lines(changes: t.Iterable[TableChange]) -> list[str]:
    return [f"-t {change.table} -I {rule.chain} 1 {rule.text}" for change in changes for rule in change.inserted_rules]


def render(tables: t.Mapping[str, IptablesTable]) -> str:
    """Return the tables as text for a diff, without counters and timestamps."""
    lines: list[str] = []
    for table in sorted(tables.values(), key=lambda table: table.name):
        order = {chain: number for number, chain in enumerate(table.chains)}
        lines.append(f"*{table.name}")
        lines += [f":{chain} {policy}" for chain, policy in table.chains.items()]
        lines += [str(rule) for rule in sorted(table.rules, key=lambda rule: order.get(rule.chain, -1))]
    return "\n".join([*lines, ""])
