# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Summarise the runs on all machines in one table."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _table

HEADINGS = ("machine", "verdict", "drift", "what failed")
NARROWEST = 30
INDENT = " " * 8


class RunVerdict(enum.Enum):
    """How the run ended on a machine; the values are shown in table and file."""

    OK = "ok"
    CHANGED = "changed"
    DRIFTED = "drifted"
    FAILED = "failed"
    UNREACHABLE = "unreachable"

    @property
    def is_fine(self) -> bool:
        """Whether everything could be done or checked."""
        return self not in (RunVerdict.FAILED, RunVerdict.UNREACHABLE)


@dataclasses.dataclass(frozen=True)
class Row:
    """One machine: the number of drifted things, and the first failure."""

    machine: str
    verdict: RunVerdict
    drift: int = 0
    failed: str = ""

    def dump(self) -> dict[str, t.Any]:
        return {"machine": self.machine, "verdict": self.verdict.value, "drift": self.drift, "failed": self.failed}


def row(machine: str, result: t.Mapping[str, t.Any]) -> Row:
    """Convert the result of the machine's task; empty if it did not run."""
    verdict = RunVerdict(result.get("verdict", RunVerdict.FAILED.value))
    failed = "" if verdict.is_fine else str(result.get("msg") or "The task did not run")
    return Row(machine, verdict, len(result.get("drift", ())), failed)


def table(rows: t.Sequence[Row], *, width: int) -> list[str]:
    cells = [HEADINGS, *((one.machine, one.verdict.value, str(one.drift or ""), one.failed) for one in rows)]
    *sizes, _last = _table.widths(cells)
    rest = width - sum(sizes) - len(_table.GAP) * len(sizes)
    lines: list[str] = []
    for *head, failed in cells:
        text = " ".join(_table.plain(failed).split())
        if rest >= NARROWEST:
            lines += _table.row([*head, text], [*sizes, rest])
        else:
            # What failed goes below: beside the other columns it would be a tower of words.
            lines += _table.row(head, sizes)
            lines += [INDENT + line for line in _table.wrap(text, width - len(INDENT)) if line]
    return lines


def total(rows: t.Sequence[Row]) -> str:
    """Return a line such as "3 machines: 1 ok, 1 drifted, 1 unreachable"."""
    counts = [(verdict.value, sum(one.verdict is verdict for one in rows)) for verdict in RunVerdict]
    text = ", ".join(f"{count} {word}" for word, count in counts if count)
    return f"{len(rows)} machine{'' if len(rows) == 1 else 's'}: {text}"
