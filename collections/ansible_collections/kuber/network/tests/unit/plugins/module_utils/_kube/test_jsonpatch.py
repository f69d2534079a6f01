# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON patches: the examples of RFC 6902, appendix A, and what cannot be done."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.jsonpatch import patched


@pytest.mark.parametrize(
    ("body", "operation", "after"),
    [
        ({"foo": "bar"}, {"op": "add", "path": "/baz", "value": "qux"}, {"foo": "bar", "baz": "qux"}),
        ({"foo": [1, 3]}, {"op": "add", "path": "/foo/1", "value": 2}, {"foo": [1, 2, 3]}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/-", "value": [2, 3]}, {"foo": [1, [2, 3]]}),
        ({"foo": [1]}, {"op": "add", "path": "/foo/1", "value": 2}, {"foo": [1, 2]}),
        ({"baz": 1, "foo": 2}, {"op": "remove", "path": "/baz"}, {"foo": 2}),
        ({"foo": [1, 2, 3]}, {"op": "remove", "path": "/foo/1"}, {"foo": [1, 3]}),
        ({"baz": 1}, {"op": "replace", "path": "/baz", "value": {"a": 2}}, {"baz": {"a": 2}}),
        ({"foo": [1, 2]}, {"op": "replace", "path": "/foo/0", "value": 9}, {"foo": [9, 2]}),
        ({"a": {"b": 1}, "c": {}}, {"op": "move", "from": "/a/b", "path": "/c/d"}, {"a": {}, "c": {"d": 1}}),
        ({"foo": [1, 2, 3]}, {"op": "move", "from": "/foo/0", "path": "/foo/2"}, {"foo": [2, 3, 1]}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
    ],
)
def test_operations(body: t.Any, operation: dict[str, t.Any], after: t.Any) -> None:
    before = copy.deepcopy(body)
    assert patched(body, [operation]) == after
    assert body == before


def test_operations_follow_each_other() -> None:
    operations = [{"op": "add", "path": "/a", "value": []}, {"op": "add", "path": "/a/-", "value": 1}]
    assert patched({}, operations) == {"a": [1]}


@pytest.mark.parametrize("name", ["add", "replace"])
def test_value_of_a_patch_is_the_same_for_each_object_that_it_changes(name: str) -> None:
    operations = [
        {"op": name, "path": "/a", "value": [{"b": []}]},
        {"op": "add", "path": "/a/0/b/-", "value": 1},
    ]
    for _object in range(2):
        assert patched({"a": None}, operations) == {"a": [{"b": [1]}]}


def test_copy_and_what_it_is_a_copy_of_are_changed_one_by_one() -> None:
    operations = [{"op": "copy", "from": "/a", "path": "/b"}, {"op": "add", "path": "/b/c/-", "value": 1}]
    assert patched({"a": {"c": []}}, operations) == {"a": {"c": []}, "b": {"c": [1]}}


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (
            {"op": "remove", "path": "/b"},
            "The patch names /b, which is not in the object; found: the fields a",
        ),
        (
            {"op": "replace", "path": "/a/2", "value": 1},
            "The patch names /a/2, which is not in the object; found: 2",
        ),
        (
            {"op": "add", "path": "/a/3", "value": 1},
            "The patch names /a/3, which is not in the object; found: 2",
        ),
        ({"op": "add", "path": "/a/01", "value": 1}, "The patch names /a/01, which is not in the object"),
        ({"op": "remove", "path": "/a/-"}, "The patch names /a/-, which is not in the object"),
        (
            {"op": "add", "path": "/a/0/x", "value": 1},
            "The patch names /a/0/x, which is not in the object; found: 1",
        ),
        ({"op": "test", "path": "/a/0", "value": "1"}, "The patch tests /a/0; wanted: '1'; found: 1."),
        ({"op": "test", "path": "/a/0", "value": True}, "The patch tests /a/0; wanted: True; found: 1."),
        ({"op": "copy", "from": "/b", "path": "/c"}, "The patch names /b, which is not in the object"),
        ({"op": "add", "path": "a", "value": 1}, "Not a JSON pointer"),
    ],
)
def test_what_cannot_be_done_is_named(operation: dict[str, t.Any], says: str) -> None:
    with pytest.raises(KuberError) as raised:
        patched({"a": [1, 2]}, [operation])
    assert str(raised.value).startswith(says)
