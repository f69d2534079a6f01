# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that are read through a pod."""

from __future__ import annotations

import typing as t

import pytest
import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError
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


class K3s(Cluster):
    """A cluster whose kube-proxy is part of another program."""

    context = "k3s"

    def get(self, path: str) -> dict[str, t.Any]:
        answer = urllib3.HTTPResponse(b"{}", status=404, reason="Not Found")
        raise ApiError(method="GET", path=path, context="k3s", answer=answer)

    def list(self, path: str) -> list[dict[str, t.Any]]:
        return []


def test_without_a_pod_of_kube_proxy_another_image_is_asked_for() -> None:
    cluster: t.Any = K3s({})
    with (
        pytest.raises(KuberError, match=r"No pod of kube-proxy runs on node one.*k3s.*pod_image, trace_pod_image"),
        through_pod.runner_on(cluster, "one", ""),
    ):
        pass


@pytest.mark.parametrize(
    ("refusing", "image", "says"),
    [
        (K3s({}), "", "Name an image that is on the node and has a shell and chroot"),
        (
            Cluster({"containerStatuses": [{"state": {"waiting": {"reason": "ErrImageNeverPull"}}}]}),
            "busybox:1.0",
            "Name another image",
        ),
    ],
)
def test_with_an_image_that_is_on_the_node_it_goes_on(refusing: t.Any, image: str, says: str) -> None:
    with pytest.raises(KuberError) as caught, through_pod.runner_on(refusing, "kind-worker", image):
        pass
    assert says in str(caught.value)
    cluster: t.Any = Cluster({"phase": "Running"})
    with through_pod.runner_on(cluster, "kind-worker", "busybox:1.31.0") as runner:
        # Which also reads what a container without a shell cannot.
        assert runner.has_shell


class NodeOfK3s(Runner):
    """Its kube-proxy answers on the usual port."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, 0, f"address 127.0.0.1:10249\n{self.answer}\n", "")


def test_a_kube_proxy_inside_another_program_is_asked_on_the_node() -> None:
    cluster: t.Any = K3s({})
    found = node.read_proxy(cluster, "one", NodeOfK3s("mode iptables"))
    assert found.remark == "kube-proxy in iptables mode"
    with pytest.raises(KuberError, match="The cluster has no kube-proxy"):
        node.read_proxy(cluster, "one", NodeOfK3s("silence connection refused"))
