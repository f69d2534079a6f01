# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real rollouts of row 4: what is rolled out, and what becomes of the verdict."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import cluster_checks, rows, verdicts
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import inspect
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message, Status
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._homework import samples
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._homework.test_cluster_checks import LIVE

RESULT = {
    "title": "blue-green",
    "seconds": 14.2,
    "most_pods": 6,
    "fewest_available": 3,
    "requests": 143,
    "failed_requests": 2,
}


def rolled_out(*names: str) -> dict[str, str]:
    return cluster_checks.rollout(inspect(upgrade(reading.from_text(samples.joined(names), "all.yml"))), LIVE)


def test_page_is_requested_where_users_are_if_the_folder_has_a_load_balancer() -> None:
    assert rolled_out("strategy", "load_balancer", "cluster_service") == {
        "name": "web",
        "namespace": "default",
        "url": "http://172.17.255.1:80/index.html",
        "from": "controller",
    }


def test_page_is_requested_on_the_node_if_the_folder_has_only_a_service_inside() -> None:
    found = rolled_out("strategy", "cluster_service")
    assert (found["url"], found["from"]) == ("http://10.96.0.7:80/index.html", "host")


def test_nothing_is_rolled_out_without_a_strategy_or_a_service() -> None:
    assert rolled_out("deployment", "load_balancer") == {}
    assert rolled_out("strategy") == {}


def row_4(status: Status, results: t.Sequence[dict[str, t.Any]], failure: str = "") -> verdicts.RowVerdict:
    before = [
        verdicts.RowVerdict("1", Message("", ""), Status.PASSED),
        verdicts.RowVerdict("4", Message("", ""), status),
    ]
    after = verdicts.with_rollouts(before, results, failure)
    assert after[0] == before[0]
    assert after[1].number == rows.STRATEGY
    return after[1]


def test_failed_requests_are_reported_and_are_no_fault() -> None:
    found = row_4(Status.PASSED, [RESULT])
    assert found.status is Status.PASSED
    assert [note.en for note in found.notes] == [
        "Rollout blue-green: 14 s, at most 6 pods, at least 3 available, 2 of 143 requests failed"
    ]


def test_rollout_that_does_not_end_fails_the_row() -> None:
    found = row_4(Status.PASSED, [], "the pods did not become ready")
    assert found.status is Status.FAILED
    assert found.reasons[0].problem.en == "the pods did not become ready"
    assert row_4(Status.NOT_CHECKED, [], "the pods did not become ready").status is Status.NOT_CHECKED
