# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render a trace as a self-contained SVG, for light and dark screens."""

from __future__ import annotations

import fractions
import html
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _svg
from ansible_collections.kuber.network.plugins.module_utils._trace import style
from ansible_collections.kuber.network.plugins.module_utils._trace.layout import (
    CARD_WIDTH,
    COLUMN_GAP,
    HEAD,
    LINE,
    MARGIN,
    OUTSIDE,
    PADDING,
    ZONE_PADDING,
    Card,
    Link,
    Picture,
    place,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.model import (
    Health,
    Hop,
    Kind,
    first_broken,
    first_unknown,
    percent,
    reason,
    walk,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

MARKS = {
    Health.OK: "M0 5 L4 9 L11 1",
    Health.BROKEN: "M1 1 L10 10 M10 1 L1 10",
    Health.IDLE: "M1 5.5 H10",
    Health.UNKNOWN: "M2 3 Q2 0 5.5 0 Q9 0 9 3 Q9 5 5.5 6 V8 M5.5 11 V11.2",
}
PILL_PADDING, PILL_LETTER = 8, 6.6
TIP = 7
# A short path does not fill a wide screen.
LARGEST = 1.15


def svg(root: Hop) -> str:
    picture = place(root)
    parts = [
        *_zones(picture),
        *(part for link in picture.links for part in _link(link)),
        *(part for card in picture.cards for part in _card(card)),
    ]
    return _svg.document(
        "trace",
        picture.width,
        picture.height,
        style=style.PICTURE,
        title=f"Path of {root.name}",
        text=in_words(root),
        parts=parts,
        largest=LARGEST,
    )


def in_words(root: Hop) -> str:
    """Describe the path in a sentence, for users who do not see the picture."""
    stations = ", ".join(f"{hop.kind.value} {hop.name}" for hop in walk(root))
    broken = first_broken(root)
    unknown = first_unknown(root)
    end = f"It is not known whether the path is complete: {reason(unknown)}." if unknown else "The path is complete."
    if broken:
        end = f"It ends at the {broken.kind.value} {broken.name}: {broken.trouble.what if broken.trouble else ''}."
    return f"{stations}. {end}"


def quoted(text: str) -> str:
    return html.escape(text)


def _zones(picture: Picture) -> Iterator[str]:
    """Draw this machine on the left, the cluster on the right."""
    outside = [card for card in picture.cards if card.hop.kind in OUTSIDE]
    split = max(card.x for card in outside) + CARD_WIDTH + COLUMN_GAP / 2
    inside = len(outside) < len(picture.cards)
    left_end = split - 8 if inside else picture.width - MARGIN
    zones: list[tuple[float, float, str]] = [(MARGIN, left_end, _origin(picture.cards[0].hop))]
    if inside:
        zones.append((split + 8, picture.width - MARGIN, "cluster"))
    for start, end, name in zones:
        height = picture.height - 2 * MARGIN
        yield f'<rect class="zone" x="{start:g}" y="{MARGIN}" width="{end - start:g}" height="{height:g}" rx="10"/>'
        yield f'<text class="zonename" x="{start + ZONE_PADDING:g}" y="{MARGIN + 20}">{quoted(name)}</text>'


def _origin(request: Hop) -> str:
    return next((fact.text for fact in request.facts if fact.label == "from"), "")


def _card(card: Card) -> Iterator[str]:
    hop = card.hop
    classes = " ".join(
        [hop.health.value, *(["pod"] if hop.kind is Kind.POD else []), *([] if card.reached else ["beyond"])]
    )
    yield f'<g class="{classes}">'
    yield f"<title>{quoted(_tooltip(hop))}</title>"
    yield f'<rect class="card" x="{card.x:g}" y="{card.y:g}" width="{CARD_WIDTH}" height="{card.height:g}" rx="8"/>'
    yield f'<rect class="stripe" x="{card.x:g}" y="{card.y + 8:g}" width="4" height="{card.height - 16:g}" rx="2"/>'
    x, y = card.x + PADDING, card.y + 19
    yield f'<text class="kind" x="{x:g}" y="{y:g}">{quoted(hop.kind.value.upper())}</text>'
    right = card.x + CARD_WIDTH - PADDING
    if hop.kind is not Kind.REQUEST:
        yield f'<path class="mark" transform="translate({right - 11:g} {card.y + 10:g})" d="{MARKS[hop.health]}"/>'
    if hop.share is not None:
        yield from _share(hop.share, right - 19, card.y + 5)
    y = card.y + HEAD + 12
    for line in card.name:
        yield f'<text class="name" x="{x:g}" y="{y:g}">{quoted(line)}</text>'
        y += LINE
    yield from _facts(card, x, y)
    yield "</g>"


def _share(share: fractions.Fraction, right: float, top: float) -> Iterator[str]:
    """Draw a pill with the share of requests, which ends at ``right``."""
    text = percent(share)
    width = PILL_PADDING * 2 + PILL_LETTER * len(text)
    off = "" if share else " off"
    yield f'<rect class="pill{off}" x="{right - width:g}" y="{top:g}" width="{width:g}" height="19" rx="9.5"/>'
    yield f'<text class="share{off}" x="{right - width / 2:g}" y="{top + 13.5:g}">{quoted(text)}</text>'


def _facts(card: Card, x: float, y: float) -> Iterator[str]:
    for label, text in card.facts:
        bare = text.lstrip(" ")
        indent = "&#160;" * (len(text) - len(bare))
        words = f'<tspan class="label">{quoted(label)}</tspan> {quoted(bare)}' if label else f"{indent}{quoted(bare)}"
        yield f'<text class="fact" x="{x:g}" y="{y:g}">{words}</text>'
        y += LINE
    y += 8 if card.note else 0
    remedy = False
    for line in card.note:
        remedy = remedy or line.startswith("→")
        yield f'<text class="note{" remedy" if remedy else ""}" x="{x:g}" y="{y:g}">{quoted(line)}</text>'
        y += LINE


def _tooltip(hop: Hop) -> str:
    """Return all facts, for the tooltip of a card."""
    lines = [f"{hop.kind.value} {hop.name}", *(f"{fact.label}: {fact.text}" for fact in hop.facts)]
    if hop.trouble:
        lines += [hop.trouble.what, *([f"→ {hop.trouble.remedy}"] if hop.trouble.remedy else [])]
    return "\n".join(lines)


def _link(link: Link) -> Iterator[str]:
    off = "" if link.is_used else " off"
    if link.start.x == link.end.x:
        x, y1, y2 = link.start.x + CARD_WIDTH / 2, link.start.y + link.start.height, link.end.y
        yield f'<path class="link{off}" d="M{x:g} {y1:g} V{y2 - TIP:g}"/>'
        yield f'<path class="tip{off}" d="M{x - 5:g} {y2 - TIP - 1:g} H{x + 5:g} L{x:g} {y2 - 1:g} Z"/>'
        return
    x1, y1 = link.start.x + CARD_WIDTH, link.start.middle
    x2, y2 = link.end.x, link.end.y + HEAD + 8
    bend = (x2 - TIP - x1) * 0.55
    curve = f"C{x1 + bend:g} {y1:g} {x2 - TIP - bend:g} {y2:g} {x2 - TIP:g} {y2:g}"
    yield f'<path class="link{off}" d="M{x1:g} {y1:g} {curve}"/>'
    yield f'<path class="tip{off}" d="M{x2 - TIP - 1:g} {y2 - 5:g} V{y2 + 5:g} L{x2 - 1:g} {y2:g} Z"/>'
