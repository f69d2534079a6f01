# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Compute the timeline of a rollout from snapshots of its pods and the results of requests."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
import typing as t


@dataclasses.dataclass(frozen=True)
class PodState:
    """The state of a pod at one moment."""

    name: str
    new: bool
    ready: bool = False
    leaving: bool = False

    @property
    def available(self) -> bool:
        return self.ready and not self.leaving


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """All pods at a time, in seconds after the beginning; negative before it."""

    at: float
    pods: tuple[PodState, ...]

    @property
    def staying(self) -> tuple[PodState, ...]:
        """Return the pods that are not terminating, as a Deployment counts them."""
        return tuple(pod for pod in self.pods if not pod.leaving)

    @property
    def available(self) -> int:
        return sum(pod.available for pod in self.pods)


@dataclasses.dataclass(frozen=True)
class Response:
    """The result of a request, with the seconds after the beginning at which it was sent."""

    at: float
    ok: bool
    found: str


Timed = t.TypeVar("Timed", Snapshot, Response)


@dataclasses.dataclass(frozen=True)
class Moment:
    """One event."""

    at: float
    what: str


@dataclasses.dataclass(frozen=True)
class Phases:
    """The number of pods of one revision in each phase."""

    available: int = 0
    unready: int = 0
    leaving: int = 0

    @property
    def all(self) -> int:
        return self.available + self.unready + self.leaving


@dataclasses.dataclass(frozen=True)
class Second:
    """One second: its worst moment, and the results of the requests sent in it."""

    second: int
    old: Phases
    new: Phases
    answers: int = 0
    failed: int = 0

    @property
    def available(self) -> int:
        return self.old.available + self.new.available

    @property
    def unready(self) -> int:
        return self.old.unready + self.new.unready

    @property
    def leaving(self) -> int:
        return self.old.leaving + self.new.leaving

    @property
    def badness(self) -> tuple[int, int]:
        """Return the sort key; smaller is worse: few available pods, then many pods."""
        return self.available, -self.unready

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self) | {"available": self.available}


@dataclasses.dataclass(frozen=True)
class Timeline:
    """The complete timeline."""

    seconds: float
    most_pods: int
    fewest_available: int
    answers: int
    failed: int
    failures: dict[str, int]
    moments: tuple[Moment, ...]
    course: tuple[Second, ...]

    def dump(self) -> dict[str, t.Any]:
        return {
            "seconds": round(self.seconds, 1),
            "most_pods": self.most_pods,
            "fewest_available": self.fewest_available,
            "requests": self.answers,
            "failed_requests": self.failed,
            "failures": self.failures,
            "events": [{"at": round(moment.at, 1), "what": moment.what} for moment in self.moments],
            "timeline": [one.dump() for one in self.course],
        }


def shifted(what: t.Iterable[Timed], began: float) -> list[Timed]:
    """Return the items with times relative to the beginning."""
    return [dataclasses.replace(one, at=one.at - began) for one in what]


def tell(snapshots: t.Sequence[Snapshot], answers: t.Sequence[Response], *, seconds: float) -> Timeline:
    """Return the timeline of a rollout of so many seconds; the first snapshot is from before it."""
    failed = [answer for answer in answers if not answer.ok]
    return Timeline(
        seconds=seconds,
        most_pods=max(len(one.staying) for one in snapshots),
        fewest_available=min(one.available for one in snapshots),
        answers=len(answers),
        failed=len(failed),
        failures=dict(collections.Counter(answer.found for answer in failed).most_common()),
        moments=tuple(moments(snapshots)),
        course=tuple(course(snapshots, answers)),
    )


def moments(snapshots: t.Sequence[Snapshot]) -> t.Iterator[Moment]:
    """Yield the events between the snapshots."""
    for before, after in itertools.pairwise(snapshots):
        known = {pod.name: pod for pod in before.pods}
        there = {pod.name for pod in after.pods}
        for pod in after.pods:
            yield from (Moment(after.at, f"{_title(pod)} {what}") for what in _steps(known.get(pod.name), pod))
        for name, pod in known.items():
            if name not in there:
                yield Moment(after.at, f"{_title(pod)} has terminated")


def _steps(before: PodState | None, after: PodState) -> t.Iterator[str]:
    if before is None:
        yield "is created"
    if after.ready and not (before and before.ready):
        yield "is ready"
    if after.leaving and not (before and before.leaving):
        yield "is terminating"
    elif before and before.ready and not after.ready and not after.leaving:
        yield "is no longer ready"


def _title(pod: PodState) -> str:
    return f"{'new' if pod.new else 'old'} pod {pod.name}"


def course(snapshots: t.Sequence[Snapshot], answers: t.Sequence[Response]) -> t.Iterator[Second]:
    """Yield the seconds; the state at the beginning of a second and the changes during it belong to it."""
    last = max([0.0, snapshots[-1].at, *(answer.at for answer in answers)])
    for second in range(math.floor(last) + 1):
        past = [one for one in snapshots if one.at <= second]
        during = [one for one in snapshots if second < one.at < second + 1]
        sent = [answer for answer in answers if second <= answer.at < second + 1]
        looks = [
            Second(
                second=second,
                old=_phases(one.pods, new=False),
                new=_phases(one.pods, new=True),
                answers=len(sent),
                failed=sum(not answer.ok for answer in sent),
            )
            for one in [*past[-1:], *during]
        ]
        yield min(looks, key=lambda one: one.badness)


def _phases(pods: t.Iterable[PodState], *, new: bool) -> Phases:
    mine = [pod for pod in pods if pod.new is new]
    leaving = sum(pod.leaving for pod in mine)
    available = sum(pod.available for pod in mine)
    return Phases(available, unready=len(mine) - leaving - available, leaving=leaving)
