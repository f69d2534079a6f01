# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people see: the tree in a terminal, the picture, and the page in a real browser, on light and dark screens."""

from __future__ import annotations

import dataclasses
import fractions
import html.parser
import itertools
import pathlib
import re
import shutil
import subprocess
import typing as t
import zlib
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._trace import layout, page, picture, tree
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Hop, Kind, chain, walk

CANARY = "http://example.app.org/test-webapp"
NO_RULE = "http://example.app.org/nothing"
CHROMIUM = shutil.which("chromium")
LIGHT, DARK = 1, 0
NASTY = "<script>alert(1)</script> & \"quotes\" 'and' `code` ünïcode"


def plain(text: str, _color: str) -> str:
    return text


def colored(text: str, color: str) -> str:
    return f"[{color}]{text}[/]"


def test_the_tree_shows_each_station_in_order_and_ends_with_the_verdict(lab: t.Any) -> None:
    lines = tree.render(lab.trace(CANARY), width=100, paint=plain)
    text = "\n".join(lines)
    stations = ["request", "name", "route", "service", "rules", "ingress", "rule", "├─", "pod", "└─", "pod"]
    places = [text.index(stations[0])]
    for station in stations[1:]:
        places.append(text.index(station, places[-1] + 1))
    assert re.search(r"├─ +100 % ✔ service +canary/test-webapp-v1", text)
    assert re.search(r"└─ +0 % ○ service +canary/test-webapp-v2", text)
    assert lines[-2] == " ✔ The path is complete"
    assert max(len(line) for line in lines) <= 100


def test_the_tree_marks_the_broken_hop_and_repeats_it_with_its_remedy_at_the_end(lab: t.Any) -> None:
    lines = tree.render(lab.trace(NO_RULE), width=100, paint=colored)
    text = "\n".join(lines)
    assert "[red]✘[/] [dark gray]rule" in text
    end = text[text.rindex("✘ The path ends at the rule example.app.org/nothing") :]
    assert "No rule of example.app.org has /nothing" in end
    assert "→ Add the path to an Ingress of example.app.org" in end


def test_what_could_not_be_looked_at_is_neither_whole_nor_broken(lab: t.Any) -> None:
    lab.node = dataclasses.replace(lab.world().node, problem="The node has lost its voice", rules=None)
    root = lab.trace("172.17.255.1:80")
    lines = tree.render(root, width=100, paint=colored)
    assert "[yellow] ? It is not known whether the path is complete: rules rules for TCP 172.17.255.1:80[/]" in lines
    assert "[yellow]   The node has lost its voice[/]" in lines
    shown = page.render(root, remark="")
    assert '<div class="verdict unknown" role="alert">' in shown
    assert "The path is complete." not in shown
    assert "<p>The node has lost its voice.</p>" in shown


def test_a_narrow_terminal_gets_it_too(lab: t.Any) -> None:
    assert tree.render(lab.trace(CANARY), width=10, paint=plain)


FACTS = st.lists(st.builds(Fact, st.sampled_from(["address", "port", "x" * 30]), st.text(max_size=60)), max_size=8)
NAMES = st.text(max_size=60) | st.just(NASTY)


@st.composite
def hops(draw: st.DrawFn) -> Hop:
    """Trees as the planner makes them: a row of stations, and at its end pods or Services with pods."""
    pods = [
        Hop(Kind.POD, draw(NAMES), tuple(draw(FACTS)), share=fractions.Fraction(1, 3))
        for _number in range(draw(st.integers(0, 5)))
    ]
    backends = [
        Hop(Kind.SERVICE, draw(NAMES), tuple(draw(FACTS)), share=fractions.Fraction(1, 2)).then(*pods)
        for _number in range(draw(st.integers(0, 3)))
    ]
    rule = Hop(Kind.RULE, draw(NAMES), tuple(draw(FACTS))).then(*backends)
    service = Hop(Kind.SERVICE, draw(NAMES), tuple(draw(FACTS)))
    if draw(st.booleans()):
        service = service.broken(draw(NAMES), draw(NAMES))
    controller = Hop(Kind.CONTROLLER, draw(NAMES))
    return chain(Hop(Kind.REQUEST, draw(NAMES)), service, Hop(Kind.RULES, draw(NAMES)), controller, rule)


@given(hops())
def test_no_card_covers_another_and_all_are_in_the_picture(root: Hop) -> None:
    placed = layout.place(root)
    assert len(placed.cards) == len(list(walk(root)))
    assert len(placed.links) == len(placed.cards) - 1
    for card in placed.cards:
        assert 0 < card.x < placed.width - layout.CARD_WIDTH
        assert 0 < card.y < placed.height - card.height
    for one, two in itertools.combinations(placed.cards, 2):
        apart = abs(one.x - two.x) >= layout.CARD_WIDTH
        assert apart or one.y + one.height <= two.y or two.y + two.height <= one.y


@given(hops())
def test_requests_go_from_left_to_right(root: Hop) -> None:
    assert all(link.start.x <= link.end.x for link in layout.place(root).links)


@given(hops())
def test_lines_fit_into_their_cards(root: Hop) -> None:
    for card in layout.place(root).cards:
        assert all(len(line) <= layout.NAME_LETTERS for line in card.name)
        assert all(len(text) + len(label) <= layout.FACT_LETTERS + 1 for label, text in card.facts)


@given(hops())
def test_pages_are_well_formed_whatever_names_hold(root: Hop) -> None:
    text = page.render(root, remark=NASTY)
    assert "<script" not in text
    svg = picture.svg(root)
    assert svg in text
    # Only control characters, which no name in a cluster can have, are no XML.
    if all(character.isprintable() for hop in walk(root) for character in repr(hop)):
        ElementTree.fromstring(re.sub(r"[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", svg))


def test_readers_who_do_not_see_the_picture_get_a_text(lab: t.Any) -> None:
    svg = ElementTree.fromstring(picture.svg(lab.trace(NO_RULE)))
    space = "{http://www.w3.org/2000/svg}"
    assert svg.get("role") == "img"
    title, told = (svg.find(f"{space}{tag}") for tag in ("title", "desc"))
    assert title is not None
    assert told is not None
    assert svg.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
    assert "route 172.17.255.0/24" in (told.text or "")
    assert "It ends at the rule example.app.org/nothing" in (told.text or "")


class Loads(html.parser.HTMLParser):
    """Collects what a page would have the browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.found += [tag] if tag in ("link", "script", "iframe", "object", "image", "use") else []


def test_nothing_is_loaded_from_elsewhere(lab: t.Any) -> None:
    text = page.render(lab.trace(CANARY), remark="")
    loads = Loads()
    loads.feed(text)
    assert loads.found == []
    assert not re.search(r"url\(|@import", text)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("chromium")


def browse(profile: pathlib.Path, file: pathlib.Path, *options: str) -> str:
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    argv = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    argv += [*quiet, f"--user-data-dir={profile}", "--enable-logging=stderr", *options, file.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    # What the page may not load by its own policy would be told here.
    assert "Content Security Policy" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("target", [CANARY, NO_RULE])
def test_a_browser_shows_the_page_as_it_was_written(
    lab: t.Any, target: str, profile: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    root = lab.trace(target)
    file = tmp_path / "page.html"
    file.write_text(page.render(root, remark="Seen here and now"))
    shown = browse(profile, file, "--dump-dom")
    assert f"<title>Path of {target}</title>" in shown
    assert shown.count('<section class="hop') == len(list(walk(root)))
    assert shown.count('<rect class="card"') == len(list(walk(root)))
    assert "Seen here and now" in shown
    assert ("The path is complete." in shown) == (target == CANARY)
    assert ("The path ends at the rule example.app.org/nothing." in shown) == (target != CANARY)


def test_the_page_is_light_on_a_light_screen_and_dark_on_a_dark_one(
    lab: t.Any, profile: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page.render(lab.trace(CANARY), remark=""))
    corners = {}
    for scheme in (LIGHT, DARK):
        shot = tmp_path / f"{scheme}.png"
        browse(
            profile,
            file,
            f"--blink-settings=preferredColorScheme={scheme}",
            "--window-size=1440,900",
            f"--screenshot={shot}",
        )
        corners[scheme] = first_pixel(shot.read_bytes())
    assert min(corners[LIGHT]) > 220
    assert max(corners[DARK]) < 40


def first_pixel(png: bytes) -> tuple[int, int, int]:
    """In the first row, the first pixel is stored as it is, whatever the filter of the row."""
    parts = []
    place = 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] == b"IDAT":
            parts.append(png[place + 8 : place + 8 + length])
        place += 12 + length
    data = zlib.decompress(b"".join(parts))
    return data[1], data[2], data[3]
