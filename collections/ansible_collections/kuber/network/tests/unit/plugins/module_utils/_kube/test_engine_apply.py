# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import transformers
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster

MERGE = "application/merge-patch+json"
CHECK = Options(check=True)


def config_map(name: str = "settings", **data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def space(name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def definition(group: str, kind: str = "Pool") -> dict[str, t.Any]:
    plural = kind.lower() + "s"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def pool(group: str, size: object = 1, name: str = "first", kind: str = "Pool") -> dict[str, t.Any]:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, "spec": {"size": size}}


def test_objects_are_created_once_and_then_left_alone(cluster: Cluster) -> None:
    objects = config_map("a", x="1"), config_map("b", x="1")
    assert cluster.apply(*objects) == {"a": "created", "b": "created"}
    assert cluster.apply(*objects) == {"a": "unchanged", "b": "unchanged"}


def test_only_what_differs_is_configured_and_the_fields_are_named(cluster: Cluster) -> None:
    cluster.apply(config_map("a", x="1"), config_map("b", x="1"))
    outcome = cluster.run(config_map("a", x="2", y="1"), config_map("b", x="1"))
    assert [entry.dump() for entry in outcome.changes.entries] == [
        {
            "ref": f"ConfigMap {cluster.namespace}/a",
            "action": "configured",
            "reason": "data.x, data.y",
            "fields": [{"field": "data.x"}, {"field": "data.y"}],
        },
        {"ref": f"ConfigMap {cluster.namespace}/b", "action": "unchanged", "reason": "", "fields": []},
    ]
    assert outcome.changes.summary() == "2 objects: 1 configured, 1 unchanged"
    assert [one["after_header"] for one in outcome.changes.diffs()] == [f"ConfigMap {cluster.namespace}/a"]


def test_field_that_is_dropped_from_the_set_goes(cluster: Cluster) -> None:
    cluster.apply(config_map(x="1", y="1"))
    assert cluster.apply(config_map(x="1")) == {"settings": "configured"}
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"] == {"x": "1"}


@pytest.mark.parametrize("check", [True, False])
def test_drift_is_found_and_fields_of_others_are_left_alone(cluster: Cluster, check: bool) -> None:
    cluster.apply(config_map(x="1"))
    path = cluster.path("configmaps", "settings")
    cluster.client.request("PATCH", path, body={"data": {"x": "2", "foreign": "yes"}}, content_type=MERGE)
    assert cluster.apply(config_map(x="1"), options=Options(check=check)) == {"settings": "configured"}
    expected = {"x": "2" if check else "1", "foreign": "yes"}
    assert cluster.client.get(path)["data"] == expected


def test_change_of_the_status_is_no_change(cluster: Cluster) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}
    cluster.apply(service)
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "172.17.255.1"}]}}}
    cluster.client.request("PATCH", cluster.path("services", "s") + "/status", body=status, content_type=MERGE)
    assert cluster.apply(service) == {"s": "unchanged"}


def test_adoption_of_an_object_that_is_there_is_a_change_once(cluster: Cluster) -> None:
    cluster.client.request("POST", cluster.path("configmaps"), body=config_map(x="1"))
    for options in (CHECK, Options()):
        outcome = cluster.run(config_map(x="1"), options=options)
        assert [entry.reason for entry in outcome.changes.entries] == ["fields are now managed by kuber.network"]
    assert cluster.apply(config_map(x="1")) == {"settings": "unchanged"}


def test_check_mode_says_the_same_as_the_run_that_follows_and_writes_nothing(cluster: Cluster) -> None:
    cluster.apply(config_map("a", x="1"), config_map("b", x="1"))
    objects = config_map("a", x="1"), config_map("b", x="2"), config_map("c", x="3")
    before = cluster.client.list(cluster.path("configmaps"))
    predicted = cluster.run(*objects, options=CHECK)
    assert cluster.client.list(cluster.path("configmaps")) == before
    done = cluster.run(*objects)
    assert predicted.changes.dump() == done.changes.dump()
    assert predicted.changes.diffs() == done.changes.diffs()
    assert {entry.ref.name: entry.action.value for entry in done.changes.entries} == {
        "a": "unchanged",
        "b": "configured",
        "c": "created",
    }


def test_check_mode_on_an_empty_cluster_predicts_what_stands_on_missing_ground(cluster: Cluster) -> None:
    group, name = f"{cluster.namespace}.example.org", f"{cluster.namespace}-new"
    inside = {**config_map(x="1"), "metadata": {"name": "inside", "namespace": name}}
    objects = inside, pool(group), space(name), definition(group)
    outcome = cluster.run(*objects, options=CHECK, wait=True)
    assert outcome.error is None
    assert {entry.action.value for entry in outcome.changes.entries} == {"created"}
    reasons = {entry.ref.name: entry.reason for entry in outcome.changes.entries}
    assert reasons["inside"] == f"Namespace {name} would be created before"
    assert reasons["first"] == "CustomResourceDefinition of Pool would be created before"
    assert name not in [one["metadata"]["name"] for one in cluster.client.list("/api/v1/namespaces")]


def test_empty_annotations_are_nothing_that_others_could_take_away(cluster: Cluster) -> None:
    empty = {**config_map(x="1"), "metadata": {"name": "settings", "annotations": {}, "labels": None}}
    cluster.apply(empty)
    body = {"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}}
    cluster.client.request("PATCH", cluster.path("configmaps", "settings"), body=body, content_type=MERGE)
    assert cluster.apply(empty) == {"settings": "unchanged"}


def test_order_of_writing_does_not_matter(cluster: Cluster) -> None:
    group, name = f"{cluster.namespace}.example.org", f"{cluster.namespace}-new"
    inside = {**pool(group), "metadata": {"name": "first", "namespace": name}}
    objects = inside, definition(group), space(name)
    assert set(cluster.apply(*objects).values()) == {"created"}
    assert set(cluster.apply(*objects).values()) == {"unchanged"}


def test_same_kind_and_name_in_two_groups_are_two_objects(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    foreign = {**pool(group, kind="Service"), "metadata": {"name": "twin"}}
    own = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "twin"}, "spec": {"ports": [{"port": 80}]}}
    objects = definition(group, kind="Service"), foreign, own
    assert cluster.run(*objects).changes.summary() == "3 objects: 3 created"
    assert cluster.run(*objects[1:], present=False).changes.summary() == "2 objects: 2 deleted"


def test_object_that_is_being_deleted_is_waited_for_and_made_anew(cluster: Cluster) -> None:
    held = config_map(x="1")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.apply(held)
    path = cluster.path("configmaps", "settings")
    old = cluster.client.get(path)["metadata"]["uid"]
    cluster.client.request("DELETE", path)
    release = threading.Timer(
        1.5,
        cluster.client.request,
        ("PATCH", path),
        {"body": {"metadata": {"finalizers": None}}, "content_type": MERGE},
    )
    release.start()
    assert cluster.apply(config_map(x="2")) == {"settings": "created"}
    release.join()
    assert cluster.client.get(path)["metadata"]["uid"] != old


def test_fields_of_others_are_taken_over_or_named(cluster: Cluster) -> None:
    cluster.apply(config_map(x="1"), options=Options(field_manager="somebody"))
    text = cluster.refusal(config_map(x="2"), options=Options(force=False))
    for part in (f"ConfigMap {cluster.namespace}/settings", ".data.x", "somebody", "conflicts=force"):
        assert part in text
    assert cluster.apply(config_map(x="2")) == {"settings": "configured"}


def test_secret_texts_that_are_dropped_go(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    cluster.apply({**secret, "stringData": {"a": "1", "b": "2"}})
    assert cluster.apply({**secret, "stringData": {"a": "1"}}) == {"s": "configured"}
    assert cluster.client.get(cluster.path("secrets", "s"))["data"] == {"a": "MQ=="}


def test_edits_are_made_before_the_set_is_applied(cluster: Cluster) -> None:
    target = transformers.Target("ConfigMap", "settings", cluster.namespace)
    assert cluster.apply(
        config_map(x="1"),
        config_map("unwanted", x="1"),
        patches=(transformers.Patch(target, {"data": {"x": None, "y": "2"}}),),
        exclude=(transformers.Target("ConfigMap", "unwanted"),),
    ) == {"settings": "created"}
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"] == {"y": "2"}


def test_senseless_probe_is_warned_about_and_accepted(cluster: Cluster) -> None:
    probe = {"exec": {"command": ["sh", "-c", "ps aux | grep server"]}}
    container = {"name": "c", "image": "a", "livenessProbe": probe}
    outcome = cluster.run(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}, wait=False
    )
    assert outcome.error is None
    assert ["container c" in warning for warning in outcome.warnings] == [True]


@pytest.mark.parametrize(
    ("objects", "parts"),
    [
        ([{**config_map(), "dada": {}}], ["ConfigMap", "settings (definition, entry 1)", ".dada: field not declared"]),
        ([{**config_map(), "immutable": "yes"}], [".immutable", "expected boolean"]),
        ([{**config_map(), "metadata": {"name": "No Name"}}], ["No Name", "a lowercase RFC 1123 subdomain"]),
        ([{**config_map(), "kind": "ConfigMop"}], ["ConfigMop settings (definition, entry 1)", "no ConfigMop of v1"]),
        ([{**config_map(), "apiVersion": "v9"}], ["no ConfigMap of v9"]),
        ([config_map(), {**config_map(), "metadata": {"name": "x", "namespace": "no-such"}}], ["Namespace no-such"]),
    ],
)
def test_refusal_names_the_object_its_place_and_the_reason(
    cluster: Cluster, objects: list[t.Any], parts: list[str]
) -> None:
    text = cluster.refusal(*objects)
    for part in parts:
        assert part in text


def test_nothing_is_touched_when_one_kind_is_unknown(cluster: Cluster) -> None:
    cluster.refusal(config_map(x="1"), pool("no.such.group"))
    names = [one["metadata"]["name"] for one in cluster.client.list(cluster.path("configmaps"))]
    assert "settings" not in names


def test_what_was_applied_before_an_error_is_reported(cluster: Cluster) -> None:
    spec = {"containers": [{"name": "c", "image": "x"}], "priorityClassName": "no-such"}
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    outcome = cluster.run(config_map(x="1"), bad, wait=False)
    assert outcome.error is not None
    assert [(entry.ref.name, entry.action.value) for entry in outcome.changes.entries] == [("settings", "created")]
    assert outcome.changes.changed


def test_all_refusals_of_a_stage_are_told_together(cluster: Cluster) -> None:
    text = cluster.refusal({**config_map("a"), "x": 1}, {**config_map("b"), "y": 1}, config_map("c"))
    assert "2 objects failed" in text
    assert ".x: field" in text
    assert ".y: field" in text


def test_field_that_cannot_be_changed_is_said_to_be_so(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "immutable": True}
    cluster.apply({**secret, "data": {"a": "MQ=="}})
    text = cluster.refusal({**secret, "data": {"a": "Mg=="}})
    assert f"Secret {cluster.namespace}/s" in text
    assert "cannot be changed in place" in text
