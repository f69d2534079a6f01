# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from xml.etree import ElementTree

from ansible_collections.kuber.network.plugins.module_utils._migrate import figures, picture

RESET = "connection reset by peer"


def request(at: float, ok: bool = True, found: str = "") -> dict[str, t.Any]:
    return {"at": at, "ok": ok, "found": found}


def exchange(flow: str, at: float, *, ok: bool = True, found: str = "", **more: t.Any) -> dict[str, t.Any]:
    return {"flow": flow, "connection": 0, "at": at, "seconds": 0.1, "ok": ok, "found": found} | more


def seen() -> dict[str, t.Any]:
    """A switch that begins at second 100, resets one of two connections, and loses what UDP sends for two seconds."""
    return {
        "marks": [[100.0, "kube-proxy restarts"], [103.0, "all nodes run in mode nftables"]],
        "requests": [
            request(99.5 + 0.5 * number, not 3 <= number <= 5, "no answer" * (3 <= number <= 5)) for number in range(10)
        ],
        "exchanges": [
            *(exchange("tcp 1", 99.5 + number) for number in range(5)),
            exchange("tcp 2", 99.5),
            exchange("tcp 2", 101.0, ok=False, found=RESET),
            exchange("tcp 2", 101.5, connection=1, seconds=0.7),
            *(
                exchange("udp", 99.5 + number, ok=number not in (2, 3), found="no answer in time")
                for number in range(6)
            ),
        ],
    }


def test_failures_and_the_longest_gap_are_counted() -> None:
    found = figures.conclude(seen())["requests"]
    assert (found["sent"], found["failed"], found["failures"]) == (10, 3, {"no answer": 3})
    # From second 100.5 to 102.5.
    assert found["longest_gap"] == 2.0
    assert found["recovered"]


def test_a_gap_that_never_ends_reaches_to_the_end() -> None:
    found = figures.asked([request(0.0), *(request(number, ok=False) for number in range(1, 8))])
    assert (found["longest_gap"], found["recovered"]) == (7.0, False)


def test_connections_that_broke_are_told_from_those_that_went_on() -> None:
    found = figures.conclude(seen())["tcp"]
    assert (found["open"], found["kept"]) == (2, 1)
    assert found["broken"] == [{"at": 1.0, "why": RESET, "answered_again_after": 0.5}]
    assert found["longest_wait"] == 0.7


def test_a_second_connection_that_breaks_is_no_second_loss() -> None:
    samples = [
        exchange("tcp 1", 0.0),
        exchange("tcp 1", 1.0, ok=False, found=RESET),
        exchange("tcp 1", 2.0, connection=1),
        exchange("tcp 1", 3.0, ok=False, found=RESET, connection=1),
    ]
    assert len(figures.connections(samples)["broken"]) == 1


def test_times_count_from_the_first_mark() -> None:
    found = figures.conclude(seen())
    assert found["events"][0] == {"at": 0.0, "what": "kube-proxy restarts"}
    assert [second["second"] for second in found["timeline"]] == list(range(-1, 5))
    assert found["timeline"][2]["udp"] == {"sent": 1, "failed": 1}


def test_picture_shows_each_kind_and_each_step() -> None:
    result = figures.conclude(seen()) | {"title": "ipvs to nftables"}
    text = "\n".join(picture.draw(result, width=80))
    assert "requests              ··✗▴··" in text
    assert "open TCP connections  ··▴··" in text
    assert "UDP from one port     ··✗✗··" in text
    assert "3.0 s  all nodes run in mode nftables" in text
    assert "open TCP connections: 1 of 2 went on (1 x connection reset by peer)" in text


def test_svg_is_well_formed_and_has_a_panel_for_each_switch() -> None:
    result = figures.conclude(seen())
    text = picture.svg([result | {"title": "a < b"}, result | {"title": "back"}])
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    titles = [one.text for one in root.iter(f"{space}text") if one.get("class") == "title"]
    assert titles == ["a < b", "back"]
    assert len([one for one in root.iter(f"{space}path") if one.get("class") == "mark"]) == 2 * 2 + 1


def test_without_a_name_server_there_is_no_row_for_it() -> None:
    given = seen()
    given["exchanges"] = [one for one in given["exchanges"] if one["flow"] != "udp"]
    result = figures.conclude(given) | {"title": "x"}
    assert "UDP" not in "\n".join(picture.draw(result, width=80))
