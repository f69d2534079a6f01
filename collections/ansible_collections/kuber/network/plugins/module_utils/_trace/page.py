# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render a trace as a self-contained HTML page: the picture, and all facts of every hop."""

from __future__ import annotations

import html
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _svg
from ansible_collections.kuber.network.plugins.module_utils._trace import style
from ansible_collections.kuber.network.plugins.module_utils._trace.model import (
    Health,
    Hop,
    first_broken,
    first_unknown,
    percent,
    reason,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.picture import svg

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

WORDS = {Health.OK: "", Health.BROKEN: "the path ends here", Health.IDLE: "gets no requests", Health.UNKNOWN: "unknown"}


def render(root: Hop, *, remark: str) -> str:
    """Return the page; ``remark`` says where and when the trace was made."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        # Make the browser enforce it: nothing is loaded from elsewhere.
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Path of {html.escape(root.name)}</title>\n"
        f"<style>{_svg.palette(':root')}{style.PAGE}</style>\n</head>\n<body>\n<main>",
        f'<h1>Path of a request</h1>\n<p class="target">{html.escape(root.name)}</p>',
        *_verdict(root),
        f"<figure>\n{svg(root)}\n</figure>",
        "<h2>Every hop</h2>",
        *_list([root]),
        f"<footer>{html.escape(remark)}</footer>\n</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _verdict(root: Hop) -> Iterator[str]:
    broken, unknown = first_broken(root), first_unknown(root)
    if unknown is not None:
        where = html.escape(f"It is not known whether the path is complete: {unknown.kind.value} {unknown.name}.")
        yield f'<div class="verdict unknown" role="alert"><strong>{where}</strong>'
        yield f"<p>{_text(reason(unknown))}.</p></div>"
        return
    if broken is None or broken.trouble is None:
        yield '<div class="verdict"><strong>The path is complete.</strong></div>'
        return
    where = html.escape(f"The path ends at the {broken.kind.value} {broken.name}.")
    yield f'<div class="verdict broken" role="alert"><strong>{where}</strong>'
    yield f"<p>{_text(broken.trouble.what)}.</p>"
    yield f"<p>→ {_text(broken.trouble.remedy)}</p></div>" if broken.trouble.remedy else "</div>"


def _list(hops: list[Hop]) -> Iterator[str]:
    """Render hops; a sequence is not indented, branches are."""
    yield '<ol class="row">' if len(hops) == 1 else "<ol>"
    for hop in hops:
        yield f"<li>{_hop(hop)}"
        if hop.children:
            yield from _list(list(hop.children))
        yield "</li>"
    yield "</ol>"


def _hop(hop: Hop) -> str:
    share = [] if hop.share is None else [percent(hop.share)]
    aside = ", ".join([*share, *([WORDS[hop.health]] if WORDS[hop.health] else [])])
    facts = "".join(f"<dt>{html.escape(one.label)}</dt><dd>{html.escape(one.text)}</dd>" for one in hop.facts)
    trouble = ""
    if hop.trouble:
        trouble = f'<p class="trouble">{_text(hop.trouble.what)}</p>'
        trouble += f'<p class="remedy">→ {_text(hop.trouble.remedy)}</p>' if hop.trouble.remedy else ""
    return (
        f'<section class="hop {hop.health.value}"><header><span class="kind">{hop.kind.value}</span>'
        f'<strong>{html.escape(hop.name)}</strong><span class="share">{html.escape(aside)}</span></header>'
        f"<dl>{facts}</dl>{trouble}</section>"
    )


def _text(text: str) -> str:
    """Escape a text, with commands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
