# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._rollout.strategy import NAMED, Strategy, own


@pytest.mark.parametrize(
    ("surge", "missing", "replicas", "bounds"),
    [
        ("100%", "0", 3, (6, 3)),
        ("0", "1", 3, (3, 2)),
        ("100%", "100%", 3, (6, 0)),
        # 25 % of 3 are 0.75 pods: one more, none less.
        ("25%", "25%", 3, (4, 3)),
        ("25%", "25%", 4, (5, 3)),
        ("1", "0%", 10, (11, 10)),
        # A third of 10 pods may be missing: three.
        ("0%", "33%", 10, (10, 7)),
        # Not a single one, so Kubernetes takes one, for something has to move.
        ("0", "10%", 3, (3, 2)),
        ("150%", "0", 3, (8, 3)),
        ("0", "5", 3, (3, 0)),
        ("1", "1", 0, (1, 0)),
    ],
)
def test_shares_are_rounded_as_kubernetes_rounds_them(
    surge: str, missing: str, replicas: int, bounds: tuple[int, int]
) -> None:
    assert own(surge, missing).bounds(replicas) == bounds


@given(st.integers(0, 200), st.integers(0, 100), st.integers(1, 50))
def test_something_can_always_move(surge: int, missing: int, replicas: int) -> None:
    if not surge and not missing:
        return
    most, fewest = own(f"{surge}%", f"{missing}%").bounds(replicas)
    assert fewest < most
    assert 0 <= fewest <= replicas <= most


@pytest.mark.parametrize(("surge", "missing"), [("0", "0"), ("0%", "0"), ("0", "0%"), ("00%", "0%")])
def test_rollout_that_could_never_begin_is_refused(surge: str, missing: str) -> None:
    with pytest.raises(KuberError, match=r"could never begin.*no pod may be added before one is removed") as refusal:
        own(surge, missing)
    assert f"found: {surge} and {missing}" in str(refusal.value)


@pytest.mark.parametrize(
    ("surge", "missing", "option"),
    [
        ("-1", "1", "max_surge"),
        ("many", "1", "max_surge"),
        ("1", "5.5%", "max_unavailable"),
        ("1", "101%", "max_unavailable"),
    ],
)
def test_what_is_no_number_of_pods_is_refused(surge: str, missing: str, option: str) -> None:
    with pytest.raises(KuberError, match=f"Invalid value of {option}"):
        own(surge, missing)


@pytest.mark.parametrize(
    ("spec", "strategy"),
    [
        ({}, Strategy("RollingUpdate", "25%", "25%")),
        ({"strategy": {"type": "Recreate"}}, NAMED["recreate"]),
        (
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
            NAMED["reverse"],
        ),
    ],
)
def test_strategy_of_a_deployment_is_read(spec: dict[str, object], strategy: Strategy) -> None:
    assert Strategy.of({"spec": spec}) == strategy


def test_recreate_ends_all_before_it_begins() -> None:
    assert NAMED["recreate"].bounds(3) == (3, 0)
