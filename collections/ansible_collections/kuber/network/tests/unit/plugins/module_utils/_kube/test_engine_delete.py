# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster

CHECK = Options(check=True)
MERGE = "application/merge-patch+json"


def config_map(name: str, **metadata: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def names(cluster: Cluster) -> set[str]:
    return {one["metadata"]["name"] for one in cluster.client.list(cluster.path("configmaps"))} - {"kube-root-ca.crt"}


def test_what_is_there_goes_and_what_is_not_is_no_error(cluster: Cluster) -> None:
    cluster.apply(config_map("a"), config_map("other"))
    objects = config_map("a"), config_map("b"), {**config_map("c"), "apiVersion": "no.such.group/v1", "kind": "Pool"}
    outcome = cluster.run(*objects, present=False)
    assert outcome.error is None
    assert {entry.ref.name: (entry.action.value, entry.reason) for entry in outcome.changes.entries} == {
        "a": ("deleted", ""),
        "b": ("unchanged", "is not there"),
        "c": ("unchanged", "its kind is not there"),
    }
    assert names(cluster) == {"other"}
    assert not cluster.run(*objects, present=False).changes.changed


def test_check_mode_predicts_and_keeps(cluster: Cluster) -> None:
    cluster.apply(config_map("a"))
    outcome = cluster.run(config_map("a"), config_map("b"), present=False, options=CHECK)
    assert [entry.action.value for entry in outcome.changes.entries] == ["deleted", "unchanged"]
    assert [(bool(one["before"]), one["after"]) for one in outcome.changes.diffs()] == [(True, "")]
    assert names(cluster) == {"a"}


def test_workload_is_gone_after_its_pods(cluster: Cluster) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    cluster.apply(deployment)
    cluster.pods(2)
    outcome = cluster.run(deployment, present=False, wait_timeout=30)
    assert outcome.error is None
    assert cluster.client.list(cluster.path("pods")) == []


def test_namespace_goes_with_all_that_is_in_it(cluster: Cluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}}
    inside = {**config_map("a"), "metadata": {"name": "a", "namespace": cluster.namespace}}
    cluster.apply(namespace, inside)
    outcome = cluster.run(namespace, inside, present=False, wait_timeout=60)
    assert outcome.error is None
    assert [entry.ref.kind for entry in outcome.changes.entries] == ["ConfigMap", "Namespace"]
    assert cluster.namespace not in [one["metadata"]["name"] for one in cluster.client.list("/api/v1/namespaces")]


def test_finalizer_that_holds_an_object_is_named(cluster: Cluster) -> None:
    held = config_map("a", finalizers=["example.org/hold"])
    cluster.apply(held)
    outcome = cluster.run(held, present=False, wait_timeout=3)
    assert f"ConfigMap {cluster.namespace}/a is still there" in str(outcome.error)
    assert "held by finalizer example.org/hold" in str(outcome.error)
    assert outcome.changes.changed
    again = cluster.run(held, present=False, wait_timeout=3)
    assert [entry.dump()["reason"] for entry in again.changes.entries] == ["is being deleted already"]
    assert "held by finalizer example.org/hold" in str(again.error)
    assert not again.changes.changed


def test_all_that_is_held_is_told_together(cluster: Cluster) -> None:
    held = [config_map(name, finalizers=[f"example.org/{name}"]) for name in ("a", "b")]
    cluster.apply(*held, config_map("free"))
    outcome = cluster.run(*held, config_map("free"), present=False, wait_timeout=3)
    text = str(outcome.error)
    assert f"ConfigMap {cluster.namespace}/a, ConfigMap {cluster.namespace}/b are still there" in text
    for name in ("a", "b"):
        assert f"ConfigMap {cluster.namespace}/{name}: held by finalizer example.org/{name}" in text
    assert "free" not in text


def test_namespace_that_does_not_go_says_what_is_left_in_it(cluster: Cluster) -> None:
    cluster.apply(config_map("a", finalizers=["example.org/hold"]))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}}
    outcome = cluster.run(namespace, present=False, wait_timeout=10)
    assert f"Namespace {cluster.namespace} is still there" in str(outcome.error)
    assert "configmaps. has 1 resource instances" in str(outcome.error)
    assert "example.org/hold in 1 resource instances" in str(outcome.error)


def test_object_that_is_held_by_what_it_owns_says_so(cluster: Cluster) -> None:
    cluster.apply(config_map("owner"))
    uid = cluster.client.get(cluster.path("configmaps", "owner"))["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "blockOwnerDeletion": True}
    cluster.apply(config_map("owned", ownerReferences=[owner], finalizers=["example.org/hold"]))
    outcome = cluster.run(config_map("owner"), present=False, wait_timeout=3)
    assert f"ConfigMap {cluster.namespace}/owner: objects that it owns are still there" in str(outcome.error)


@pytest.mark.parametrize("wait", [True, False])
def test_deletion_is_waited_for_if_wanted(cluster: Cluster, wait: bool) -> None:
    held = config_map("a", finalizers=["example.org/hold"])
    cluster.apply(held)
    free = {"body": {"metadata": {"finalizers": None}}, "content_type": MERGE}
    release = threading.Timer(1.5, cluster.client.request, ("PATCH", cluster.path("configmaps", "a")), free)
    release.start()
    assert cluster.run(held, present=False, wait=wait).error is None
    assert names(cluster) == (set() if wait else {"a"})
    release.join()


def test_definition_that_is_held_by_its_objects_says_so(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    held = {"name": "held", "finalizers": ["example.org/hold"]}
    cluster.apply(definition, {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": held})
    text = str(cluster.run(definition, present=False, wait_timeout=2).error)
    path = cluster.path("things", "held", f"apis/{group}/v1")
    cluster.client.request("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=MERGE)
    assert "objects of its kind are still there: InstanceDeletion" in text
    assert "or of those that are left in it" in text


def test_new_object_of_the_same_name_is_somebody_elses_and_stays(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.apply(config_map("a"))
    path = cluster.path("configmaps", "a")
    request = cluster.client.request

    def overtaken(method: str, where: str, **more: t.Any) -> t.Any:
        if method == "DELETE":
            request("DELETE", path)
            request("POST", cluster.path("configmaps"), body={**config_map("a"), "data": {"theirs": "1"}})
        return request(method, where, **more)

    with monkeypatch.context() as patched:
        patched.setattr(cluster.client, "request", overtaken)
        outcome = cluster.run(config_map("a"), present=False, wait_timeout=10)
    assert outcome.error is None
    live = cluster.client.get(path)
    assert live["data"] == {"theirs": "1"}
    # What is deleted is there for a moment longer.
    assert "deletionTimestamp" not in live["metadata"]
