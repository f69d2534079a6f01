# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.hosts import (
    HostsEntry,
    Line,
    parse_entries,
    with_entries,
    without_entries,
)

APP = (HostsEntry("172.17.255.3", ("example.app.org",)),)
TWO = (HostsEntry("172.17.255.3", ("example.app.org", "www.app.org")),)
OURS = "172.17.255.3\texample.app.org\n"
SYSTEM = "127.0.0.1\tlocalhost\n::1     localhost ip6-localhost # both\n\n#10.0.0.1 example.app.org\n"

CASES: dict[str, tuple[tuple[HostsEntry, ...], str, str]] = {
    "empty file": (APP, "", OURS),
    "added at the end": (APP, SYSTEM, SYSTEM + OURS),
    "already there": (APP, SYSTEM + OURS, SYSTEM + OURS),
    "there with other spacing and a comment": (
        APP,
        *("172.17.255.3  Example.App.Org # mine\n",) * 2,
    ),
    "there beside another name": (APP, *("172.17.255.3 other example.app.org\n",) * 2),
    "there twice": (APP, OURS + OURS, OURS + OURS),
    "stale address replaced in place": (
        APP,
        "10.0.0.9   example.app.org   # mine\n1.1.1.1 one\n",
        "172.17.255.3   example.app.org   # mine\n1.1.1.1 one\n",
    ),
    "stale line beside the right one": (APP, "10.0.0.9 example.app.org\n" + OURS, OURS),
    "two stale lines": (APP, "10.0.0.9 example.app.org\n10.0.0.8 example.app.org\n", "172.17.255.3 example.app.org\n"),
    "stale name beside a foreign one": (
        APP,
        "10.0.0.9 db example.app.org mail # lan\n",
        "10.0.0.9 db mail # lan\n" + OURS,
    ),
    "stale for IPv6 too": (APP, "fd00::9 example.app.org\n", "172.17.255.3 example.app.org\n"),
    "no final newline": (APP, "127.0.0.1 localhost", "127.0.0.1 localhost\n" + OURS),
    "CRLF": (APP, "127.0.0.1 localhost\r\n", "127.0.0.1 localhost\r\n172.17.255.3\texample.app.org\r\n"),
    "CRLF stale": (APP, "10.0.0.9 example.app.org\r\n", "172.17.255.3 example.app.org\r\n"),
    "tabs": (APP, "\t10.0.0.9\t\texample.app.org\t# x\n", "\t172.17.255.3\t\texample.app.org\t# x\n"),
    "a missing name joins its brother": (TWO, OURS, "172.17.255.3\texample.app.org www.app.org\n"),
    "brother with a comment": (
        TWO,
        "172.17.255.3 www.app.org # mine\n",
        "172.17.255.3 www.app.org example.app.org # mine\n",
    ),
    "foreign line of the same address is left": (APP, "172.17.255.3 other\n", "172.17.255.3 other\n" + OURS),
    "garbage is left": (
        APP,
        "what is this\n999.1.1.1 example.app.org\n",
        "what is this\n999.1.1.1 example.app.org\n" + OURS,
    ),
    "other blanks of the C library": (
        APP,
        "10.0.0.9\vexample.app.org\fx\r\n",
        "10.0.0.9\vx\r\n172.17.255.3\texample.app.org\r\n",
    ),
    "a no-break space is part of a name": (
        APP,
        "10.0.0.9 example.app.org\u00a0 y\n",
        "10.0.0.9 example.app.org\u00a0 y\n" + OURS,
    ),
    "two entries swap their names": (
        (HostsEntry("10.0.0.1", ("b.org",)), HostsEntry("10.0.0.2", ("a.org",))),
        "10.0.0.1 a.org\n10.0.0.2 b.org\n",
        "10.0.0.2 a.org\n10.0.0.1 b.org\n",
    ),
    "both families": (
        (HostsEntry("10.0.0.1", ("a.org",)), HostsEntry("fd00::1", ("a.org",))),
        "10.0.0.1 a.org\n",
        "10.0.0.1 a.org\nfd00::1\ta.org\n",
    ),
}


@pytest.mark.parametrize(("entries", "before", "after"), CASES.values(), ids=CASES.keys())
def test_present(entries: tuple[HostsEntry, ...], before: str, after: str) -> None:
    assert with_entries(before, entries) == after
    assert with_entries(after, entries) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SYSTEM + OURS, SYSTEM),
        ("172.17.255.3 db example.app.org # x\n", "172.17.255.3 db # x\n"),
        ("10.0.0.9 example.app.org\n", "10.0.0.9 example.app.org\n"),
        ("", ""),
        ("172.17.255.3 example.app.org", ""),
    ],
)
def test_absent(before: str, after: str) -> None:
    assert without_entries(before, APP) == after
    assert without_entries(after, APP) == after


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"address": "172.17.255.300", "names": ["a.b"]}, "Invalid address"),
        ({"address": "172.17.255.0/24", "names": ["a.b"]}, "Invalid address"),
        ({"address": "10.0.0.1", "names": []}, "has no names"),
        ({"address": "10.0.0.1", "names": [""]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["two words"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["http://a.b"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["a.b\n6.6.6.6 bank.com"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["-a.b"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["a..b"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["x" * 64]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["10.0.0.2"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["#a"]}, "Invalid host name"),
        ({"address": "10.0.0.1", "names": ["localhost"]}, "loopback"),
    ],
)
def test_refuses_nonsense(entry: dict[str, t.Any], said: str) -> None:
    with pytest.raises(KuberError, match=said):
        parse_entries([entry])


def test_refuses_one_name_with_two_addresses() -> None:
    raw = [{"address": "10.0.0.1", "names": ["a.org"]}, {"address": "10.0.0.2", "names": ["A.org"]}]
    with pytest.raises(KuberError, match=r"10\.0\.0\.1 and 10\.0\.0\.2"):
        parse_entries(raw)


def test_refuses_a_binary_file() -> None:
    with pytest.raises(KuberError, match="NUL"):
        with_entries("\0\0", APP)


LONG: dict[str, str] = {
    "ten thousand lines": "".join(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}\thost{n}\n" for n in range(10_000)),
    "ten thousand comments": "#\n" * 10_000,
    "a line of blanks": "10.0.0.1 a" + " " * 1_000_000 + "b\n",
    "a long line": "10.0.0.1 " + "a " * 100_000 + "\n",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_files_take_no_time_and_stay_as_they_are(text: str) -> None:
    started = time.process_time()
    assert with_entries(text, APP) == text + OURS
    assert without_entries(text + OURS, APP) == text
    assert time.process_time() - started < 5


NAMES = ["a.org", "b.org", "c.org", "foreign", "other"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"]
LINES = st.one_of(
    st.builds(
        lambda address, names, gap, tail: f"{address}{gap}{' '.join(names)}{tail}",
        st.sampled_from(ADDRESSES),
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
        st.sampled_from([" ", "\t", "   "]),
        st.sampled_from(["", " # note", "\t"]),
    ),
    st.text(st.characters(exclude_characters="\n\0"), max_size=12),
    st.text(" \t\v\f\r#.ab10\u00a0", max_size=12),
)
FILES = st.builds(
    lambda lines, end, last: end.join(lines) + last,
    st.lists(LINES, max_size=8),
    st.just("\n"),
    st.sampled_from(["", "\n"]),
)
ENTRIES = st.sampled_from(
    [
        (HostsEntry("10.0.0.1", ("a.org",)),),
        (HostsEntry("10.0.0.1", ("a.org", "b.org")), HostsEntry("10.0.0.2", ("c.org",))),
        (HostsEntry("10.0.0.1", ("a.org",)), HostsEntry("fd00::1", ("a.org", "b.org"))),
    ]
)


def pairs(text: str) -> list[tuple[str, str]]:
    lines = [Line.parse(raw) for raw in text.splitlines(keepends=True)]
    return [(line.address, name.lower()) for line in lines for name in line.names]


@given(FILES, ENTRIES)
def test_names_lead_to_the_wanted_addresses_only_and_foreign_pairs_survive(
    text: str, entries: tuple[HostsEntry, ...]
) -> None:
    after = with_entries(text, entries)
    wanted = {(entry.address, name) for entry in entries for name in entry.names}
    names = {name for _address, name in wanted}
    assert {pair for pair in pairs(after) if pair[1] in names} == wanted
    assert [pair for pair in pairs(after) if pair[1] not in names] == [
        pair for pair in pairs(text) if pair[1] not in names
    ]
    assert with_entries(after, entries) == after


@given(FILES, ENTRIES)
def test_lines_without_our_names_stay_byte_for_byte(text: str, entries: tuple[HostsEntry, ...]) -> None:
    names = {name for entry in entries for name in entry.names}

    def is_foreign(raw: str) -> bool:
        return not names & {name.lower() for name in Line.parse(raw).names}

    # A last line without an end is given one, which may be that of Windows.
    after = iter([raw.rstrip("\r") for raw in with_entries(text, entries).split("\n")])
    foreign = [raw.rstrip("\r") for raw in text.split("\n") if raw and is_foreign(raw)]
    assert all(raw in after for raw in foreign), "lost, changed or out of order"


@given(FILES, ENTRIES)
def test_absent_removes_what_present_added(text: str, entries: tuple[HostsEntry, ...]) -> None:
    after = without_entries(with_entries(text, entries), entries)
    names = {name for entry in entries for name in entry.names}
    assert not [pair for pair in pairs(after) if pair[1] in names]


BYTES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        LINES.map(lambda line: line.encode("utf-8", "surrogatepass")),
        st.sampled_from([b"10.0.0.1 a.org", b"10.0.0.9\tb.org foreign # \xff", b"\xff\xfe 10.0.0.1 c.org"]),
    ),
    max_size=8,
).flatmap(lambda lines: st.sampled_from([b"\n", b"\r\n"]).map(lambda end: end.join(lines).replace(b"\0", b"")))


def decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


@given(BYTES, ENTRIES)
def test_any_bytes_survive_outside_of_our_names(content: bytes, entries: tuple[HostsEntry, ...]) -> None:
    names = {name for entry in entries for name in entry.names}

    def is_foreign(line: bytes) -> bool:
        return not names & {name.lower() for name in Line.parse(decoded(line)).names}

    after = with_entries(decoded(content), entries).encode("utf-8", "surrogateescape")
    foreign = [line for line in content.split(b"\n") if line.strip() and is_foreign(line)]
    there = iter([line.rstrip(b"\r") for line in after.split(b"\n")])
    assert all(line.rstrip(b"\r") in there for line in foreign), "lost, changed or out of order"
    assert with_entries(decoded(after), entries).encode("utf-8", "surrogateescape") == after


@given(BYTES, ENTRIES)
def test_absent_after_present_gives_back_what_was_there(content: bytes, entries: tuple[HostsEntry, ...]) -> None:
    text = decoded(content)
    names = {name for entry in entries for name in entry.names}
    if any(names & {name.lower() for name in Line.parse(line).names} for line in text.split("\n")):
        # One of our names was there before: then it was moved or is ours to take away.
        return
    back = without_entries(with_entries(text, entries), entries)
    # A last line without an end had to be given one.
    assert back in (text, text + "\n", text + "\r\n")
