# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

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


def test_changed_fields_are_named_by_their_path() -> None:
    before = {"spec": {"replicas": 3, "ports": [1], "same": 1}, "metadata": {"annotations": {"a.b/c": "x"}}}
    after = {"spec": {"replicas": 2, "ports": [2], "same": 1, "new": {"x": 1}}, "metadata": {"annotations": {}}}
    assert list(diff.changed_fields(before, after)) == [
        "metadata.annotations[a.b/c]",
        "spec.new",
        "spec.ports",
        "spec.replicas",
    ]
