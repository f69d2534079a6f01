# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import verdict

CASES = yaml.safe_load((pathlib.Path(__file__).parent / "cases" / "readiness.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_state_and_reason(case: dict[str, t.Any]) -> None:
    found = verdict(
        {
            "apiVersion": case.get("apiVersion", "apps/v1"),
            "kind": case["kind"],
            "metadata": {"name": "x", "generation": 2},
            "spec": case.get("spec", {}),
            # Unless a case says otherwise, the controller has seen the newest version.
            "status": {"observedGeneration": 2, **case.get("status", {})},
        },
        case.get("neighbours", ()),
    )
    expected = (case["state"], case.get("text", ""), case.get("patience", 0))
    assert (found.state.value, found.text, found.patience) == expected
