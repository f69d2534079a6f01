# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._kube import diff

VALUES = st.text("0123456789", min_size=6, max_size=8)
DATA = st.dictionaries(st.sampled_from(["user", "password", "token"]), VALUES)


def secret(data: t.Mapping[str, str]) -> dict[str, t.Any]:
    last = {diff.LAST_APPLIED: f"{{data: {dict(data)}}}"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": last}, "data": dict(data)}


def config_map(**more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, **more}


@given(DATA, DATA)
def test_no_secret_is_shown_and_every_change_is(before: dict[str, str], after: dict[str, str]) -> None:
    left, right = secret(before), secret(after)
    untouched = copy.deepcopy((left, right))
    shown = diff.of("Secret s", left, right)
    for value in {*before.values(), *after.values()}:
        assert value not in shown["before"] + shown["after"]
    assert (shown["before"] != shown["after"]) is (before != after)
    assert (left, right) == untouched


@given(DATA)
def test_new_secret_is_hidden(data: dict[str, str]) -> None:
    shown = diff.of("Secret s", None, secret(data))
    assert shown["before"] == ""
    assert all(value not in shown["after"] for value in data.values())


def test_noise_is_not_shown() -> None:
    metadata = {"name": "c", "resourceVersion": "1", "uid": "u", "generation": 2, "managedFields": [{}], "labels": {}}
    shown = diff.of("ConfigMap c", None, config_map(metadata=metadata, status={"x": 1}))
    assert shown["after"] == "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {}\n  name: c\n"


def test_long_texts_are_shown_line_by_line() -> None:
    shown = diff.of("ConfigMap c", None, config_map(data={"config.conf": "mode: ipvs\nipvs:\n  strictARP: true\n"}))
    assert "  config.conf: |\n    mode: ipvs\n    ipvs:\n      strictARP: true\n" in shown["after"]


def test_only_what_differs_is_shown() -> None:
    before = config_map(data={"a": "1", "b": "1", "gone": "1"}, other={"same": 1})
    after = config_map(data={"a": "1", "b": "2", "new": "1"}, other={"same": 1})
    shown = diff.of("ConfigMap c", before, after)
    assert shown["before"] == "data:\n  b: '1'\n  gone: '1'\n"
    assert shown["after"] == "data:\n  b: '2'\n  new: '1'\n"


def test_items_that_differ_are_shown_with_their_names_only() -> None:
    items = {'k:{"name":"a"}': {".": {}}, 'k:{"name":"b"}': {".": {}}}
    records = {"managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {"f:containers": items}}}], "name": "p"}
    before, after = (
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": records,
            "spec": {"containers": [{"name": "a", "image": "x", "tty": True}, {"name": "b", "image": image}]},
        }
        for image in "vw"
    )
    shown = diff.of("Pod p", before, after)
    assert shown["before"] == "spec:\n  containers:\n  - image: v\n    name: b\n"
    assert shown["after"] == "spec:\n  containers:\n  - image: w\n    name: b\n"


def test_who_has_changed_what_is_told_beside_the_name() -> None:
    before, after = config_map(data={"a": "1"}), config_map(data={"a": "2"})
    shown = diff.of("ConfigMap c", before, after, remark="data.a (kubectl-edit, 3 min ago)")
    assert shown["before_header"] == "ConfigMap c: data.a (kubectl-edit, 3 min ago)"
    assert shown["after_header"] == "ConfigMap c"


def test_note_of_kubectl_is_not_shown() -> None:
    before = config_map(metadata={"name": "c", "annotations": {diff.LAST_APPLIED: "{}"}}, data={"a": "1"})
    shown = diff.of("ConfigMap c", before, config_map(data={"a": "2"}))
    assert diff.LAST_APPLIED not in shown["before"]


OPEN = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": True, "metadata": {"name": "s"}}


@pytest.mark.parametrize(
    "part",
    [
        {"stringdata": {"password": "hush-hush"}},
        {"Data": {"password": {"deep": ["hush-hush"]}}},
        {"data": "hush-hush"},
        {"stringData": ["hush-hush"]},
        {"spec": {"password": 73500}},
        {"metadata": {"name": "s", "annotations": {"kapp.k14s.io/original": '{"data": "hush-hush"}'}}},
        {"metadata": {"name": "s", "stringData": {"password": "hush-hush"}}},
    ],
)
def test_all_of_a_secret_is_hidden_but_what_is_known_to_be_open(part: dict[str, t.Any]) -> None:
    body = {**OPEN, **part}
    assert body != OPEN
    for before, after in ((None, body), (body, None), (OPEN, body), (body, OPEN)):
        shown = diff.of("Secret s", before, after)
        assert "hush" not in shown["before"] + shown["after"]
        assert "73500" not in shown["before"] + shown["after"]
        assert "***" in shown["before"] + shown["after"]


def test_what_is_open_in_a_secret_is_shown() -> None:
    metadata = {"name": "s", "namespace": "shop", "labels": {"app": "web"}, "finalizers": ["example.org/keep"]}
    shown = diff.of("Secret s", None, {**OPEN, "metadata": metadata, "data": None, "stringData": {}})
    assert "***" not in shown["after"]
    for text in ("type: Opaque", "immutable: true", "app: web", "namespace: shop", "example.org/keep"):
        assert text in shown["after"]


def test_part_of_a_secret_that_differs_is_marked() -> None:
    before, after = {**OPEN, "spec": {"a": "one", "b": "same"}}, {**OPEN, "spec": {"a": "two", "b": "same"}}
    shown = diff.of("Secret s", before, after)
    assert shown["before"] == "spec:\n  a: '*** (before)'\n"
    assert shown["after"] == "spec:\n  a: '*** (after)'\n"
