# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import tracemalloc
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

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
        ("1e3", 1000),
        ("1.0", 1),
        ("1.10", 1.1),
        ("08", 8),
        ("0o17", 15),
        ("0B11", 3),
        ("-0b11", -3),
        ("+0x1F", 31),
        ("0x", "0x"),
        ("0b12", "0b12"),
        ("1__0", 10),
        ("1_000.5", 1000.5),
        ("1e-7", 1e-7),
        ("1e20", 10**20),
        ("1e21", 1e21),
        ("18446744073709551615", 2**64 - 1),
        ("99999999999999999999", 10**20),
        ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        # What Go's ParseFloat refuses is a string, such as a hash that looks like a float.
        ("12e4567", "12e4567"),
        ("-.1e400", "-.1e400"),
        ("1e", "1e"),
        ("y", True),
        ("N", False),
        ("Off", False),
        ("oN", "oN"),
        ("<<", "<<"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!float 5", 5),
        ("!!bool 'no'", False),
        ("!!binary aMOp", "hé"),
        ("!!binary |\n  YWFh\n  YWFh", "aaaaaa"),
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


def test_keys_are_the_strings_that_go_makes_of_them() -> None:
    text = "{on: a, 1: b, 0: c, off: d, 1.10: e, 1000000.0: f, 0.00001: g, 1e3: h, 0x10: i, 2026-11-23: j, '2': k}"
    (found,) = yamltext.load_all(text, "here")
    names = ["true", "1", "0", "false", "1.1", "1e+06", "1e-05", "1000", "16", "2026-11-23", "2"]
    assert found == dict(zip(names, "abcdefghijk", strict=True))


def test_keys_that_are_no_finite_numbers_are_what_is_written() -> None:
    (found,) = yamltext.load_all("{.inf: a, -.INF: b, .nan: c}", "here")
    assert found == {".inf": "a", "-.inf": "b", ".nan": "c"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud83d\\ude80 go"}',
        'a: "\\ud83d\\ude80 go"',
        'a: "\\uD83D\\uDE80 go"\n---\nb: c\n',
        "a: \U0001f680 go",
        'a: "\\U0001F680 go"',
    ],
)
def test_characters_beyond_16_bits_are_read_however_they_are_written(text: str) -> None:
    assert yamltext.load_all(text, "here")[0] == {"a": "\U0001f680 go"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a: '\\ud83d\\ude80'", "\\ud83d\\ude80"), ('a: |\n  {"b": "\\ud83d\\ude80"}', '{"b": "\\ud83d\\ude80"}')],
)
def test_what_is_no_escape_stays_as_it_is(text: str, expected: str) -> None:
    assert yamltext.load_all(text, "here") == [{"a": expected}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('\n{"a": 1}\n\n {"b": 1.0}\n', [{"a": 1}, {"b": 1.0}]),
        ('{"a": 1}\n---\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ("{a: 1}\n---\n{b: 2}", [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n# comment\n', [{"a": 1}]),
        ('{"a": NO}', [{"a": False}]),
    ],
)
def test_stream_of_json_is_read_and_what_only_looks_like_one_is_yaml(text: str, expected: list[t.Any]) -> None:
    assert yamltext.load_all(text, "here") == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a: {b: 1.10}", ("a", "b"), "1.10"),
        ("a: [x, 0644]", ("a", 1), "0644"),
        ("a:", ("a",), ""),
        ("a: 'x'", ("a",), None),
        ("a: {}", ("a",), None),
        ("a: {}", ("b", "c"), None),
        ('{"a": 1.10}{"a": 2}', ("a",), "1.10"),
    ],
)
def test_text_that_stands_at_a_place_is_found(text: str, path: tuple[str | int, ...], expected: str | None) -> None:
    assert yamltext.written(text, 0, path) == expected


def test_anchors_and_merge_keys_work() -> None:
    (found,) = yamltext.load_all("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", "here")
    assert found["b"] == {"p": 1, "q": 3}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: 2\na: 3\n", ["key a twice", "line 3"]),
        ("x: {z: 1, z: 2}", ["key z twice", "line 1"]),
        ("x: {z: 1, on: 1, y: 2}", ["key true twice (here written y)", "line 1"]),
        ("x: {1: a, '1': b}", ["key 1 twice", "line 1"]),
        ("{~: a}", ["a key that is not a string"]),
        ("{[a]: b}", ["a key that is not a string"]),
        ("a: !vault x", ["tag !vault", "line 1"]),
        ("a: !!bool x", ["tag !!bool", "line 1"]),
        ("{<<: [1]}", ["merges what is not a mapping"]),
        ('{"a": 1, "a": 2}', ["key a twice"]),
        ("a: [1", ["line 2"]),
        ("a: !!python/object/apply:os.system [ls]", ["line 1"]),
        ("a: b\n--- \n\x00", ["document 1", "character #x0000"]),
        ("a: 1\n---\na: [1", ["document 2"]),
        ("a: &x [*x]", ["an alias of something that it is a part of"]),
        ("a: &x {<<: *x}", ["an alias of something that it is a part of"]),
    ],
)
def test_malformed_text_is_refused_with_its_place(text: str, parts: list[str]) -> None:
    with pytest.raises(KuberError) as caught:
        yamltext.load_all(text, "here")
    for part in ("here, document ", "cannot be read as YAML", "nothing has been touched", *parts):
        assert part in str(caught.value)


def doubling(first: str, line: str, steps: int = 40) -> str:
    """A text in which each line holds twice what the one before it holds."""
    return f"x0: &x0 {first}\n" + "".join(f"x{n + 1}: &x{n + 1} {line.replace('%', f'*x{n}')}\n" for n in range(steps))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (doubling("[a, b]", "[%, %]"), "aliases that stand for more than 16 MiB"),
        (doubling("{a: b}", "{p: %, q: %}"), "aliases that stand for more than 16 MiB"),
        (doubling("{a: b}", "{<<: [%, %], c: d}"), "aliases that stand for more than 16 MiB"),
        (f"a: &a {'x' * 1_000_000}\nb: [{'*a, ' * 10_000}]\n", "aliases that stand for more than 16 MiB"),
        ("[" * 1_000_000, "more than 100 levels"),
        ("{a: " * 300_000, "more than 100 levels"),
        ("- " * 1_000_000 + "x", "more than 100 levels"),
        ("? " * 1_000_000, "more than 100 levels"),
        ("a: b\n" * 10_000_000, "here is too large; wanted: at most 16 MiB; found: 47.7 MiB"),
    ],
    ids=["lists", "mappings", "merge keys", "long text", "brackets", "braces", "dashes", "question marks", "50 MB"],
)
def test_text_that_would_fill_the_memory_or_the_stack_is_refused_at_once(text: str, message: str) -> None:
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(KuberError, match=message):
        yamltext.load_all(text, "here")
    seconds, (_now, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 1
    assert peak < 100 * 1024 * 1024


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100 + "]" * 100,
        "".join(" " * depth + "a:\n" for depth in range(100)),
        "a: '" + "[" * 1000 + "'",
        "a: |\n" + " " * 300 + "x\n",
        "a: &a {b: c}\nd: [*a, *a, *a]\ne: {<<: *a}",
        "a: https://example.org/?p=1&q=2",
    ],
)
def test_text_that_only_looks_large_is_read(text: str) -> None:
    assert yamltext.load_all(text, "here") == [yaml.safe_load(text)]


class Marked(str):
    """A text of a type of its own, as Ansible's are."""


def test_texts_of_other_types_are_read() -> None:
    assert yamltext.load_all(Marked("a: 1"), "here") == [{"a": 1}]


@given(st.dictionaries(st.text(st.characters(codec="ascii")), VALUES, min_size=1))
def test_what_is_written_is_read_back(value: dict[str, t.Any]) -> None:
    assert yamltext.load_all(yamltext.dump(value), "here") == [value]
