# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import labels

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
SOME_LABELS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "y"]))
SOME_WISHES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([None, "", "x"]))


def node(name: str, found: t.Mapping[str, str] | None) -> dict[str, t.Any]:
    return {"metadata": {"name": name} | ({} if found is None else {"labels": dict(found)})}


def merged(found: t.Mapping[str, str], patch: t.Mapping[str, str | None]) -> dict[str, str]:
    """What a JSON merge patch (RFC 7386) makes of labels."""
    return {key: value for key, value in {**found, **patch}.items() if value is not None}


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ({EXCLUDE: ""}, {EXCLUDE: None}, {EXCLUDE: None}),
        ({EXCLUDE: "", "os": "linux"}, {EXCLUDE: None, "os": "linux"}, {EXCLUDE: None}),
        ({}, {EXCLUDE: ""}, {EXCLUDE: ""}),
        (None, {EXCLUDE: ""}, {EXCLUDE: ""}),
        ({"tier": "a"}, {"tier": "b"}, {"tier": "b"}),
    ],
)
def test_only_labels_that_differ_are_patched(
    found: dict[str, str] | None, wanted: labels.Labels, expected: labels.Labels
) -> None:
    (change,) = labels.plan([node("minikube", found)], wanted)
    assert change.node == "minikube"
    assert change.patch() == {"metadata": {"labels": expected}}


@pytest.mark.parametrize("found", [None, {}, {"os": "linux"}])
def test_node_without_the_unwanted_label_is_left_alone(found: dict[str, str] | None) -> None:
    assert labels.plan([node("minikube", found)], {EXCLUDE: None}) == []


def test_diff_shows_labels_with_empty_values_and_not_those_that_are_missing() -> None:
    (change,) = labels.plan([node("minikube", {EXCLUDE: "", "os": "linux"})], {EXCLUDE: None, "tier": "b"})
    assert change.diff() == {
        "before_header": "minikube",
        "after_header": "minikube",
        "before": f"{EXCLUDE}=\n",
        "after": "tier=b\n",
    }


@given(st.lists(SOME_LABELS), SOME_WISHES)
def test_after_the_patches_nothing_is_left_to_do(all_found: list[dict[str, str]], wanted: labels.Labels) -> None:
    found = {str(number): one for number, one in enumerate(all_found)}
    changes = labels.plan([node(name, one) for name, one in found.items()], wanted)
    after = {name: dict(one) for name, one in found.items()}
    for change in changes:
        after[change.node] = merged(after[change.node], change.after)
    assert labels.plan([node(name, one) for name, one in after.items()], wanted) == []
    for name, one in found.items():
        others = one.keys() - wanted.keys()
        assert {key: after[name].get(key) for key in others} == {key: one[key] for key in others}


@pytest.mark.parametrize("key", ["", "-x", "a b", "/x", "Example.org/x", "a/b/c", "x" * 64, "a" * 254 + "/x"])
def test_malformed_name_is_refused(key: str) -> None:
    with pytest.raises(KuberError, match="Not a label's name"):
        labels.refuse_malformed({key: None})


@pytest.mark.parametrize("value", ["a b", "x" * 64, "-x", "ä"])
def test_malformed_value_is_refused(value: str) -> None:
    with pytest.raises(KuberError, match="Not a value for label tier"):
        labels.refuse_malformed({"tier": value})


def test_labels_that_kubernetes_itself_uses_are_accepted() -> None:
    labels.refuse_malformed(
        {EXCLUDE: None, "kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64", "tier": ""}
    )
