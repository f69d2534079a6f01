# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Present the report about Ingress objects as text: object by object, the worst first."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Compatibility, Target

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

    from ansible_collections.kuber.network.plugins.module_utils._ingress.report import Finding, IngressReport

_WORST_FIRST = tuple(reversed(Compatibility))
_INDENT = " " * 10


def render(report: IngressReport, *, width: int = 120) -> list[str]:
    """Return the lines; fields that are the same are not among them."""
    lines: list[str] = []
    for target in report.targets:
        lines += _of_target(report, target, width)
    lines += [f"not checked: {one.object}: {one.why}" for one in report.skipped]
    return lines


def _of_target(report: IngressReport, target: Target, width: int) -> Iterator[str]:
    count = len(report.objects)
    counts = report.summary()[target.value]
    shares = ", ".join(f"{counts[verdict.value]} {_WORDS[verdict]}" for verdict in Compatibility)
    yield f"{target.title}: {count} Ingress object{'' if count == 1 else 's'}: {shares}"
    for name in report.objects:
        found = [one for one in report.findings if (one.object, one.target) == (name, target)]
        shown = [one for one in found if not _goes_without_saying(one)]
        shown.sort(key=lambda one: _WORST_FIRST.index(one.effect.verdict))
        written = sum(one.effect.converted for one in found)
        remark = f" (to_gateway writes what {written} of its fields say)" if written else ""
        yield f"  {name}: {report.verdict(name, target).value}{remark}"
        for one in shown:
            yield from _of_finding(one, width)


_WORDS = {
    Compatibility.SAME: "the same",
    Compatibility.CHANGES: "with changes",
    Compatibility.UNKNOWN: "unknown",
    Compatibility.STOPS: "with something that stops",
}


def _goes_without_saying(one: Finding) -> bool:
    return one.effect.verdict is Compatibility.SAME or (one.effect.converted and not one.effect.instead)


def _of_finding(one: Finding, width: int) -> Iterator[str]:
    value = " ".join(one.value.split())
    yield f"    {one.effect.verdict.value}: {one.field}: {textwrap.shorten(value, 60)}"
    sentences = [one.nginx, one.effect.why, f"Instead: {one.effect.instead}" if one.effect.instead else ""]
    text = ". ".join(sentence for sentence in sentences if sentence)
    yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    if one.upgraded:
        yield f"{_INDENT}Write:"
        yield from textwrap.indent(one.upgraded.rstrip(), f"{_INDENT}  ").splitlines()
