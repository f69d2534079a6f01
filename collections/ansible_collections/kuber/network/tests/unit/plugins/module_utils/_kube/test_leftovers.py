# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldsv1, leftovers
from ansible_collections.kuber.network.plugins.module_utils._kube.repair import difference

US, OURS, THEIRS = "kuber.network", "2026-11-29T12:00:00Z", "2026-11-29T12:05:00Z"


def body(spec: t.Any, *records: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "managedFields": list(records)}, "spec": spec}


def ours(fields: dict[str, t.Any], time: str = OURS) -> dict[str, t.Any]:
    return record(US, fields, "Apply", time)


def record(manager: str, fields: dict[str, t.Any], operation: str = "Update", time: str = THEIRS) -> dict[str, t.Any]:
    spec = {"f:spec": fields}
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "time": time, "fieldsV1": spec}


def item(**keys: t.Any) -> str:
    return "k:" + str(keys).replace("'", '"').replace(" ", "")


def port(number: int, **fields: t.Any) -> dict[str, t.Any]:
    return {"port": number, "protocol": "TCP", **fields}


def ports_of(*numbers: int) -> dict[str, t.Any]:
    return {"f:ports": {item(port=number, protocol="TCP"): {".": {}, "f:port": {}} for number in numbers}}


def places(found: t.Iterable[fieldsv1.Steps]) -> list[str]:
    return [fieldsv1.place(steps) for steps in found]


def test_what_is_there_beside_what_is_wanted_is_found_with_its_owners() -> None:
    live = body(
        {"a": 1, "b": 2, "ports": [port(80), port(81)], "whole": {"x": 1, "y": 2}},
        ours({"f:a": {}, "f:whole": {}, **ports_of(80)}),
        record("editor", {"f:b": {}, **ports_of(81)}),
    )
    found = leftovers.extras(body({"a": 1, "ports": [{"port": 80}], "whole": {"x": 1}}), live, US)
    assert {fieldsv1.place(one.steps): [owner["manager"] for owner in one.owners] for one in found} == {
        "spec.b": ["editor"],
        "spec.ports[port=81,protocol=TCP]": ["editor"],
    }


def test_wanted_is_merged_as_the_server_does_it() -> None:
    live = body(
        {"kept": 1, "gone": 1, "ports": [port(81), port(80, name="a")], "whole": {"x": 1, "y": 2}},
        ours({"f:gone": {}, "f:whole": {}, **ports_of(80)}),
        record("editor", {"f:kept": {}, **ports_of(81)}),
    )
    wanted = body({"new": 1, "ports": [{"port": 82}, {"port": 80}], "whole": {"x": 2}})
    merged = leftovers.merged(wanted, live, US, [])
    assert merged["spec"] == {
        "kept": 1,
        "new": 1,
        "ports": [port(81), {"port": 82, "protocol": "TCP"}, port(80, name="a")],
        "whole": {"x": 2},
    }
    place = ("f:spec", "f:ports", item(port=81, protocol="TCP"))
    merged = leftovers.merged(wanted, live, US, [place, ("f:spec", "f:kept")])
    assert [one["port"] for one in merged["spec"]["ports"]] == [82, 80]
    assert "kept" not in merged["spec"]


RENAMED = [
    # What is wanted, what is there, what is recorded as theirs, and what of it stands in the place of ours.
    ("other key, same rest", [port(80, name="a")], [port(90, name="a")], (90,), ["spec.ports[port=90,protocol=TCP]"]),
    ("with defaults", [port(80, name="a")], [port(90, name="a", more=1)], (90,), ["spec.ports[port=90,protocol=TCP]"]),
    ("nothing but the key", [port(80)], [port(90, more=1)], (90,), ["spec.ports[port=90,protocol=TCP]"]),
    ("other rest", [port(80, name="a")], [port(90, name="b")], (90,), []),
    ("ours is there", [port(80)], [port(80), port(90)], (90,), []),
    ("theirs has no record", [port(80)], [port(90)], (), []),
    ("two of theirs", [port(80)], [port(90), port(91)], (90, 91), []),
    ("two of ours", [port(80), port(81)], [port(90)], (90,), []),
    (
        "two by two",
        [port(80, name="a"), port(81, name="b")],
        [port(90, name="b"), port(91, name="a")],
        (90, 91),
        ["spec.ports[port=91,protocol=TCP]", "spec.ports[port=90,protocol=TCP]"],
    ),
]


@pytest.mark.parametrize(("_name", "wanted", "live", "theirs", "expected"), RENAMED, ids=[one[0] for one in RENAMED])
def test_item_with_another_key_stands_in_the_place_of_ours(
    _name: str, wanted: list[t.Any], live: list[t.Any], theirs: tuple[int, ...], expected: list[str]
) -> None:
    known = record("creator", ports_of(1), "Apply")
    there = body({"ports": live}, ours({"f:a": {}}), known, *([record("editor", ports_of(*theirs))] if theirs else []))
    assert places(leftovers.renamed(body({"ports": wanted}), there, US)) == expected


@pytest.mark.parametrize(
    ("editor", "own"),
    [
        (record("editor", ports_of(90), time="2026-11-29T11:00:00Z"), ours({"f:a": {}})),
        (record("editor", ports_of(90), "Apply"), ours({"f:a": {}})),
        (record("editor", ports_of(90)), record("another", {"f:a": {}}, "Apply")),
    ],
    ids=["older than our own", "applied, and may come back", "nothing is ours yet"],
)
def test_item_that_may_have_been_there_all_along_is_left_alone(editor: dict[str, t.Any], own: dict[str, t.Any]) -> None:
    live = body({"ports": [port(90, name="a")]}, own, editor)
    assert leftovers.renamed(body({"ports": [port(80, name="a")]}), live, US) == []


def test_quantity_in_another_form_is_the_same() -> None:
    wanted, found = {"limits": {"cpu": "1000m", "memory": "1Gi"}}, {"limits": {"cpu": "1", "memory": "1Gi"}}
    there = body({"ports": [port(90, **found)]}, ours({"f:a": {}}), record("editor", ports_of(90)))
    assert len(leftovers.renamed(body({"ports": [port(80, **wanted)]}), there, US)) == 1
    there["spec"]["ports"][0]["limits"]["memory"] = "2Gi"
    assert leftovers.renamed(body({"ports": [port(80, **wanted)]}), there, US) == []


def test_difference_is_a_merge_patch() -> None:
    before = {"a": 1, "b": {"c": 1, "d": 1}, "l": [1]}
    after = {"b": {"c": 2}, "l": [1, 2], "n": {"x": 1}}
    assert difference(before, after) == {"a": None, "b": {"c": 2, "d": None}, "l": [1, 2], "n": {"x": 1}}
    assert difference(before, before) == {}
