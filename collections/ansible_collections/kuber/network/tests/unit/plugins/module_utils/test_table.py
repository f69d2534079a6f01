# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils import _table

ROWS = [("name", "number"), ("a", "7"), ("a longer name", "12")]


def test_numbers_are_aligned_to_the_right() -> None:
    sizes = _table.widths(ROWS)
    assert [line for row in ROWS for line in _table.row(row, sizes, right={1})] == [
        "name           number",
        "a                   7",
        "a longer name      12",
    ]


def test_the_widest_column_gets_narrower_and_its_cells_are_wrapped() -> None:
    sizes = _table.widths([("one two three four", "12345678")], 20)
    assert sizes == [10, 8]
    assert _table.row(("one two three four", "12345678"), sizes, indent="  ") == [
        "  one two     12345678",
        "  three four",
    ]


@pytest.mark.parametrize(
    ("text", "whole_words", "lines"),
    [
        ("one two", False, ["one two"]),
        ("spec.template.spec", False, ["spec.", "template.", "spec"]),
        ("spec.template.spec", True, ["spec.template.spec"]),
        ("abcdefghijklmn", False, ["abcdefghij", "klmn"]),
        ("a\x1b[2Jb", False, ["a [2Jb"]),
        ("", False, [""]),
    ],
)
def test_text_is_wrapped_between_words_and_then_between_parts(text: str, whole_words: bool, lines: list[str]) -> None:
    assert _table.wrap(text, 10, whole_words=whole_words) == lines


def test_a_cut_text_shows_that_it_is_cut() -> None:
    assert _table.shorten("abcdef", 6) == "abcdef"
    assert _table.shorten("abcdefg", 6) == "abcde…"
