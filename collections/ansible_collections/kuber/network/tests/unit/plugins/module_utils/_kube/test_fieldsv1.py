# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldsv1

A, AB = {"f:a": {}}, {"f:a": {}, "f:b": {}}
ITEM = {'k:{"name":"x"}': {".": {}, "f:name": {}}}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, None, None),
        (None, A, A),
        (A, None, A),
        (A, {"f:b": {}}, AB),
        ({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}),
        ({"f:a": {".": {}}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}),
    ],
)
def test_two_records_become_one(one: t.Any, other: t.Any, expected: t.Any) -> None:
    assert fieldsv1.join(one, other) == expected


@pytest.mark.parametrize(
    ("node", "steps", "expected"),
    [
        (AB, ("f:a",), {"f:b": {}}),
        (AB, ("f:c",), AB),
        # What becomes empty would stand for a value that is owned.
        ({"f:a": {"f:b": {}}}, ("f:a", "f:b"), None),
        ({"f:a": {"f:b": {}}, "f:c": {}}, ("f:a", "f:b"), {"f:c": {}}),
        ({"f:a": {".": {}, "f:b": {}}}, ("f:a", "f:b"), {"f:a": {".": {}}}),
    ],
)
def test_place_is_cut_out_with_what_becomes_empty(node: t.Any, steps: tuple[str, ...], expected: t.Any) -> None:
    assert fieldsv1.cut(node, steps) == expected


def test_place_is_put_in() -> None:
    assert fieldsv1.insert(None, ("f:a", "f:b"), {}) == {"f:a": {"f:b": {}}}
    assert fieldsv1.insert(A, ("f:c",), ITEM) == {"f:a": {}, "f:c": ITEM}
    assert fieldsv1.insert({"f:a": {"f:b": {}}}, ("f:a",), {"f:c": {}}) == {"f:a": {"f:b": {}, "f:c": {}}}


@pytest.mark.parametrize(
    ("node", "taken", "expected"),
    [
        (AB, A, {"f:b": {}}),
        (A, AB, None),
        ({"f:a": {"f:b": {}}}, {"f:a": {"f:b": {}}}, None),
        ({"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}}}),
        (A, {"f:c": {}}, A),
    ],
)
def test_values_that_another_record_has_are_left_out(node: t.Any, taken: t.Any, expected: t.Any) -> None:
    assert fieldsv1.without(node, taken) == expected
    assert fieldsv1.overlap(node, taken) is (expected != node)


@pytest.mark.parametrize(
    ("wanted", "given_up"),
    [
        ({"a": {"b": 1}}, False),
        ({"a": {"b": None}}, False),
        ({"a": {"c": 1}}, True),
        ({}, True),
    ],
)
def test_field_is_given_up_when_it_is_recorded_and_no_longer_wanted(wanted: t.Any, given_up: bool) -> None:
    assert fieldsv1.is_given_up(wanted, {"f:a": {".": {}, "f:b": {}}}) is given_up


def test_item_is_given_up_by_its_keys_and_their_defaults() -> None:
    record = {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}
    assert not fieldsv1.is_given_up({"ports": [{"port": 80}]}, record)
    assert fieldsv1.is_given_up({"ports": [{"port": 80, "protocol": "UDP"}]}, record)
    assert not fieldsv1.is_given_up({"f": ["x"]}, {"f:f": {'v:"x"': {}}})
    assert fieldsv1.is_given_up({"f": ["y"]}, {"f:f": {'v:"x"': {}}})


@pytest.mark.parametrize(
    ("steps", "touched"),
    [
        (("f:a",), True),
        (("f:a", "f:b"), True),
        (("f:a", "f:b", "f:deeper"), True),
        (("f:a", "f:c"), False),
        (("f:d",), False),
    ],
)
def test_record_touches_its_places_what_holds_them_and_what_they_hold(steps: tuple[str, ...], touched: bool) -> None:
    assert fieldsv1.touches({"f:a": {"f:b": {}}}, steps) is touched


def test_what_is_owned_goes_unless_it_is_wanted_or_somebody_elses() -> None:
    owned = {"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}, "f:e": {"f:g": {}}, "f:l": ITEM}
    stay = [{"f:b": {"f:c": {}}}]
    value = {"a": 1, "b": {"c": 1, "d": 1}, "e": {"default": 1, "g": 1}, "l": [{"name": "x"}, {"name": "y"}], "z": 1}
    fieldsv1.prune(value, owned, stay, {"a": 2})
    # A field that nobody owns any more goes with the defaults in it; so does the list, and the item of nobody in it.
    assert value == {"a": 1, "b": {"c": 1}, "z": 1}
    value = {"l": [{"name": "x"}, {"name": "y"}]}
    fieldsv1.prune(value, owned, [{"f:l": {'k:{"name":"y"}': {}}}])
    assert value == {"l": [{"name": "y"}]}
