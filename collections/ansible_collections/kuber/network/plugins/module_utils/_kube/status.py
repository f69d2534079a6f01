# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the status of an object says, in the few words that all rules of readiness use."""

from __future__ import annotations

import dataclasses
import enum

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, mappings


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


def status_of(body: Body) -> Body:
    """The status, empty where it has not the form that Kubernetes' own kinds give it: others write what they like."""
    status = body.get("status")
    return status if isinstance(status, dict) else {}


def conditions(body: Body) -> list[Body]:
    return mappings(status_of(body).get("conditions"))


def condition(body: Body, kind: str) -> Body:
    """One condition of an object, empty when it has none of that kind."""
    return next((one for one in conditions(body) if one.get("type") == kind), {})


def is_true(found: Body) -> bool:
    """Whether a condition holds; some controllers write a boolean."""
    return str(found.get("status")).lower() == "true"


def is_false(found: Body) -> bool:
    return str(found.get("status")).lower() == "false"


def generation(value: object) -> int | None:
    """A generation, which some controllers write as text; of any other form nothing is known."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def has_seen(observed: object, body: Body) -> bool:
    """Whether what has noted that generation, if it has, has seen the object as it is."""
    noted, now = generation(observed), generation(body["metadata"].get("generation"))
    return noted is None or now is None or noted == now or _counts_status(body)


def _counts_status(body: Body) -> bool:
    """Whether the generation counts changes of the status, too, so that none that is noted there is ever the last.

    It does for kinds without the subresource status; their status is written, and recorded, as all the rest is.
    """
    records = mappings(body["metadata"].get("managedFields"))
    return any("f:status" in (one.get("fieldsV1") or {}) for one in records if not one.get("subresource"))


def awaits(body: Body, kind: str) -> Verdict:
    """Ready once a condition of that kind is true."""
    found = condition(body, kind)
    if is_true(found):
        # A condition may be older than the object it speaks of.
        return READY if has_seen(found.get("observedGeneration"), body) else UNSEEN
    return Verdict(State.PENDING, f"not {kind}: {said(found)}" if found else f"it has no condition {kind} yet")


def said(found: Body) -> str:
    """The reason and the message of a condition."""
    return ": ".join(str(part) for part in (found.get("reason"), found.get("message")) if part) or "no reason given"


def count(have: int, want: int, what: str) -> Verdict:
    return READY if have >= want else Verdict(State.PENDING, f"{have} of {want} {what}")
