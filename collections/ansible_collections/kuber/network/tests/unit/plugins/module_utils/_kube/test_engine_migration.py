# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import migration
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.diff import LAST_APPLIED

if t.TYPE_CHECKING:
    from .conftest import Cluster

MERGE = "application/merge-patch+json"


def config_map(**data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


def deployment(*containers: str, **spec: t.Any) -> dict[str, t.Any]:
    items = [{"name": name, "image": name, "ports": [{"containerPort": 80}]} for name in containers]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": items}}
    spec |= {"paused": True, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def as_kubectl(
    cluster: Cluster, path: str, body: dict[str, t.Any], manager: str = "kubectl-client-side-apply", note: bool = True
) -> None:
    """Create an object as kubectl apply does."""
    annotations = {LAST_APPLIED: "{}"} if note else {}
    body = {**body, "metadata": {**body["metadata"], "annotations": annotations}}
    cluster.client.request("POST", path, body=body, query={"fieldManager": manager})


def managers(cluster: Cluster, path: str) -> set[tuple[str, str]]:
    return {(one["manager"], one["operation"]) for one in cluster.client.get(path)["metadata"]["managedFields"]}


def test_field_that_kubectl_has_applied_and_the_set_does_not_name_goes(cluster: Cluster) -> None:
    as_kubectl(cluster, cluster.path("configmaps"), config_map(x="1", dropped="1"))
    outcome = cluster.run(config_map(x="1"))
    entry = outcome.changes.entries[0]
    whose = "(kubectl-client-side-apply, just now)"
    reason = f"data.dropped {whose}, metadata.annotations {whose}; taken over from kubectl-client-side-apply"
    assert entry.reason == reason
    path = cluster.path("configmaps", "settings")
    live = cluster.client.get(path)
    assert live["data"] == {"x": "1"}
    assert "annotations" not in live["metadata"]
    assert managers(cluster, path) == {("kuber.network", "Apply")}
    assert cluster.run(config_map(x="1"), wait=False).stats.requests == {"GET": 1}


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "kubectl", "OpenAPI-Generator"])
def test_check_mode_says_the_same_and_changes_nothing(cluster: Cluster, manager: str) -> None:
    as_kubectl(cluster, cluster.path("deployments", api="apis/apps/v1"), deployment("a", "b", replicas=0), manager)
    path = cluster.path("deployments", "web", api="apis/apps/v1")
    wanted = deployment("a", minReadySeconds=5)
    predicted = cluster.run(wanted, options=Options(check=True))
    assert (manager, "Update") in managers(cluster, path)
    assert ("kuber.network", "Apply") not in managers(cluster, path)
    done = cluster.run(wanted, wait=False)
    assert predicted.error is None
    assert predicted.changes.dump() == done.changes.dump()
    assert predicted.changes.diffs() == done.changes.diffs()
    assert [one["field"] for one in done.changes.dump()[0]["fields"]] == [
        "metadata.annotations",
        "spec.minReadySeconds",
        "spec.replicas",
        "spec.template.spec.containers[name=b]",
    ]
    assert cluster.apply(wanted, options=Options(check=True)) == {"web": "unchanged"}


@pytest.mark.parametrize(
    ("manager", "note"), [("kubectl-edit", True), ("kubectl", False), ("OpenAPI-Generator", False), ("helm", True)]
)
def test_fields_of_those_who_may_come_back_are_left_alone(cluster: Cluster, manager: str, note: bool) -> None:
    as_kubectl(cluster, cluster.path("configmaps"), config_map(x="1", theirs="1"), manager, note)
    cluster.apply(config_map(x="1"))
    path = cluster.path("configmaps", "settings")
    assert cluster.client.get(path)["data"] == {"x": "1", "theirs": "1"}
    assert (manager, "Update") in managers(cluster, path)
    assert cluster.run(config_map(x="1"), wait=False).stats.requests == {"GET": 1}


def test_object_that_is_wanted_with_its_name_only_inherits_nothing(cluster: Cluster) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}
    assert cluster.apply(account) == {"a": "created"}
    assert [cluster.apply(account) for number in range(3)] == [{"a": "unchanged"}] * 3
    assert cluster.run(account, wait=False).stats.requests == {"GET": 1}


def test_nothing_is_taken_over_from_anybody_when_conflicts_are_to_fail(cluster: Cluster) -> None:
    as_kubectl(cluster, cluster.path("configmaps"), config_map(x="1", theirs="1"))
    assert "kubectl-client-side-apply" in cluster.refusal(config_map(x="2"), options=Options(force=False))
    assert cluster.apply(config_map(x="1"), options=Options(force=False)) == {"settings": "configured"}
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"] == {"x": "1", "theirs": "1"}


def test_hand_over_loses_a_race_and_tries_again(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    as_kubectl(cluster, cluster.path("configmaps"), config_map(x="1"))
    path = cluster.path("configmaps", "settings")
    request = cluster.client.request
    others = [{"metadata": {"labels": {"a": "b"}}}]

    def meanwhile(method: str, where: str, **more: t.Any) -> t.Any:
        if isinstance(more.get("body"), list) and others:
            request("PATCH", where, body=others.pop(), content_type=MERGE, query={"fieldManager": "somebody"})
        return request(method, where, **more)

    monkeypatch.setattr(cluster.client, "request", meanwhile)
    (entry,) = cluster.run(config_map(x="1"), wait=False, wait_timeout=20).changes.entries
    assert not others
    assert entry.reason.endswith("taken over from kubectl-client-side-apply")
    assert managers(cluster, path) == {("kuber.network", "Apply"), ("somebody", "Update")}
    assert cluster.client.get(path)["metadata"]["labels"] == {"a": "b"}


def test_status_is_not_inherited() -> None:
    records = [
        {
            "manager": "kubectl-client-side-apply",
            "operation": "Update",
            "apiVersion": "v1",
            "fieldsV1": {"f:status": {"f:phase": {}}, "f:data": {"f:x": {}}},
        }
    ]
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": records}}
    new = migration.migrated_records({**config_map(x="1")}, live, "kuber.network")
    assert new is not None
    assert [one["fieldsV1"] for one in new.records] == [{"f:data": {"f:x": {}}}]


@pytest.mark.parametrize("manager", ["kubectl", "argocd-controller"])
def test_who_has_applied_on_the_server_is_a_predecessor_if_named(cluster: Cluster, manager: str) -> None:
    as_applied = Options(field_manager=manager)
    cluster.apply(config_map(x="1", dropped="1"), options=as_applied)
    cluster.apply(config_map(x="1"))
    path = cluster.path("configmaps", "settings")
    assert cluster.client.get(path)["data"] == {"x": "1", "dropped": "1"}
    predicted = cluster.run(config_map(x="1"), options=Options(check=True, predecessors=(manager,)))
    assert (manager, "Apply") in managers(cluster, path)
    done = cluster.run(config_map(x="1"), options=Options(predecessors=(manager,)), wait=False)
    assert done.error is None
    assert done.changes.entries[0].reason == f"data.dropped ({manager}, just now); taken over from {manager}"
    assert predicted.changes.dump() == done.changes.dump()
    assert cluster.client.get(path)["data"] == {"x": "1"}
    assert managers(cluster, path) == {("kuber.network", "Apply")}
    again = cluster.run(config_map(x="1"), options=Options(predecessors=(manager,)), wait=False)
    assert again.stats.requests == {"GET": 1}


def test_predecessor_loses_nothing_when_conflicts_are_to_fail(
    cluster: Cluster,
) -> None:
    cluster.apply(config_map(x="1", theirs="1"), options=Options(field_manager="kubectl"))
    careful = Options(force=False, predecessors=("kubectl",))
    assert cluster.apply(config_map(x="1"), options=careful) == {"settings": "configured"}
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"] == {"x": "1", "theirs": "1"}
