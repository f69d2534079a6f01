# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The data model of a trace: a tree of hops, each with its facts and the hops that follow it."""

from __future__ import annotations

import dataclasses
import enum
import fractions
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator


class Kind(enum.Enum):
    """The kind of a hop, as shown to users."""

    REQUEST = "request"
    NAME = "name"
    ROUTE = "route"
    SERVICE = "service"
    RULES = "rules"
    CONTROLLER = "ingress"
    RULE = "rule"
    POD = "pod"


class Health(enum.Enum):
    """Whether requests get through."""

    OK = "ok"
    BROKEN = "broken"
    """Requests end here."""
    IDLE = "idle"
    """No requests come here, and the path is complete without it."""
    UNKNOWN = "unknown"
    """It could not be examined."""


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What is wrong, and how to fix it."""

    what: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Fact:
    """One fact about a hop."""

    label: str
    text: str


@dataclasses.dataclass(frozen=True)
class Hop:
    """One station on the path of a request."""

    kind: Kind
    name: str
    facts: tuple[Fact, ...] = ()
    health: Health = Health.OK
    trouble: Trouble | None = None
    share: fractions.Fraction | None = None
    """Its share of the previous hop's requests; ``None`` is all of them."""
    socket: str = ""
    """The socket of a pod, such as 10.244.0.3:8000 (TCP only)."""
    children: tuple[Hop, ...] = ()

    def then(self, *children: Hop) -> Hop:
        return dataclasses.replace(self, children=children)

    def broken(self, what: str, remedy: str) -> Hop:
        return dataclasses.replace(self, health=Health.BROKEN, trouble=Trouble(what, remedy))

    def unknown(self, what: str) -> Hop:
        return dataclasses.replace(self, health=Health.UNKNOWN, facts=(*self.facts, Fact("unknown", what)))

    def idle(self, what: str, remedy: str = "") -> Hop:
        return dataclasses.replace(self, health=Health.IDLE, trouble=Trouble(what, remedy))

    def dump(self) -> dict[str, t.Any]:
        return {
            "kind": self.kind.value,
            "name": self.name,
            "health": self.health.value,
            "facts": [dataclasses.asdict(fact) for fact in self.facts],
            "trouble": dataclasses.asdict(self.trouble) if self.trouble else None,
            "share": None if self.share is None else float(round(self.share, 6)),
            "children": [child.dump() for child in self.children],
        }


def chain(*hops: Hop | None) -> Hop:
    """Link hops into a chain and return the first; ``None`` is skipped."""
    first, *rest = [hop for hop in hops if hop is not None]
    return first.then(chain(*rest)) if rest else first


def walk(hop: Hop) -> Iterator[Hop]:
    """Yield the hop and all that follow, in the order of the request."""
    yield hop
    for child in hop.children:
        yield from walk(child)


def first_broken(hop: Hop) -> Hop | None:
    return next((one for one in walk(hop) if one.health is Health.BROKEN), None)


def first_unknown(hop: Hop) -> Hop | None:
    """Return the first hop that could not be examined, unless another is broken."""
    if first_broken(hop) is not None:
        return None
    return next((one for one in walk(hop) if one.health is Health.UNKNOWN), None)


def reason(hop: Hop) -> str:
    """Return why a hop is unknown."""
    return next((fact.text for fact in hop.facts if fact.label == "unknown"), "it could not be examined")


def percent(share: fractions.Fraction) -> str:
    """Format a share such as "33.3 %"; only nothing is "0 %", and only everything is "100 %"."""
    text = f"{float(share) * 100:.1f}".removesuffix(".0")
    if text == "0" and share:
        return "under 0.1 %"
    return "over 99.9 %" if text == "100" and share != 1 else f"{text} %"
