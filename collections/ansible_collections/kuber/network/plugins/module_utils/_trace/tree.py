# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render a trace for a terminal: the hops below each other, branches indented."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _table
from ansible_collections.kuber.network.plugins.module_utils._trace.model import (
    Health,
    Hop,
    Kind,
    first_broken,
    first_unknown,
    percent,
    reason,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterator

    Paint = Callable[[str, str], str]

GREEN, RED, GREY, BOLD, YELLOW = "green", "red", "dark gray", "white", "yellow"
MARKS = {
    Health.OK: ("✔", GREEN),
    Health.BROKEN: ("✘", RED),
    Health.IDLE: ("○", GREY),
    Health.UNKNOWN: ("?", YELLOW),
}
KIND_WIDTH = max(len(kind.value) for kind in Kind)
NARROWEST = 40


def render(root: Hop, *, width: int, paint: Paint) -> list[str]:
    return ["", *_lines(root, " ", "", width, paint), "", *verdict(root, width, paint), ""]


def verdict(root: Hop, width: int, paint: Paint) -> list[str]:
    """Return the verdict on the request, with the remedy if it fails."""
    broken, unknown = first_broken(root), first_unknown(root)
    if unknown is not None:
        lines = [paint(f" ? It is not known whether the path is complete: {unknown.kind.value} {unknown.name}", YELLOW)]
        return [*lines, *(paint(line, YELLOW) for line in _wrap(reason(unknown), "   ", width))]
    if broken is None:
        return [paint(" ✔ The path is complete", GREEN)]
    trouble = broken.trouble
    lines = [paint(f" ✘ The path ends at the {broken.kind.value} {broken.name}", RED)]
    if trouble:
        lines += [paint(line, RED) for line in _wrap(trouble.what, "   ", width)]
        lines += _wrap(f"→ {trouble.remedy}", "   ", width) if trouble.remedy else []
    return lines


def _lines(hop: Hop, margin: str, lead: str, width: int, paint: Paint) -> Iterator[str]:
    """Yield a hop and what follows; ``lead`` comes before its first line, ``margin`` before all others."""
    yield f"{lead or margin}{_head(hop, paint)}"
    last = not hop.children
    below = f"{margin}{' ' if last else '│'}{' ' * (KIND_WIDTH + 3)}"
    yield from (paint(line, GREY) for line in _facts(hop, below, width))
    if hop.trouble:
        color = RED if hop.health is Health.BROKEN else GREY
        yield from (paint(line, color) for line in _wrap(hop.trouble.what, below, width))
        yield from _wrap(f"→ {hop.trouble.remedy}", below, width) if hop.trouble.remedy else ()
    if len(hop.children) == 1 and hop.children[0].share is None:
        yield from _lines(hop.children[0], margin, "", width, paint)
        return
    for number, child in enumerate(hop.children, 1):
        ends = number == len(hop.children)
        share = "" if child.share is None else f"{percent(child.share):>7} "
        lead = f"{margin}{'└─' if ends else '├─'}{share}"
        inner = f"{margin}{' ' if ends else '│'} {' ' * len(share)}"
        yield from _lines(child, inner, lead, width, paint)


def _head(hop: Hop, paint: Paint) -> str:
    # A healthy hop that gets no requests is shown as idle.
    mark, color = MARKS[Health.IDLE if hop.share == 0 and hop.health is Health.OK else hop.health]
    return f"{paint(mark, color)} {paint(hop.kind.value.ljust(KIND_WIDTH), GREY)} {paint(hop.name, BOLD)}"


def _facts(hop: Hop, margin: str, width: int) -> list[str]:
    if hop.kind is Kind.POD:
        return _pod(hop, margin, width)
    label = max((len(fact.label) for fact in hop.facts), default=0)
    lines = []
    for fact in hop.facts:
        first, *rest = _wrap(fact.text, "", width - len(margin) - label - 2) or [""]
        lines.append(f"{margin}{fact.label:<{label}}  {first}")
        lines += [f"{margin}{' ' * label}  {line}" for line in rest]
    return lines


def _pod(hop: Hop, margin: str, width: int) -> list[str]:
    """Describe a pod briefly, because there are many: its node, its state, and the rules that lead to it."""
    facts = {fact.label: fact.text for fact in hop.facts}
    where = [facts.pop(label) for label in ("address", "node") if label in facts]
    state = {"yes": "ready", "no": "not ready"}.get(facts.pop("ready", ""), "")
    how = [word for word in (" on ".join(where), state, facts.pop("port", "")) if word]
    rules = [f"{label} {text}" for label, text in facts.items()]
    return [line for words in (how, rules) if words for line in _wrap(", ".join(words), margin, width)]


def _wrap(text: str, margin: str, width: int) -> list[str]:
    room = max(NARROWEST, width - len(margin))
    return [f"{margin}{line}" for line in _table.wrap(text, room, whole_words=True) if line]
