# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others have written, and what the server says of it, as a user of the engine meets it."""

from __future__ import annotations

import itertools
import json
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube import act, documents

if t.TYPE_CHECKING:
    from .conftest import STATUS, Cluster
else:
    STATUS = "application/merge-patch+json"

_numbers = itertools.count(1)
MEBIBYTE = 1 << 20


def config_map(name: str = "settings", **more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def deployment(**container: t.Any) -> dict[str, t.Any]:
    pod = {"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "c", "image": "x", **container}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "d"}}, "template": pod},
    }


def definition(group: str, *, status: t.Any = None, versions: t.Mapping[str, bool] | None = None) -> dict[str, t.Any]:
    """A kind that takes anything, with the versions that it has and whether they are served."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": free, "status": status or free}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [
                {"name": name, "served": served, "storage": not number, "schema": {"openAPIV3Schema": schema}}
                for number, (name, served) in enumerate((versions or {"v1": True}).items())
            ],
        },
    }


def thing(group: str, version: str = "v1", **spec: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": f"{group}/{version}", "kind": "Thing", "metadata": {"name": "thing"}, "spec": spec}


def group_of(cluster: Cluster) -> str:
    return f"{cluster.namespace}.example.org"


def there(cluster: Cluster) -> set[str]:
    return {one["metadata"]["name"] for one in cluster.client.list(cluster.path("configmaps"))} - {"kube-root-ca.crt"}


EVERY = "".join(map(chr, [*range(0x20, 0x100), 0x2028, 0x2029, 0xD7FF, 0xFEFF, 0xFFFD, 0x1F680, 0x10FFFD]))


@pytest.mark.parametrize("text", ["welcome \U0001f680", EVERY, "tab\tline\nreturn\rend", "\ufffe\uffff\x7f\x85"])
def test_every_character_arrives_as_it_is_and_stays(cluster: Cluster, text: str) -> None:
    wanted = config_map(data={"text": text})
    assert cluster.apply(wanted) == {"settings": "created"}
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"]["text"] == text
    assert cluster.apply(wanted) == {"settings": "unchanged"}


def test_stream_of_json_with_surrogates_and_keys_of_go(cluster: Cluster) -> None:
    one, two = (json.dumps(config_map(name, data={"a": "\U0001f680"})) for name in ("one", "two"))
    keys = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: keys}\ndata: {1: one, on: two, 0: three, off: four}\n"
    wanted = [one + two, keys]
    assert cluster.apply(*wanted) == {"one": "created", "two": "created", "keys": "created"}
    live = cluster.client.get(cluster.path("configmaps", "keys"))
    assert live["data"] == {"1": "one", "true": "two", "0": "three", "false": "four"}
    assert set(cluster.apply(*wanted).values()) == {"unchanged"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"resources": {"limits": {"memory": "512MB"}}},
        {"resources": {"limits": {"memory": "512 Mi"}}},
        {"ports": [{"containerPort": "http"}]},
        {"livenessProbe": {"tcpSocket": {"port": 80}, "timeoutSeconds": "5"}},
        {"livenessProbe": {"httpGet": {"port": True}}},
        {"env": [{"name": "timeout", "value": 5}]},
        {"timeout": "connection refused"},
    ],
)
def test_value_that_cannot_be_read_is_refused_at_once_and_nothing_is_touched(
    cluster: Cluster, wrong: dict[str, t.Any]
) -> None:
    started = time.monotonic()
    outcome = cluster.run(config_map(), deployment(**wrong), wait_timeout=30)
    assert time.monotonic() - started < 10
    assert outcome.error is not None
    assert "Deployment" in str(outcome.error)
    assert "busy" not in str(outcome.error)
    assert not outcome.changes.changed
    assert there(cluster) == set()


@pytest.mark.parametrize(("size", "limit"), [(2 * MEBIBYTE, "1.5 MiB"), (4 * MEBIBYTE, "1.5 MiB")])
def test_object_that_is_too_large_is_refused_at_once_with_its_size(cluster: Cluster, size: int, limit: str) -> None:
    group = group_of(cluster)
    cluster.apply(definition(group))
    started = time.monotonic()
    text = cluster.refusal(thing(group, text="x" * size), wait_timeout=30)
    assert time.monotonic() - started < 10
    assert f"is too large for the API server of context loopback; wanted: at most {limit}" in text
    assert f"found: {size / MEBIBYTE:.1f} MiB as JSON" in text
    assert "busy" not in text


def test_missing_namespace_is_found_before_anything_is_made(cluster: Cluster) -> None:
    lost = config_map("lost")
    lost["metadata"]["namespace"] = "no-such-namespace"
    outcome = cluster.run(config_map(), lost, wait_timeout=30)
    assert "Namespace no-such-namespace does not exist, which ConfigMap no-such-namespace/lost" in str(outcome.error)
    assert not outcome.changes.changed
    assert there(cluster) == set()


def test_namespace_of_a_new_kind_is_missed_at_once(cluster: Cluster) -> None:
    group = group_of(cluster)
    lost = thing(group)
    lost["metadata"]["namespace"] = "no-such-namespace"
    started = time.monotonic()
    text = cluster.refusal(definition(group), lost, wait_timeout=30)
    assert "Namespace no-such-namespace does not exist" in text
    assert time.monotonic() - started < 20


def limited(api_server: t.Any, cluster: Cluster, directory: t.Any, *rules: dict[str, t.Any]) -> Cluster:
    """The same cluster for an account that may do no more than the rules say."""
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "limited"}}
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": cluster.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"}
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "limited"}},
        {**rbac, "kind": "Role", "rules": list(rules)},
        {**rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    )
    config = json.loads(api_server.kubeconfig.read_text())
    # As the account, which the user of the tests may impersonate.
    config["users"][0]["user"]["as"] = f"system:serviceaccount:{cluster.namespace}:limited"
    path = directory / "limited"
    path.write_text(json.dumps(config))
    client = Client.from_kubeconfig(kubeconfig=str(path), context=None)
    return type(cluster)(client, cluster.namespace)


ALL = ["get", "list", "create", "patch"]
MAPS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ALL}


@pytest.mark.parametrize("verbs", [[], ["get"], ["get", "list"], ["get", "list", "create"], ["patch", "create"]])
def test_missing_right_is_found_before_anything_is_made(
    api_server: t.Any, cluster: Cluster, tmp_path: t.Any, verbs: list[str]
) -> None:
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs}] if verbs else []
    poor = limited(api_server, cluster, tmp_path, MAPS, *rules)
    outcome = poor.run(config_map(), deployment(), wait=False, wait_timeout=30)
    assert outcome.error is not None
    assert f'User "system:serviceaccount:{cluster.namespace}:limited" cannot' in str(outcome.error)
    assert "permission" in str(outcome.error)
    assert not outcome.changes.changed
    assert there(cluster) == set()


def test_right_that_comes_with_the_set_is_not_missed(api_server: t.Any, cluster: Cluster, tmp_path: t.Any) -> None:
    granting = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]}
    granting["verbs"] = [*ALL, "bind", "escalate"]
    poor = limited(api_server, cluster, tmp_path, MAPS, granting)
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "more"}}
    rule = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ALL}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "more"}
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": cluster.namespace}
    wanted = [
        {**rbac, "kind": "Role", "rules": [rule]},
        {**rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    ]
    outcome = poor.run(*wanted, config_map(), deployment(), wait=False, wait_timeout=30)
    assert outcome.error is None
    assert there(cluster) == {"settings"}


def test_object_in_a_namespace_that_is_going_is_told_so(cluster: Cluster) -> None:
    name = f"{cluster.namespace}-going"
    held = {"name": name, "finalizers": ["example.org/hold"]}
    cluster.client.request("POST", "/api/v1/namespaces", body={"metadata": held})
    cluster.client.request("DELETE", f"/api/v1/namespaces/{name}")
    late = config_map()
    late["metadata"]["namespace"] = name
    text = cluster.refusal(late)
    assert f"cannot be created: Namespace {name} is being deleted" in text
    assert "permission" not in text
    cluster.client.request(
        "PATCH", f"/api/v1/namespaces/{name}", body={"metadata": {"finalizers": None}}, content_type=STATUS
    )


def test_version_that_the_definition_of_the_set_does_not_serve_is_refused(cluster: Cluster) -> None:
    group = group_of(cluster)
    cluster.apply(definition(group, versions={"v1": True, "v1beta1": True}), thing(group, "v1beta1"))
    outdated = definition(group, versions={"v1": True, "v1beta1": False})
    text = cluster.refusal(outdated, thing(group, "v1beta1"), config_map(), wait_timeout=30)
    assert f"wanted: {group}/v1; found: {group}/v1beta1" in text
    assert there(cluster) == set()
    assert cluster.apply(outdated, thing(group), config_map())["settings"] == "created"


def test_object_without_namespaces_is_applied_without_the_one_it_names(cluster: Cluster) -> None:
    name = f"reader-{cluster.namespace}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "namespace": "default"},
        "rules": [],
    }
    outcome = cluster.run(role)
    assert outcome.error is None
    assert [str(entry.ref) for entry in outcome.changes.entries] == [f"ClusterRole {name}"]
    (warning,) = outcome.warnings
    assert f"ClusterRole {name}" in warning
    assert "without metadata.namespace (default)" in warning
    assert cluster.apply(role) == {name: "unchanged"}


@pytest.mark.parametrize(
    "status",
    [{"type": "string", "default": "New"}, {"type": "integer", "default": 7}, {"type": "array", "default": []}],
)
def test_status_of_another_form_is_no_reason_to_wait(cluster: Cluster, status: dict[str, t.Any]) -> None:
    group = group_of(cluster)
    if status["type"] == "array":
        status = {**status, "items": {"type": "string"}}
    wanted = [definition(group, status=status), thing(group)]
    outcome = cluster.run(*wanted, wait_timeout=30)
    assert outcome.error is None
    assert outcome.changes.changed
    assert set(cluster.apply(*wanted, wait=True).values()) == {"unchanged"}


@pytest.mark.parametrize("subresources", [None, {"status": {}}])
def test_generation_that_is_written_as_text_counts(cluster: Cluster, subresources: dict[str, t.Any] | None) -> None:
    group = group_of(cluster)
    kind = definition(group)
    kind["spec"]["versions"][0]["subresources"] = subresources or {}
    wanted = [kind, thing(group, a="b")]
    cluster.apply(*wanted)
    path = cluster.path("things", "thing", f"apis/{group}/v1") + ("/status" if subresources else "")
    for observed in ("1", "5f7c8d", None):
        body = {"status": {"observedGeneration": observed}}
        cluster.client.request("PATCH", path, body=body, content_type=STATUS)
        assert cluster.run(*wanted, wait_timeout=10).error is None
    cluster.client.request("PATCH", path, body={"status": {"observedGeneration": "0"}}, content_type=STATUS)
    error = cluster.run(*wanted, wait_timeout=1).error
    # Without the subresource, each change of the status is a new generation.
    assert ("has not seen the change yet" in str(error)) is (subresources is not None)


@pytest.mark.parametrize("place", ["apply", "wait"])
def test_error_of_our_own_loses_nothing_that_was_done(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def broken(*_args: object, **_options: object) -> t.NoReturn:
        raise AttributeError("'str' object has no attribute 'hush-hush'")

    if place == "wait":
        monkeypatch.setattr("ansible_collections.kuber.network.plugins.module_utils._kube.wait.Waiter.wait", broken)
    else:
        act_on = act.Actor._act_on
        monkeypatch.setattr(
            act.Actor,
            "_act_on",
            lambda self, decision: broken() if decision.item.ref.name == "two" else act_on(self, decision),
        )
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hush-hush"}}
    outcome = cluster.run(config_map("one"), config_map("two"), secret)
    assert outcome.changes.changed
    done = {entry.ref.name: entry.action.value for entry in outcome.changes.entries}
    assert done == {"one": "created", "s": "created"} | ({"two": "created"} if place == "wait" else {})
    text = str(outcome.error)
    for part in ("An unexpected error", "AttributeError: 'str' object has no attribute", "test_engine_foreign.py"):
        assert part in text
    if place == "wait":
        assert "hush-hush" not in text


def test_lists_of_a_kind_and_empty_parts(cluster: Cluster) -> None:
    maps = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "one"}, "data": {"a": "b"}}]}
    roles = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleList",
        "metadata": {"resourceVersion": "5"},
        "items": [{"metadata": {"name": "two"}, "rules": []}],
    }
    assert len(documents.from_definition([None, maps, "# nothing", roles])) == 2
    assert cluster.apply(None, maps, "---\n", roles) == {"one": "created", "two": "created"}
