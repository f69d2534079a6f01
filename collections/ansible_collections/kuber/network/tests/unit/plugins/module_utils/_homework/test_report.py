# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From claims and answers to verdicts, and how they are shown."""

from __future__ import annotations

import html.parser
import json
import pathlib
import shutil
import subprocess
import typing as t
from xml.etree import ElementTree

import pytest

from ansible_collections.kuber.network.plugins.module_utils._checks.model import CheckResult
from ansible_collections.kuber.network.plugins.module_utils._homework import junit, page, report, rows, verdicts
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Claim, Fault, Message, Status
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import FieldChange, Reason

NASTY = '<script>alert(1)</script> & "quotes" \x1b[31m ünïcode'
CHROMIUM = shutil.which("chromium")
NOTHING = {row.number: Claim() for row in rows.ROWS[rows.CLASSIC]}


def answer(row: str, *, ok: bool = True, unknown: bool = False) -> CheckResult:
    return CheckResult(f"check of {row}", row, "curl", "200", "200" if ok else "404", ok, unknown)


def conclude(claims: dict[str, Claim], *answers: CheckResult, **options: t.Any) -> dict[str, verdicts.RowVerdict]:
    found = verdicts.conclude(rows.CLASSIC, NOTHING | claims, answers, **options)
    return {one.number: one for one in found}


def statuses(claims: dict[str, Claim], *answers: CheckResult, **options: t.Any) -> dict[str, Status]:
    found = conclude(claims, *answers, **options)
    return {number: one.status for number, one in found.items() if one.status is not Status.NOT_PART}


THERE = Claim(("Deployment web",))
PROBLEM = Fault(Message("broken", "сломано"), Message("mend it", "почините"))


@pytest.mark.parametrize(
    ("claims", "answers", "expected", "code"),
    [
        ({}, [], {}, 0),
        ({"0": THERE}, [], {"0": Status.PASSED}, 0),
        ({"1": THERE}, [answer("1")], {"1": Status.PASSED}, 0),
        ({"1": THERE}, [], {"1": Status.NOT_CHECKED}, 1),
        ({"1": THERE}, [answer("1", ok=False)], {"1": Status.FAILED}, 2),
        ({"1": THERE}, [answer("1"), answer("1", ok=False)], {"1": Status.FAILED}, 2),
        ({"1": THERE}, [answer("1", ok=False, unknown=True)], {"1": Status.NOT_CHECKED}, 1),
        ({"1": Claim(("a",), (PROBLEM,))}, [answer("1")], {"1": Status.FAILED}, 2),
        ({"16": Claim(("a",), obstacles=(PROBLEM,))}, [], {"16": Status.NOT_CHECKED}, 1),
        (
            {"2": THERE, "5": THERE},
            [answer("2", ok=False), answer("5", ok=False)],
            {"2": Status.FAILED, "5": Status.NOT_CHECKED},
            2,
        ),
        ({"2": THERE, "5": THERE}, [answer("2", ok=False), answer("5")], {"2": Status.FAILED, "5": Status.PASSED}, 2),
    ],
)
def test_verdict_of_a_row(
    claims: dict[str, Claim], answers: list[CheckResult], expected: dict[str, Status], code: int
) -> None:
    assert statuses(claims, *answers) == expected
    assert verdicts.exit_code(list(conclude(claims, *answers).values())) == code


def test_problem_of_applying_fails_its_row() -> None:
    assert statuses({"1": THERE}, answer("1"), problems={"1": [PROBLEM]}) == {"1": Status.FAILED}


def sample(language: str = "en", name: str = "kubernetes-networks") -> report.HomeworkReport:
    change = FieldChange("Service web", "a.yml", "spec.type", None, NASTY, Reason("why", "https://example.org/"))
    claims = {
        "0": Claim((NASTY,), (Fault(Message(NASTY, NASTY), Message("mend it", "почините")),)),
        "1": THERE,
        "5": Claim(("Service web",)),
        "16": Claim(("Ingress a",), obstacles=(PROBLEM,)),
    }
    answers = [answer("1"), answer("5", ok=False)]
    found = verdicts.conclude(rows.CLASSIC, NOTHING | claims, answers, changes=[change])
    return report.HomeworkReport(name, rows.CLASSIC, tuple(found), language, (Message("a note", "заметка"),))


def plain(text: str, _color: str) -> str:
    return text


def test_table_has_each_row_with_its_reason_and_what_mends_it() -> None:
    lines = report.table(sample(), paint=plain)
    text = "\n".join(lines)
    assert "✔   1  Deployment with 3 ready pods" in text
    assert "check of 5: 404 (wanted: 200)\n        → Try it: curl" in text
    assert "changed before it was applied: Service web: spec.type" in text
    assert lines[-2] == " ✘ 1 passed, 2 failed, 1 could not be checked, 15 not part of this folder"
    assert "\x1b" not in text


def test_table_in_russian_has_no_english_title() -> None:
    text = "\n".join(report.table(sample("ru"), paint=plain))
    assert "Deployment с тремя готовыми подами" in text
    assert "1 работает, 2 не работает, 1 не удалось проверить, 15 нет в этой папке" in text
    assert "→ почините" in text
    assert "passed" not in text


def test_every_text_of_the_rows_is_in_both_languages() -> None:
    for edition in rows.ROWS.values():
        for row in edition:
            assert row.title.en
            assert row.title.ru
    titles = {row.title for row in rows.ROWS[rows.CLASSIC]}
    assert len({one.ru for one in titles}) == len({one.en for one in titles}) == len(titles)


def test_json_holds_the_exit_code_and_the_verdicts() -> None:
    data = json.loads(json.dumps(report.dump(sample())))
    assert (data["exit_code"], data["edition"], data["notes"]) == (2, "classic", ["a note"])
    row = next(one for one in data["rows"] if one["number"] == "5")
    assert row["status"] == "failed"
    assert row["reasons"][0]["problem"] == "check of 5: 404 (wanted: 200)"
    assert row["changes"][0]["field"] == "spec.type"


def test_junit_counts_what_a_ci_job_counts() -> None:
    suite = ElementTree.fromstring(junit.one(report.dump(sample(name=NASTY))))
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "19",
        "failures": "2",
        "errors": "1",
        "skipped": "15",
    }
    failed = suite.find("testcase/failure")
    assert failed is not None
    assert failed.text is not None
    assert "mend it" in failed.text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_is_well_formed_loads_nothing_and_runs_nothing_of_the_folder(language: str) -> None:
    text = page.render(sample(language, NASTY), remark=NASTY)
    opened: list[str] = []
    sources: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            sources.extend(value or "" for name, value in attrs if name in ("src", "href"))
            assert tag != "script"
            if tag not in ("meta", "link"):
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed(text)
    assert opened == []
    assert set(sources) == {"https://example.org/"}
    assert f'<html lang="{language}">' in text


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_opens_in_a_browser(language: str, tmp_path: pathlib.Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(page.render(sample(language), remark="now"))
    command = [t.cast("str", CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", place.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("<section") == 19
    assert 'id="row-18"' in done.stdout
