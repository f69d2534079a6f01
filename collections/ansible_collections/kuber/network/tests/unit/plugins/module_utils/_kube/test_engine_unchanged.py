# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api import transport
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import BY_KIND, WELL_KNOWN, Kinds
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._kube.conftest import Cluster

MERGE = "application/merge-patch+json"


def config_map(name: str, **data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(name: str) -> dict[str, t.Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}, {"port": 53, "protocol": "UDP", "name": "dns"}]}
    spec["ports"][0]["name"] = "http"
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(name: str) -> dict[str, t.Any]:
    resources = {"limits": {"cpu": "1000m", "memory": "1024Mi"}}
    fields = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    container = {"name": "c", "image": "a", "resources": resources, "env": [fields], "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def definition(group: str) -> dict[str, t.Any]:
    properties = {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"pools.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Pool", "plural": "pools"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def pool(group: str, name: str) -> dict[str, t.Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Pool", "metadata": {"name": name}, "spec": {"size": 1}}


def many(cluster: Cluster, count: int) -> list[dict[str, t.Any]]:
    group = f"{cluster.namespace}.example.org"
    kinds: tuple[t.Callable[[str], dict[str, t.Any]], ...] = (config_map, service, deployment)
    objects = [make(f"{count}-{number}") for number in range(count) for make in kinds]
    return [definition(group), *objects, *(pool(group, f"{count}-{number}") for number in range(count))]


def requests(cluster: Cluster, *objects: dict[str, t.Any], check: bool = False) -> dict[str, int]:
    outcome = cluster.run(*objects, wait=False, options=Options(check=check))
    assert outcome.error is None
    return outcome.stats.requests


@pytest.mark.parametrize("check", [False, True])
def test_nothing_changed_takes_the_same_few_requests_however_many_objects_there_are(
    cluster: Cluster, check: bool
) -> None:
    few, more = many(cluster, 4), many(cluster, 12)
    assert set(cluster.apply(*few, *more[1:]).values()) == {"created"}
    # A list of each kind, the definition, and which kinds there are.
    assert requests(cluster, *few, check=check) == requests(cluster, *more, check=check) == {"GET": 7}


def test_custom_resources_are_proved_without_their_definition_in_the_set(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    pools = [pool(group, name) for name in ("a", "b", "c")]
    cluster.apply(definition(group), *pools)
    assert requests(cluster, *pools) == {"GET": 4}


def test_only_what_has_drifted_is_sent(cluster: Cluster) -> None:
    objects = [config_map(name, x="1") for name in "abcdef"]
    cluster.apply(*objects)
    path = cluster.path("configmaps", "c")
    cluster.client.request("PATCH", path, body={"data": {"x": "2"}}, content_type=MERGE)
    outcome = cluster.run(*objects, wait=False)
    assert outcome.changes.summary() == "6 objects: 1 configured, 5 unchanged"
    # One to see what becomes of it, one to do it.
    assert outcome.stats.requests == {"GET": 1, "PATCH": 2}
    assert requests(cluster, *objects) == {"GET": 1}


def test_one_object_is_read_without_its_neighbours(cluster: Cluster) -> None:
    cluster.apply(*(config_map(name) for name in "abcdef"))
    path = cluster.path("configmaps", "a")
    requests(cluster, config_map("a"))
    assert cluster.client.get(path)["metadata"]["name"] == "a"
    assert requests(cluster, config_map("a", x="1")) == {"GET": 1, "PATCH": 2}


def test_long_lists_are_read_page_by_page(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = [config_map(f"a{number}", x="1") for number in range(7)]
    cluster.apply(*objects, *(config_map(f"b{number}") for number in range(6)))
    monkeypatch.setattr(transport, "PAGE", 5)
    # 7 of ours, 6 others and the one that each namespace has.
    assert requests(cluster, *objects) == {"GET": 3}


def test_what_is_gone_is_made_again(cluster: Cluster) -> None:
    objects = [config_map(name, x="1") for name in "abc"]
    cluster.apply(*objects)
    cluster.client.request("DELETE", cluster.path("configmaps", "b"))
    assert cluster.apply(*objects) == {"a": "unchanged", "b": "created", "c": "unchanged"}


def test_change_of_the_definition_is_seen_by_its_objects(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    old, new = definition(group), definition(group)
    properties = new["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["spec"]["properties"]["names"] = {"type": "array", "items": {"type": "string"}}
    pools = [pool(group, name) for name in ("a", "b", "c")]
    cluster.apply(old, *pools)
    for one in pools:
        one["spec"]["names"] = ["x"]
    assert set(cluster.apply(new, *pools).values()) == {"configured"}
    # The list becomes a set: who owns what of it is noted in another way.
    properties["spec"]["properties"]["names"]["x-kubernetes-list-type"] = "set"
    assert set(cluster.apply(new, *pools).values()) == {"configured"}
    for live in cluster.client.list(cluster.path("pools", api=f"apis/{group}/v1")):
        assert [one["fieldsV1"]["f:spec"]["f:names"] for one in live["metadata"]["managedFields"]] == [{'v:"x"': {}}]
    assert requests(cluster, new, *pools).keys() == {"GET"}


def test_apply_that_only_counts_as_a_new_generation_is_no_change(cluster: Cluster) -> None:
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"}, "spec": spec}
    cluster.apply(policy)
    for check in (True, False, True):
        assert cluster.apply(policy, options=Options(check=check)) == {"deny": "unchanged"}


def test_what_is_gone_already_takes_few_requests_however_much_it_was(cluster: Cluster) -> None:
    objects = [make(str(number)) for number in range(5) for make in (config_map, service)]
    cluster.apply(*objects)
    outcome = cluster.run(*objects, present=False)
    assert outcome.changes.summary() == "10 objects: 10 deleted"
    assert outcome.stats.requests["DELETE"] == 10
    outcome = cluster.run(*objects, present=False)
    assert outcome.changes.summary() == "10 objects: 10 unchanged"
    assert outcome.stats.requests == {"GET": 2}


def test_time_is_told_by_phase(cluster: Cluster) -> None:
    stats = cluster.run(config_map("a", x="1")).stats
    assert set(stats.seconds) == {"read", "prove", "dry_run", "apply", "wait", "total"}
    assert sum(stats.seconds.values()) - stats.seconds["total"] <= stats.seconds["total"]
    assert stats.dump()["requests"] == {"GET": 1, "PATCH": 1}
    stats = cluster.run(config_map("a"), present=False).stats
    assert set(stats.seconds) == {"delete", "total"}


def test_kinds_that_every_server_knows_are_as_it_says(cluster: Cluster) -> None:
    known = Kinds(cluster.client)._all()
    assert {key: known.get(key) for key in WELL_KNOWN} == WELL_KNOWN
    assert len(BY_KIND) == len(WELL_KNOWN)


def test_who_may_read_but_not_list_reads_one_by_one(
    cluster: Cluster, api_server: t.Any, tmp_path: pathlib.Path
) -> None:
    objects = [config_map(name, x="1") for name in "abc"]
    cluster.apply(*objects)
    limited = Cluster(_client_of_account(cluster, api_server, tmp_path, ["get", "patch"]), cluster.namespace)
    outcome = limited.run(*objects, wait=False)
    assert outcome.error is None
    assert outcome.changes.summary() == "3 objects: 3 unchanged"
    # The list that is refused, and the objects themselves.
    assert outcome.stats.requests == {"GET": 4}


def _client_of_account(cluster: Cluster, api_server: t.Any, directory: pathlib.Path, verbs: list[str]) -> Client:
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "limited"}}
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": cluster.namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"}
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "limited"}},
        {**rbac, "kind": "Role", "rules": [rule]},
        {**rbac, "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]},
    )
    path = cluster.path("serviceaccounts", "limited") + "/token"
    token = cluster.client.request("POST", path, body={"spec": {}})["status"]["token"]
    kubeconfig = json.loads(api_server.kubeconfig.read_text())
    kubeconfig["users"] = [{"name": one["name"], "user": {"token": token}} for one in kubeconfig["users"]]
    file = directory / "kubeconfig"
    file.write_text(json.dumps(kubeconfig))
    return Client.from_kubeconfig(kubeconfig=str(file), context=None)
