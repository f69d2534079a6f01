# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import decide
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster, Webhook

CONTAINERS = [{"name": "c", "image": "x"}]


def config_map(name: str = "settings", **more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def pod(**spec: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": CONTAINERS, **spec}}


def space(name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def definition(group: str, *fields: str) -> dict[str, t.Any]:
    properties = {"spec": {"type": "object", "properties": {field: {"type": "string"} for field in fields}}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }
    names = {"kind": "Pool", "plural": "pools"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"pools.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def pool(group: str, **spec: str) -> dict[str, t.Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Pool", "metadata": {"name": "first"}, "spec": spec}


def there(cluster: Cluster) -> set[str]:
    return {one["metadata"]["name"] for one in cluster.client.list(cluster.path("configmaps"))} - {"kube-root-ca.crt"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pod(nodName="n"), ".spec.nodName: field not declared in schema"),
        (pod(containers=[]), "spec.containers: Required value"),
        (pod(terminationGracePeriodSeconds="long"), "terminationGracePeriodSeconds"),
        ({**pod(), "metadata": {"name": "No Name"}}, "No Name"),
    ],
)
def test_nothing_is_touched_when_an_object_of_a_late_stage_is_wrong(
    cluster: Cluster, wrong: dict[str, t.Any], message: str
) -> None:
    new = f"{cluster.namespace}-new"
    outcome = cluster.run(space(new), config_map(), wrong)
    assert message in str(outcome.error)
    assert "(definition, entry 3)" in str(outcome.error)
    assert not outcome.changes.changed
    assert there(cluster) == set()
    assert new not in [one["metadata"]["name"] for one in cluster.client.list("/api/v1/namespaces")]


def test_unknown_field_is_found_although_the_namespace_comes_with_the_set(cluster: Cluster) -> None:
    new = f"{cluster.namespace}-new"
    wrong = pod(nodName="n")
    wrong["metadata"]["namespace"] = new
    text = cluster.refusal(space(new), config_map(), wrong)
    assert "nodName" in text
    assert there(cluster) == set()


def test_all_that_is_wrong_is_told_together(cluster: Cluster) -> None:
    text = cluster.refusal(config_map(dada={}), pod(nodName="n"), config_map("fine"))
    for part in ("2 objects failed", ".dada", ".spec.nodName"):
        assert part in text
    assert there(cluster) == set()


def test_change_that_is_not_possible_is_told_and_what_is_wrong_is_found_before_others_are_made(
    cluster: Cluster,
) -> None:
    cluster.apply(config_map(data={"a": "1"}, immutable=True))
    unchangeable = config_map(data={"a": "2"}, immutable=True)
    assert "dada" in cluster.refusal(config_map("other"), unchangeable, config_map("wrong", dada={}))
    assert there(cluster) == {"settings"}
    assert "cannot be changed in place" in cluster.refusal(config_map("other"), unchangeable)
    assert there(cluster) == {"settings", "other"}


def test_conflict_is_found_before_others_are_made(cluster: Cluster) -> None:
    cluster.apply(config_map(data={"a": "1"}), options=Options(field_manager="somebody"))
    text = cluster.refusal(config_map("other"), config_map(data={"a": "2"}), options=Options(force=False))
    assert "fields that somebody else manages" in text
    assert there(cluster) == {"settings"}


def test_definition_that_changes_with_the_set_is_waited_for(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    cluster.apply(definition(group, "size"), pool(group, size="1"))
    result = cluster.apply(definition(group, "size", "place"), pool(group, size="1", place="x"), config_map())
    assert result == {f"pools.{group}": "configured", "first": "configured", "settings": "created"}


def test_what_may_pass_is_left_to_the_real_attempt(cluster: Cluster, webhook: Webhook) -> None:
    webhook.wake_up()
    webhook.verdict = False
    group = f"{cluster.namespace}.example.org"
    guard = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": group},
        "webhooks": [
            {
                "name": f"pools.{group}",
                "clientConfig": {"url": webhook.url, "caBundle": base64.b64encode(webhook.certificate).decode()},
                "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pools"]}],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    cluster.apply(definition(group, "size"), guard)
    outcome = cluster.run(pool(group, size="1"), config_map(), wait=False)
    assert "was refused by webhook" in str(outcome.error)
    assert there(cluster) == {"settings"}


def test_of_many_new_objects_one_of_each_shape_is_asked_about(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "FEW", 3)
    many = [config_map(f"m{number}", data={"a": str(number)}) for number in range(5)]
    text = cluster.refusal(*many, config_map("wrong") | {"immutable": "yes"})
    assert "wrong (definition, entry 6)" in text
    assert there(cluster) == set()
    outcome = cluster.run(*many, config_map("other", data={"b": "1"}))
    assert outcome.error is None
    assert outcome.stats.requests["PATCH"] == len(many) + 1 + 2


def test_nobody_asks_about_what_is_proved_nor_about_one_new_object_alone(cluster: Cluster) -> None:
    cluster.apply(config_map(), config_map("other"))
    assert "PATCH" not in cluster.run(config_map(), config_map("other")).stats.requests
    assert cluster.run(config_map("new"), config_map("other")).stats.requests["PATCH"] == 1
    # What is to become of an object that is there is decided with the server's word on it.
    assert cluster.run(config_map(data={"a": "1"}), config_map("other")).stats.requests["PATCH"] == 2
