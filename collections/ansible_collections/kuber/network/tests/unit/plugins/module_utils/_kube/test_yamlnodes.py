# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._kube.yamlnodes import ShortWay

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS | st.dates(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text() | st.integers() | st.booleans(), parts),
)


Libyaml: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Short(ShortWay, yaml.SafeLoader):
    pass


class ShortLibyaml(ShortWay, Libyaml):  # type: ignore[misc]
    pass


LOADERS = pytest.mark.parametrize(("short", "long"), [(Short, yaml.SafeLoader), (ShortLibyaml, Libyaml)])


def read(text: str, loader: t.Any) -> object:
    """The values of a text with their types, or what is wrong with it."""
    try:
        return repr(list(yaml.load_all(text, Loader=loader)))
    except yaml.MarkedYAMLError as exc:
        return exc.problem, exc.problem_mark and (exc.problem_mark.line, exc.problem_mark.column)


@LOADERS
@given(value=VALUES, flow=st.sampled_from([True, False, None]))
def test_values_are_those_of_the_long_way(short: t.Any, long: t.Any, value: object, flow: bool | None) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow)
    assert read(text, short) == read(text, long)


@LOADERS
@pytest.mark.parametrize(
    "text",
    [
        "a: b\n---\n---\n- c\n",
        "a: &x {b: [c]}\nd: *x\n",
        "a: &x {b: c, d: e}\nf: {<<: *x, d: g}\n",
        "<<: [{a: b}, {a: c}]\nd: e\n",
        "8080: a\ntrue: b\n~: c\n1.5: d\n",
        "a: 1\na: 2\n",
        "'a': 1\n\"b\": '2'\nc: 010\nd: 0x1F\ne: 1_000\nf: 12:30\ng: 2001-01-01\n",
        "? [a]\n: b\n",
        "? {a: b}\n: c\n",
        "a: !!set {x, y}\n",
        "a: !!omap [x: y]\n",
        "a: !!str 1\nb: !!int '1'\nc: !!binary aGVsbG8=\n",
        "a: !!str [b]\n",
        "a: !!map b\n",
        "a: !!seq {b: c}\n",
        "a: !unknown b\n",
        "!!python/object/apply:os.system [ls]\n",
        "a: !\n",
        "=: a\n",
        "a: &x [*x]\n",
        "&x {a: *x, b: 1}\n",
        "a: *nowhere\n",
    ],
)
def test_what_is_rare_is_read_or_refused_as_the_long_way_does(short: t.Any, long: t.Any, text: str) -> None:
    assert read(text, short) == read(text, long)


def test_an_alias_is_the_same_value_and_not_a_copy() -> None:
    value = yaml.load("a: &x {b: c}\nd: *x\n", Loader=Short)
    assert value["a"] is value["d"]


def test_too_deep_a_text_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match=r"nests too deeply|recursion"):
        yaml.load("[" * 900 + "]" * 900, Loader=ShortLibyaml)
