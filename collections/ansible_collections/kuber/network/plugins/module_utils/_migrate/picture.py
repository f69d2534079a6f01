# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Draw a switch as text and as one SVG: a row for each kind of traffic, a column per second, marks above.

The SVG is self-contained, for light and dark screens.
"""

from __future__ import annotations

import html
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _svg
from ansible_collections.kuber.network.plugins.module_utils._migrate.figures import REQUESTS, TCP, UDP, sentences
from ansible_collections.kuber.network.plugins.module_utils._rollout.picture import ALL, EVERY, NONE, SILENT, SOME

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping, Sequence

    Result = Mapping[str, t.Any]

WORDS = {REQUESTS: "requests", TCP: "open TCP connections", UDP: "UDP from one port"}
_LABEL = max(map(len, WORDS.values())) + 2

# Pixels.
SECOND, ROW, BAR = 9, 24, 14
LEFT, RIGHT, TOP = 172, 24, 16
TITLE, MARKS, SCALE, GAP, LEGEND = 72, 16, 22, 26, 40
# Of a letter of the sentences, on average.
LETTER = 6.4
LARGEST = 1.2
GRID_SECONDS = 10

STYLE = """
.switches { font-family: system-ui,sans-serif; font-size: 12.5px; }
.switches .paper { fill: var(--paper); }
.switches text { fill: var(--dim); }
.switches .title { fill: var(--ink); font-size: 15px; font-weight: 650; }
.switches .number { text-anchor: end; }
.switches .tick { text-anchor: middle; }
.switches .mark { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
.switches .answered { fill: var(--ok); }
.switches .failed { fill: var(--bad); }
"""


def kinds(result: Result) -> list[str]:
    """Return the kinds of traffic that there were."""
    return [kind for kind in WORDS if any(second[kind]["sent"] for second in result["timeline"])]


def draw(result: Result, *, width: int) -> list[str]:
    """Return the picture as text, with the events and the figures."""
    columns = _shrunk(result["timeline"], max(EVERY, width - _LABEL - 2))
    lines = [f"{result['title']}", ""]
    for kind in kinds(result):
        lines.append(f"{WORDS[kind]:<{_LABEL}}{''.join(_sign(one[kind]) for one in columns)}".rstrip())
    scale = ""
    for number, one in enumerate(columns):
        if number % (2 * EVERY) == 0:
            scale = scale.ljust(number) + str(one["second"])
    lines += [f"{'seconds':<{_LABEL}}{scale}", "", f"{ALL} all answered   {SOME} some failed   {NONE} all failed", ""]
    lines += [f"{event['at']:6.1f} s  {event['what']}" for event in result["events"]]
    return [*lines, "", *sentences(result)]


def _shrunk(timeline: Sequence[Result], width: int) -> list[dict[str, t.Any]]:
    """Add up neighbouring seconds until they fit."""
    step = max(1, -(-len(timeline) // width))
    columns = []
    for first in range(0, len(timeline), step):
        part = timeline[first : first + step]
        sums = {kind: {key: sum(one[kind][key] for one in part) for key in ("sent", "failed")} for kind in WORDS}
        columns.append({"second": part[0]["second"], **sums})
    return columns


def _sign(one: Mapping[str, int]) -> str:
    if not one["sent"]:
        return SILENT
    return {0: ALL, one["sent"]: NONE}.get(one["failed"], SOME)


def svg(results: Sequence[Result]) -> str:
    """Draw switches below each other and on one scale."""
    seconds = max(len(one["timeline"]) for one in results)
    letters = max(len(sentence) for one in results for sentence in sentences(one))
    width = LEFT + max(seconds * SECOND, round(letters * LETTER)) + RIGHT
    panels: list[str] = []
    top = TOP
    for one in results:
        panels += _panel(one, top)
        top += _height(one)
    names = ", ".join(str(one["title"]) for one in results)
    picture = _svg.document(
        "switches",
        width,
        top + LEGEND - GAP,
        style=STYLE,
        title=f"What users saw during the switch: {names}",
        parts=[*panels, *_legend(top)],
        largest=LARGEST,
    )
    return f"{picture}\n"


def _height(result: Result) -> int:
    return TITLE + MARKS + len(kinds(result)) * ROW + SCALE + GAP


def _panel(result: Result, top: int) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="{top + 16}">{html.escape(str(result["title"]))}</text>'
    for number, sentence in enumerate(sentences(result)):
        yield f'<text x="{LEFT}" y="{top + 34 + number * 15}">{html.escape(sentence)}</text>'
    first = result["timeline"][0]["second"]
    floor = top + TITLE + MARKS
    shown = kinds(result)
    for row, kind in enumerate(shown):
        y = floor + row * ROW
        yield f'<text class="number" x="{LEFT - 8}" y="{y + BAR - 2}">{WORDS[kind]}</text>'
        for second in result["timeline"]:
            yield from _column(second[kind], LEFT + (second["second"] - first) * SECOND, y)
    bottom = floor + len(shown) * ROW
    for event in result["events"]:
        x = round(LEFT + (event["at"] - first) * SECOND, 1)
        label = html.escape(f"{event['at']:.1f} s: {event['what']}")
        yield f'<g><title>{label}</title><path class="mark" d="M{x} {floor - MARKS + 4}V{bottom}"/></g>'
    for second in result["timeline"]:
        if second["second"] % GRID_SECONDS == 0:
            x = LEFT + (second["second"] - first) * SECOND
            label = f"{second['second']} s" if second["second"] else "0"
            yield f'<text class="tick" x="{x}" y="{bottom + 12}">{label}</text>'


def _column(one: Mapping[str, int], x: int, y: int) -> Iterator[str]:
    if not one["sent"]:
        return
    # The share that failed, from the top.
    failed = round(BAR * one["failed"] / one["sent"], 1)
    if one["failed"]:
        failed = max(failed, 2)
    yield f"<g><title>{one['sent'] - one['failed']} of {one['sent']} answered</title>"
    yield f'<rect class="answered" x="{x + 1}" y="{y}" width="{SECOND - 2}" height="{BAR}"/>'
    yield f'<rect class="failed" x="{x + 1}" y="{y}" width="{SECOND - 2}" height="{failed:g}"/></g>'


def _legend(top: int) -> Iterator[str]:
    x = LEFT
    for look in ("answered", "failed"):
        yield f'<rect class="{look}" x="{x}" y="{top - 10}" width="14" height="14"/>'
        yield f'<text x="{x + 20}" y="{top + 2}">{look}</text>'
        x += 100
    yield f'<path class="mark" d="M{x} {top - 10}v14"/><text x="{x + 10}" y="{top + 2}">step of the switch</text>'
