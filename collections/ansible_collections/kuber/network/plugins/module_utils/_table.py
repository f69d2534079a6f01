# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Lay out text and tables for a terminal."""

from __future__ import annotations

import itertools
import re
import typing as t

GAP = "  "
# Columns are not made narrower than this.
NARROWEST = 10
_WORDS = re.compile(r" *[^ ]+")
# Where words that are too long are broken.
_PARTS = re.compile(r"[ \[]*[^.\[/,:]*[./,:]*")


def plain(text: str) -> str:
    """Replace control characters: texts from nodes and files may contain some, and a terminal must not get them."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def shorten(text: str, limit: int) -> str:
    """Cut a text that is too long, with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def wrap(text: str, width: int, *, whole_words: bool = False) -> list[str]:
    """Wrap a text between words, or else between the parts of names and paths unless ``whole_words``."""
    lines = [""]
    for word in _WORDS.findall(plain(text)):
        fits = whole_words or len(word.strip()) <= width
        for piece in [word] if fits else _PARTS.findall(word):
            if len(lines[-1]) + len(piece) <= width:
                lines[-1] += piece
            else:
                lines.append(piece.lstrip())
            while len(lines[-1]) > width and not whole_words:
                lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    # The first line is empty if the first word does not fit.
    return lines if lines[0] or len(lines) == 1 else lines[1:]


def widths(rows: t.Sequence[t.Sequence[str]], room: int | None = None) -> list[int]:
    """Return the width of each column; for too little room, the widest columns are made narrower first."""
    found = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if room is not None:
        room -= len(GAP) * (len(found) - 1)
        while sum(found) > room and max(found) > NARROWEST:
            found[found.index(max(found))] -= 1
    return found


def row(cells: t.Sequence[str], sizes: t.Sequence[int], *, indent: str = "", right: t.Container[int] = ()) -> list[str]:
    """Return the lines of a row, whose cells are wrapped; the columns in ``right`` are aligned to the right."""
    columns = [wrap(cell, size) for cell, size in zip(cells, sizes, strict=True)]
    lines = []
    for parts in itertools.zip_longest(*columns, fillvalue=""):
        aligned = [
            part.rjust(size) if number in right else part.ljust(size)
            for number, (part, size) in enumerate(zip(parts, sizes, strict=True))
        ]
        lines.append((indent + GAP.join(aligned)).rstrip())
    return lines
