# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What a check is: something to ask, what is wanted, and what was found."""

from __future__ import annotations

import abc
import dataclasses
import re
import typing as t


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The answer to one attempt, in words for the table."""

    ok: bool
    found: str
    unknown: bool = False
    """Whether it could not be found out; then it is not ok, and not a failure either."""

    @classmethod
    def not_looked_at(cls, why: str) -> Outcome:
        return cls(False, f"not looked at: {why}", unknown=True)


class Probe(abc.ABC):
    """Asks one thing of the live system and changes nothing."""

    @property
    def serial(self) -> bool:
        """Whether it uses the task's one connection, so that it cannot run beside others."""
        return False

    @property
    @abc.abstractmethod
    def asked(self) -> str:
        """What is asked, as a user would do it by hand."""

    @property
    @abc.abstractmethod
    def wanted(self) -> str:
        """What makes the check pass."""

    @abc.abstractmethod
    def attempt(self) -> Outcome:
        """Ask once; no answer is an outcome too. A ``KuberError`` counts as one that is not wanted."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One line of the table to be."""

    name: str
    group: str
    probe: Probe
    source: str = ""
    """From where it is asked, where that is not the usual place."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One line of the table."""

    name: str
    group: str
    asked: str
    wanted: str
    found: str
    ok: bool
    unknown: bool = False
    source: str = ""

    @property
    def failed(self) -> bool:
        return not self.ok and not self.unknown

    @classmethod
    def of(cls, check: Check, outcome: Outcome) -> Verdict:
        probe = check.probe
        return cls(
            name=check.name,
            group=check.group,
            asked=probe.asked,
            wanted=probe.wanted,
            found=outcome.found,
            ok=outcome.ok,
            unknown=outcome.unknown,
            source=check.source,
        )

    @classmethod
    def load(cls, dumped: dict[str, t.Any]) -> Verdict:
        """A verdict of an earlier task."""
        return cls(**{field.name: dumped[field.name] for field in dataclasses.fields(cls) if field.name in dumped})

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def shortened(text: str, limit: int = 60) -> str:
    """One line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def excerpt(page: str, limit: int = 48) -> str:
    """What a reader would see of a page first: its title, its heading, or its text."""
    heading = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", page, re.IGNORECASE | re.DOTALL)
    return shortened(heading.group(2) if heading else re.sub(r"<[^>]*>", " ", page), limit)
