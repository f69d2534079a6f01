# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From measurements to what people read."""

from __future__ import annotations

import typing as t

from . import tools
from .measure import IDLE, PARTS, REST, Measurement
from .tools import Phase

WORDS = {
    Phase.FIRST: "first apply",
    Phase.UNCHANGED: "nothing changed",
    Phase.ONE_PERCENT: "1 % changed",
    Phase.CHECK: "check mode, 1 % would change",
}
RIVALS = (tools.KUBECTL.name, tools.KUBERNETES_CORE.name)
PARTS_HEADER = ["objects", "", "ours", "Ansible alone", *PARTS, REST]
Key = tuple[str, int, Phase]


def render(measurements: t.Sequence[Measurement]) -> str:
    """Tables in Markdown, the ratios first, and how many runs are behind the numbers."""
    by_key = {(one.tool, one.objects, one.phase): one for one in measurements}
    names = [tool.name for tool in tools.TOOLS if any(one.tool == tool.name for one in measurements)]
    rows = sorted(
        {(one.objects, one.phase) for one in measurements}, key=lambda row: (row[0], list(Phase).index(row[1]))
    )
    telling = [one for row in rows if (one := by_key.get((tools.OURS.name, *row))) is not None and one.parts]
    each = [one for one in measurements if one.tool == tools.KUBERNETES_CORE_EACH.name]
    parts = [
        _table(_time_header(names), [_time_row(by_key, names, count, phase) for count, phase in rows]),
        _table(_cost_header(names), [_cost_row(by_key, names, count, phase) for count, phase in rows]),
        *([_table(PARTS_HEADER, [_parts_row(one) for one in telling])] if telling else []),
        "\n".join([*map(_each_line, each), _runs_line(measurements)]),
    ]
    return "\n\n".join(parts)


def thousands(number: float) -> str:
    return f"{round(number):,}"


def seconds(value: float) -> str:
    """With about three digits."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def times(value: float) -> str:
    return f"{value:.1f} x" if value < 10 else f"{value:.0f} x"


def _time_header(names: list[str]) -> list[str]:
    ratios = [f"faster than {name}" for name in RIVALS if name in names]
    return ["objects", "", *ratios, *(f"{name} (engine)" if name == tools.OURS.name else name for name in names)]


def _time_row(by_key: t.Mapping[Key, Measurement], names: list[str], count: int, phase: Phase) -> list[str]:
    ours = by_key.get((tools.OURS.name, count, phase))
    row = [thousands(count), WORDS[phase]]
    for name in (name for name in RIVALS if name in names):
        rival = by_key.get((name, count, phase))
        row.append(f"**{times(rival.seconds / ours.seconds)}**" if ours and rival else "")
    return row + [_time(by_key.get((name, count, phase))) for name in names]


def _time(one: Measurement | None) -> str:
    if one is None:
        return ""
    engine = f" ({seconds(one.engine_seconds)})" if one.engine_seconds is not None else ""
    return seconds(one.seconds) + engine


def _cost_header(names: list[str]) -> list[str]:
    return ["objects", "", *(f"{name}: requests, MiB" for name in names)]


def _cost_row(by_key: t.Mapping[Key, Measurement], names: list[str], count: int, phase: Phase) -> list[str]:
    return [thousands(count), WORDS[phase], *(_cost(by_key.get((name, count, phase))) for name in names)]


def _cost(one: Measurement | None) -> str:
    if one is None:
        return ""
    # Programs that run one after another, or share their pages, do not add up.
    together = f" ({one.sum_mib:.0f})" if one.sum_mib > one.peak_mib * 1.1 else ""
    return f"{thousands(one.requests)}, {one.peak_mib:.0f}{together}"


def _parts_row(one: Measurement) -> list[str]:
    parts = [f"{one.parts[name]:.2f} s" for name in (IDLE, *PARTS, REST)]
    return [thousands(one.objects), WORDS[one.phase], seconds(one.seconds), *parts]


def _each_line(one: Measurement) -> str:
    took = f"{seconds(one.seconds)}, {thousands(one.requests)} requests"
    return f"{one.tool}, {thousands(one.objects)} objects, {WORDS[one.phase]}: {took}."


def _runs_line(measurements: t.Sequence[Measurement]) -> str:
    usual = max(len(one.runs) for one in measurements)
    fewer = {(one.tool, one.objects, len(one.runs)) for one in measurements if len(one.runs) < usual}
    text = f"Medians of {usual} runs"
    for tool, count, runs in sorted(fewer):
        text += f"; {tool} with {thousands(count)} objects: " + ("one run" if runs == 1 else f"median of {runs}")
    return text + "."


def _table(header: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    # Words to the left, numbers to the right.
    left = {1}
    lines = [_line(header, widths, left)]
    rules = [
        f":{'-' * (width - 1)}" if column in left else f"{'-' * (width - 1)}:" for column, width in enumerate(widths)
    ]
    lines.append(_line(rules, widths, left))
    return "\n".join(lines + [_line(row, widths, left) for row in rows])


def _line(cells: list[str], widths: list[int], left: t.Container[int]) -> str:
    padded = [
        cell.ljust(width) if column in left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
