# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.ignore import Rule
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target

if t.TYPE_CHECKING:
    from .conftest import Cluster

CHECK = Options(check=True)
MERGE = "application/merge-patch+json"
API = "apis/apps/v1"
REPLICAS = (Rule.of(Target("Deployment", "web"), ["/spec/replicas"]),)


def deployment(replicas: int = 2, image: str = "x:1", **annotations: str) -> dict[str, t.Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": annotations},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": image, "ports": [{"containerPort": 80}]}]},
            },
        },
    }


def live(cluster: Cluster) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", cluster.client.get(cluster.path("deployments", "web", API)))


def make(cluster: Cluster, *bodies: dict[str, t.Any], **wishes: t.Any) -> None:
    cluster.apply(*bodies, **wishes)
    settle(cluster)


def settle(cluster: Cluster) -> None:
    """Wait until the controller has seen the Deployment and written what it notes on it."""
    deadline = time.monotonic() + 20
    while (now := live(cluster))["status"].get("observedGeneration") != now["metadata"]["generation"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def owners(cluster: Cluster, field: str) -> set[str]:
    """Who owns a field of the spec."""
    records = live(cluster)["metadata"]["managedFields"]
    return {one["manager"] for one in records if f"f:{field}" in one["fieldsV1"].get("f:spec", {})}


def scale(cluster: Cluster, replicas: int) -> None:
    """Be an autoscaler."""
    path = cluster.path("deployments", "web", API) + "/scale"
    query = {"fieldManager": "autoscaler"}
    cluster.client.request("PATCH", path, query=query, body={"spec": {"replicas": replicas}}, content_type=MERGE)


def test_ignored_field_is_sent_when_the_object_is_made(cluster: Cluster) -> None:
    assert cluster.apply(deployment(2), ignore=REPLICAS) == {"web": "created"}
    assert live(cluster)["spec"]["replicas"] == 2


def test_ignored_field_that_nobody_has_changed_stays_and_stays_ours(cluster: Cluster) -> None:
    make(cluster, deployment(2), ignore=REPLICAS)
    for wanted in (deployment(2), deployment(7)):
        for options in (CHECK, Options()):
            assert cluster.apply(wanted, ignore=REPLICAS, options=options) == {"web": "unchanged"}
    assert cluster.apply(deployment(7, "x:2"), ignore=REPLICAS) == {"web": "configured"}
    assert live(cluster)["spec"]["replicas"] == 2
    assert owners(cluster, "replicas") == {"kuber.network"}


def test_ignored_field_that_somebody_has_changed_is_theirs(cluster: Cluster) -> None:
    make(cluster, deployment(2), ignore=REPLICAS)
    scale(cluster, 5)
    for wanted in (deployment(2), deployment(7)):
        for options in (CHECK, Options(), Options(force=False)):
            assert cluster.apply(wanted, ignore=REPLICAS, options=options) == {"web": "unchanged"}
    outcome = cluster.run(deployment(7, "x:2"), ignore=REPLICAS, wait=False)
    assert [entry.reason for entry in outcome.changes.entries] == ["spec.template.spec.containers[name=main].image"]
    assert "replicas: 7" not in str(outcome.changes.diffs())
    assert live(cluster)["spec"]["replicas"] == 5
    assert owners(cluster, "replicas") == {"autoscaler"}


def test_ignored_field_of_an_object_that_others_have_made_is_left_to_them(cluster: Cluster) -> None:
    cluster.client.request("POST", cluster.path("deployments", api=API), body=deployment(4))
    make(cluster, deployment(2), ignore=REPLICAS)
    assert cluster.apply(deployment(2), ignore=REPLICAS) == {"web": "unchanged"}
    assert live(cluster)["spec"]["replicas"] == 4


def test_ignored_field_that_kubectl_has_left_behind_stays_when_it_is_taken_over(cluster: Cluster) -> None:
    query = {"fieldManager": "kubectl-client-side-apply"}
    path = cluster.path("deployments", api=API)
    cluster.client.request("POST", path, query=query, body=deployment(4, left="behind"))
    settle(cluster)
    predicted = cluster.run(deployment(2), ignore=REPLICAS, options=CHECK)
    done = cluster.run(deployment(2), ignore=REPLICAS, wait=False)
    assert done.error is None
    assert [entry.reason for entry in predicted.changes.entries] == [entry.reason for entry in done.changes.entries]
    assert "replicas" not in str(predicted.changes.diffs()) + str(done.changes.diffs())
    assert cluster.apply(deployment(2), ignore=REPLICAS) == {"web": "unchanged"}
    assert live(cluster)["spec"]["replicas"] == 4
    assert "left" not in live(cluster)["metadata"].get("annotations", {})


def test_ignored_field_is_drift_again_when_it_is_no_longer_ignored(cluster: Cluster) -> None:
    make(cluster, deployment(2), ignore=REPLICAS)
    scale(cluster, 5)
    assert cluster.apply(deployment(2)) == {"web": "configured"}
    assert live(cluster)["spec"]["replicas"] == 2


def test_field_that_others_have_removed_is_not_brought_back(cluster: Cluster) -> None:
    rules = (Rule.of(Target("Deployment"), ["/metadata/annotations/note"]),)
    make(cluster, deployment(note="first", other="x"), ignore=rules)
    body = {"metadata": {"annotations": {"note": None}}}
    cluster.client.request("PATCH", cluster.path("deployments", "web", API), body=body, content_type=MERGE)
    assert cluster.apply(deployment(note="second", other="x"), ignore=rules) == {"web": "unchanged"}
    assert "note" not in live(cluster)["metadata"]["annotations"]


@pytest.mark.parametrize("pointer", ["/metadata/annotations", "/metadata/annotations/note"])
def test_mapping_keeps_what_is_ours_and_what_others_have_put_in(cluster: Cluster, pointer: str) -> None:
    rules = (Rule.of(Target("Deployment"), [pointer]),)
    make(cluster, deployment(note="first"), ignore=rules)
    body = {"metadata": {"annotations": {"theirs": "yes"}}}
    cluster.client.request("PATCH", cluster.path("deployments", "web", API), body=body, content_type=MERGE)
    assert cluster.apply(deployment(note="second"), ignore=rules) == {"web": "unchanged"}
    annotations = live(cluster)["metadata"]["annotations"]
    assert {key: annotations.get(key) for key in ("note", "theirs")} == {"note": "first", "theirs": "yes"}


def test_part_of_a_list_is_found_by_its_name_not_by_its_place(cluster: Cluster) -> None:
    rules = (Rule.of(Target("Deployment"), ["/spec/template/spec/containers/0/image"]),)
    make(cluster, deployment(), ignore=rules)
    containers = [{"name": "injected", "image": "y:1"}, {"name": "main", "image": "x:9"}]
    body = {"spec": {"template": {"spec": {"containers": containers}}}}
    cluster.client.request("PATCH", cluster.path("deployments", "web", API), body=body, content_type=MERGE)
    make(cluster, deployment(image="x:2"), ignore=rules)
    assert cluster.apply(deployment(image="x:3"), ignore=rules) == {"web": "unchanged"}
    found = live(cluster)["spec"]["template"]["spec"]["containers"]
    assert {one["name"]: one["image"] for one in found} == {"injected": "y:1", "main": "x:9"}


def test_new_part_of_a_list_gets_its_first_value(cluster: Cluster) -> None:
    wanted = deployment()
    wanted["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "z:1"})
    rules = (Rule.of(Target("Deployment"), ["/spec/template/spec/containers/1/image"]),)
    make(cluster, deployment())
    make(cluster, wanted, ignore=rules)
    assert cluster.apply(wanted, ignore=rules) == {"web": "unchanged"}
    assert live(cluster)["spec"]["template"]["spec"]["containers"][1]["image"] == "z:1"


def test_texts_of_a_secret_are_ignored_as_they_are_written(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"token": "first"}}
    rules = (Rule.of(Target("Secret", "s"), ["/stringData/token"]),)
    cluster.apply(secret, ignore=rules)
    body = {"stringData": {"token": "rotated"}}
    cluster.client.request("PATCH", cluster.path("secrets", "s"), body=body, content_type=MERGE)
    assert cluster.apply(secret, ignore=rules) == {"s": "unchanged"}
    assert cluster.client.get(cluster.path("secrets", "s"))["data"] == {"token": "cm90YXRlZA=="}


def test_certificate_that_a_controller_puts_in_stays(cluster: Cluster) -> None:
    webhook = {
        "name": "a.example.org",
        "clientConfig": {"service": {"namespace": "x", "name": "y"}, "caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0="},
        "rules": [{"apiGroups": ["no.such"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pools"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = "ValidatingWebhookConfiguration"
    api = "admissionregistration.k8s.io/v1"
    name = f"{cluster.namespace}-guard"
    body = {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "webhooks": [webhook]}
    rules = (Rule.of(Target(kind), ["/webhooks/0/clientConfig/caBundle"]),)
    assert cluster.apply(body, ignore=rules) == {name: "created"}
    path = f"/apis/{api}/validatingwebhookconfigurations/{name}"
    change = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "bmV3"}]
    cluster.client.request("PATCH", path, body=change, content_type="application/json-patch+json")
    assert cluster.apply(body, ignore=rules) == {name: "unchanged"}
    assert cluster.client.get(path)["webhooks"][0]["clientConfig"]["caBundle"] == "bmV3"


@pytest.mark.parametrize("before", ["it is asked about", "it is sent"])
def test_change_between_reading_and_writing_is_not_overwritten(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    make(cluster, deployment(2), ignore=REPLICAS)
    request = cluster.client.request
    calls = []

    def scaled_meanwhile(method: str, path: str, **more: t.Any) -> t.Any:
        asks = "dryRun" in (more.get("query") or {})
        if method == "PATCH" and path.endswith("/web") and asks is (before == "it is asked about") and not calls:
            calls.append(path)
            scale(cluster, 5)
        return request(method, path, **more)

    monkeypatch.setattr(cluster.client, "request", scaled_meanwhile)
    assert cluster.apply(deployment(2, "x:2"), ignore=REPLICAS, wait_timeout=20) == {"web": "configured"}
    assert calls
    assert live(cluster)["spec"]["replicas"] == 5
    assert live(cluster)["spec"]["template"]["spec"]["containers"][0]["image"] == "x:2"


@pytest.mark.parametrize(
    ("target", "pointer", "parts"),
    [
        (Target("Deployment", "web"), "/spec/replica", ["/spec/replica", "Deployment", "/web (definition"]),
        (Target("Deployment"), "/spec/template/spec/containers/1/image", ["containers/1/image", "matches nothing"]),
        (Target("Deployment", "wep"), "/spec/replicas", ["Deployment wep", "not in the set", "/web"]),
        (Target("DaemonSet"), "/spec/replicas", ["DaemonSet", "not in the set"]),
    ],
)
def test_rule_that_is_about_nothing_is_refused(
    cluster: Cluster, target: Target, pointer: str, parts: list[str]
) -> None:
    text = cluster.refusal(deployment(), ignore=(Rule.of(target, [pointer]),))
    for part in parts:
        assert part in text
    assert cluster.client.list(cluster.path("deployments", api=API)) == []
