# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._preflight.readiness import nodes_not_ready, not_ready

GONE = "Kubelet stopped posting node status."


def node(**ready: str) -> dict[str, t.Any]:
    conditions = [{"type": "MemoryPressure", "status": "Unknown"}, *([{"type": "Ready", **ready}] if ready else [])]
    return {"metadata": {"name": "m02"}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("ready", "said"),
    [
        ({"status": "True", "message": "kubelet is posting ready status"}, None),
        # The node of a kubelet that has not said anything yet.
        ({}, None),
        ({"status": "Unknown", "reason": "NodeStatusUnknown", "message": GONE}, GONE),
        ({"status": "False", "reason": "KubeletNotReady"}, "KubeletNotReady"),
        ({"status": "False"}, "False"),
    ],
)
def test_a_node_is_not_ready_only_if_it_says_so(ready: dict[str, str], said: str | None) -> None:
    assert not_ready([node(**ready)]).get("m02") == said


def test_a_node_that_is_not_ready_is_named_with_what_starts_it() -> None:
    (found,) = nodes_not_ready("work", {"m02": GONE}, ())
    assert str(found) == (
        "Node m02 is not ready; wanted: every node of the cluster ready; found: Kubelet stopped posting node status."
        " Run `minikube start --profile work`, which starts every node of the profile."
    )


def test_of_a_cluster_without_minikube_it_says_where_more_is_found() -> None:
    (found,) = nodes_not_ready("", {"m02": GONE}, ())
    assert str(found).endswith(" `kubectl describe node m02` says more.")


def test_a_node_on_which_no_command_runs_is_reported_once() -> None:
    assert list(nodes_not_ready("work", {"m02": GONE}, {"m02"})) == []
