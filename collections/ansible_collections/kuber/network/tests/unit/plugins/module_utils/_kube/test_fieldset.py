# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._kube.fieldset import why_not_noop
from ansible_collections.kuber.network.plugins.module_utils._kube.schema import BuiltinSchema, CustomSchema, Schema

CASES = yaml.safe_load((pathlib.Path(__file__).parent / "cases" / "fieldset.yml").read_text())
MANAGER = "kuber.network"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_proof_or_doubt(case: dict[str, t.Any]) -> None:
    api_version, kind = case.get("apiVersion", "v1"), case.get("kind", "ConfigMap")
    manager = case.get("manager", MANAGER)
    live = _body(api_version, kind, case["live"])
    entries = list(case.get("others", []))
    if "record" in case:
        recorded_as = case.get("recorded_as", api_version)
        own = {"manager": manager, "operation": "Apply", "apiVersion": recorded_as, "fieldsV1": case["record"]}
        entries.append(own)
    live["metadata"]["managedFields"] = entries
    found = why_not_noop(_body(api_version, kind, case["wanted"]), live, manager=manager, shape=_shape(case))
    assert found == case.get("doubt")


def _body(api_version: str, kind: str, part: dict[str, t.Any]) -> dict[str, t.Any]:
    metadata = {"name": "x", "namespace": "y", **part.get("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, **part, "metadata": metadata}


def _shape(case: dict[str, t.Any]) -> Schema | None:
    if "schema" not in case:
        return BuiltinSchema()
    return CustomSchema(case["schema"], top=True) if case["schema"] else None
