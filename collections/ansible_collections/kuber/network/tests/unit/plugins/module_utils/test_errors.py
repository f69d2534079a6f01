# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, after_change


def write(count: int) -> None:
    with contextlib.ExitStack() as written:
        for number in range(count):
            written.enter_context(after_change(done=number))
        raise KuberError("The next one is refused")


def test_error_after_a_change_says_so_and_brings_along_what_was_done() -> None:
    with pytest.raises(KuberError) as caught:
        write(2)
    assert caught.value.changed
    assert caught.value.partial == {"done": 1}


def test_error_before_any_change_does_not_say_so() -> None:
    with pytest.raises(KuberError) as caught:
        write(0)
    assert not caught.value.changed


@pytest.mark.parametrize("changed", [True, False])
def test_what_comes_before_may_be_no_change(changed: bool) -> None:
    with pytest.raises(KuberError) as caught, after_change(changed=changed):
        raise KuberError("It is refused")
    assert caught.value.changed is changed


def test_edited_error_keeps_its_form() -> None:
    error = KuberError("No secret", wanted="a secret", found="secret", remedy="Tell the secret")
    error.rephrase(lambda text: text.replace("secret", "***"))
    assert str(error) == "No ***; wanted: a ***; found: ***. Tell the ***."


def test_unexpected_error_takes_along_what_was_done_and_says_where_it_is() -> None:
    with pytest.raises(KuberError) as caught, after_change(done=["a"]):
        "text".get("x")  # type: ignore[attr-defined]
    assert caught.value.changed
    assert caught.value.partial == {"done": ["a"]}
    for part in ("An unexpected error", "AttributeError: 'str' object has no attribute 'get'", "test_errors.py, line "):
        assert part in str(caught.value)
