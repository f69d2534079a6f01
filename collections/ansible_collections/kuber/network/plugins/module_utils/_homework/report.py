# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render verdicts as a table for a terminal, and as data for JSON."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message, Status
from ansible_collections.kuber.network.plugins.module_utils._homework.verdicts import (
    FAILS,
    PASSES,
    UNCHECKED,
    RowVerdict,
    exit_code,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import FieldChange

    Paint = Callable[[str, str], str]

MARKS = {
    Status.PASSED: ("✔", "green"),
    Status.FAILED: ("✘", "red"),
    Status.NOT_CHECKED: ("?", "yellow"),
    Status.NOT_PART: ("-", "dark gray"),
}
WORDS = {
    Status.PASSED: Message("passed", "работает"),
    Status.FAILED: Message("failed", "не работает"),
    Status.NOT_CHECKED: Message("could not be checked", "не удалось проверить"),
    Status.NOT_PART: Message("not part of this folder", "нет в этой папке"),
}
# The status that decides an exit code.
WORST = {PASSES: Status.PASSED, UNCHECKED: Status.NOT_CHECKED, FAILS: Status.FAILED}
CHANGED = Message("changed before it was applied", "изменено перед применением")


@dataclasses.dataclass(frozen=True)
class HomeworkReport:
    """The verdicts on one folder."""

    folder: str
    edition: str
    verdicts: tuple[RowVerdict, ...]
    language: str = "en"
    notes: tuple[Message, ...] = ()
    """What holds for the folder as a whole, such as images in the place of others."""

    def say(self, message: Message) -> str:
        return message.text(self.language)

    def count(self, status: Status) -> int:
        return sum(one.status is status for one in self.verdicts)

    @property
    def summary(self) -> str:
        found = ((self.count(status), self.say(WORDS[status])) for status in Status)
        return ", ".join(f"{number} {word}" for number, word in found if number)


def table(report: HomeworkReport, *, paint: Paint) -> list[str]:
    """Return one line for each row, the reasons of those that did not pass, and a total."""
    width = max(len(report.say(one.title)) for one in report.verdicts)
    lines = [""]
    for one in report.verdicts:
        mark, color = MARKS[one.status]
        word = report.say(WORDS[one.status])
        lines.append(
            f" {paint(mark, color)} {one.number:>3}  {report.say(one.title).ljust(width)}  {paint(word, color)}"
        )
        margin = " " * 8
        lines += [f"{margin}{paint(text, color)}" for text in _reasons(report, one)]
        lines += [printable(f"{margin}{report.say(note)}") for note in one.notes]
        lines += [printable(f"{margin}{report.say(CHANGED)}: {changed(change)}") for change in one.changes]
    lines += [printable(f" {report.say(note)}") for note in report.notes]
    mark, color = MARKS[WORST[exit_code(report.verdicts)]]
    return [*lines, "", " " + paint(f"{mark} {report.summary}", color), ""]


def changed(change: FieldChange) -> str:
    """Return what a change is about."""
    return f"{change.object}: {change.field}" if change.field else change.object


def dump(report: HomeworkReport) -> dict[str, t.Any]:
    """Return the report as data for JSON."""
    return {
        "folder": report.folder,
        "edition": report.edition,
        "summary": report.summary,
        "exit_code": exit_code(report.verdicts),
        "notes": [report.say(note) for note in report.notes],
        "rows": [
            {
                "number": one.number,
                "title": report.say(one.title),
                "status": one.status.value,
                "word": report.say(WORDS[one.status]),
                "objects": list(one.objects),
                "reasons": [
                    {"problem": report.say(fault.problem), "remedy": report.say(fault.remedy) if fault.remedy else ""}
                    for fault in one.reasons
                ],
                "notes": [report.say(note) for note in one.notes],
                "checks": [answer.dump() for answer in one.answers],
                "changes": [change.dump() for change in one.changes],
            }
            for one in report.verdicts
        ],
    }


def _reasons(report: HomeworkReport, verdict: RowVerdict) -> Iterator[str]:
    for fault in verdict.reasons:
        # A diagnosis has several lines.
        yield from (printable(line) for line in report.say(fault.problem).splitlines())
        if fault.remedy is not None:
            yield printable(f"→ {report.say(fault.remedy)}")


def printable(text: str) -> str:
    """Return a text of the folder without what a terminal would obey."""
    return "".join(one if one.isprintable() else "�" for one in text)
