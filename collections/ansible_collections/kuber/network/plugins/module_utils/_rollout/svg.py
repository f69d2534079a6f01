# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Render rollouts as one SVG: a panel each, a column per second, the pods stacked in it.

It is self-contained, for light and dark screens.
"""

from __future__ import annotations

import html
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _svg
from ansible_collections.kuber.network.plugins.module_utils._rollout.picture import rules, summary

Result = t.Mapping[str, t.Any]

# Pixels.
SECOND, POD = 17, 22
LEFT, RIGHT, TOP, GAP = 78, 82, 16, 26
TITLE, REQUESTS, SCALE = 50, 24, 20
LEGEND = 44
LEAST_WIDTH = 760
# A short rollout does not fill a wide screen.
LARGEST = 1.2
GRID_SECONDS = 5
# From the bottom up.
STACK = [(age, phase) for phase in ("available", "unready", "leaving") for age in ("old", "new")]
WORDS = (
    ("old available", "old pod available"),
    ("new available", "new pod available"),
    ("new unready", "not ready"),
    ("old leaving", "terminating"),
)

STYLE = """
.rollouts { font-family: system-ui,sans-serif; font-size: 12.5px; }
.rollouts .paper { fill: var(--paper); }
.rollouts text { fill: var(--dim); }
.rollouts .title { fill: var(--ink); font-size: 15px; font-weight: 650; }
.rollouts .number { text-anchor: end; }
.rollouts .tick { text-anchor: middle; }
.rollouts .grid { stroke: var(--grid); }
.rollouts .axis { stroke: var(--edge); }
.rollouts .pods { stroke: var(--paper); stroke-width: 1; }
.rollouts .old.available { fill: var(--old); }
.rollouts .new.available { fill: var(--go); }
.rollouts .unready { fill: var(--wait); }
.rollouts .leaving { fill: none; stroke: var(--old); stroke-dasharray: 2 2; }
.rollouts .bound { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
.rollouts .answered { fill: var(--ok); }
.rollouts .failed { fill: var(--bad); }
"""


def draw(results: t.Sequence[Result]) -> str:
    """Draw rollouts, from their results, below each other and on one scale."""
    longest = max(len(one["timeline"]) for one in results)
    width = max(LEAST_WIDTH, LEFT + longest * SECOND + RIGHT)
    panels: list[str] = []
    top = TOP
    for one in results:
        panels += _panel(one, top, width)
        top += TITLE + _height(one) * POD + REQUESTS + SCALE + GAP
    names = ", ".join(str(one["title"]) for one in results)
    picture = _svg.document(
        "rollouts",
        width,
        top + LEGEND - GAP,
        style=STYLE,
        title=f"Pods and requests during rollouts: {names}",
        parts=[*panels, *_legend(top)],
        largest=LARGEST,
    )
    return f"{picture}\n"


def _height(result: Result) -> int:
    tallest = max(sum(one[age][phase] for age, phase in STACK) for one in result["timeline"])
    return int(max(tallest, result["bounds"]["most_pods"]))


def _panel(result: Result, top: int, width: int) -> t.Iterator[str]:
    height = _height(result)
    floor = top + TITLE + height * POD
    right = width - RIGHT
    yield f'<text class="title" x="{LEFT}" y="{top + 16}">{html.escape(str(result["title"]))}</text>'
    caption = f"{rules(result['strategy'])}: {summary(result, causes=False)}"
    yield f'<text x="{LEFT}" y="{top + 34}">{html.escape(caption)}</text>'
    for level in range(height + 1):
        y = floor - level * POD
        yield f'<path class="{"grid" if level else "axis"}" d="M{LEFT} {y}H{right}"/>'
        if level:
            yield f'<text class="number" x="{LEFT - 8}" y="{y + 4}">{level}</text>'
    for number, second in enumerate(result["timeline"]):
        yield from _column(second, LEFT + number * SECOND, floor)
    yield from _bound(result["bounds"]["most_pods"], "at most", floor, right)
    yield from _bound(result["bounds"]["fewest_available"], "at least", floor, right)
    yield f'<text class="number" x="{LEFT - 8}" y="{floor + 16}">requests</text>'
    for number in range(0, len(result["timeline"]), GRID_SECONDS):
        label = f"{number} s" if number else "0"
        yield f'<text class="tick" x="{LEFT + number * SECOND}" y="{floor + REQUESTS + 12}">{label}</text>'


def _column(second: Result, x: int, floor: int) -> t.Iterator[str]:
    level = 0
    for age, phase in STACK:
        for _pod in range(second[age][phase]):
            level += 1
            place = f'x="{x + 1}" y="{floor - level * POD + 1}" width="{SECOND - 2}" height="{POD - 2}"'
            yield f'<rect class="pods {age} {phase}" {place} rx="2"/>'
    if second["answers"]:
        # The share of failed requests, from the top.
        failed = round(12 * second["failed"] / second["answers"], 1)
        if second["failed"]:
            failed = max(failed, 2)
        title = f"{second['answers'] - second['failed']} of {second['answers']} requests answered"
        yield f"<g><title>{title}</title>"
        yield f'<rect class="answered" x="{x + 2}" y="{floor + 6}" width="{SECOND - 4}" height="12"/>'
        yield f'<rect class="failed" x="{x + 2}" y="{floor + 6}" width="{SECOND - 4}" height="{failed:g}"/></g>'


def _bound(level: int, words: str, floor: int, right: int) -> t.Iterator[str]:
    y = floor - level * POD
    yield f'<path class="bound" d="M{LEFT} {y}H{right}"/>'
    yield f'<text x="{right + 6}" y="{y + 4}">{words} {level}</text>'


def _legend(top: int) -> t.Iterator[str]:
    x = LEFT
    for look, words in WORDS:
        yield f'<rect class="pods {look}" x="{x}" y="{top - 10}" width="14" height="14" rx="2"/>'
        yield f'<text x="{x + 20}" y="{top + 2}">{words}</text>'
        x += 40 + 7 * len(words)
    for look in ("answered", "failed"):
        yield f'<rect class="{look}" x="{x}" y="{top - 10}" width="14" height="14"/>'
        yield f'<text x="{x + 20}" y="{top + 2}">request {look}</text>'
        x += 40 + 7 * len(f"request {look}")
