# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Draw a rollout as text: a column per second, a row per pod, and the results of requests below."""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _table
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import Second, Timeline

OLD, NEW, UNREADY, LEAVING = "▒", "█", "░", "┊"
ALL, SOME, NONE, SILENT = "·", "▴", "✗", " "
HEAD = ("rollout", "strategy", "most pods", "fewest available", "requests failed", "seconds")
EVERY = 5
MARGIN = 10


def draw(timeline: Timeline, *, title: str, width: int) -> list[str]:
    """Return the picture with a title, a legend, and a summary line."""
    columns = shrunk(timeline.course, max(EVERY, width - MARGIN))
    height = max([1, *(one.old.all + one.new.all for one in columns)])
    rows = [_row(columns, level) for level in range(height, 0, -1)]
    return [
        title,
        "",
        *(f"{level:>{MARGIN - 2}} │{row}".rstrip() for level, row in zip(range(height, 0, -1), rows, strict=True)),
        " " * (MARGIN - 1) + "└" + "─" * len(columns),
        f"{'seconds':>{MARGIN - 2}}  {_scale(columns)}".rstrip(),
        f"{'requests':>{MARGIN - 2}}  {''.join(_mark(one) for one in columns)}".rstrip(),
        "",
        f"{OLD} old pod available   {NEW} new pod available   {UNREADY} pod not ready   {LEAVING} pod terminating",
        f"{ALL} all requests answered   {SOME} some failed   {NONE} all failed",
        "",
        summary(timeline.dump()),
    ]


def summary(result: t.Mapping[str, t.Any], *, causes: bool = True) -> str:
    """Return "most pods 6, fewest available 3, failed requests 2 of 143 (2 x connection refused), 14.2 s"."""
    failures = ", ".join(f"{times} x {found}" for found, times in result["failures"].items()) if causes else ""
    return (
        f"most pods {result['most_pods']}, fewest available {result['fewest_available']}, "
        f"failed requests {result['failed_requests']} of {result['requests']}{f' ({failures})' if failures else ''}, "
        f"{result['seconds']:.1f} s"
    )


def rules(strategy: t.Mapping[str, t.Any]) -> str:
    """Describe a returned strategy with the terms of the Kubernetes API."""
    if strategy["max_surge"] is None:
        return str(strategy["type"])
    return f"maxSurge {strategy['max_surge']}, maxUnavailable {strategy['max_unavailable']}"


def table(results: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Return a table that compares rollouts, from their results."""
    rows = [
        (
            one["title"],
            rules(one["strategy"]),
            f"{one['most_pods']} (allowed {one['bounds']['most_pods']})",
            f"{one['fewest_available']} (allowed {one['bounds']['fewest_available']})",
            f"{one['failed_requests']} of {one['requests']}",
            f"{one['seconds']:.1f}",
        )
        for one in results
    ]
    sizes = _table.widths([HEAD, *rows])
    return [line for cells in (HEAD, *rows) for line in _table.row(cells, sizes, right=range(2, len(HEAD)))]


def events(timeline: Timeline) -> list[str]:
    """Return one line for each event; equal events of one moment are combined."""
    lines = []
    for (at, kind), group in itertools.groupby(timeline.moments, key=lambda one: (f"{one.at:6.1f}", _kind(one.what))):
        names = [one.what.split()[2] for one in group]
        pods = f"{kind[0]} pod {names[0]}" if len(names) == 1 else f"{len(names)} {kind[0]} pods"
        verb = (
            kind[1]
            if len(names) == 1
            else re.sub(r"^(is|has)\b", lambda verb: {"is": "are", "has": "have"}[verb[0]], kind[1])
        )
        lines.append(f"{at} s  {pods} {verb}")
    return lines


def shrunk(course: t.Sequence[Second], width: int) -> list[Second]:
    """Reduce to at most ``width`` columns, each the worst of its seconds."""
    step = -(-len(course) // width)
    if step <= 1:
        return list(course)
    columns = []
    for first in range(0, len(course), step):
        part = course[first : first + step]
        answers, failed = sum(one.answers for one in part), sum(one.failed for one in part)
        worst = min(part, key=lambda one: one.badness)
        columns.append(dataclasses.replace(worst, second=part[0].second, answers=answers, failed=failed))
    return columns


def _row(columns: t.Sequence[Second], level: int) -> str:
    return "".join(_stack(one).ljust(level)[level - 1] for one in columns)


def _stack(one: Second) -> str:
    """Return the column of a second, from the bottom up."""
    return OLD * one.old.available + NEW * one.new.available + UNREADY * one.unready + LEAVING * one.leaving


def _scale(columns: t.Sequence[Second]) -> str:
    text = ""
    for number, one in enumerate(columns):
        if number % EVERY == 0:
            text = text.ljust(number) + str(one.second)
    return text


def _mark(one: Second) -> str:
    if not one.answers:
        return SILENT
    return {0: ALL, one.answers: NONE}.get(one.failed, SOME)


def _kind(what: str) -> tuple[str, str]:
    """Split "new pod web-1 is ready" into the parts around the name."""
    age, _pod, _name, *verb = what.split()
    return age, " ".join(verb)
