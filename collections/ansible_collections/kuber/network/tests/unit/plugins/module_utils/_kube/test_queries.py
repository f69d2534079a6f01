# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import queries

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "status": {"phase": "Pending", "count": 3, "addresses": [{"ip": "10.0.0.1"}], "none": 0},
}


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("a ==", ["is not a JMESPath expression", "a =="]),
        ("[?", ["is not a JMESPath expression"]),
        ("`false`", ["can never be true", "the same for every object"]),
        ("'a' == 'b'", ["can never be true"]),
        ("'Running'", ["is always true"]),
        ("length('abc')", ["is always true"]),
        ("status.count > '3'", ["can never be true", "> compares with what is not a number"]),
        ("`true` <= status.count", ["can never be true", "<="]),
        ("status.ports[?port >= '80']", ["can never be true", ">="]),
    ],
)
def test_what_cannot_be_waited_for_is_refused(query: str, parts: list[str]) -> None:
    with pytest.raises(KuberError) as caught:
        queries.check_condition(query, "The query of wait_for for Pod a")
    for part in ("The query of wait_for for Pod a", *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("query", "shortfall"),
    [
        ("status.phase == 'Pending'", None),
        ("status.none", None),
        ("@", None),
        ("`1` < status.count", None),
        ("status.conditions[?type=='Ready'].status", "`status.conditions` is null"),
        ("status.phase == 'Running'", '`status.phase` is "Pending"'),
        ("'Running'==status.phase", '`status.phase` is "Pending"'),
        # Double quotes make the name of a field.
        ('status.phase == "Running"', '`status.phase` is "Pending", `"Running"` is null'),
        ("status.count >= `4`", "`status.count` is 3"),
        (
            "status.count == `3` && status.phase == 'Running' && status.x",
            '`status.phase` is "Pending", `status.x` is null',
        ),
        ("status.phase == 'a' || status.phase == 'b'", "`status.phase == 'a' || status.phase == 'b'` is false"),
        ("status.addresses[?ip=='10.0.0.2']", '`status.addresses` is [{"ip": "10.0.0.1"}]'),
        ("(status.addresses[?ip=='a'] && status.x)", "`(status.addresses[?ip=='a'] && status.x)` is []"),
        ("status.phase == '=='", '`status.phase` is "Pending"'),
        ("length(status.x)", "`length(status.x)` has no value: In function length(), invalid type"),
    ],
)
def test_shortfall_shows_the_values_that_were_found(query: str, shortfall: str | None) -> None:
    queries.check_condition(query, "The query")
    found = queries.judge(query, POD)
    assert found == shortfall or (shortfall is not None and found is not None and found.startswith(shortfall))


def test_values_of_secrets_are_not_shown_and_long_ones_are_cut() -> None:
    secret: dict[str, t.Any] = {"apiVersion": "v1", "kind": "Secret", "data": {"token": "aHVzaA=="}}
    assert queries.judge("data.token == 'x'", secret) == "`data.token` is ***"
    text = queries.judge("a == 'x'", POD | {"a": "y" * 1000})
    assert text is not None
    assert len(text) < 300
