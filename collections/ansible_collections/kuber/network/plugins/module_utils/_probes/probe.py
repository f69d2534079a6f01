# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What a probe of a live system is: a query that changes nothing, and the result of an attempt."""

from __future__ import annotations

import abc
import dataclasses
import re

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError


class UnaskedError(KuberError):
    """The query could not be made from that place, so nothing is known about the answer."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result of one attempt, as shown in the table."""

    ok: bool
    found: str
    unknown: bool = False
    """Whether it could not be determined; then it is neither ok nor a failure."""

    @classmethod
    def not_checked(cls, why: str) -> Outcome:
        return cls(False, f"not checked: {why}", unknown=True)


class Probe(abc.ABC):
    """A query of the live system that changes nothing."""

    @property
    def serial(self) -> bool:
        """Whether it uses the task's only connection, so that it cannot run in parallel."""
        return False

    @property
    @abc.abstractmethod
    def asked(self) -> str:
        """The query as a command that a user could run."""

    @property
    @abc.abstractmethod
    def wanted(self) -> str:
        """What makes the check pass."""

    @abc.abstractmethod
    def attempt(self) -> Outcome:
        """Query once. No answer is a result as well; a ``KuberError`` counts as a failure."""

    def conclude(self, outcome: Outcome) -> Outcome:
        """Return what the last outcome means, now that nothing is waited for any longer."""
        return outcome


def shortened(text: str, limit: int = 60) -> str:
    """Shorten a text to one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def excerpt(page: str, limit: int = 48) -> str:
    """Return what a reader would see first of a page: its title, its heading, or its text."""
    heading = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", page, re.IGNORECASE | re.DOTALL)
    return shortened(heading.group(2) if heading else re.sub(r"<[^>]*>", " ", page), limit)
