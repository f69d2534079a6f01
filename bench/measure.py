# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the tools by turns, and keeps what each run took."""

from __future__ import annotations

import collections
import dataclasses
import json
import statistics
import time
import typing as t

from . import tools
from . import usage as _usage
from .cluster import Cluster
from .tools import Phase, Place, Tool
from .usage import FailedError, Usage

Say = t.Callable[[str], None]

# The times that our module returns, by the names in its documentation.
PARTS = ("load", "read", "prove", "dry_run", "apply")
IDLE, REST = "idle", "rest"


@dataclasses.dataclass(frozen=True)
class Run:
    """One program, once."""

    usage: Usage
    requests: t.Mapping[str, int]
    parts: t.Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Where the seconds went, and the engine's own as "total", for those who say."""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """All runs of one tool with one set in one phase."""

    tool: str
    objects: int
    phase: Phase
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        return statistics.median(one.usage.seconds for one in self.runs)

    @property
    def engine_seconds(self) -> float | None:
        """Without the start of Ansible, for those who say."""
        return self.parts.get("total")

    @property
    def parts(self) -> dict[str, float]:
        """Where the seconds went, each part's median."""
        return {name: statistics.median(one.parts[name] for one in self.runs) for name in self.runs[0].parts}

    @property
    def requests(self) -> int:
        return round(statistics.median(sum(one.requests.values()) for one in self.runs))

    @property
    def peak_mib(self) -> float:
        return max(one.usage.peak_mib for one in self.runs)

    @property
    def sum_mib(self) -> float:
        return max(one.usage.sum_mib or 0.0 for one in self.runs)

    def dump(self) -> dict[str, t.Any]:
        return {
            "tool": self.tool,
            "objects": self.objects,
            "phase": self.phase.value,
            "seconds": round(self.seconds, 3),
            "requests": self.requests,
            "peak_mib": round(self.peak_mib, 1),
        }


@dataclasses.dataclass(frozen=True)
class Series:
    """One tool with one set, all phases one after another, so many times."""

    tool: Tool
    objects: int
    times: int
    # Seconds for all phases once, on two idle cores: a guess until it was done once.
    guess: float


class Bench:
    """All series against one cluster."""

    def __init__(self, cluster: Cluster, place: Place, say: Say) -> None:
        self._cluster = cluster
        self._place = place
        self._say = say
        self._environment = tools.environment(place)
        self._runs: dict[tuple[Tool, int, Phase], list[Run]] = collections.defaultdict(list)
        self._took: dict[tuple[Tool, int], float] = {}

    def measure(self, series: t.Sequence[Series]) -> None:
        """The tools take turns, so that what else the machine does meets all of them."""
        turns = in_turns(series)
        for count in sorted({one.objects for one in series}):
            self._place.write_sets(count)
        for number, one in enumerate(turns):
            left = sum(self._expected(other) for other in turns[number:])
            self._say(
                f"{one.objects} objects, {one.tool.name}: about {duration(self._expected(one))}; "
                f"all of it: about {duration(left)} left"
            )
            started = time.monotonic()
            self._turn(one.tool, one.objects)
            self._took[one.tool, one.objects] = time.monotonic() - started

    @property
    def measurements(self) -> list[Measurement]:
        """All that there is so far."""
        return [Measurement(tool.name, count, phase, tuple(runs)) for (tool, count, phase), runs in self._runs.items()]

    def _expected(self, series: Series) -> float:
        return self._took.get((series.tool, series.objects), series.guess)

    def _turn(self, tool: Tool, count: int) -> None:
        self._cluster.sweep()
        for phase in Phase:
            first = (tool, count, phase) not in self._runs
            run = self._run(tool, count, phase, first=first)
            self._runs[tool, count, phase].append(run)
            self._cluster.verify(count, tools.REVISIONS[phase][1])

    def _run(self, tool: Tool, count: int, phase: Phase, *, first: bool) -> Run:
        place = self._place
        call = tool.call(place, count, phase)
        log = place.scratch / f"{tool.name}-{count}-{phase.value}.log"
        place.stats.unlink(missing_ok=True)
        with self._cluster.counting() as verbs:
            # Looking at the memory of others takes time: once is enough, and the median does without that once.
            usage = _usage.run(call.argv, env=self._environment, log=log, codes=call.codes, sample_memory=first)
        if not verbs:
            raise FailedError(f"{tool.name} has sent no request: see {log}")
        return Run(usage, verbs, self._parts(count, phase, usage.seconds) if place.stats.exists() else {})

    def _parts(self, count: int, phase: Phase, seconds: float) -> dict[str, float]:
        """The times that our module has returned, and that of Ansible alone right after it."""
        returned = json.loads(self._place.stats.read_text())["seconds"]
        call = tools.idle(self._place, count, phase)
        idle = _usage.run(call.argv, env=self._environment, log=self._place.scratch / "idle.log").seconds
        known = {IDLE: idle} | {name: returned[name] for name in PARTS}
        return known | {REST: seconds - sum(known.values()), "total": returned["total"]}


def in_turns(series: t.Sequence[Series]) -> list[Series]:
    """Small sets first; with one set, every tool once, then every tool again."""
    turns: list[Series] = []
    for count in sorted({one.objects for one in series}):
        same = [one for one in series if one.objects == count]
        for number in range(max(one.times for one in same)):
            turns += [one for one in same if number < one.times]
    return turns


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
