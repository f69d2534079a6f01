# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render a report as one self-contained HTML page to hand in."""

from __future__ import annotations

import html
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _svg
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message
from ansible_collections.kuber.network.plugins.module_utils._homework.report import (
    CHANGED,
    MARKS,
    WORDS,
    WORST,
    changed,
)
from ansible_collections.kuber.network.plugins.module_utils._homework.verdicts import exit_code

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._homework.report import HomeworkReport
    from ansible_collections.kuber.network.plugins.module_utils._homework.verdicts import RowVerdict
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import FieldChange

HEADING = Message("Homework kuber-network", "Домашнее задание kuber-network")
TOTALS = (
    Message("Everything that the folder claims works.", "Всё, что есть в папке, работает."),
    Message("Not everything could be checked.", "Не всё удалось проверить."),
    Message("Not everything works.", "Работает не всё."),
)
WHY = Message("why", "почему")
ABSENT = Message("absent", "нет")
STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 28px clamp(12px, 3vw, 40px); background: var(--desk); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 980px; margin: 0 auto; }
h1 { font-size: 15px; margin: 0; color: var(--dim); }
.folder { font-size: 24px; font-weight: 600; margin: 2px 0 12px; overflow-wrap: anywhere; }
.total { font-weight: 600; margin: 0 0 4px; }
section { background: var(--paper); border: 1px solid var(--edge); border-left: 5px solid var(--edge);
  border-radius: 8px; padding: 10px 16px; margin: 0 0 8px; overflow-wrap: anywhere; }
section header { display: flex; gap: 10px; }
section header span:last-child { margin-left: auto; }
.passed { border-left-color: var(--ok); } .failed { border-left-color: var(--bad); }
.not_checked { border-left-color: var(--warn); } .not_part { opacity: .75; }
.passed .mark, .total.passed { color: var(--ok); } .failed .mark, .total.failed { color: var(--bad); }
.not_checked .mark, .total.not_checked { color: var(--warn); }
p, ul { margin: 4px 0; white-space: pre-line; } .dim, footer { color: var(--dim); font-size: 14px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; background: var(--paper); }
th, td { border: 1px solid var(--edge); padding: 4px 8px; text-align: center; } tbody th { text-align: left; }
a { color: inherit; }
code { font-family: ui-monospace, monospace; font-size: 13.5px; }
"""


def render(report: HomeworkReport, *, remark: str) -> str:
    """Return the page; ``remark`` says when and on which cluster the checks were made."""
    code = exit_code(report.verdicts)
    lines = [
        f'<p class="total {WORST[code].value}">{_text(report.say(TOTALS[code]))}</p>\n<p>{_text(report.summary)}</p>',
        *(f"<p>{_text(report.say(note))}</p>" for note in report.notes),
        *(_row(report, one) for one in report.verdicts),
    ]
    return frame(report.language, report.say(HEADING), report.folder, report.summary, lines, remark)


def frame(language: str, heading: str, name: str, summary: str, lines: Iterable[str], remark: str) -> str:
    """Return a page with these lines of HTML; everything else is text."""
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
            # Make the browser enforce it: nothing is loaded, and nothing of the folder is run.
            """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(name)}: {_text(summary)}</title>",
            f"<style>{_svg.palette(':root')}{STYLE}</style>\n</head>\n<body>",
            f'<main>\n<h1>{_text(heading)}</h1>\n<p class="folder">{_text(name)}</p>',
            *lines,
            f"<footer>{_text(remark)}</footer>\n</main>\n</body>\n</html>\n",
        ]
    )


def _row(report: HomeworkReport, verdict: RowVerdict) -> str:
    status = verdict.status
    return "\n".join(
        [
            f'<section class="{status.value}" id="row-{verdict.number}"><header>'
            f'<span class="mark">{MARKS[status][0]}</span>'
            f"<strong>{verdict.number} {_text(report.say(verdict.title))}</strong>"
            f"<span>{_text(report.say(WORDS[status]))}</span></header>",
            *_details(report, verdict),
            "</section>",
        ]
    )


def _details(report: HomeworkReport, verdict: RowVerdict) -> Iterator[str]:
    if verdict.objects:
        yield f'<p class="dim">{_text(", ".join(verdict.objects))}</p>'
    for fault in verdict.reasons:
        yield f"<p>{_text(report.say(fault.problem))}</p>"
        if fault.remedy is not None:
            yield f"<p>→ {_text(report.say(fault.remedy))}</p>"
    yield from (f"<p>{_text(report.say(note))}</p>" for note in verdict.notes)
    if verdict.answers:
        lines = (f"<li>{_text(one.name)}: <code>{_text(one.found)}</code></li>" for one in verdict.answers)
        yield f"<ul>{''.join(lines)}</ul>"
    if verdict.changes:
        lines = (f"<li>{_change(report, one)}</li>" for one in verdict.changes)
        yield f'<p class="dim">{_text(report.say(CHANGED))}:</p><ul>{"".join(lines)}</ul>'


def _change(report: HomeworkReport, change: FieldChange) -> str:
    before, after = (_value(report, value) for value in (change.before, change.after))
    where = _text(changed(change))
    # Links come from the tables of the upgrade, never from the folder.
    link = f'<a href="{html.escape(change.reason.link)}">{_text(report.say(WHY))}</a>'
    return f"{where}: <code>{before}</code> → <code>{after}</code>. {_text(change.reason.why)} ({link})"


def _value(report: HomeworkReport, value: t.Any) -> str:
    text = report.say(ABSENT) if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return _text(text if len(text) <= 120 else text[:119] + "…")


def _text(text: str) -> str:
    return html.escape(text)
