# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From what users and open connections have seen during a switch to its figures."""

from __future__ import annotations

import collections
import itertools
import math
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping, Sequence

    Sample = Mapping[str, t.Any]

REQUESTS, TCP, UDP = "requests", "tcp", "udp"


def conclude(seen: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the figures; times are in seconds after the first mark, or else after the first request."""
    marks = seen["marks"]
    answers = seen["requests"]
    exchanges = seen["exchanges"]
    began = min([at for at, _what in marks] or [one["at"] for one in answers] or [0.0])
    kinds: dict[str, list[Sample]] = {
        REQUESTS: _shifted(answers, began),
        TCP: _shifted([one for one in exchanges if one["flow"].startswith(TCP)], began),
        UDP: _shifted([one for one in exchanges if one["flow"].startswith(UDP)], began),
    }
    return {
        REQUESTS: asked(kinds[REQUESTS]),
        TCP: connections(kinds[TCP]),
        UDP: asked(kinds[UDP]),
        "events": [{"at": round(at - began, 1), "what": what} for at, what in marks],
        "timeline": list(course(kinds)),
    }


def _shifted(samples: Sequence[Sample], began: float) -> list[Sample]:
    return sorted(({**one, "at": one["at"] - began} for one in samples), key=lambda one: float(one["at"]))


def asked(samples: Sequence[Sample]) -> dict[str, t.Any]:
    """Return how many there were, how many failed and why, and the longest time without an answer."""
    failed = [one for one in samples if not one["ok"]]
    return {
        "sent": len(samples),
        "failed": len(failed),
        "failures": dict(collections.Counter(one["found"] for one in failed).most_common()),
        "longest_gap": longest_gap(samples),
        "recovered": bool(samples) and bool(samples[-1]["ok"]),
    }


def longest_gap(samples: Sequence[Sample]) -> float:
    """Return the longest time between sending two that were answered, or from the last answered one to the end."""
    if not samples:
        return 0.0
    answered = [one["at"] for one in samples if one["ok"]]
    times: list[float] = [samples[0]["at"], *answered, samples[-1]["at"]]
    return round(max(after - before for before, after in itertools.pairwise(times)), 1)


def connections(samples: Sequence[Sample]) -> dict[str, t.Any]:
    """Return what became of the connections that were open before the first mark."""
    flows = sorted({one["flow"] for one in samples})
    broken = []
    for flow in flows:
        mine = [one for one in samples if one["flow"] == flow]
        first = next((one for one in mine if not one["ok"] and one["connection"] == 0), None)
        if first is not None:
            after = [one["at"] for one in mine if one["ok"] and one["at"] > first["at"]]
            again = round(min(after) - first["at"], 1) if after else None
            broken.append({"at": round(first["at"], 1), "why": first["found"], "answered_again_after": again})
    return {
        "open": len(flows),
        "kept": len(flows) - len(broken),
        "broken": broken,
        "exchanges": len(samples),
        "failed": sum(not one["ok"] for one in samples),
        "longest_wait": round(max((one["seconds"] for one in samples), default=0.0), 1),
    }


def course(kinds: Mapping[str, Sequence[Sample]]) -> Iterator[dict[str, t.Any]]:
    """Yield for each second how many of each kind were sent in it, and how many of these failed."""
    times = [one["at"] for samples in kinds.values() for one in samples]
    if not times:
        return
    for second in range(math.floor(min(times)), math.floor(max(times)) + 1):
        found: dict[str, t.Any] = {"second": second}
        for kind, samples in kinds.items():
            sent = [one for one in samples if second <= one["at"] < second + 1]
            found[kind] = {"sent": len(sent), "failed": sum(not one["ok"] for one in sent)}
        yield found


def sentences(result: Mapping[str, t.Any]) -> list[str]:
    """Tell the figures in words."""
    requests, tcp, udp = result[REQUESTS], result[TCP], result[UDP]
    lines = [f"requests: {_share(requests)}, longest time without an answer {requests['longest_gap']} s"]
    if tcp["open"]:
        broken = collections.Counter(one["why"] for one in tcp["broken"])
        why = f" ({', '.join(f'{times} x {what}' for what, times in broken.items())})" if broken else ""
        lines.append(
            f"open TCP connections: {tcp['kept']} of {tcp['open']} went on{why}, longest wait for an answer "
            f"{tcp['longest_wait']} s"
        )
    if udp["sent"]:
        lines.append(
            f"UDP from one port: {_share(udp)}, longest time without an answer {udp['longest_gap']} s"
            + ("" if udp["recovered"] else ", and none at the end")
        )
    return lines


def _share(one: Mapping[str, t.Any]) -> str:
    why = ", ".join(f"{times} x {found}" for found, times in one["failures"].items())
    return f"{one['failed']} of {one['sent']} failed{f' ({why})' if why else ''}"
