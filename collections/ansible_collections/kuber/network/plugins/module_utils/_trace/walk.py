# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Follow a packet through chains of rules, of any program: where it ends, how often, and by which rules.

Other modules evaluate whether a rule matches a packet: true, false or unknown. An unknown rule that
could end the walk leaves a doubt on everything after it.
"""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterable, Sequence

STOPS = ("DROP", "REJECT")
ALL = fractions.Fraction(1)
DEEPEST = 24
"""A walk this many chains deep is a loop."""
# Finer than the kernel's 31 bits; without a limit to the digits, hundreds of pods would take seconds.
_GRAIN = 1 << 64


@dataclasses.dataclass(frozen=True)
class RuleAction:
    """What a rule does with the packets that it matches."""

    kind: str
    """jump, goto, return, end, mark, untrack, or pass for rules without an effect on the walk."""
    target: str = ""
    """The chain, or how the walk ends, such as DROP."""
    socket: str = ""
    """The destination of DNAT; empty if the rule does not name it."""
    share: fractions.Fraction = ALL
    clear: int = 0
    flip: int = 0
    """A mark becomes ``(mark & ~clear) ^ flip``."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A rule that sent the packet on."""

    chain: str
    rule: t.Any
    action: RuleAction


@dataclasses.dataclass(frozen=True)
class Course:
    """One course of a packet, and the share of the packets that take it."""

    share: fractions.Fraction = ALL
    path: tuple[Step, ...] = ()
    mark: int = 0
    untracked: Step | None = None
    """The rule that exempts it from connection tracking, and so from address translation."""
    end: str = ""
    """How the course ends; empty if it passed the end of its first chain."""
    socket: str = ""
    doubts: tuple[Step, ...] = ()
    """Rules that may have ended it before, each with how."""


class Walk:
    """Packets in one table; ``judge`` says whether a rule matches (``None``: unknown) and what it does."""

    def __init__(
        self,
        rules: Callable[[str], Sequence[t.Any]],
        judge: Callable[[str, t.Any, Course], tuple[bool | None, Sequence[RuleAction]]],
    ) -> None:
        self._rules = rules
        self._judge = judge
        self.entered: dict[str, None] = {}
        """The chains that some packets certainly reach, in order."""

    def through(self, chain: str, course: Course) -> list[Course]:
        """Return where packets are after a chain; those without an end continue after the rule that sent them here."""
        self.entered[chain] = None
        flowing, gone = [course], list[Course]()
        if len(course.path) > DEEPEST:
            return flowing
        for rule in self._rules(chain):
            staying: list[Course] = []
            for one in flowing:
                for stays, after in self._pass(chain, rule, one):
                    (staying if stays else gone).append(after)
            flowing = _merged(staying)
            if not flowing:
                break
        return [*gone, *flowing]

    def _pass(self, chain: str, rule: t.Any, course: Course) -> list[tuple[bool, Course]]:
        """Apply one rule to packets; each result says whether they stay in the chain."""
        applies, actions = self._judge(chain, rule, course)
        if applies is False:
            return [(True, course)]
        if applies is None:
            return [(True, self._doubted(chain, rule, course, actions))]
        after, rest = [], course.share
        for action in actions:
            part = course.share * action.share
            if len(actions) == 1:
                part = course.share - _rounded(course.share * (1 - action.share))
            rest -= part
            if part:
                after += self._act(Step(chain, rule, action), dataclasses.replace(course, share=part))
        return [*after, *([(True, dataclasses.replace(course, share=rest))] if rest else [])]

    def _act(self, step: Step, course: Course) -> list[tuple[bool, Course]]:
        action, further = step.action, (*course.path, step)
        if action.kind == "end":
            return [(False, dataclasses.replace(course, path=further, end=action.target, socket=action.socket))]
        if action.kind == "return":
            return [(False, course)]
        if action.kind == "mark":
            return [(True, dataclasses.replace(course, mark=course.mark & ~action.clear ^ action.flip))]
        if action.kind == "untrack":
            return [(True, dataclasses.replace(course, untracked=step))]
        if action.kind == "pass":
            return [(True, course)]
        found = self.through(action.target, dataclasses.replace(course, path=further))
        back = action.kind == "jump"
        return [(False, one) if one.end else (back, dataclasses.replace(one, path=course.path)) for one in found]

    def _doubted(self, chain: str, rule: t.Any, course: Course, actions: Sequence[RuleAction]) -> Course:
        """Return the packets as if the rule did not match, with a doubt if they could end there."""
        entered = dict(self.entered)
        tried = [one for action in actions for one in self._act(Step(chain, rule, action), course)]
        self.entered = entered
        if all(stays and not one.end and one.untracked == course.untracked for stays, one in tried):
            return course
        ends = sorted((one.end for _stays, one in tried), key=lambda end: end not in STOPS)
        return dataclasses.replace(course, doubts=(*course.doubts, Step(chain, rule, RuleAction("end", ends[0]))))


def _rounded(share: fractions.Fraction) -> fractions.Fraction:
    return fractions.Fraction(round(share * _GRAIN), _GRAIN)


def _merged(courses: Iterable[Course]) -> list[Course]:
    """Merge courses that differ only in their share."""
    found: list[Course] = []
    for course in courses:
        for number, one in enumerate(found):
            if dataclasses.replace(one, share=course.share) == course:
                found[number] = dataclasses.replace(one, share=one.share + course.share)
                break
        else:
            found.append(course)
    return found
