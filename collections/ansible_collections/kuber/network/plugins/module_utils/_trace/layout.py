# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Lay out the picture of a trace: columns from left to right, branches below each other."""

from __future__ import annotations

import dataclasses
import itertools
import re
import textwrap
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Hop, Kind

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

CARD_WIDTH, COLUMN_GAP, ROW_GAP, BRANCH_GAP = 236, 48, 26, 16
PADDING, HEAD, LINE = 12, 26, 17
MARGIN, ZONE_HEAD, ZONE_PADDING = 16, 30, 14
# As many as fit with the widest of the usual fonts.
NAME_LETTERS, FACT_LETTERS, NOTE_LETTERS = 24, 29, 30
# The facts of a hop that the picture shows, in order (none listed: all); the page lists the rest.
SHOWN = {
    Kind.REQUEST: ("from", "header"),
    Kind.NAME: ("address", "source"),
    Kind.ROUTE: ("goes", "node", "answered by"),
    Kind.SERVICE: ("address", "header", "cookie", "weight", "port", "externalTrafficPolicy", "endpoints"),
    Kind.RULES: (),
    Kind.CONTROLLER: ("pod",),
    Kind.RULE: ("Ingress", "rewrite", "redirect", "answer"),
    Kind.POD: ("address", "ready", "port"),
}
MOST_FACTS, MOST_LINES, LONGEST_LABEL = 5, 2, 12
# A line may be broken after a space and these characters, but not within a number or an address.
PIECES = re.compile(r"(?:[^ /.:,-]|[.:](?=\d))*(?:[ /.:,-]+|$)")
OUTSIDE = (Kind.REQUEST, Kind.NAME, Kind.ROUTE)
STAGES = {
    Kind.REQUEST: 0,
    Kind.NAME: 0,
    Kind.ROUTE: 0,
    Kind.SERVICE: 1,
    Kind.RULES: 1,
    Kind.CONTROLLER: 2,
    Kind.RULE: 2,
}
BACKENDS, PODS = 3, 4


@dataclasses.dataclass(frozen=True)
class Card:
    """One hop, with its position."""

    hop: Hop
    x: float
    y: float
    name: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Lines of a label and a text; the label of a continued line is empty."""
    note: tuple[str, ...]
    height: float
    reached: bool
    """Whether requests get this far."""

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


@dataclasses.dataclass(frozen=True)
class Link:
    """The connection between two cards."""

    start: Card
    end: Card

    @property
    def is_used(self) -> bool:
        return self.end.reached and self.end.hop.share != 0


@dataclasses.dataclass(frozen=True)
class Picture:
    """All cards, the links between them, and the size of the picture."""

    cards: tuple[Card, ...]
    links: tuple[Link, ...]
    width: float
    height: float


@dataclasses.dataclass(frozen=True)
class _Block:
    """Hops below each other in one column, and the blocks that follow the last of them."""

    stage: int
    cards: tuple[Card, ...]
    children: tuple[_Block, ...]

    @property
    def height(self) -> float:
        return sum(card.height for card in self.cards) + ROW_GAP * (len(self.cards) - 1)

    @property
    def room(self) -> float:
        """The height of the block, or of all blocks that follow it if that is more."""
        inner = sum(child.room for child in self.children) + BRANCH_GAP * max(0, len(self.children) - 1)
        return max(self.height, inner)


def place(root: Hop) -> Picture:
    block = _block(root, 0, reached=True)
    stages = sorted(set(_stages(block)))
    columns = {stage: number for number, stage in enumerate(stages)}
    top = MARGIN + ZONE_HEAD
    cards: list[Card] = []
    links: list[Link] = []
    _settle(block, columns, top, cards, links)
    width = 2 * (MARGIN + ZONE_PADDING) + len(columns) * CARD_WIDTH + (len(columns) - 1) * COLUMN_GAP
    return Picture(tuple(cards), tuple(links), width, block.room + top + ZONE_PADDING + MARGIN)


def _stage(hop: Hop, before: int) -> int:
    if hop.kind is Kind.POD:
        return PODS
    # A Service behind a rule of an ingress has its own column.
    return BACKENDS if hop.kind is Kind.SERVICE and before >= STAGES[Kind.RULE] else STAGES[hop.kind]


def _block(hop: Hop, before: int, *, reached: bool) -> _Block:
    stage = _stage(hop, before)
    cards = [_card(hop, reached)]
    last = hop
    reached = reached and hop.health is not Health.BROKEN
    while len(last.children) == 1 and last.children[0].share is None and _stage(last.children[0], stage) == stage:
        last = last.children[0]
        cards.append(_card(last, reached))
        reached = reached and last.health is not Health.BROKEN
    children = (_block(child, stage, reached=reached and child.share != 0) for child in last.children)
    return _Block(stage, tuple(cards), tuple(children))


def _card(hop: Hop, reached: bool) -> Card:
    name = tuple(_wrapped(hop.name, NAME_LETTERS))
    facts = tuple(_lines(hop))
    note: list[str] = []
    if hop.trouble and hop.health is not Health.IDLE:
        remedy = f"→ {hop.trouble.remedy}" if hop.trouble.remedy else ""
        for text in (hop.trouble.what, remedy):
            note += textwrap.wrap(text.replace("`", ""), NOTE_LETTERS, break_on_hyphens=False)
    lines = len(name) + len(facts) + len(note)
    height = HEAD + lines * LINE + PADDING + (8 if note else 0)
    return Card(hop, 0, 0, name, facts, tuple(note), height, reached)


def _lines(hop: Hop) -> Iterator[tuple[str, str]]:
    order = SHOWN[hop.kind]
    shown = [fact for fact in hop.facts if not order or fact.label in order]
    if order:
        shown.sort(key=lambda fact: order.index(fact.label))
    for fact in shown[:MOST_FACTS]:
        indent = len(fact.label) + 1
        if len(fact.label) > LONGEST_LABEL and indent + len(fact.text) > FACT_LETTERS:
            # The name of a chain needs its own line.
            yield fact.label, ""
            yield from (("", f"  {line}") for line in _wrapped(fact.text, FACT_LETTERS - 2))
            continue
        first, *rest = _wrapped(fact.text, FACT_LETTERS - indent)
        yield fact.label, first
        yield from (("", " " * indent + line) for line in rest)


def _wrapped(text: str, room: int) -> list[str]:
    """Wrap a text to at most two lines; longer texts end in dots."""
    lines = [""]
    for piece in PIECES.findall(text):
        while len(lines[-1]) + len(piece.rstrip()) > room:
            if len(piece) > room and not lines[-1]:
                lines[-1], piece = piece[:room], piece[room:]
            lines.append("")
        lines[-1] += piece
    lines = [line.rstrip() for line in lines if line.strip()] or [""]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][: room - 1] + "…"]
    return lines


def _stages(block: _Block) -> Iterator[int]:
    yield block.stage
    for child in block.children:
        yield from _stages(child)


def _settle(block: _Block, columns: dict[int, int], top: float, cards: list[Card], links: list[Link]) -> Card:
    """Place a block in the middle of its space, and its children below each other beside it; return its first card."""
    x = MARGIN + ZONE_PADDING + columns[block.stage] * (CARD_WIDTH + COLUMN_GAP)
    y = top + (block.room - block.height) / 2
    placed: list[Card] = []
    for card in block.cards:
        placed.append(dataclasses.replace(card, x=x, y=y))
        y += card.height + ROW_GAP
    cards += placed
    links += [Link(one, two) for one, two in itertools.pairwise(placed)]
    inner = sum(child.room for child in block.children) + BRANCH_GAP * max(0, len(block.children) - 1)
    down = top + (block.room - inner) / 2
    for child in block.children:
        links.append(Link(placed[-1], _settle(child, columns, down, cards, links)))
        down += child.room + BRANCH_GAP
    return placed[0]
