# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.ignore import Rule, settled
from ansible_collections.kuber.network.plugins.module_utils._kube.pointers import Pointer
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target

OBJECT = {"a": {"b/c": 1, "~d": [{"e": 2}]}, "": 3}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("/a", True),
        ("/a/b~1c", True),
        ("/a/~0d/0/e", True),
        ("/a/~0d/1", False),
        ("/a/~0d/00", False),
        ("/a/~0d/-", False),
        ("/a/b", False),
        ("/a/b~1c/0", False),
        ("/", True),
    ],
)
def test_pointer_finds_what_it_names(text: str, matches: bool) -> None:
    assert str(Pointer.parse(text)) == text
    assert Pointer.parse(text).matches(OBJECT) is matches


@pytest.mark.parametrize("text", ["", "a", "spec/replicas", "/a~2", "/a~", "#/a", "$.a"])
def test_text_that_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(KuberError, match="Not a JSON pointer"):
        Pointer.parse(text)


@pytest.mark.parametrize("text", ["/kind", "/metadata", "/metadata/name", "/apiVersion", "/metadata/namespace"])
def test_what_makes_an_object_cannot_be_left_to_others(text: str) -> None:
    with pytest.raises(KuberError, match="without which there is no object"):
        Rule.of(Target("ConfigMap"), [text])


def record(fields: dict[str, t.Any], manager: str = "me", version: str = "v1", **more: t.Any) -> dict[str, t.Any]:
    return {"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsV1": fields, **more}


def settle(wanted: t.Any, live: t.Any, records: list[dict[str, t.Any]], *pointers: str) -> t.Any:
    """What would be sent in ``x``."""
    body = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "x": wanted}
    there = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a", "managedFields": records}, "x": live}
    return settled(body, there, [Pointer.parse(pointer) for pointer in pointers], "me").get("x", "nothing")


OURS = record({"f:x": {"f:a": {}, "f:b": {}}})
PORTS = record(
    {
        "f:x": {
            'k:{"port":53,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}, "f:target": {}},
            'k:{"port":53,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}, "f:name": {}},
        }
    }
)
TCP = {"port": 53, "name": "tcp", "target": 1}
UDP = {"port": 53, "protocol": "UDP", "name": "udp"}


@pytest.mark.parametrize(
    ("wanted", "live", "records", "pointers", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 5, "b": 2}, [OURS], ["/x/a"], {"a": 5, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 5, "b": 2}, [], ["/x/a"], {"b": 2}),
        ({"a": 1, "b": 2}, {"b": 2}, [OURS], ["/x/a"], {"b": 2}),
        ({"a": 1}, {"a": 5}, [record({"f:x": {"f:a": {}}}, "other")], ["/x/a"], "nothing"),
        ({"a": 1}, {"a": 5}, [record({"f:x": {"f:a": {}}}, subresource="scale")], ["/x/a"], "nothing"),
        # In another version the names may be others, so all that is there is sent back.
        ({"a": 1}, {"a": 5}, [record({"f:y": {}}, version="v2")], ["/x/a"], {"a": 5}),
        # A part of what is left as a whole adds nothing.
        ({"a": 1, "b": 2}, {"a": 5, "b": 6}, [OURS], ["/x/a", "/x"], {"a": 5, "b": 6}),
        ({"a": 1, "b": 2}, {"a": 5, "b": 6, "c": 7}, [OURS], ["/x"], {"a": 5, "b": 6}),
        # Without owners of its parts a mapping is sent back with all of them.
        ({"a": 1}, {"a": 5}, [record({"f:x": {}})], ["/x/a"], {"a": 5}),
        ({"a": 1}, {"a": 5}, [record({"f:x": {}}, "other")], ["/x/a"], {"a": 5}),
        ([1, 2], [3, 4], [record({"f:x": {}})], ["/x/1"], [1, 4]),
        ([1, 2], [3], [record({"f:x": {}})], ["/x/1"], [1]),
        (["a", "b"], ["b", "c"], [record({"f:x": {'v:"b"': {}}})], ["/x/1"], ["a", "b"]),
        (["a", "b"], ["b", "c"], [record({"f:x": {'v:"b"': {}}}, "other")], ["/x/1"], ["a"]),
        # TCP is what a port without a protocol has, even if UDP comes first.
        ([TCP], [UDP, TCP | {"protocol": "TCP", "name": "live"}], [PORTS], ["/x/0/name"], [TCP | {"name": "live"}]),
        ([TCP, UDP], [UDP | {"name": "live"}], [PORTS], ["/x/1/name", "/x/0/target"], [TCP, UDP | {"name": "live"}]),
        ([TCP, UDP], [TCP], [PORTS], ["/x/1"], [TCP]),
        ([UDP], [UDP | {"name": "live", "foreign": 1}], [PORTS], ["/x/0"], [UDP | {"name": "live"}]),
        ([UDP], [UDP | {"name": "live", "foreign": 1}], [PORTS], ["/x"], [UDP | {"name": "live"}]),
    ],
)
def test_what_is_ours_is_sent_back_and_the_rest_is_left_out(
    wanted: t.Any, live: t.Any, records: list[dict[str, t.Any]], pointers: list[str], expected: t.Any
) -> None:
    assert settle(wanted, live, records, *pointers) == expected
