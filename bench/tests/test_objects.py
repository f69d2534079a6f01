# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections

import pytest
import yaml

from bench import bare, objects
from bench.__main__ import SETS


@pytest.mark.parametrize("count", SETS)
def test_a_set_has_its_size_and_no_object_twice(count: int) -> None:
    made = objects.objects(count)
    assert len(made) == count
    assert len({bare.path_to(body) for body in made}) == count


def test_a_set_is_the_same_each_time() -> None:
    assert objects.text(objects.objects(300)) == objects.text(objects.objects(300))


def test_a_smaller_set_is_the_beginning_of_a_larger_one() -> None:
    assert objects.objects(300)[:30] == objects.objects(30)


@pytest.mark.parametrize("count", SETS)
def test_one_percent_differs_between_two_revisions_and_never_fewer_than_one(count: int) -> None:
    pairs = zip(objects.objects(count, revision=1), objects.objects(count, revision=2), strict=True)
    different = [before for before, after in pairs if before != after]
    assert len(different) == max(1, count // 100)


def test_objects_of_every_kind_differ_between_two_revisions() -> None:
    pairs = zip(objects.objects(3000), objects.objects(3000, revision=1), strict=True)
    kinds = {before["kind"] for before, after in pairs if before != after}
    assert kinds == {build(1, 0)["kind"] for build in objects.BUILDERS}


def test_revisions_differ_in_more_than_their_annotation() -> None:
    for build in objects.BUILDERS:
        before, after = build(1, 0), build(1, 1)
        before["metadata"] = after["metadata"] = {}
        assert before != after


def test_the_text_holds_the_objects_as_they_are() -> None:
    made = objects.objects(30, revision=1)
    assert list(yaml.safe_load_all(objects.text(made))) == made


def test_the_text_is_as_people_write_it_without_aliases() -> None:
    assert "&id" not in objects.text(objects.objects(30))


def test_kinds_are_mixed() -> None:
    kinds = collections.Counter(body["kind"] for body in objects.objects(300))
    assert kinds["CustomResourceDefinition"] == 1
    assert min(count for kind, count in kinds.items() if kind != "CustomResourceDefinition") >= 29
