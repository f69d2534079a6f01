# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80:8080", "80:8080"),
        ("12:30:45", "12:30:45"),
        ("2026-11-23", "2026-11-23"),
        ("2026-11-23T18:00:00Z", "2026-11-23T18:00:00Z"),
        ("=", "="),
        ("0644", 0o644),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-5", -5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.37.2", "1.37.2"),
        ("yes", True),
        ("null", None),
        ("~", None),
        ("100m", "100m"),
        ("'0644'", "0644"),
    ],
)
def test_scalars_are_read_as_kubernetes_does(text: str, expected: object) -> None:
    (found,) = yamltext.load_all(text, "here")
    assert found == expected
    assert type(found) is type(expected)


def test_anchors_and_merge_keys_work() -> None:
    (found,) = yamltext.load_all("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", "here")
    assert found["b"] == {"p": 1, "q": 3}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: 2\na: 3\n", ["key a twice", "line 3"]),
        ("x: {y: 1, y: 2}", ["key y twice", "line 1"]),
        ("a: [1", ["line 2"]),
        ("a: !!python/object/apply:os.system [ls]", ["line 1"]),
        ("\x00", ["here is no YAML"]),
    ],
)
def test_malformed_text_is_refused_with_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(KuberError) as caught:
        yamltext.load_all(text, "here")
    for part in ("here is no YAML", *parts):
        assert part in str(caught.value)


class Marked(str):
    """A text of a type of its own, as Ansible's are."""


def test_texts_of_other_types_are_read() -> None:
    assert yamltext.load_all(Marked("a: 1"), "here") == [{"a": 1}]


@given(st.dictionaries(st.text(st.characters(codec="ascii")), VALUES, min_size=1))
def test_what_is_written_is_read_back(value: dict[str, t.Any]) -> None:
    assert yamltext.load_all(yamltext.dump(value), "here") == [value]
