# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walks single packets through whole rule sets, rule by rule as a kernel does, to compare the trace with.

It reads the rules by itself and takes nothing from the code that is tested. Where a rule draws lots, the packet is
walked again for every way that the lots can fall. What it does not understand is an error and never a guess.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import shlex
import typing as t

UNTOUCHED, DROP, REJECT = "untouched", "drop", "reject"


@dataclasses.dataclass(frozen=True)
class Flow:
    """The first packet of a connection."""

    protocol: str
    source: str
    destination: str
    port: int
    interface: str
    """Where it comes in; empty if the node itself sends it."""
    own: frozenset[str]
    """The addresses of the node."""

    @property
    def first(self) -> str:
        return "PREROUTING" if self.interface else "OUTPUT"

    def last(self, destination: str) -> list[str]:
        """The hooks that filter it on its way to where it goes in the end."""
        home = destination in self.own
        if self.interface:
            return ["INPUT" if home else "FORWARD"]
        # What a node sends to itself goes out and comes in again.
        return ["OUTPUT", *(["INPUT"] if home else [])]


class Lots:
    """Answers of chance: those that are given first, and from then on always the first possibility."""

    def __init__(self, given: list[int]) -> None:
        self.given, self.drawn, self.share = given, [], 1.0
        self.drawn: list[tuple[int, int]] = []

    def draw(self, chances: list[float]) -> int:
        number = len(self.drawn)
        answer = self.given[number] if number < len(self.given) else 0
        self.drawn.append((answer, len(chances)))
        self.share *= chances[answer]
        return answer

    def following(self) -> list[int] | None:
        """The next way that the lots can fall."""
        answers = list(self.drawn)
        while answers:
            answer, count = answers.pop()
            if answer + 1 < count:
                return [*(one for one, _count in answers), answer + 1]
        return None


def every_way(walk: t.Callable[[Lots], str]) -> dict[str, float]:
    """Where packets end, and how many of them."""
    ends: dict[str, float] = {}
    given: list[int] | None = []
    while given is not None:
        lots = Lots(given)
        end = walk(lots)
        if lots.share:
            ends[end] = ends.get(end, 0.0) + lots.share
        given = lots.following()
    return ends


@functools.cache
def is_in(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


class Ended(Exception):
    """A verdict that ends a table or a hook."""


class Iptables:
    """Rules as iptables-save prints them."""

    def __init__(self, text: str) -> None:
        self.rules: dict[tuple[str, str], list[list[str]]] = {}
        table = ""
        for line in text.splitlines():
            if line.startswith("*"):
                table = line[1:]
            elif line.startswith("-A "):
                _append, chain, *words = shlex.split(line)
                self.rules.setdefault((table, chain), []).append(words)

    def ends(self, flow: Flow) -> dict[str, float]:
        return every_way(lambda lots: self._walk(flow, lots))

    def _walk(self, flow: Flow, lots: Lots) -> str:
        walker = IptablesWalk(self, flow, lots)
        for table in ("raw", "mangle", "nat"):
            if table == "nat" and walker.untracked:
                continue
            verdict = walker.table(table, flow.first)
            if verdict in (DROP, REJECT):
                return verdict
        for hook in flow.last(walker.sent.rpartition(":")[0] or flow.destination):
            verdict = walker.table("filter", hook)
            if verdict in (DROP, REJECT):
                return verdict
        return walker.sent or UNTOUCHED


class IptablesWalk:
    """One packet."""

    def __init__(self, rules: Iptables, flow: Flow, lots: Lots) -> None:
        self.rules, self.flow, self.lots = rules.rules, flow, lots
        self.mark, self.sent, self.untracked = 0, "", False

    def table(self, table: str, hook: str) -> str:
        try:
            self.chain(table, hook)
        except Ended as end:
            return str(end)
        return ""

    def chain(self, table: str, chain: str) -> None:
        for words in self.rules.get((table, chain), []):
            if not self.matches(words):
                continue
            number = next((at for at, word in enumerate(words) if word == "-j"), None)
            if number is None:
                continue
            target, options = words[number + 1], words[number + 2 :]
            if target == "RETURN":
                return
            self.target(table, target, options)

    def target(self, table: str, target: str, options: list[str]) -> None:
        if target in ("ACCEPT", "DROP", "REJECT"):
            raise Ended(target.lower())
        if target == "DNAT":
            self.sent = options[options.index("--to-destination") + 1]
            raise Ended("accept")
        if target == "MARK":
            value, mask = (int(part, 16) for part in options[1].split("/"))
            self.mark = (self.mark & ~mask) ^ value
        elif target == "CT":
            self.untracked = "--notrack" in options
        else:
            self.chain(table, target)

    def matches(self, words: list[str]) -> bool:
        rest = list(words)
        while rest and rest[0] != "-j":
            negated = rest[0] == "!"
            if negated:
                rest.pop(0)
            if self.match(rest.pop(0), rest) == negated:
                return False
        return True

    def match(self, name: str, rest: list[str]) -> bool:
        """One condition; takes its values off the rest of the words."""
        destination, port = self.flow.destination, self.flow.port
        if self.sent:
            destination, _colon, number = self.sent.rpartition(":")
            port = int(number)
        if name in ("--rcheck", "--reap", "--rsource", "--set"):
            return name != "--rcheck"
        value = rest.pop(0)
        if name in ("-m", "--comment", "--mode", "--name", "--mask", "--seconds", "--nfacct-name"):
            return True
        if name in ("-s", "-d"):
            address = self.flow.source if name == "-s" else destination
            return is_in(address, value)
        if name == "-p":
            return value == self.flow.protocol
        if name == "-i":
            return self.flow.interface.startswith(value[:-1]) if value[-1] == "+" else self.flow.interface == value
        if name == "--dport":
            return int(value) == port
        if name == "--ctstate":
            return bool({"NEW", *(["DNAT"] if self.sent else [])} & set(value.split(",")))
        if name in ("--src-type", "--dst-type"):
            assert value == "LOCAL"
            return (self.flow.source if name == "--src-type" else destination) in self.flow.own
        if name == "--mark":
            wanted, mask = (int(part, 16) for part in value.split("/"))
            return self.mark & mask == wanted
        if name == "--probability":
            return self.lots.draw([float(value), 1 - float(value)]) == 0
        raise AssertionError(f"not understood: {name} {value}")
