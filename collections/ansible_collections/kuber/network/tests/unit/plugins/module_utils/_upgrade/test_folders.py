# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders as learners have them, each with what is written and said: the cases are the files in cases/."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._upgrade import support

CASES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.yml"))


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> dict[str, t.Any]:
    content: dict[str, t.Any] = yaml.safe_load(request.param.read_text())
    return content


def test_folder_is_upgraded_with_each_change_said(case: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    report = support.upgraded(tmp_path, case["files"])
    expected: dict[str, t.Any] = {"written": {}, "changes": [], "not_upgradable": [], "remarks": []}
    assert report == expected | {key: value for key, value in case.items() if key != "files"}


def test_upgraded_folder_is_not_changed_again(case: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    again = support.upgraded(tmp_path, case["files"] | case.get("written", {}))
    assert (again["written"], again["changes"]) == ({}, [])
    assert again["not_upgradable"] == case.get("not_upgradable", [])
