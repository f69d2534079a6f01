# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m bench``: measure, print the table, write results.json. ``make bench`` brings what is missing."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import signal
import tempfile
import time

from . import table, tools
from .cluster import Cluster
from .measure import Bench, Measurement, Series, duration
from .tools import HERE, ROOT, TOOLS, Place, Tool

SETS = (30, 300, 3000)
RUNS = 5
# Of the machine's load, in programs that run at the same time.
QUIET = 1.0
# Seconds that all phases take once on two idle cores.
GUESSES = {
    tools.OURS: {30: 5, 300: 8, 3000: 40},
    tools.KUBECTL: {30: 2, 300: 9, 3000: 90},
    tools.KUBERNETES_CORE: {30: 14, 300: 22, 3000: 150},
    tools.BARE: {30: 3, 300: 5, 3000: 40},
    tools.KUBERNETES_CORE_EACH: {30: 120},
}
# What would take the better part of an hour is run less often, and the table says so.
FEWER_RUNS = {(tools.KUBERNETES_CORE, 3000): 1, (tools.KUBERNETES_CORE_EACH, 30): 1}


def main() -> None:
    given = arguments()
    # Ended or interrupted, the API server ends too, and what was measured is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    load = os.getloadavg()[0]
    if load > QUIET:
        say(f"this machine is busy (load {load:.1f}): all times will be longer, and not all by the same factor")
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kuber-bench-")))
        say("starting an API server")
        cluster = Cluster(given.programs, scratch, stack)
        place = Place(
            binaries=given.programs,
            scratch=scratch,
            server=cluster.api.server,
            kubeconfig=cluster.api.kubeconfig,
            ca=cluster.api.ca,
            token=cluster.user.token,
        )
        bench = Bench(cluster, place, say)
        try:
            bench.measure(plan(given.objects, given.tools, given.runs))
        except KeyboardInterrupt:
            say("interrupted; what was measured so far:")
    if bench.measurements:
        print(table.render(bench.measurements))
        write(bench.measurements)
        say(f"{duration(time.monotonic() - started)}; the results are also in bench/results.json")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--objects", type=numbers, default=SETS, help="sizes of the sets, such as 30,300")
    parser.add_argument("--tools", type=names, default=TOOLS, help="such as ours,kubectl")
    parser.add_argument("--runs", type=int, help=f"how often; {RUNS}, and less where that takes very long")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / ".lab" / "bin", help=argparse.SUPPRESS)
    return parser.parse_args()


def numbers(text: str) -> tuple[int, ...]:
    found = tuple(int(part) for part in text.split(","))
    if min(found) < 2:
        raise ValueError
    return found


def names(text: str) -> tuple[Tool, ...]:
    known = {tool.name: tool for tool in TOOLS}
    try:
        return tuple(known[part] for part in text.split(","))
    except KeyError as exc:
        raise argparse.ArgumentTypeError(f"no tool {exc}; there are {', '.join(known)}") from exc


def plan(counts: tuple[int, ...], chosen: tuple[Tool, ...], runs: int | None) -> list[Series]:
    series = []
    for count in counts:
        wanted = list(chosen)
        if count == SETS[0] and tools.KUBERNETES_CORE in chosen:
            wanted.append(tools.KUBERNETES_CORE_EACH)
        for tool in wanted:
            times = runs or FEWER_RUNS.get((tool, count), RUNS)
            guess = GUESSES[tool].get(count) or max(GUESSES[tool].values()) * count / 3000
            series.append(Series(tool, count, times, guess))
    return series


def write(measurements: list[Measurement]) -> None:
    known = {tool.name for tool in TOOLS}
    results = [one.dump() for one in measurements if one.tool in known]
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


if __name__ == "__main__":
    main()
