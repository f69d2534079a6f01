# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._checks import run
from ansible_collections.kuber.network.plugins.module_utils._checks.model import Check, CheckResult
from ansible_collections.kuber.network.plugins.module_utils._checks.run import run_checks
from ansible_collections.kuber.network.plugins.module_utils._checks.table import render
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe


@dataclasses.dataclass
class Scripted(Probe):
    """Gives one answer after the other; the last one stays."""

    answers: t.Sequence[bool | None]
    seconds: float = 0.0
    attempts: int = 0
    asked: str = "ask"
    wanted: str = "yes"

    def attempt(self) -> Outcome:
        time.sleep(self.seconds)
        ok = self.answers[min(self.attempts, len(self.answers) - 1)]
        self.attempts += 1
        return Outcome(bool(ok), "yes" if ok else "no", unknown=ok is None)


class Broken(Scripted):
    def attempt(self) -> Outcome:
        raise KuberError("the API server has terminated")


def silent(pending: t.Sequence[Check], elapsed: float) -> None:
    """Progress is of no interest."""


def test_only_what_failed_is_asked_again() -> None:
    good, late = Scripted([True]), Scripted([False, False, True])
    checks = [Check("good", "", good), Check("late", "", late)]
    verdicts = run_checks(checks, timeout=5, interval=0.01, progress=silent)
    assert [verdict.ok for verdict in verdicts] == [True, True]
    assert (good.attempts, late.attempts) == (1, 3)


def test_what_cannot_be_found_out_is_not_asked_again() -> None:
    unknown = Scripted([None, True])
    (verdict,) = run_checks([Check("unknown", "", unknown)], timeout=5, interval=0.01, progress=silent)
    assert (verdict.ok, verdict.unknown, verdict.failed, unknown.attempts) == (False, True, False, 1)


class Inconclusive(Scripted):
    def conclude(self, outcome: Outcome) -> Outcome:
        return outcome if outcome.ok else Outcome.not_checked("there is no record")


@pytest.mark.parametrize(("other", "is_waited_for"), [(True, False), (False, True)])
def test_what_would_prove_nothing_is_not_waited_for_alone(
    monkeypatch: pytest.MonkeyPatch, other: bool, is_waited_for: bool
) -> None:
    monkeypatch.setattr(run, "UNKNOWN_AFTER", 0.1)
    checks = [Check("record", "", Inconclusive([False])), Check("other", "", Scripted([other]))]
    began = time.monotonic()
    record, _other = run_checks(checks, timeout=1.0, interval=0.02, progress=silent)
    assert record.unknown
    assert (time.monotonic() - began > 0.8) is is_waited_for


def test_gives_up_after_the_timeout_and_keeps_the_order() -> None:
    checks = [Check(str(index), "", Scripted([index % 2 == 0])) for index in range(40)]
    began = time.monotonic()
    verdicts = run_checks(checks, timeout=0.3, interval=0.05, progress=silent)
    assert time.monotonic() - began < 2
    assert [(verdict.name, verdict.ok) for verdict in verdicts] == [(str(n), n % 2 == 0) for n in range(40)]


def test_slow_checks_run_side_by_side() -> None:
    checks = [Check(str(index), "", Scripted([True], seconds=0.3)) for index in range(10)]
    began = time.monotonic()
    run_checks(checks, timeout=0, interval=1, progress=silent)
    assert time.monotonic() - began < 1.5


def test_an_error_is_a_red_line_and_not_the_end() -> None:
    checks = [Check("broken", "", Broken([True])), Check("good", "", Scripted([True]))]
    broken, good = run_checks(checks, timeout=0, interval=1, progress=silent)
    assert (broken.ok, broken.found) == (False, "the API server has terminated")
    assert good.ok


def plain(text: str, color: str) -> str:
    return text


def colored(text: str, color: str) -> str:
    return f"<{color}>{text}</{color}>"


GREEN_LINE = CheckResult("Page is served", "Part 1", "curl http://x/", "200", "200 hello", True)
RED_LINE = CheckResult("Address answers ping", "Part 2", "ping 10.0.0.1", "an echo reply", "no answer in time", False)


GREY_LINE = CheckResult("No set is left", "Part 2", "ipset list", "none", "not checked: no ipset", False, unknown=True)


def test_table_never_shows_a_check_that_was_not_made_as_good() -> None:
    lines = render([GREEN_LINE, GREY_LINE], width=80, paint=plain)
    assert " ? No set is left  not checked: no ipset" in lines
    assert lines[-2] == " ? 1 of 2 checks passed, 1 could not be made"
    assert render([RED_LINE, GREY_LINE], width=80, paint=plain)[-2] == " ✘ 1 of 2 checks failed, 1 could not be made"
    assert any("<yellow> ?</yellow>" in line for line in render([GREY_LINE], width=80, paint=colored))


def test_table_reads_like_this() -> None:
    assert render([GREEN_LINE, RED_LINE], width=80, paint=plain) == [
        "",
        " Part 1",
        " ✔ Page is served        200 hello  curl http://x/",
        "",
        " Part 2",
        " ✘ Address answers ping  no answer in time",
        "                         wanted an echo reply",
        "                         ping 10.0.0.1",
        "",
        " ✘ 1 of 2 checks failed",
        "",
    ]
    assert render([GREEN_LINE], width=80, paint=plain)[-2] == " ✔ 1 of 1 checks passed"
    assert any("<red>" in line and "no answer" in line for line in render([RED_LINE], width=80, paint=colored))
    assert any("<green> ✔</green>" in line for line in render([GREEN_LINE], width=80, paint=colored))


WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=90)
VERDICTS = st.builds(CheckResult, WORDS, st.sampled_from(["", "Part 1", "Part 2"]), WORDS, WORDS, WORDS, st.booleans())


@given(st.lists(VERDICTS, min_size=1, max_size=8), st.integers(40, 200))
def test_table_has_one_line_per_check_and_green_lines_fit(verdicts: list[CheckResult], width: int) -> None:
    lines = render(verdicts, width=width, paint=plain)
    rows = [line for line in lines[:-2] if re.match(r" [✔✘?] ", line)]
    marks = ["✔" if verdict.ok else "?" if verdict.unknown else "✘" for verdict in verdicts]
    assert [line[1] for line in rows] == marks
    names = min(64, max(len(verdict.name) for verdict in verdicts))
    for line, verdict in zip(rows, verdicts, strict=True):
        if verdict.ok:
            assert len(line) <= max(width, names + 6 + 24)
        else:
            assert verdict.found in line, "what is wrong was cut short"


@pytest.mark.parametrize("verdict", [GREEN_LINE, RED_LINE, GREY_LINE])
def test_a_verdict_survives_the_way_through_a_registered_variable(verdict: CheckResult) -> None:
    assert CheckResult.load(verdict.dump()) == verdict
