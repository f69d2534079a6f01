# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The colors of all pages and pictures, for light and dark screens, and the frame of self-contained SVG pictures."""

from __future__ import annotations

import html
import typing as t

# On a light and on a dark screen.
COLORS = {
    "bad": ("#c5283d", "#ff7382"),
    "badfill": ("#fdeef0", "#331a22"),
    "card": ("#ffffff", "#1a2331"),
    "desk": ("#eef1f5", "#090d13"),
    "dim": ("#5b6676", "#98a5b7"),
    "edge": ("#d3d9e2", "#2b3646"),
    "go": ("#1769d2", "#5aa5ff"),
    "grid": ("#eceff4", "#1a2331"),
    "ink": ("#1b2330", "#e8edf4"),
    "line": ("#9aa5b5", "#5c6a7e"),
    "ok": ("#1a7f45", "#4cc27f"),
    "okfill": ("#e9f6ee", "#15291f"),
    "old": ("#8a97a8", "#76849a"),
    "paper": ("#ffffff", "#0e131b"),
    "wait": ("#c9defa", "#24476f"),
    "warn": ("#8a5a00", "#e0b050"),
    "zone": ("#f4f6f9", "#151c27"),
}


def palette(selector: str) -> str:
    """Return CSS that defines each color as a variable, such as ``var(--ink)``, within ``selector``."""
    light, dark = ("".join(f" --{name}: {pair[kind]};" for name, pair in COLORS.items()) for kind in (0, 1))
    return f"\n{selector} {{{light} }}\n@media (prefers-color-scheme: dark) {{\n  {selector} {{{dark} }}\n}}"


def document(
    name: str,
    width: float,
    height: float,
    *,
    style: str,
    title: str,
    parts: t.Iterable[str],
    text: str = "",
    largest: float,
) -> str:
    """Return a picture of class ``name``, at most ``largest`` times its size; ``text`` describes it in words."""
    described = f" {name}-text" if text else ""
    return "\n".join(
        [
            f'<svg class="{name}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'style="max-width:{width * largest:g}px" role="img" aria-labelledby="{name}-title{described}">',
            f'<title id="{name}-title">{html.escape(title)}</title>',
            *([f'<desc id="{name}-text">{html.escape(text)}</desc>'] if text else []),
            f"<style>{palette(f'.{name}')}{style}</style>",
            f'<rect class="paper" width="{width:g}" height="{height:g}" rx="12"/>',
            *parts,
            "</svg>",
        ]
    )
