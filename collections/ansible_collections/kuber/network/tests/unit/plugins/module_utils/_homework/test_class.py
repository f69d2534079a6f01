# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a class: what is taken for a homework in it, and the report about all of them."""

from __future__ import annotations

import html.parser
import json
import pathlib
import shutil
import subprocess
import typing as t
from xml.etree import ElementTree

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import (
    class_report,
    folders,
    junit,
    report,
    rows,
    verdicts,
)
from ansible_collections.kuber.network.plugins.module_utils._homework.class_report import ClassReport
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Fault, Message, Status

NASTY = "<b>\x1b[31m'\" & ünï"
CHROMIUM = shutil.which("chromium")


def tree(root: pathlib.Path, *paths: str) -> str:
    """Make empty files, and folders for those that end with a slash."""
    for one in paths:
        path = root / one
        (path if one.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not one.endswith("/"):
            path.touch()
    return str(root)


@pytest.mark.parametrize(
    ("paths", "scope", "expected"),
    [
        (["web.yaml", "canary/a.yaml"], "auto", None),
        (["web.yaml", "canary/a.yaml"], "class", ["canary"]),
        (["a/web.yaml", "b/web.yaml"], "auto", ["a", "b"]),
        (["a/web.yaml", "b/web.yaml"], "one", None),
        (["a/kubernetes-networks/web.yaml", "README.md", ".git/", "empty/"], "auto", ["a", "empty"]),
        (["README.md"], "auto", None),
        (["kustomization.yaml", "a/web.yaml"], "auto", None),
        (["canary/a.yaml", "list.json"], "auto", None),
    ],
)
def test_folder_of_a_class_has_folders_and_no_manifests(
    paths: list[str], scope: str, expected: list[str] | None, tmp_path: pathlib.Path
) -> None:
    found = folders.find(tree(tmp_path, *paths), scope)
    assert found.is_class is (expected is not None)
    assert [one.name for one in found.homeworks] == (expected if expected is not None else [tmp_path.name])
    assert [one.path for one in found.homeworks] == [
        str(tmp_path / one) for one in (expected if expected is not None else [""])
    ]


def test_decision_says_why_and_how_to_say_otherwise(tmp_path: pathlib.Path) -> None:
    one = tree(tmp_path / "one", "web.yaml", "canary/a.yaml")
    several = tree(tmp_path / "several", "a/", "b/")
    assert folders.find(one, "auto").why.en == (
        "one contains manifests (web.yaml): it is one homework (homework_scope=class checks its folders one by one)"
    )
    assert folders.find(several, "auto").why.en == (
        "several contains no manifests of its own: each of its folders (2) is a homework"
        " (homework_scope=one checks it as one)"
    )
    assert "homework_scope=one" in folders.find(several, "auto").why.ru


def test_one_file_is_one_homework(tmp_path: pathlib.Path) -> None:
    file = tree(tmp_path, "all.yaml") + "/all.yaml"
    assert folders.find(file, "auto").homeworks == (folders.Homework("all", file),)
    with pytest.raises(KuberError, match="is not the folder of a class"):
        folders.find(file, "class")


def test_links_in_a_class_are_named_and_not_followed(tmp_path: pathlib.Path) -> None:
    root = tree(tmp_path / "class", "a/")
    (tmp_path / "class" / "b").symlink_to("/etc")
    found = {one.name: one.problem for one in folders.find(root, "auto").homeworks}
    assert found == {"a": "", "b": "This folder is a link, which is not followed"}


@pytest.mark.parametrize(
    ("paths", "scope", "message"),
    [
        (["web.yaml"], "class", "is not the folder of a class; wanted: a folder that contains folders"),
        ([f"f{number}/" for number in range(501)], "auto", "The class is too large; wanted: at most 500 folders"),
        ([f"f{number}" for number in range(2001)], "auto", "The folder is too large; wanted: at most 2000 entries"),
    ],
)
def test_what_is_no_class_is_refused(paths: list[str], scope: str, message: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(KuberError, match=message):
        folders.find(tree(tmp_path, *paths), scope)


def test_folder_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KuberError, match="does not exist"):
        folders.find("/nowhere", "auto")


def dumped(name: str, statuses: dict[str, str], edition: str = "classic", language: str = "en") -> dict[str, t.Any]:
    fault = Fault(Message("broken", "сломано"))
    found = [
        verdicts.RowVerdict(row.number, row.title, Status(statuses.get(row.number, "not_part")), reasons=(fault,))
        for row in rows.ROWS[edition]
    ]
    return report.dump(report.HomeworkReport(name, edition, tuple(found), language))


def refused(name: str, language: str = "en") -> dict[str, t.Any]:
    return report.dump(report.HomeworkReport(name, "", tuple(verdicts.refused("a link to outside")), language))


def sample(language: str = "en") -> ClassReport:
    found = (
        dumped("ivanov", {"0": "passed", "1": "passed"}, language=language),
        dumped("petrov", {"0": "passed", "4": "failed", "16": "not_checked"}, language=language),
        dumped("recent", {"n1": "passed"}, "2024", language),
        refused(NASTY, language),
    )
    return ClassReport("class", found, language)


def plain(text: str, _color: str) -> str:
    return text


def test_table_has_a_line_for_each_folder_with_the_rows_that_did_not_pass() -> None:
    lines = class_report.table(sample(), paint=plain)
    assert lines[1].split() == ["✔", "ivanov", "classic", "2", "passed"]
    assert lines[2].endswith("classic  1 passed, 1 failed (4), 1 could not be checked (16)")
    assert lines[4].startswith(" ? <b>�[31m'")
    assert lines[-2] == " ✘ 2 complete, 1 not everything works, 1 not everything could be checked"


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([dumped("a", {"1": "passed"})], 0),
        ([dumped("a", {"1": "passed"}), refused("b")], 1),
        ([refused("b"), dumped("a", {"1": "failed"}), dumped("c", {"1": "passed"})], 2),
    ],
)
def test_code_of_a_class_is_that_of_its_worst_folder(reports: list[dict[str, t.Any]], code: int) -> None:
    assert ClassReport("class", tuple(reports)).exit_code == code


def test_json_of_a_class_has_the_status_of_each_row_of_each_folder() -> None:
    data = json.loads(json.dumps(class_report.dump(sample())))
    assert data["exit_code"] == 2
    assert [one["folder"] for one in data["folders"]] == ["ivanov", "petrov", "recent", NASTY]
    assert data["folders"][1]["rows"]["4"] == "failed"
    assert data["folders"][3]["rows"] == {"0": "not_checked"}


def test_junit_of_a_class_has_a_suite_for_each_folder() -> None:
    root = ElementTree.fromstring(junit.many("class", sample().reports))
    assert [suite.get("failures") for suite in root] == ["0", "1", "0", "0"]
    assert [suite.get("errors") for suite in root] == ["0", "1", "0", "1"]
    assert root.findtext("testsuite[4]/testcase/error") == "a link to outside"


class Reader(html.parser.HTMLParser):
    """Fails where tags do not match, and keeps the links."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert tag not in ("script", "b")
        if tag != "meta":
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_of_a_class_links_to_those_of_the_folders(language: str) -> None:
    reader = Reader()
    reader.feed(class_report.render(sample(language), remark=NASTY))
    assert reader.opened == []
    assert reader.links[:2] == ["class/ivanov.html", "class/petrov.html"]
    assert reader.links[3].startswith("class/%3Cb%3E%1B%5B31m%27%22")


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_page_of_a_class_opens_in_a_browser(language: str, tmp_path: pathlib.Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(class_report.render(sample(language), remark="now"))
    command = [t.cast("str", CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*command, "--dump-dom", place.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("<tr") == 5
    assert f'lang="{language}"' in done.stdout
