# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Summarise the runs on all machines in one table."""

from __future__ import annotations

import dataclasses
import enum
import textwrap
import typing as t

HEADINGS = ("machine", "verdict", "drift", "what failed")
GAP = "  "
NARROWEST = 30


class Verdict(enum.Enum):
    """How the run ended on a machine; the values are shown in table and file."""

    OK = "ok"
    CHANGED = "changed"
    DRIFTED = "drifted"
    FAILED = "failed"
    UNREACHABLE = "unreachable"

    @property
    def is_fine(self) -> bool:
        """Whether everything could be done or checked."""
        return self not in (Verdict.FAILED, Verdict.UNREACHABLE)


@dataclasses.dataclass(frozen=True)
class Row:
    """One machine: the number of drifted things, and the first failure."""

    machine: str
    verdict: Verdict
    drift: int = 0
    failed: str = ""

    def dump(self) -> dict[str, t.Any]:
        return {"machine": self.machine, "verdict": self.verdict.value, "drift": self.drift, "failed": self.failed}


def row(machine: str, result: t.Mapping[str, t.Any]) -> Row:
    """Convert the result of the machine's task; empty if it did not run."""
    verdict = result.get("verdict")
    if verdict is None:
        return Row(machine, Verdict.FAILED, failed=str(result.get("msg") or "The task did not run"))
    known = Verdict(verdict)
    return Row(machine, known, len(result.get("drift", ())), "" if known.is_fine else str(result.get("msg", "")))


def table(rows: t.Sequence[Row], *, width: int) -> list[str]:
    cells = [HEADINGS, *((one.machine, one.verdict.value, str(one.drift or ""), one.failed) for one in rows)]
    widths = [max(len(cell[column]) for cell in cells) for column in range(len(HEADINGS) - 1)]
    indent = GAP * 4 if sum(widths) + NARROWEST > width else " " * (sum(widths) + len(GAP) * len(widths))
    lines: list[str] = []
    for cell in cells:
        head = GAP.join(text.ljust(size) for text, size in zip(cell, widths, strict=False))
        lines += textwrap.wrap(f"{head}{GAP}{_plain(cell[-1])}", width, subsequent_indent=indent)
    return [line.rstrip() for line in lines]


def total(rows: t.Sequence[Row]) -> str:
    """Return a line such as "3 machines: 1 ok, 1 drifted, 1 unreachable"."""
    counts = [(verdict.value, sum(one.verdict is verdict for one in rows)) for verdict in Verdict]
    told = ", ".join(f"{count} {word}" for word, count in counts if count)
    return f"{len(rows)} machine{'' if len(rows) == 1 else 's'}: {told}"


def _plain(text: str) -> str:
    """Remove control characters, which a machine's texts may contain and a terminal must not get."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
