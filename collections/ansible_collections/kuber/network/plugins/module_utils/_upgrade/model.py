# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The results of an upgrade: changes with their reasons, objects that cannot be upgraded, and remarks."""

from __future__ import annotations

import dataclasses
import re
import typing as t

Path = tuple[t.Union[str, int], ...]
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why something changes, with a link to upstream."""

    why: str
    link: str


@dataclasses.dataclass(frozen=True)
class FieldChange:
    """One change of a field: its old and new value, ``None`` if absent."""

    object: str
    origin: str
    field: str
    before: t.Any
    after: t.Any
    reason: Reason

    def dump(self) -> dict[str, t.Any]:
        return {
            "object": self.object,
            "origin": self.origin,
            "field": self.field,
            "before": self.before,
            "after": self.after,
            "why": self.reason.why,
            "link": self.reason.link,
        }


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that the user has to know or decide; ``object`` is empty for a whole file."""

    object: str
    origin: str
    problem: str
    remedy: str
    link: str = ""

    def dump(self) -> dict[str, str]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class SourceObject:
    """One object as read: its source, the number of its document there, and its place in a List."""

    source: str
    number: int
    place: Path
    body: dict[str, t.Any]

    @property
    def origin(self) -> str:
        items = "".join(f", item {step + 1}" for step in self.place if isinstance(step, int))
        return f"{self.source}, document {self.number}{items}"


def field_name(path: Path) -> str:
    """Format a path: spec.rules[0].host, metadata.annotations["metallb.io/address-pool"]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
