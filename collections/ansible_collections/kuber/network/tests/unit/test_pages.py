# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reader of the pages meets: links that lead somewhere, and names of things that are there."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
PROJECT = COLLECTION.parents[3]
IN_PROJECT = (PROJECT / "CONTRIBUTING.md").exists()
PAGES = sorted(
    [
        *COLLECTION.glob("*.md"),
        *COLLECTION.glob("docs/*.md"),
        *COLLECTION.glob("roles/*/README.md"),
        *(PROJECT.glob("*.md") if IN_PROJECT else []),
    ]
)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
NAME = re.compile(r"kuber\.network\.(\w+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_to_files(page: pathlib.Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_names_are_those_of_the_collection(page: pathlib.Path) -> None:
    plugins = {path.stem for path in COLLECTION.glob("plugins/*/*.py")}
    playbooks = {path.stem for path in COLLECTION.glob("playbooks/*.yml")}
    roles = {path.parent.name for path in COLLECTION.glob("roles/*/meta")}
    groups = set(yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())["action_groups"])
    named = set(NAME.findall(page.read_text()))
    assert named - plugins - playbooks - roles - groups == set()


@pytest.mark.skipif(not IN_PROJECT, reason="the collection is not in the project's tree")
def test_both_collections_have_the_version_that_a_tag_releases() -> None:
    galaxies = [yaml.safe_load((COLLECTION.parent / name / "galaxy.yml").read_text()) for name in ("network", "lab")]
    assert len({(one["version"], one["repository"]) for one in galaxies}) == 1
    assert {one["namespace"] for one in galaxies} == {"kuber"}


@pytest.mark.skipif(not IN_PROJECT, reason="the collection is not in the project's tree")
def test_the_module_map_has_every_file_and_scenario() -> None:
    command = [sys.executable, str(PROJECT / "tests" / "module-map"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nRun tests/module-map to write it."


def outline(page: pathlib.Path) -> list[str]:
    """The levels of the headings, and the commands without their comments, in their order."""
    found = re.findall(r"^(#+) |^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [level or re.sub(r"\s+# .*$", "", commands, flags=re.MULTILINE) for level, commands in found]


@pytest.mark.skipif(not IN_PROJECT, reason="the collection is not in the project's tree")
def test_the_russian_readme_is_in_step() -> None:
    english, russian = outline(PROJECT / "README.md"), outline(PROJECT / "README.ru.md")
    assert len([level for level in english if set(level) == {"#"}]) > 5
    assert russian == english


@pytest.mark.skipif(not IN_PROJECT, reason="the collection is not in the project's tree")
@pytest.mark.parametrize("soak", ["", "3"], ids=["test", "soak"])
def test_the_page_of_the_tests_has_every_stage(soak: str) -> None:
    page = (COLLECTION / "docs" / "tests.md").read_text()
    section = page.partition(f"## `make {'soak' if soak else 'test'}`\n")[2].partition("\n## ")[0]
    command = [sys.executable, str(PROJECT / "tests" / "run"), "no-such-stage"]
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "KUBER_SOAK")}
    if soak:
        environment["KUBER_SOAK"] = soak
    refused = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stderr
    stages = refused.strip().partition("there are: ")[2].split(", ")
    # What every soak needs first is described with `make test`.
    own = [stage for stage in stages if not soak or stage not in ("tools", "lab")]
    assert re.findall(r"^\| `([\w-]+)`", section, re.MULTILINE) == own
