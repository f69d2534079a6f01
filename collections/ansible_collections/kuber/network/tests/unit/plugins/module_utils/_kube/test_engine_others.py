# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only what is ours counts: fields without a record, fields of others, and records that nobody can read any more."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldset
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
CHECK = Options(check=True)
RBAC = "rbac.authorization.k8s.io/v1"


def config_map(**data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


def deployment(**spec: t.Any) -> dict[str, t.Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "a"}]}}
    spec |= {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def without_records(cluster: Cluster, path: str, body: dict[str, t.Any]) -> None:
    """An object of which nobody has noted who has set what."""
    cluster.client.request("POST", path.rpartition("/")[0], body=body)
    cluster.client.request("PATCH", path, body={"metadata": {"managedFields": [{}]}}, content_type=MERGE)


def test_fields_that_nobody_recorded_stay_and_the_second_run_is_unchanged(cluster: Cluster) -> None:
    path = cluster.path("deployments", "web", "apis/apps/v1")
    had = deployment(replicas=5, paused=True)
    had["metadata"]["labels"] = {"team": "blue"}
    without_records(cluster, path, had)
    predicted = cluster.run(deployment(), options=CHECK)
    done = cluster.run(deployment(), wait=False)
    assert [entry.reason for entry in done.changes.entries] == ["fields are now managed by kuber.network"]
    assert predicted.changes.dump() == done.changes.dump()
    for options in (CHECK, Options(), Options()):
        assert cluster.apply(deployment(), options=options) == {"web": "unchanged"}
    live = cluster.client.get(path)
    assert (live["spec"]["replicas"], live["metadata"]["labels"]) == (5, {"team": "blue"})


def test_field_that_was_there_without_a_record_goes_once_the_set_gives_it_up(cluster: Cluster) -> None:
    path = cluster.path("configmaps", "settings")
    without_records(cluster, path, config_map(a="1", b="2", c="3"))
    assert cluster.apply(config_map(a="1", b="2")) == {"settings": "configured"}
    predicted = cluster.run(config_map(a="1"), options=CHECK)
    done = cluster.run(config_map(a="1"))
    assert [field.field for field in done.changes.entries[0].fields] == ["data.b"]
    assert predicted.changes.dump() == done.changes.dump()
    assert cluster.client.get(path)["data"] == {"a": "1", "c": "3"}
    assert cluster.run(config_map(a="1"), wait=False).stats.requests == {"GET": 1}


@pytest.mark.parametrize("check", [False, True])
def test_what_another_client_writes_between_our_read_and_our_write_is_no_change(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    cluster.apply(config_map(a="1"))
    path = cluster.path("configmaps", "settings")
    request = cluster.client.request
    beats = iter(range(1000))

    def meanwhile(method: str, where: str, **more: t.Any) -> t.Any:
        if more.get("content_type") == APPLY:
            body = {"metadata": {"annotations": {"beat": str(next(beats))}, "labels": {"theirs": "1"}}}
            request("PATCH", where, body=body, content_type=MERGE, query={"fieldManager": "some-controller"})
        return request(method, where, **more)

    # As if it could not be proved that nothing changes.
    monkeypatch.setattr(fieldset, "why_not_noop", lambda *_args, **_options: "in doubt")
    with monkeypatch.context() as patched:
        patched.setattr(cluster.client, "request", meanwhile)
        outcome = cluster.run(config_map(a="1"), options=Options(check=check), wait=False)
        changed = cluster.run(config_map(a="2"), options=Options(check=check), wait=False)
    assert not outcome.changes.changed
    assert outcome.changes.drift() == []
    assert [field.field for field in changed.changes.entries[0].fields] == ["data.a"]
    assert "beat" not in str(changed.changes.diffs())
    assert cluster.client.get(path)["metadata"]["labels"] == {"theirs": "1"}


def versioned(group: str, *, old_is_served: bool, default: bool) -> dict[str, t.Any]:
    size: dict[str, t.Any] = {"size": {"type": "integer"}}
    grown = size | ({"color": {"type": "string", "default": "blue"}} if default else {})
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"pools.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Pool", "plural": "pools"},
            "versions": [
                _version("v1", grown, storage=True),
                _version("v1beta1", size, served=old_is_served),
            ],
        },
    }


def _version(name: str, spec: dict[str, t.Any], *, served: bool = True, storage: bool = False) -> dict[str, t.Any]:
    properties = {
        "spec": {"type": "object", "properties": spec},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    }
    return {
        "name": name,
        "served": served,
        "storage": storage,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }


@pytest.mark.parametrize("old_is_served", [True, False])
def test_records_of_a_version_that_cannot_be_read_any_more_are_migrated(cluster: Cluster, old_is_served: bool) -> None:
    group = f"{cluster.namespace}.example.org"
    pool = {"apiVersion": f"{group}/v1", "kind": "Pool", "metadata": {"name": "first"}, "spec": {"size": 1}}
    cluster.apply(versioned(group, old_is_served=True, default=False), pool)
    path = cluster.path("pools", "first", f"apis/{group}/v1beta1") + "/status"
    body = {"status": {"phase": "Ready"}}
    cluster.client.request("PATCH", path, body=body, content_type=MERGE, query={"fieldManager": "pool-controller"})
    cluster.apply(versioned(group, old_is_served=old_is_served, default=True))
    wanted = {**pool, "spec": {"size": 2}}
    path = cluster.path("pools", "first", f"apis/{group}/v1")
    _until_default(cluster, path)
    predicted = cluster.run(wanted, options=CHECK, wait=False)
    assert predicted.error is None
    assert [entry.action.value for entry in predicted.changes.entries] == ["configured"]
    done = cluster.run(wanted, wait=False)
    assert done.error is None
    assert done.changes.dump() == predicted.changes.dump()
    assert [field.field for field in done.changes.entries[0].fields] == ["spec.size"]
    live = cluster.client.get(path)
    assert live["status"] == {"phase": "Ready"}
    assert cluster.apply(wanted) == {"first": "unchanged"}


def _until_default(cluster: Cluster, path: str) -> None:
    """The new schema is in force a moment after the definition is there."""
    deadline = time.monotonic() + 20
    while cluster.client.get(path)["spec"].get("color") != "blue":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def role(name: str, labels: dict[str, str] | None = None, **more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": name, "labels": labels or {}}, **more}


@pytest.mark.parametrize("rules", [[], None, [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]])
def test_rules_of_an_aggregated_role_are_left_to_the_control_plane(cluster: Cluster, rules: t.Any) -> None:
    label = {f"{cluster.namespace}.example.org/part": "true"}
    part = role(
        f"{cluster.namespace}-part", label, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    )
    whole = role(
        f"{cluster.namespace}-whole",
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": label}]},
        rules=rules,
    )
    first = cluster.run(part, whole, wait=False)
    assert first.error is None
    assert any("beside aggregationRule" in warning for warning in first.warnings) is bool(rules)
    path = f"/apis/{RBAC}/clusterroles/{whole['metadata']['name']}"
    deadline = time.monotonic() + 20
    while (live := cluster.client.get(path))["rules"] != part["rules"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for options in (CHECK, Options()):
        assert set(cluster.apply(part, whole, options=options).values()) == {"unchanged"}
    assert cluster.client.get(path)["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]


def test_certificate_of_an_api_service_is_left_to_who_injects_it(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    spec = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 10,
        "versionPriority": 10,
        "service": {"name": "s", "namespace": cluster.namespace},
        "caBundle": "Cg==",
    }
    body = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{group}"},
        "spec": spec,
    }
    cluster.apply(body)
    path = f"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}"
    injected = {"spec": {"caBundle": "LS0tCg=="}}
    cluster.client.request("PATCH", path, body=injected, content_type=MERGE, query={"fieldManager": "cainjector"})
    assert cluster.apply(body) == {f"v1.{group}": "unchanged"}
    assert cluster.client.get(path)["spec"]["caBundle"] == "LS0tCg=="
    cluster.client.request("DELETE", path)


class Issuer(threading.Thread):
    """A stand-in for an operator that makes a Secret for each Certificate, and for the kubelet that waits for it."""

    def __init__(self, cluster: Cluster, group: str) -> None:
        super().__init__(daemon=True)
        self._cluster = cluster
        self._path = cluster.path("certificates", api=f"apis/{group}/v1")
        self.is_needed = True

    def run(self) -> None:
        while self.is_needed:
            self._make_secrets()
            time.sleep(0.2)

    def _make_secrets(self) -> None:
        try:
            certificates = self._cluster.client.list(self._path, patience=0)
        except Exception:
            return
        for one in certificates:
            body = {"metadata": {"name": one["spec"]["secretName"]}}
            try:
                self._cluster.client.request("POST", self._cluster.path("secrets"), body=body)
            except Exception:
                continue
        names = {one["metadata"]["name"] for one in self._cluster.client.list(self._cluster.path("secrets"))}
        for pod in self._cluster.client.list(self._cluster.path("pods")):
            needed = {one["secret"]["secretName"] for one in pod["spec"].get("volumes", []) if "secret" in one}
            if needed <= names:
                self._cluster.set_status(
                    pod, {"name": "c", "ready": True, "image": "a", "imageID": "", "restartCount": 0}, ready=True
                )


def certificates(group: str) -> dict[str, t.Any]:
    definition = versioned(group, old_is_served=False, default=False)
    definition["metadata"]["name"] = f"certificates.{group}"
    definition["spec"]["names"] = {"kind": "Certificate", "plural": "certificates"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition["spec"]["versions"] = [version]
    return definition


@pytest.mark.parametrize("groups", [["op.example.com"], ["*"]], ids=["own group", "every group, elsewhere"])
def test_what_a_workload_waits_for_is_sent_before_it_is_waited_for(cluster: Cluster, groups: list[str]) -> None:
    group = f"{cluster.namespace}.example.org"
    manager = deployment(replicas=1)
    pod = manager["spec"]["template"]["spec"]
    pod["containers"][0]["volumeMounts"] = [{"name": "cert", "mountPath": "/certs"}]
    pod["volumes"] = [{"name": "cert", "secret": {"secretName": "serving"}}]
    hook = {
        "name": f"v.{group}",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"name": "hooks", "namespace": cluster.namespace}},
        "rules": [{"apiGroups": groups, "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": f"{cluster.namespace}-elsewhere"}},
    }
    guard = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": group},
        "webhooks": [hook],
    }
    hooks = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hooks"}}
    hooks["spec"] = {"selector": {"app": "web"}, "ports": [{"port": 443}]}
    certificate = {
        "apiVersion": f"{group}/v1",
        "kind": "Certificate",
        "metadata": {"name": "serving"},
        "spec": {"secretName": "serving"},
    }
    issuer = Issuer(cluster, group)
    issuer.start()
    try:
        outcome = cluster.run(certificates(group), manager, hooks, guard, certificate, wait_timeout=20)
    finally:
        issuer.is_needed = False
        issuer.join()
        cluster.client.request(
            "DELETE", f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{group}"
        )
    assert outcome.error is None
    assert outcome.changes.summary() == "5 objects: 5 created"
