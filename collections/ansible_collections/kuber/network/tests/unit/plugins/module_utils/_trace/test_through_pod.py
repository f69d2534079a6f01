# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are read through a pod."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.plugins.module_utils._trace import node, through_pod

PLANE = {"metadata": {"name": "kind-control-plane", "labels": {"node-role.kubernetes.io/control-plane": ""}}}
WORKER: dict[str, t.Any] = {"metadata": {"name": "kind-worker"}}


@pytest.mark.parametrize(
    ("nodes", "wanted", "chosen"),
    [
        ([WORKER, PLANE], None, "kind-control-plane"),
        ([WORKER], None, "kind-worker"),
        ([WORKER, PLANE], "kind-worker", "kind-worker"),
    ],
)
def test_a_node_is_chosen(nodes: list[dict[str, t.Any]], wanted: str | None, chosen: str) -> None:
    assert through_pod.choose_node(nodes, wanted) == chosen


@pytest.mark.parametrize(("nodes", "wanted"), [([], None), ([WORKER], "kind-worker2")])
def test_a_node_that_is_not_there_is_said(nodes: list[dict[str, t.Any]], wanted: str | None) -> None:
    with pytest.raises(KuberError, match="has no node"):
        through_pod.choose_node(nodes, wanted)


class Cluster:
    """An API server with one pod, which never starts or does so at once."""

    access = None

    def __init__(self, status: dict[str, t.Any]) -> None:
        self.status = status
        self.seen: list[str] = []

    def request(self, method: str, path: str, **_options: t.Any) -> dict[str, t.Any]:
        self.seen.append(method)
        return {"metadata": {"name": "kuber-trace-x"}}

    def get(self, path: str) -> dict[str, t.Any]:
        return {"status": self.status}


def test_a_pod_of_our_own_is_taken_away_whatever_happens() -> None:
    cluster: t.Any = Cluster({"phase": "Running"})
    with (
        pytest.raises(ZeroDivisionError),
        through_pod.runner_on(cluster, "kind-worker", "busybox:1.31.0") as runner,
    ):
        raise ZeroDivisionError if runner.has_shell else AssertionError
    assert cluster.seen == ["POST", "DELETE"]


def test_an_image_that_is_not_on_the_node_is_said_and_nothing_stays() -> None:
    waiting = {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImageNeverPull"}}}], "phase": "Pending"}
    cluster: t.Any = Cluster(waiting)
    with (
        pytest.raises(KuberError, match=r"busybox:1\.0 on the node.*ErrImageNeverPull"),
        through_pod.runner_on(cluster, "kind-worker", "busybox:1.0"),
    ):
        pass
    assert cluster.seen == ["POST", "DELETE"]


def test_nothing_is_downloaded_and_nothing_stays_for_long() -> None:
    spec = through_pod.own_pod("kind-worker", "busybox:1.31.0")["spec"]
    assert (spec["nodeName"], spec["containers"][0]["imagePullPolicy"]) == ("kind-worker", "Never")
    assert spec["activeDeadlineSeconds"] == through_pod.LIFE_SECONDS


class Bare(Runner):
    """A container with nothing but what kube-proxy needs."""

    has_shell = False

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        known = argv[0] in ("ipset", "iptables-nft-save")
        return Result(argv, 0 if known else 127, "", "" if known else f"exec: {argv[0]}: not found")


def test_virtual_servers_that_cannot_be_read_are_not_taken_for_none() -> None:
    with pytest.raises(KuberError, match="virtual servers of IPVS cannot be read"):
        node.READERS["ipvs"](Bare())
