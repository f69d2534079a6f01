# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import is_doubtful, verdict
from ansible_collections.kuber.network.plugins.module_utils._kube.status import READY

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


FORMS: list[t.Any] = [None, "New", "", 7, True, ["a"], [], {}, {"conditions": None}, {"conditions": "Ready"}]
FORMS += [{"conditions": {"Ready": True}}, {"conditions": ["Ready", None, 1, {"type": None}, {"status": "True"}]}]
FORMS += [{"observedGeneration": form} for form in (None, "2", " 2 ", "5bf8c", 2.5, True, [2], {})]


@pytest.mark.parametrize("status", FORMS, ids=repr)
def test_status_of_any_form_is_none_to_wait_for(status: t.Any) -> None:
    metadata = {"name": "x", "generation": 2}
    body = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": metadata, "status": status}
    assert verdict(body) is READY
    assert not is_doubtful(body)
    assert verdict({key: value for key, value in body.items() if key != "status"}) is READY


@pytest.mark.parametrize("spec", [None, "x", ["x"], {"template": "x"}, {"template": {"spec": {"containers": "x"}}}])
def test_spec_of_any_form_raises_no_doubt(spec: t.Any) -> None:
    assert not is_doubtful({"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"observedGeneration": "1"}, "pending"),
        ({"observedGeneration": "2", "conditions": [{"type": "Ready", "status": True}]}, "ready"),
        ({"conditions": [{"type": "Ready", "status": "true", "observedGeneration": "2"}]}, "ready"),
        ({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": "1"}]}, "pending"),
        ({"conditions": [{"type": "Ready", "status": False, "reason": 7}]}, "pending"),
        ({"conditions": [{"type": "Stalled", "status": True, "message": ["a"]}]}, "stuck"),
        ({"conditions": ["x", {"type": "Reconciling", "status": "True"}]}, "pending"),
    ],
)
def test_what_is_written_in_another_form_still_counts(status: dict[str, t.Any], state: str) -> None:
    metadata = {"name": "x", "generation": 2}
    body = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": metadata, "status": status}
    assert verdict(body).state.value == state
