# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user says of single objects: by their labels, or by an annotation on them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import Selection
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune
from ansible_collections.kuber.network.plugins.module_utils._kube.selectors import Selector
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Patch, Target

if t.TYPE_CHECKING:
    from .conftest import Cluster

CHECK = Options(check=True)
MERGE = "application/merge-patch+json"
SKIP = {"kuber.network/reconcile": "skip"}
KEEP = {"kuber.network/prune": "keep"}


def config_map(name: str, value: str = "1", **metadata: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"a": value}}


def annotate(cluster: Cluster, name: str, annotations: dict[str, str]) -> None:
    path = cluster.path("configmaps", name)
    cluster.client.request("PATCH", path, body={"metadata": {"annotations": annotations}}, content_type=MERGE)


def names(cluster: Cluster) -> set[str]:
    return {one["metadata"]["name"] for one in cluster.client.list(cluster.path("configmaps"))} - {"kube-root-ca.crt"}


def test_objects_are_deleted_by_their_labels_and_no_others(cluster: Cluster) -> None:
    cluster.apply(config_map("a", labels={"app": "x"}), config_map("b", labels={"app": "y"}), config_map("c"))
    selection = Selection("ConfigMap", Selector.parse(["app in (x, z)"], "label_selectors"))
    predicted = cluster.run(present=False, selection=selection, options=CHECK)
    assert predicted.changes.summary() == "1 object: 1 deleted"
    assert names(cluster) == {"a", "b", "c"}
    done = cluster.run(present=False, selection=selection)
    assert done.error is None
    assert done.changes.dump() == predicted.changes.dump()
    assert names(cluster) == {"b", "c"}
    assert not cluster.run(present=False, selection=selection).changes.changed


def test_object_that_is_to_be_skipped_is_neither_created_changed_nor_deleted(cluster: Cluster) -> None:
    assert cluster.apply(config_map("a"), config_map("new", annotations=SKIP)) == {"a": "created", "new": "unchanged"}
    annotate(cluster, "a", SKIP)
    outcome = cluster.run(config_map("a", "2"))
    assert outcome.error is None
    assert [(one.action.value, "left alone" in one.reason) for one in outcome.changes.entries] == [("unchanged", True)]
    assert cluster.client.get(cluster.path("configmaps", "a"))["data"] == {"a": "1"}
    gone = cluster.run(config_map("a"), present=False)
    assert not gone.changes.changed
    assert names(cluster) == {"a"}
    annotate(cluster, "a", t.cast("t.Any", {"kuber.network/reconcile": None}))
    assert cluster.apply(config_map("a", "2")) == {"a": "configured"}


@pytest.mark.parametrize("keep", [KEEP, {"helm.sh/resource-policy": "keep"}])
def test_object_that_is_to_be_kept_outlives_its_set(cluster: Cluster, keep: dict[str, str]) -> None:
    prune = Prune("record")
    cluster.apply(config_map("a"), config_map("b"), config_map("c"), prune=prune)
    annotate(cluster, "b", keep)
    outcome = cluster.run(config_map("a"), prune=prune)
    assert outcome.error is None
    assert {one.ref.name: one.action.value for one in outcome.changes.entries} == {
        "a": "unchanged",
        "b": "unchanged",
        "c": "deleted",
        "record": "unchanged",
    }
    assert names(cluster) == {"a", "b", "record"}
    assert not cluster.run(config_map("a"), prune=prune).changes.changed


def test_annotation_with_another_value_is_warned_about(cluster: Cluster) -> None:
    outcome = cluster.run(config_map("a", annotations={"kuber.network/reconcile": "disabled"}), options=CHECK)
    assert "kuber.network/reconcile=disabled, which means nothing; expected: skip" in outcome.warnings[0]


def test_patch_reaches_the_objects_with_its_labels(cluster: Cluster) -> None:
    patch = Patch(
        Target("ConfigMap"), {"data": {"more": "x"}}, selector=Selector.parse(["app=x"], "patches[].label_selectors")
    )
    cluster.apply(config_map("a", labels={"app": "x"}), config_map("b"), patches=(patch,))
    assert cluster.client.get(cluster.path("configmaps", "a"))["data"] == {"a": "1", "more": "x"}
    assert cluster.client.get(cluster.path("configmaps", "b"))["data"] == {"a": "1"}
    assert "ConfigMap with labels app=x, which is not in the set" in cluster.refusal(config_map("b"), patches=(patch,))


def test_kinds_of_one_name_are_told_apart_by_their_group(cluster: Cluster) -> None:
    target = Target("ConfigMap", api_version="example.org/v1")
    patch = Patch(target, {"data": {"more": "x"}})
    assert "which is not in the set" in cluster.refusal(config_map("a"), patches=(patch,))
    cluster.apply(config_map("a"), patches=(Patch(Target("ConfigMap", api_version="v1"), {"data": {"more": "x"}}),))
    assert cluster.client.get(cluster.path("configmaps", "a"))["data"] == {"a": "1", "more": "x"}
