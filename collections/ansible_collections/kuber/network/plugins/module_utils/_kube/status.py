# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the status of an object says, in the few words that all rules of readiness use."""

from __future__ import annotations

import dataclasses
import enum

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body


class State(enum.Enum):
    """How far an object is; one that is stuck may come loose again, one that has failed will not."""

    READY = "ready"
    PENDING = "pending"
    STUCK = "stuck"
    FAILED = "failed"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A state and its reason; ``patience`` is for how many seconds a stuck one may come loose."""

    state: State
    text: str = ""
    patience: float = 0.0


READY = Verdict(State.READY)
UNSEEN = Verdict(State.PENDING, "its controller has not seen the change yet")


def condition(body: Body, kind: str) -> Body:
    """One condition of an object, empty when it has none of that kind."""
    conditions = (body.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind), {})


def awaits(body: Body, kind: str) -> Verdict:
    """Ready once a condition of that kind is true."""
    found = condition(body, kind)
    if found.get("status") == "True":
        # A condition may be older than the object it speaks of.
        seen = found.get("observedGeneration", body["metadata"].get("generation"))
        return READY if seen == body["metadata"].get("generation") else UNSEEN
    return Verdict(State.PENDING, f"not {kind}: {said(found)}" if found else f"it has no condition {kind} yet")


def said(found: Body) -> str:
    """The reason and the message of a condition."""
    return ": ".join(str(part) for part in (found.get("reason"), found.get("message")) if part) or "no reason given"


def count(have: int, want: int, what: str) -> Verdict:
    return READY if have >= want else Verdict(State.PENDING, f"{have} of {want} {what}")
