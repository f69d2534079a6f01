# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import applyset
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref

if t.TYPE_CHECKING:
    from .conftest import Cluster

CHECK = Options(check=True)
MERGE = "application/merge-patch+json"
RECORD = Prune("set")


def config_map(name: str, **data: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}


def claim(name: str) -> dict[str, t.Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "none"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def space(name: str) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def in_space(body: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": name}}


def parent(cluster: Cluster, name: str = "set") -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", cluster.client.get(cluster.path("configmaps", name)))


def names(cluster: Cluster, plural: str = "configmaps") -> set[str]:
    return {one["metadata"]["name"] for one in cluster.client.list(cluster.path(plural))} - {"kube-root-ca.crt"}


def kinds(cluster: Cluster) -> str:
    return str(parent(cluster)["metadata"]["annotations"][applyset.GROUP_KINDS])


def test_what_is_no_longer_in_the_set_goes_and_nothing_else(cluster: Cluster) -> None:
    cluster.apply(config_map("foreign"))
    first = config_map("a"), config_map("b"), service("s")
    created = {"a": "created", "b": "created", "s": "created", "set": "created"}
    assert cluster.apply(*first, prune=RECORD) == created
    assert cluster.apply(*first, prune=RECORD) == dict.fromkeys(created, "unchanged")
    assert kinds(cluster) == "ConfigMap,Service"
    expected = {"a": "unchanged", "b": "deleted", "s": "deleted", "set": "configured"}
    assert cluster.apply(config_map("a"), prune=RECORD, options=CHECK) == expected
    assert names(cluster) == {"a", "b", "foreign", "set"}
    assert cluster.apply(config_map("a"), prune=RECORD, wait=True) == expected
    assert names(cluster) == {"a", "foreign", "set"}
    assert names(cluster, "services") == set()
    assert kinds(cluster) == "ConfigMap"
    assert cluster.apply(config_map("a"), prune=RECORD) == {"a": "unchanged", "set": "unchanged"}


def test_check_mode_writes_nothing(cluster: Cluster) -> None:
    predicted = cluster.run(config_map("a"), prune=RECORD, options=CHECK)
    assert [entry.action.value for entry in predicted.changes.entries] == ["created", "created"]
    assert names(cluster) == set()
    done = cluster.run(config_map("a"), prune=RECORD)
    assert done.changes.dump() == predicted.changes.dump()


def test_record_is_as_the_kep_has_it(cluster: Cluster) -> None:
    other = f"{cluster.namespace}-other"
    cluster.apply(space(other), in_space(config_map("a"), other), service("s"), prune=RECORD)
    metadata = parent(cluster)["metadata"]
    identity = metadata["labels"]["applyset.kubernetes.io/id"]
    assert identity == applyset.identity(Ref("ConfigMap", cluster.namespace, "set", "v1"))
    assert metadata["annotations"] == {
        "applyset.kubernetes.io/tooling": "kuber.network/v1.0.0",
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Namespace,Service",
        "applyset.kubernetes.io/additional-namespaces": other,
    }
    member = cluster.client.get(cluster.path("services", "s"))
    assert member["metadata"]["labels"] == {"applyset.kubernetes.io/part-of": identity}


def test_identity_is_that_of_the_kep() -> None:
    # echo -n 'my-set.my-namespace.Secret.' | openssl dgst -sha256 -binary | basenc --base64url
    expected = "applyset-tvW_LC7cMvyZ6adDBW_BqUozyRL6LYEB90aQLf21Fd4-v1"
    assert applyset.identity(Ref("Secret", "my-namespace", "my-set", "v1")) == expected


def test_members_in_other_namespaces_are_found(cluster: Cluster) -> None:
    other = f"{cluster.namespace}-other"
    cluster.apply(space(other), in_space(config_map("a"), other), prune=RECORD)
    result = cluster.apply(space(other), config_map("b"), prune=RECORD)
    assert result == {other: "unchanged", "a": "deleted", "b": "created", "set": "configured"}
    assert applyset.scope_of(parent(cluster)).namespaces == frozenset()


def test_set_is_made_anew_in_a_namespace_that_is_being_deleted(cluster: Cluster) -> None:
    """What is still in there will go, so nothing of it counts as unchanged."""
    home = f"{cluster.namespace}-home"
    objects = space(home), in_space(config_map("a"), home), in_space(config_map("b"), home)
    wishes = {"prune": Prune("set", home), "wait_timeout": 60}
    cluster.apply(*objects, **wishes)
    held = f"/api/v1/namespaces/{home}/configmaps/b"
    body: dict[str, t.Any] = {"metadata": {"finalizers": ["example.org/hold"]}}
    cluster.client.request("PATCH", held, body=body, content_type="application/merge-patch+json")
    cluster.client.request("DELETE", f"/api/v1/namespaces/{home}")
    expected = {home: "created", "a": "created", "b": "created", "set": "created"}
    assert cluster.apply(*objects, options=CHECK, **wishes) == expected
    body["metadata"]["finalizers"] = None
    release = threading.Timer(
        2, cluster.client.request, ("PATCH", held), {"body": body, "content_type": "application/merge-patch+json"}
    )
    release.start()
    assert cluster.apply(*objects, **wishes) == expected
    release.join()
    assert set(cluster.apply(*objects, **wishes).values()) == {"unchanged"}


def test_record_may_stand_in_a_namespace_of_the_set(cluster: Cluster) -> None:
    home = f"{cluster.namespace}-home"
    objects = space(home), in_space(config_map("a"), home)
    wish = Prune("set", home)
    outcome = cluster.run(*objects, prune=wish, options=CHECK)
    assert outcome.error is None
    assert {entry.ref.name: entry.action.value for entry in outcome.changes.entries} == {
        home: "created",
        "a": "created",
        "set": "created",
    }
    assert cluster.apply(*objects, prune=wish) == {home: "created", "a": "created", "set": "created"}
    assert set(cluster.apply(*objects, prune=wish).values()) == {"unchanged"}
    gone = cluster.run(*objects, prune=wish, present=False, wait_timeout=60)
    assert gone.error is None
    assert [(entry.ref.name, entry.action.value) for entry in gone.changes.entries] == [
        ("a", "deleted"),
        ("set", "deleted"),
        (home, "deleted"),
    ]


def test_deletion_is_in_reverse_order(cluster: Cluster) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
    cluster.apply(deployment, config_map("a"), config_map("stays"), role(cluster), prune=RECORD)
    outcome = cluster.run(config_map("stays"), prune=RECORD)
    deleted = [entry.ref.kind for entry in outcome.changes.entries if entry.action.value == "deleted"]
    assert deleted == ["Deployment", "ConfigMap", "Role"]


def test_protected_kinds_stay_unless_allowed(cluster: Cluster) -> None:
    cluster.apply(claim("data"), config_map("a"), prune=RECORD)
    for _again in range(2):
        outcome = cluster.run(config_map("a"), prune=RECORD, wait=False)
        assert outcome.error is None
        reasons = {entry.ref.name: (entry.action.value, entry.reason) for entry in outcome.changes.entries}
        assert reasons["data"][0] == "unchanged"
        assert "only deleted if prune.allow names it" in reasons["data"][1]
        assert reasons["set"][0] == "unchanged"
    assert kinds(cluster) == "ConfigMap,PersistentVolumeClaim"
    allowed = Prune("set", allow=frozenset({"PersistentVolumeClaim"}))
    result = cluster.apply(config_map("a"), prune=allowed)
    assert result == {"a": "unchanged", "data": "deleted", "set": "configured"}
    assert kinds(cluster) == "ConfigMap"


def test_object_that_goes_over_to_another_version_is_no_leftover(cluster: Cluster) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}, "maxReplicas": 2}
    scaler = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": spec}
    cluster.apply({"apiVersion": "autoscaling/v1", **scaler}, prune=RECORD)
    result = cluster.apply({"apiVersion": "autoscaling/v2", **scaler}, prune=RECORD)
    assert result["h"] != "deleted"
    assert names(cluster, "configmaps") == {"set"}


def test_members_that_a_controller_has_made_are_left_to_it(cluster: Cluster) -> None:
    cluster.apply(config_map("owner"), config_map("gone"), prune=RECORD)
    owner = cluster.client.get(cluster.path("configmaps", "owner"))["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"], "controller": True}
    made = {"metadata": {"name": "made", "labels": owner["labels"], "ownerReferences": [reference]}}
    cluster.client.request("POST", cluster.path("configmaps"), body=made)
    cluster.apply(config_map("owner"), prune=RECORD, wait=True)
    assert names(cluster) == {"owner", "made", "set"}


def test_with_state_absent_all_members_go_and_then_the_record(cluster: Cluster) -> None:
    cluster.apply(config_map("foreign"))
    cluster.apply(config_map("a"), config_map("b"), service("s"), prune=RECORD)
    for options in (CHECK, Options()):
        outcome = cluster.run(config_map("a"), prune=RECORD, present=False, options=options)
        assert outcome.error is None
        assert {entry.action.value for entry in outcome.changes.entries} == {"deleted"}
        assert outcome.changes.entries[-1].ref.name == "set"
        assert len(outcome.changes.entries) == 4
    assert names(cluster) == {"foreign"}
    assert not cluster.run(config_map("a"), prune=RECORD, present=False).changes.changed


class KilledError(BaseException):
    """The end of the process, as far as the engine is concerned."""


WRITES = 6


@pytest.mark.parametrize("again", ["the old set", "the new set"])
@pytest.mark.parametrize("writes", range(WRITES))
def test_run_that_is_killed_after_any_write_leaves_nothing_behind(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, writes: int, again: str
) -> None:
    """The six writes from one set to another: widen, apply two, delete two, narrow."""
    old, new = (config_map("a"), service("s")), (config_map("b"), role(cluster))
    cluster.apply(*old, prune=RECORD)
    request = cluster.client.request
    lock = threading.Lock()
    done: list[str] = []

    def mortal(method: str, path: str, **more: t.Any) -> t.Any:
        writes_for_good = method in ("PATCH", "PUT", "POST", "DELETE") and not (more.get("query") or {}).get("dryRun")
        with lock:
            if writes_for_good and len(done) == writes:
                raise KilledError
            answer = request(method, path, **more)
            if writes_for_good:
                done.append(method)
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(cluster.client, "request", mortal)
        with pytest.raises(KilledError):
            cluster.run(*new, prune=RECORD, wait=False)
    assert done == ["PATCH", "PATCH", "PATCH", "DELETE", "DELETE", "PATCH"][:writes]
    wanted = old if again == "the old set" else new
    assert cluster.run(*wanted, prune=RECORD).error is None
    roles = cluster.client.list(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{cluster.namespace}/roles")
    found = names(cluster), names(cluster, "services"), {one["metadata"]["name"] for one in roles}
    if wanted is old:
        assert found == ({"a", "set"}, {"s"}, set())
        assert kinds(cluster) == "ConfigMap,Service"
    else:
        assert found == ({"b", "set"}, set(), {"r"})
        assert kinds(cluster) == "ConfigMap,Role.rbac.authorization.k8s.io"


def test_change_from_one_set_to_another_takes_six_writes(cluster: Cluster) -> None:
    """So that the story above is killed after each of them, and after no fewer."""
    cluster.apply(config_map("a"), service("s"), prune=RECORD)
    outcome = cluster.run(config_map("b"), role(cluster), prune=RECORD, wait=False)
    # The two new objects are rehearsed, too.
    requests = outcome.stats.requests
    assert requests["PATCH"] - 2 + requests["DELETE"] == WRITES


def role(cluster: Cluster) -> dict[str, t.Any]:
    api = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api, "kind": "Role", "metadata": {"name": "r", "namespace": cluster.namespace}, "rules": []}


FOREIGN = [
    ({}, {}, "not the parent of an ApplySet"),
    ({applyset.TOOLING: "kubectl/v1.30.0"}, {}, "belongs to another tool"),
    ({applyset.TOOLING: "kuber.network"}, {}, "is not the parent that it says it is"),
    ({applyset.TOOLING: "kuber.network/v1.0.0"}, {applyset.ID: "applyset-other-v1"}, "is not the parent"),
]


@pytest.mark.parametrize(("annotations", "labels", "message"), FOREIGN)
@pytest.mark.parametrize("present", [True, False])
def test_foreign_record_is_refused_before_anything_is_touched(
    cluster: Cluster, annotations: dict[str, str], labels: dict[str, str], message: str, present: bool
) -> None:
    metadata = {"name": "set", "annotations": annotations, "labels": labels}
    cluster.client.request("POST", cluster.path("configmaps"), body={"metadata": metadata})
    for options in (CHECK, Options()):
        text = cluster.refusal(config_map("a"), prune=RECORD, options=options, present=present)
        assert f"ConfigMap {cluster.namespace}/set, which the option prune names" in text
        assert message in text
    assert names(cluster) == {"set"}


def test_member_of_another_set_is_not_taken_out_of_it(cluster: Cluster) -> None:
    cluster.apply(config_map("a", x="1"), prune=Prune("other"))
    for options in (CHECK, Options()):
        text = cluster.refusal(config_map("a", x="2"), prune=RECORD, options=options)
        assert f"ConfigMap {cluster.namespace}/a belongs to another set" in text
    assert cluster.client.get(cluster.path("configmaps", "a"))["data"] == {"x": "1"}


def test_set_that_holds_its_own_record_or_label_is_refused(cluster: Cluster) -> None:
    assert "cannot be both a member of the set and its record" in cluster.refusal(config_map("set"), prune=RECORD)
    labelled = config_map("a")
    labelled["metadata"]["labels"] = {applyset.PART_OF: "x"}
    assert "carries the label" in cluster.refusal(labelled, prune=RECORD)
    assert names(cluster) == set()


def test_record_may_be_a_secret(cluster: Cluster) -> None:
    wish = Prune("set", kind="Secret")
    cluster.apply(config_map("a"), config_map("b"), prune=wish)
    assert cluster.apply(config_map("a"), prune=wish)["b"] == "deleted"
    assert names(cluster, "secrets") == {"set"}


def test_record_of_a_failed_run_is_told_and_stays_wide(cluster: Cluster) -> None:
    cluster.apply(config_map("a"), prune=RECORD)
    spec = {"containers": [{"name": "c", "image": "x"}], "priorityClassName": "no-such"}
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    outcome = cluster.run(bad, prune=RECORD, wait=False)
    assert isinstance(outcome.error, KuberError)
    assert [entry.ref.name for entry in outcome.changes.entries] == ["set"]
    assert names(cluster) == {"a", "set"}
    assert kinds(cluster) == "ConfigMap,Pod"
    assert cluster.apply(prune=RECORD) == {"a": "deleted", "set": "configured"}


class Kubectl:
    """The kubectl that comes with the API server of the tests."""

    def __init__(self, cluster: Cluster, kubeconfig: pathlib.Path, directory: pathlib.Path) -> None:
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self._directory = directory

    def apply(self, *objects: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
        manifest = self._directory / "set.json"
        manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        argv = [f"{os.environ['KUBER_TEST_KUBERNETES']}/kubectl", f"--kubeconfig={self._kubeconfig}"]
        argv += [f"--namespace={self._cluster.namespace}", "apply", "--server-side", "--force-conflicts", "--prune"]
        argv += ["--applyset=configmaps/set", f"--filename={manifest}"]
        environment = {**os.environ, "KUBECTL_APPLYSET": "true"}
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    def hand_over(self, tooling: str) -> None:
        body = {"metadata": {"annotations": {applyset.TOOLING: tooling}}}
        path = self._cluster.path("configmaps", "set")
        self._cluster.client.request("PATCH", path, body=body, content_type=MERGE)


@pytest.fixture
def kubectl(cluster: Cluster, api_server: t.Any, tmp_path: pathlib.Path) -> Kubectl:
    if not pathlib.Path(os.environ["KUBER_TEST_KUBERNETES"], "kubectl").exists():
        pytest.skip("there is no kubectl beside kube-apiserver")
    return Kubectl(cluster, api_server.kubeconfig, tmp_path)


def test_kubectl_refuses_our_set_and_takes_it_once_handed_over(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.apply(config_map("a"), config_map("b"), service("s"), prune=RECORD)
    refused = kubectl.apply(config_map("a"))
    assert 'is managed by tooling "kuber.network" instead of "kubectl"' in refused.stderr
    kubectl.hand_over("kubectl/v1.30.0")
    done = kubectl.apply(config_map("a"))
    assert done.returncode == 0, done.stderr
    assert "configmap/b pruned" in done.stdout
    assert "service/s pruned" in done.stdout
    assert names(cluster) == {"a", "set"}


def test_we_refuse_the_set_of_kubectl_and_take_it_once_handed_over(cluster: Cluster, kubectl: Kubectl) -> None:
    done = kubectl.apply(config_map("a"), config_map("b"), service("s"))
    assert done.returncode == 0, done.stderr
    assert "belongs to another tool" in cluster.refusal(config_map("a"), prune=RECORD)
    kubectl.hand_over("kuber.network/v1.0.0")
    assert cluster.apply(config_map("a"), prune=RECORD, wait=True)["b"] == "deleted"
    assert names(cluster) == {"a", "set"}
    assert names(cluster, "services") == set()
    assert kinds(cluster) == "ConfigMap"
