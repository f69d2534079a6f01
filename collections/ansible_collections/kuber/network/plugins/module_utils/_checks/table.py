# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render the results of checks as a table for a terminal."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._table import shorten

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._checks.model import CheckResult

    Paint = Callable[[str, str], str]

GREEN, RED, YELLOW, GREY, BOLD = "green", "red", "yellow", "dark gray", "white"
PASSED, FAILED, UNKNOWN = ("✔", GREEN), ("✘", RED), ("?", YELLOW)
WIDEST_NAME = 64
NARROWEST_FOUND = 24


def render(verdicts: Sequence[CheckResult], *, width: int, paint: Paint) -> list[str]:
    """Return one line per check under a heading per group, details of those that did not pass, and a total."""
    if not verdicts:
        return ["No checks."]
    name_width = min(WIDEST_NAME, max(len(verdict.name) for verdict in verdicts))
    rest = max(NARROWEST_FOUND, width - name_width - 6)
    lines: list[str] = []
    for group, members in itertools.groupby(verdicts, key=lambda verdict: verdict.group):
        lines += ["", paint(f" {group}", BOLD)] if group else [""]
        for verdict in members:
            lines += _lines(verdict, name_width, rest, paint)
    return [*lines, "", _sum(verdicts, paint), ""]


def _lines(verdict: CheckResult, name_width: int, rest: int, paint: Paint) -> list[str]:
    mark, color = PASSED if verdict.ok else UNKNOWN if verdict.unknown else FAILED
    head = f"{paint(f' {mark}', color)} {shorten(verdict.name, name_width).ljust(name_width)}  "
    source = f" (from {verdict.source})" if verdict.source else ""
    if not verdict.ok:
        # Never shorten what is wrong, whatever the width.
        margin = " " * (name_width + 5)
        details = [f"wanted {verdict.wanted}", verdict.asked]
        return [f"{head}{paint(verdict.found + source, color)}", *(margin + paint(detail, GREY) for detail in details)]
    found = shorten(verdict.found, max(NARROWEST_FOUND, rest - len(source))) + source
    spare = rest - len(found) - 2
    asked = paint(f"  {verdict.asked}", GREY) if len(verdict.asked) <= spare else ""
    return [f"{head}{found}{asked}".rstrip()]


def _sum(verdicts: Sequence[CheckResult], paint: Paint) -> str:
    failed, unknown = sum(one.failed for one in verdicts), sum(one.unknown for one in verdicts)
    rest = f", {unknown} could not be made" if unknown else ""
    if failed:
        return paint(f" {FAILED[0]} {failed} of {len(verdicts)} checks failed{rest}", RED)
    mark, color = UNKNOWN if unknown else PASSED
    return paint(f" {mark} {len(verdicts) - unknown} of {len(verdicts)} checks passed{rest}", color)
