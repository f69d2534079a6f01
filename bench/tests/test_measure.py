# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from bench import usage
from bench.measure import PARTS, Measurement, Run, Series, duration, in_turns
from bench.table import render
from bench.tools import BARE, KUBECTL, KUBERNETES_CORE, KUBERNETES_CORE_EACH, OURS, Phase
from bench.usage import FailedError, Usage

FIRST, UNCHANGED = Phase.FIRST, Phase.UNCHANGED


def measured(
    tool: str, *seconds: float, count: int = 300, phase: Phase = UNCHANGED, engine: float | None = None
) -> Measurement:
    parts = {} if engine is None else {"idle": 0.2, **dict.fromkeys(PARTS, 0.01), "rest": 0.05, "total": engine}
    runs = tuple(Run(Usage(one, 80.0, 120.0), {"get": 2, "list": 7}, parts) for one in seconds)
    return Measurement(tool, count, phase, runs)


def test_the_median_is_kept_not_the_mean() -> None:
    assert measured("ours", 1.0, 9.0, 2.0).dump()["seconds"] == 2.0


def test_a_result_has_the_documented_keys() -> None:
    assert measured("ours", 1.23456).dump() == {
        "tool": "ours",
        "objects": 300,
        "phase": "unchanged",
        "seconds": 1.235,
        "requests": 9,
        "peak_mib": 80.0,
    }


def test_tools_take_turns_and_small_sets_come_first() -> None:
    series = [
        Series(OURS, 300, 2, 1.0),
        Series(KUBERNETES_CORE, 300, 1, 1.0),
        Series(OURS, 30, 2, 1.0),
        Series(KUBECTL, 30, 2, 1.0),
    ]
    assert [(one.tool.name, one.objects) for one in in_turns(series)] == [
        ("ours", 30),
        ("kubectl", 30),
        ("ours", 30),
        ("kubectl", 30),
        ("ours", 300),
        ("kubernetes.core", 300),
        ("ours", 300),
    ]


def test_the_table_tells_how_many_times_faster_we_are() -> None:
    table = render(
        [
            measured("ours", 0.5, engine=0.25),
            measured("kubectl", 2.5),
            measured("kubernetes.core", 15.0),
            measured("bare", 0.4),
        ]
    )
    row = next(line for line in table.splitlines() if "nothing changed" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "300",
        "nothing changed",
        "**5.0 x**",
        "**30 x**",
        "0.50 s (0.25 s)",
        "2.50 s",
        "15.0 s",
        "0.40 s",
    ]


def test_our_phases_have_a_table_of_their_own() -> None:
    table = render([measured("ours", 0.3, engine=0.04), measured("kubectl", 2.5)]).split("\n\n")[2]
    assert [cell.strip() for cell in table.splitlines()[-1].strip("|").split("|")] == [
        "300",
        "nothing changed",
        "0.30 s",
        "0.20 s",
        *["0.01 s"] * len(PARTS),
        "0.05 s",
    ]


def test_rows_go_from_small_to_large_and_from_the_first_phase_to_the_last() -> None:
    table = render(
        [measured("ours", 1.0, count=count, phase=phase) for count in (3000, 30) for phase in (UNCHANGED, FIRST)]
    )
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in table.splitlines() if line.startswith("|")]
    assert rows[2:6] == [
        ["30", "first apply"],
        ["30", "nothing changed"],
        ["3,000", "first apply"],
        ["3,000", "nothing changed"],
    ]


def test_fewer_runs_than_usual_are_owned_up_to() -> None:
    table = render([measured("ours", 1, 2, 3), measured("kubectl", 1, 2), measured("kubernetes.core", 1, count=3000)])
    assert table.splitlines()[-1] == (
        "Medians of 3 runs; kubectl with 300 objects: median of 2; kubernetes.core with 3,000 objects: one run."
    )


def test_a_task_for_each_object_is_reported_beside_the_table() -> None:
    table = render([measured("ours", 1.0), measured(KUBERNETES_CORE_EACH.name, 28.0, count=300)])
    assert "kubernetes.core, one task per object, 300 objects, nothing changed: 28.0 s, 9 requests." in table
    assert "one task per object" not in table.split("\n\n")[0]


def test_a_tool_that_was_left_out_has_no_column() -> None:
    assert "kubernetes.core" not in render([measured("ours", 1.0), measured("kubectl", 1.0), measured(BARE.name, 1.0)])


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (61, "1 min 01 s"), (3599, "59 min 59 s")]
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# Linux counts for a program what its starter held when it was started, and pytest holds more than what is measured.
MEASURE = """
import pathlib, sys
from bench import usage
grown = "import time; held = bytearray(80_000_000); time.sleep(0.5)"
script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{grown}'])"
seen = usage.run([sys.executable, "-c", script], env={}, log=pathlib.Path(sys.argv[1]), sample_memory=True)
print(seen.seconds, seen.peak_mib, seen.sum_mib)
"""


def test_memory_of_a_program_and_of_what_it_starts_is_seen(tmp_path: pathlib.Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.check_output([sys.executable, "-c", MEASURE, str(tmp_path / "log")], env=environment)
    seconds, peak, together = (float(number) for number in told.split())
    assert 0.5 < seconds < 10
    assert 76 < peak < 150
    assert 76 < together < 170


def test_a_program_that_fails_ends_the_measurement_with_its_last_words(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FailedError, match=r"(?s)ended with 3:\nno cluster"):
        usage.run(["sh", "-c", "echo no cluster; exit 3"], env={}, log=tmp_path / "log")
