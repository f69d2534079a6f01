# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target

if t.TYPE_CHECKING:
    from .conftest import Cluster

MERGE = "application/merge-patch+json"
POD = {"containers": [{"name": "c", "image": "x"}], "restartPolicy": "Never"}
SCRIPT = {"containers": [{"name": "c", "image": "y"}], "restartPolicy": "Never"}


def recreating(*targets: Target, check: bool = False) -> Options:
    return Options(check=check, recreate=targets)


def body(api_version: str, kind: str, name: str, **fields: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def secret(value: str, **more: t.Any) -> dict[str, t.Any]:
    return body("v1", "Secret", "s", stringData={"a": value}, immutable=True, **more)


def job(pod: dict[str, t.Any]) -> dict[str, t.Any]:
    return body("batch/v1", "Job", "j", spec={"template": {"spec": pod}})


def binding(role: str, name: str) -> dict[str, t.Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return body("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name, roleRef=reference)


def deployment(label: str) -> dict[str, t.Any]:
    template = {"metadata": {"labels": {"app": label}}, "spec": {"containers": POD["containers"]}}
    spec = {"selector": {"matchLabels": {"app": label}}, "template": template, "replicas": 0}
    return body("apps/v1", "Deployment", "d", spec=spec)


def stateful_set(service: str) -> dict[str, t.Any]:
    spec = deployment("a")["spec"] | {"serviceName": service}
    return body("apps/v1", "StatefulSet", "ss", spec=spec)


def storage_class(name: str, reclaim: str) -> dict[str, t.Any]:
    return body("storage.k8s.io/v1", "StorageClass", name, provisioner="example.org/x", reclaimPolicy=reclaim)


def claim(storage: str) -> dict[str, t.Any]:
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": [storage], "resources": resources, "storageClassName": "none"}
    return body("v1", "PersistentVolumeClaim", "pvc", spec=spec)


CHANGES = [
    (lambda one: secret("old"), lambda one: secret("new"), "data"),
    (lambda one: job(POD), lambda one: job(SCRIPT), "spec.template"),
    (lambda one: binding("view", one), lambda one: binding("edit", one), "roleRef"),
    (lambda one: deployment("a"), lambda one: deployment("b"), "spec.selector"),
    (lambda one: stateful_set("a"), lambda one: stateful_set("b"), "spec.serviceName"),
    (lambda one: storage_class(one, "Retain"), lambda one: storage_class(one, "Delete"), "reclaimPolicy"),
]


@pytest.mark.parametrize(("before", "after", "field"), CHANGES, ids=[field for _before, _after, field in CHANGES])
def test_change_that_is_refused_names_the_field_and_is_made_by_a_new_object_if_wanted(
    cluster: Cluster, before: t.Any, after: t.Any, field: str
) -> None:
    old, new = before(cluster.namespace), after(cluster.namespace)
    name, kind = old["metadata"]["name"], old["kind"]
    cluster.apply(old)
    for check in (True, False):
        text = cluster.refusal(new, options=Options(check=check))
        for part in (kind, "(definition, entry 1) cannot be changed in place", f"another value of {field}", "recreate"):
            assert part in text
    assert cluster.apply(old) == {name: "unchanged"}
    predicted = cluster.run(new, options=recreating(Target(kind), check=True))
    assert [entry.dump()["action"] for entry in predicted.changes.entries] == ["recreated"]
    assert cluster.apply(old) == {name: "unchanged"}
    done = cluster.run(new, options=recreating(Target(kind, name)), wait=False)
    assert done.error is None
    assert done.changes.dump() == predicted.changes.dump()
    assert f"{field} cannot be changed in place" in done.changes.entries[0].reason
    assert cluster.apply(new) == {name: "unchanged"}


def test_recreated_object_is_another_one(cluster: Cluster) -> None:
    cluster.apply(job(POD))
    path = cluster.path("jobs", "j", "apis/batch/v1")
    old = cluster.client.get(path)["metadata"]["uid"]
    cluster.pods(1)
    assert cluster.apply(job(SCRIPT), options=recreating(Target("Job"))) == {"j": "recreated"}
    assert cluster.client.get(path)["metadata"]["uid"] != old
    assert [pod["spec"]["containers"][0]["image"] for pod in cluster.pods(1)] == ["y"]


def test_object_whose_successor_is_refused_stays(cluster: Cluster) -> None:
    cluster.apply(job(POD))
    path = cluster.path("jobs", "j", "apis/batch/v1")
    old = cluster.client.get(path)["metadata"]["uid"]
    nonsense = {**SCRIPT, "restartPolicy": "Always"}
    for check in (True, False):
        text = cluster.refusal(job(nonsense), options=recreating(Target("Job"), check=check))
        assert "restartPolicy" in text
        assert "was refused by the API server" in text
    assert cluster.client.get(path)["metadata"]["uid"] == old


def test_new_object_that_is_refused_is_not_said_to_be_unchangeable(cluster: Cluster) -> None:
    text = cluster.refusal(job({**POD, "restartPolicy": "Always"}), options=recreating(Target("Job")))
    assert "was refused by the API server" in text


@pytest.mark.parametrize("named", [True, False])
def test_claim_is_only_recreated_if_it_is_named(cluster: Cluster, named: bool) -> None:
    cluster.apply(claim("ReadWriteOnce"))
    path = cluster.path("persistentvolumeclaims", "pvc")
    cluster.client.request("PATCH", path, body={"metadata": {"finalizers": None}}, content_type=MERGE)
    target = Target("PersistentVolumeClaim", "pvc" if named else None)
    if named:
        free = {"body": {"metadata": {"finalizers": None}}, "content_type": MERGE}
        # Nothing here does what the controller for the protection of claims does.
        release = threading.Timer(1, cluster.client.request, ("PATCH", path), free)
        release.start()
        assert cluster.apply(claim("ReadOnlyMany"), options=recreating(target)) == {"pvc": "recreated"}
        release.join()
    else:
        text = cluster.refusal(claim("ReadOnlyMany"), options=recreating(target))
        assert "it must name the very object" in text


def test_object_that_does_not_go_is_told_with_its_finalizer_and_as_a_change(cluster: Cluster) -> None:
    held = secret("old")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.apply(held)
    new = {**held, "stringData": {"a": "new"}}
    outcome = cluster.run(new, options=recreating(Target("Secret")), wait_timeout=1)
    assert "held by finalizer example.org/hold" in str(outcome.error)
    assert outcome.error is not None
    assert outcome.error.changed


def test_recreate_that_matches_nothing_is_refused(cluster: Cluster) -> None:
    text = cluster.refusal(secret("a"), options=recreating(Target("Job")))
    assert "The option recreate names Job, which is not in the set" in text


def test_new_object_of_the_same_name_is_somebody_elses_and_is_not_deleted(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.apply(secret("old"))
    path = cluster.path("secrets", "s")
    request = cluster.client.request

    def overtaken(method: str, where: str, **more: t.Any) -> t.Any:
        if method == "DELETE":
            request("DELETE", path)
            request("POST", cluster.path("secrets"), body=secret("theirs"))
        return request(method, where, **more)

    with monkeypatch.context() as patched:
        patched.setattr(cluster.client, "request", overtaken)
        text = cluster.refusal(secret("new"), options=recreating(Target("Secret")))
    assert f"Secret {cluster.namespace}/s" in text
    live = cluster.client.get(path)
    assert live["data"] == {"a": "dGhlaXJz"}
    assert "deletionTimestamp" not in live["metadata"]
