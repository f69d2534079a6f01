# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every remedy that a message gives is in remedies.yml, with the test that tries it or the reason why none does."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.tests.unit import remedies

HERE = pathlib.Path(__file__).parent
COLLECTION = HERE.parents[1]
PROJECT = COLLECTION.parents[3]
KINDS = {"tried", "given", "looking", "untried", "system"}
LISTED: dict[str, list[dict[str, t.Any]]] = yaml.safe_load((HERE / "remedies.yml").read_text())
ALL = [(path, one) for path, some in LISTED.items() for one in some]


def test_every_remedy_is_listed_and_no_other() -> None:
    listed = {path: [one["say"] for one in some] for path, some in LISTED.items()}
    given = remedies.everything()
    assert {path: sorted(texts) for path, texts in given.items()} == {
        path: sorted(texts) for path, texts in listed.items()
    }


def test_each_has_one_kind() -> None:
    assert [one for _path, one in ALL if len(KINDS & one.keys()) != 1 or one.keys() - KINDS != {"say"}] == []


@pytest.mark.parametrize("reference", sorted({one["tried"] for _path, one in ALL if "tried" in one}))
def test_what_tries_a_remedy_exists(reference: str) -> None:
    path, _colons, name = reference.partition("::")
    if path.startswith("molecule/"):
        if not (PROJECT / "molecule").is_dir():
            pytest.skip("the collection is not in the project's tree")
        assert (PROJECT / path / "molecule.yml").is_file()
        return
    text = (HERE / path).read_text()
    assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE)


def test_what_needs_another_system_is_on_the_page_for_users() -> None:
    page = (COLLECTION / "docs" / "platforms.md").read_text().partition("## Advice that has not been tested")[2]
    systems = {one["system"] for _path, one in ALL if "system" in one}
    assert [system for system in systems if system not in page] == []


def test_the_walk_finds_remedies_wherever_they_are_written() -> None:
    texts = [text for some in remedies.everything().values() for text in some]
    # In a keyword, a dictionary, a constant, a function, with a place for a value, and as an argument of a hop.
    for text in (
        "Such a node needs no route; set host_network_route_enabled=false",
        "Free some disk space there",
        "Correct the document and run again; nothing has been touched",
        "Run `minikube delete --profile {}` and then `minikube start --profile {}`",
        "`kubectl --namespace {} scale deployment {} --replicas=1`",
        "Create an L2Advertisement for its pool",
    ):
        assert text in texts
    assert len(texts) > 150
