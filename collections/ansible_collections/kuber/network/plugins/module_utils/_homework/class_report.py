# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render the reports on the folders of a class as one table and one page."""

from __future__ import annotations

import dataclasses
import html
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._homework import page
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message, Status
from ansible_collections.kuber.network.plugins.module_utils._homework.report import MARKS, WORDS, WORST, printable
from ansible_collections.kuber.network.plugins.module_utils._homework.verdicts import FAILS, PASSES, UNCHECKED

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

    from ansible_collections.kuber.network.plugins.module_utils._homework.report import Paint

    Data = Mapping[str, t.Any]

HEADING = Message("Homework kuber-network, class", "Домашнее задание kuber-network, класс")
FOLDER = Message("folder", "папка")
EDITION = Message("edition", "редакция")
TOTALS = {
    PASSES: Message("complete", "всё работает"),
    FAILS: Message("not everything works", "работает не всё"),
    UNCHECKED: Message("not everything could be checked", "не всё удалось проверить"),
}


@dataclasses.dataclass(frozen=True)
class ClassReport:
    """The reports on the folders of a class, each as ``report.dump`` has it."""

    name: str
    reports: tuple[Data, ...]
    language: str = "en"

    def say(self, message: Message) -> str:
        return message.text(self.language)

    @property
    def exit_code(self) -> int:
        """Return 2 if something does not work in a folder, 1 if something could not be checked in one, else 0."""
        codes = {one["exit_code"] for one in self.reports}
        return next((code for code in (FAILS, UNCHECKED) if code in codes), PASSES)

    @property
    def summary(self) -> str:
        codes = [one["exit_code"] for one in self.reports]
        return ", ".join(f"{codes.count(code)} {self.say(word)}" for code, word in TOTALS.items() if code in codes)

    @property
    def numbers(self) -> list[str]:
        """The numbers of all rows that are part of a folder, each once."""
        rows = (row for one in self.reports for row in one["rows"] if Status(row["status"]) is not Status.NOT_PART)
        return sorted(
            {row["number"] for row in rows}, key=lambda number: (number[:1].isalpha(), int(number.lstrip("n")))
        )


def table(report: ClassReport, *, paint: Paint) -> list[str]:
    """Return one line for each folder, and a total."""
    width = max((len(one["folder"]) for one in report.reports), default=0)
    lines = [""]
    for one in report.reports:
        mark, color = MARKS[WORST[one["exit_code"]]]
        text = printable(f"{one['folder'].ljust(width)}  {one['edition'].ljust(7)}  {_counts(report, one)}")
        lines.append(f" {paint(mark, color)} {text}")
    mark, color = MARKS[WORST[report.exit_code]]
    return [*lines, "", " " + paint(f"{mark} {report.summary}", color), ""]


def _counts(report: ClassReport, one: Data) -> str:
    """Return how many rows have each status, with the numbers of those that did not pass."""
    found = []
    for status in (Status.PASSED, Status.FAILED, Status.NOT_CHECKED):
        numbers = [row["number"] for row in one["rows"] if Status(row["status"]) is status]
        if numbers:
            named = "" if status is Status.PASSED else f" ({', '.join(numbers)})"
            found.append(f"{len(numbers)} {report.say(WORDS[status])}{named}")
    return ", ".join(found)


def dump(report: ClassReport) -> dict[str, t.Any]:
    """Return the report as data for JSON."""
    return {
        "class": report.name,
        "exit_code": report.exit_code,
        "summary": report.summary,
        "folders": [
            {
                "folder": one["folder"],
                "edition": one["edition"],
                "exit_code": one["exit_code"],
                "rows": {row["number"]: row["status"] for row in one["rows"]},
            }
            for one in report.reports
        ],
    }


def render(report: ClassReport, *, remark: str) -> str:
    """Return one self-contained page, which links to those of the folders; ``remark`` is its last line."""
    heads = "".join(f"<th>{_text(one)}</th>" for one in (report.say(FOLDER), report.say(EDITION), *report.numbers))
    lines = [
        f"<p class='total {WORST[report.exit_code].value}'>{_text(report.summary)}</p>",
        f"<div class='wide'><table><thead><tr>{heads}</tr></thead><tbody>",
        *(_row(report, one) for one in report.reports),
        "</tbody></table></div>",
        f"<p class='dim'>{_text(_legend(report))}</p>",
    ]
    return page.frame(report.language, report.say(HEADING), report.name, report.summary, lines, remark)


def _row(report: ClassReport, one: Data) -> str:
    statuses = {row["number"]: Status(row["status"]) for row in one["rows"]}
    place = urllib.parse.quote(f"{report.name}/{one['folder']}.html", errors="surrogateescape")
    status = WORST[one["exit_code"]]
    cells = [_cell(report, statuses.get(number)) for number in report.numbers]
    name = f"<span class='mark'>{MARKS[status][0]}</span> <a href='{_text(place)}'>{_text(one['folder'])}</a>"
    return f"<tr class='{status.value}'><th>{name}</th><td>{_text(one['edition'])}</td>{''.join(cells)}</tr>"


def _cell(report: ClassReport, status: Status | None) -> str:
    if status is None:
        return "<td></td>"
    word, mark = _text(report.say(WORDS[status])), MARKS[status][0]
    return f"<td class='{status.value}' title='{word}'><span class='mark'>{mark}</span></td>"


def _legend(report: ClassReport) -> str:
    return ", ".join(f"{MARKS[status][0]} {report.say(WORDS[status])}" for status in Status)


def _text(text: str) -> str:
    return html.escape(text)
