# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits by others that an apply alone does not repair, and what a run makes of them."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster

    Edit = t.Callable[[dict[str, t.Any]], None]

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
CHECK = Options(check=True)
EDITOR = "kubectl-edit"


def workload(kind: str = "Deployment", pod: dict[str, t.Any] | None = None, **spec: t.Any) -> dict[str, t.Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container()], **(pod or {})}}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec}
    if kind != "DaemonSet":
        spec.setdefault("replicas", 0)
    if kind == "StatefulSet":
        spec["serviceName"] = "web"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec}


def container(**fields: t.Any) -> dict[str, t.Any]:
    return {"name": "main", "image": "example.org/a:1", **fields}


def with_container(**fields: t.Any) -> dict[str, t.Any]:
    return workload(pod={"containers": [container(**fields)]})


def service(*ports: dict[str, t.Any]) -> dict[str, t.Any]:
    spec = {"selector": {"app": "web"}, "ports": list(ports)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def pod_of(live: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", live["spec"]["template"]["spec"])


def first(live: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", pod_of(live)["containers"][0])


def put(place: t.Callable[[dict[str, t.Any]], dict[str, t.Any]], **fields: t.Any) -> Edit:
    """Give fields other values; ``None`` takes them out."""

    def edit(live: dict[str, t.Any]) -> None:
        place(live).update({name: value for name, value in fields.items() if value is not None})
        for name in [name for name, value in fields.items() if value is None]:
            place(live).pop(name, None)

    return edit


def disruption(**spec: t.Any) -> dict[str, t.Any]:
    spec = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}


def ingress(**backend: t.Any) -> dict[str, t.Any]:
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
    return {**body, "spec": {"defaultBackend": backend}}


def rename_volume(live: dict[str, t.Any]) -> None:
    pod_of(live)["volumes"][0]["name"] = "other"
    first(live)["volumeMounts"][0]["name"] = "other"


LIVENESS = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}
HTTP, DNS = {"name": "http", "port": 80, "targetPort": 8000}, {"name": "dns", "port": 53, "protocol": "UDP"}
CONTAINER = "spec.template.spec.containers[name=main]"

# What is applied, what somebody makes of it, and the places that he is named for.
EDITS: dict[str, tuple[dict[str, t.Any], Edit, str]] = {
    "port of a service": (
        service(HTTP),
        put(lambda live: live["spec"]["ports"][0], port=8080),
        "spec.ports[port=8080,protocol=TCP]",
    ),
    "one of two ports of a service": (
        service(HTTP, DNS),
        put(lambda live: live["spec"]["ports"][1], port=5353),
        "spec.ports[port=5353,protocol=UDP]",
    ),
    "protocol of a port": (
        service(HTTP, DNS),
        put(lambda live: live["spec"]["ports"][1], protocol="TCP"),
        "spec.ports[port=53,protocol=TCP]",
    ),
    "port of a service without a name": (
        service({"port": 80}),
        put(lambda live: live["spec"]["ports"][0], port=8080),
        "spec.ports[port=8080,protocol=TCP]",
    ),
    "port of a container": (
        with_container(ports=[{"name": "http", "containerPort": 80}]),
        put(lambda live: first(live)["ports"][0], containerPort=8080),
        f"{CONTAINER}.ports[containerPort=8080,protocol=TCP]",
    ),
    "port of a container without a name": (
        with_container(ports=[{"containerPort": 80}]),
        put(lambda live: first(live)["ports"][0], containerPort=8080),
        f"{CONTAINER}.ports[containerPort=8080,protocol=TCP]",
    ),
    "name of a container": (workload(), put(first, name="main2"), "spec.template.spec.containers[name=main2]"),
    "name of an init container": (
        workload(pod={"initContainers": [{"name": "init", "image": "example.org/i:1"}]}),
        put(lambda live: pod_of(live)["initContainers"][0], name="start"),
        "spec.template.spec.initContainers[name=start]",
    ),
    "name of a variable": (
        with_container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        put(lambda live: first(live)["env"][0], name="C"),
        f"{CONTAINER}.env[name=C]",
    ),
    "name of a volume": (
        workload(
            pod={
                "containers": [container(volumeMounts=[{"name": "v", "mountPath": "/v"}])],
                "volumes": [{"name": "v", "emptyDir": {}}],
            }
        ),
        rename_volume,
        "spec.template.spec.volumes[name=other]",
    ),
    "path of a mount": (
        workload(
            pod={
                "containers": [container(volumeMounts=[{"name": "v", "mountPath": "/v"}])],
                "volumes": [{"name": "v", "emptyDir": {}}],
            }
        ),
        put(lambda live: first(live)["volumeMounts"][0], mountPath="/w"),
        f"{CONTAINER}.volumeMounts[mountPath=/w]",
    ),
    "strategy": (
        workload(strategy={"type": "Recreate"}),
        put(lambda live: live["spec"]["strategy"], type="RollingUpdate"),
        "spec.strategy.rollingUpdate",
    ),
    "name of a container of a daemon set": (
        workload("DaemonSet"),
        put(first, name="main2"),
        "spec.template.spec.containers[name=main2]",
    ),
    "strategy of a stateful set": (
        workload("StatefulSet", updateStrategy={"type": "OnDelete"}),
        put(lambda live: live["spec"]["updateStrategy"], type="RollingUpdate", rollingUpdate={"partition": 1}),
        "spec.updateStrategy.rollingUpdate",
    ),
    "value of a variable": (
        with_container(env=[{"name": "A", "value": "x"}]),
        put(lambda live: first(live)["env"][0], value=None, valueFrom={"secretKeyRef": {"name": "s", "key": "k"}}),
        f"{CONTAINER}.env[name=A].valueFrom",
    ),
    "source of a variable": (
        with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
        put(lambda live: first(live)["env"][0], value="x", valueFrom=None),
        f"{CONTAINER}.env[name=A].value",
    ),
    "other source of a variable": (
        with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
        put(lambda live: first(live)["env"][0], valueFrom={"configMapKeyRef": {"name": "c", "key": "k"}}),
        f"{CONTAINER}.env[name=A].valueFrom.configMapKeyRef",
    ),
    "volume": (
        workload(pod={"volumes": [{"name": "v", "emptyDir": {}}]}),
        put(lambda live: pod_of(live)["volumes"][0], emptyDir=None, hostPath={"path": "/tmp"}),
        "spec.template.spec.volumes[name=v].hostPath",
    ),
    "volume from a path": (
        workload(pod={"volumes": [{"name": "v", "hostPath": {"path": "/a"}}, {"name": "w", "emptyDir": {}}]}),
        put(lambda live: pod_of(live)["volumes"][0], hostPath=None, configMap={"name": "c"}),
        "spec.template.spec.volumes[name=v].configMap",
    ),
    "handler of a probe": (
        with_container(livenessProbe=LIVENESS),
        put(lambda live: first(live)["livenessProbe"], httpGet=None, tcpSocket={"port": 80}),
        f"{CONTAINER}.livenessProbe.tcpSocket",
    ),
    "handler of a hook": (
        with_container(lifecycle={"preStop": {"exec": {"command": ["sleep", "1"]}}}),
        put(lambda live: first(live)["lifecycle"]["preStop"], exec=None, httpGet={"path": "/", "port": 80}),
        f"{CONTAINER}.lifecycle.preStop.httpGet",
    ),
    "seccomp profile of a pod": (
        workload(pod={"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}),
        put(
            lambda live: pod_of(live)["securityContext"]["seccompProfile"], type="Localhost", localhostProfile="a.json"
        ),
        "spec.template.spec.securityContext.seccompProfile.localhostProfile",
    ),
    "seccomp profile of a container": (
        with_container(securityContext={"seccompProfile": {"type": "Unconfined"}}),
        put(lambda live: first(live)["securityContext"]["seccompProfile"], type="Localhost", localhostProfile="a.json"),
        f"{CONTAINER}.securityContext.seccompProfile.localhostProfile",
    ),
    "one of two limits of a disruption budget": (
        disruption(minAvailable=1),
        put(lambda live: live["spec"], minAvailable=None, maxUnavailable=1),
        "spec.maxUnavailable",
    ),
    "backend of an ingress": (
        ingress(service={"name": "s", "port": {"number": 80}}),
        put(
            lambda live: live["spec"]["defaultBackend"],
            service=None,
            resource={"apiGroup": "example.org", "kind": "Bucket", "name": "b"},
        ),
        "spec.defaultBackend.resource",
    ),
}
PLURALS = {
    "Service": ("services", "api/v1"),
    "PodDisruptionBudget": ("poddisruptionbudgets", "apis/policy/v1"),
    "Ingress": ("ingresses", "apis/networking.k8s.io/v1"),
} | {kind: (f"{kind.lower()}s", "apis/apps/v1") for kind in ("Deployment", "DaemonSet", "StatefulSet")}


def path_of(cluster: Cluster, body: dict[str, t.Any]) -> str:
    plural, api = PLURALS[body["kind"]]
    return cluster.path(plural, body["metadata"]["name"], api)


def edit(cluster: Cluster, path: str, change: Edit, manager: str = EDITOR) -> None:
    """As `kubectl edit` does, and `kubectl replace` under another name."""
    while True:
        live = cluster.client.get(path)
        change(live)
        live.pop("status", None)
        try:
            cluster.client.request("PUT", path, body=live, query={"fieldManager": manager})
        except Exception as exc:
            # A controller has written the status meanwhile.
            if getattr(exc, "status", None) != 409:
                raise
        else:
            return


def settings(live: dict[str, t.Any]) -> dict[str, t.Any]:
    """What a user has set, and what makes the object the one it is."""
    return {"spec": live["spec"], "labels": live["metadata"].get("labels"), "uid": live["metadata"]["uid"]}


@pytest.mark.parametrize("name", EDITS)
def test_edit_is_named_with_its_author_and_repaired_in_place(cluster: Cluster, name: str) -> None:
    body, change, place = EDITS[name]
    beside = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "beside"}, "data": {"a": "1"}}
    cluster.apply(body, beside)
    path = path_of(cluster, body)
    as_it_was = settings(cluster.client.get(path))
    edit(cluster, path, change)
    change_beside = {"data": {"a": "2"}}
    cluster.client.request("PATCH", cluster.path("configmaps", "beside"), body=change_beside, content_type=MERGE)
    predicted = cluster.run(body, beside, options=CHECK)
    assert predicted.error is None
    by_place = {field.field: field.manager for entry in predicted.changes.entries for field in entry.fields}
    assert by_place[place] == EDITOR
    done = cluster.run(body, beside, wait=False)
    assert done.error is None
    assert [entry.action.value for entry in done.changes.entries] == ["configured", "configured"]
    assert done.changes.dump() == predicted.changes.dump()
    assert done.changes.diffs() == predicted.changes.diffs()
    assert settings(cluster.client.get(path)) == as_it_was
    assert cluster.run(body, beside, wait=False).stats.requests == {"GET": 2}


@pytest.mark.parametrize("manager", ["kubectl-replace", "kubectl-client-side-apply", "k9s"])
def test_edit_is_repaired_whoever_made_it(cluster: Cluster, manager: str) -> None:
    body, change, place = EDITS["port of a service"]
    cluster.apply(body)
    path = path_of(cluster, body)
    as_it_was = settings(cluster.client.get(path))
    edit(cluster, path, change, manager)
    predicted = cluster.run(body, options=CHECK)
    assert predicted.error is None
    assert (place, manager) in [(one.field, one.manager) for one in predicted.changes.entries[0].fields]
    assert cluster.apply(body) == {"web": "configured"}
    assert settings(cluster.client.get(path)) == as_it_was
    assert cluster.apply(body) == {"web": "unchanged"}


def test_several_edits_of_one_object_are_repaired_at_once(cluster: Cluster) -> None:
    pod = {
        "containers": [container(ports=[{"name": "http", "containerPort": 80}], livenessProbe=LIVENESS)],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }
    body = workload(pod=pod, strategy={"type": "Recreate"})
    cluster.apply(body)
    path = path_of(cluster, body)
    as_it_was = settings(cluster.client.get(path))
    for name in ("port of a container", "handler of a probe", "volume", "strategy"):
        edit(cluster, path, EDITS[name][1])
    predicted = cluster.run(body, options=CHECK)
    assert predicted.error is None
    assert cluster.apply(body) == {"web": "configured"}
    assert settings(cluster.client.get(path)) == as_it_was
    assert cluster.apply(body) == {"web": "unchanged"}


def test_what_others_have_added_stays_when_their_edit_is_repaired(cluster: Cluster) -> None:
    body = workload(
        pod={"containers": [container(ports=[{"name": "http", "containerPort": 80}], livenessProbe=LIVENESS)]}
    )
    cluster.apply(body)
    path = path_of(cluster, body)

    def change(live: dict[str, t.Any]) -> None:
        live["metadata"]["labels"] = {"team": "blue"}
        first(live)["ports"] = [{"name": "http", "containerPort": 8080}, {"name": "more", "containerPort": 9090}]
        first(live)["env"] = [{"name": "ADDED", "value": "1"}]
        first(live)["livenessProbe"] = {"tcpSocket": {"port": 80}, "periodSeconds": 5, "timeoutSeconds": 7}
        pod_of(live)["containers"].append({"name": "proxy", "image": "example.org/proxy:1"})

    edit(cluster, path, change)
    assert cluster.apply(body) == {"web": "configured"}
    live = cluster.client.get(path)
    assert live["metadata"]["labels"] == {"team": "blue"}
    assert [one["name"] for one in pod_of(live)["containers"]] == ["main", "proxy"]
    assert {one["containerPort"] for one in first(live)["ports"]} == {80, 9090}
    assert first(live)["env"] == [{"name": "ADDED", "value": "1"}]
    assert first(live)["livenessProbe"]["timeoutSeconds"] == 7
    assert "tcpSocket" not in first(live)["livenessProbe"]
    assert cluster.apply(body) == {"web": "unchanged"}


def test_item_of_somebody_else_stays_when_the_set_gets_another_item(cluster: Cluster) -> None:
    cluster.apply(workload())
    path = path_of(cluster, workload())
    edit(
        cluster,
        path,
        lambda live: pod_of(live)["containers"].append({"name": "proxy", "image": "example.org/proxy:1"}),
    )
    more = workload(pod={"containers": [container(), {"name": "metrics", "image": "example.org/metrics:1"}]})
    cluster.apply(more)
    assert {one["name"] for one in pod_of(cluster.client.get(path))["containers"]} == {"main", "proxy", "metrics"}


def test_client_of_a_webhook_is_repaired(cluster: Cluster) -> None:
    name = f"{cluster.namespace}.example.org"
    hook = {
        "name": name,
        "clientConfig": {"service": {"name": "s", "namespace": cluster.namespace, "path": "/x"}},
        "rules": [{"apiGroups": [name], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["things"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }
    cluster.apply(body)
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{name}"
    as_it_was = cluster.client.get(path)["webhooks"]
    url = "https://127.0.0.1:1/"
    edit(cluster, path, lambda live: live["webhooks"][0].update(clientConfig={"url": url}))
    predicted = cluster.run(body, options=CHECK)
    assert [(one.field, one.manager) for one in predicted.changes.entries[0].fields] == [
        (f"webhooks[name={name}].clientConfig.service", None),
        (f"webhooks[name={name}].clientConfig.url", EDITOR),
    ]
    assert cluster.apply(body) == {name: "configured"}
    assert cluster.client.get(path)["webhooks"] == as_it_was
    assert cluster.apply(body) == {name: "unchanged"}


def test_custom_resource_of_which_one_field_excludes_another_is_repaired(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    spec = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("file", "text", "other")},
        "oneOf": [{"required": ["file"]}, {"required": ["text"]}],
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"sources.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Source", "plural": "sources"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    body = {"apiVersion": f"{group}/v1", "kind": "Source", "metadata": {"name": "a"}, "spec": {"text": "x"}}
    cluster.apply(definition, body)
    path = cluster.path("sources", "a", f"apis/{group}/v1")
    edit(cluster, path, lambda live: live.update(spec={"file": "y", "other": "z"}))
    assert cluster.apply(body) == {"a": "configured"}
    assert cluster.client.get(path)["spec"] == {"text": "x", "other": "z"}
    assert cluster.apply(body) == {"a": "unchanged"}


OWN_CHANGES: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "strategy": (workload(), workload(strategy={"type": "Recreate"})),
    "strategy and back": (
        workload(strategy={"type": "Recreate"}),
        workload(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
    ),
    "strategy of a daemon set": (workload("DaemonSet"), workload("DaemonSet", updateStrategy={"type": "OnDelete"})),
    "strategy of a stateful set": (
        workload("StatefulSet"),
        workload("StatefulSet", updateStrategy={"type": "OnDelete"}),
    ),
    "volume": (
        workload(pod={"volumes": [{"name": "v", "hostPath": {"path": "/a"}}]}),
        workload(pod={"volumes": [{"name": "v", "configMap": {"name": "c"}}]}),
    ),
    "probe": (
        with_container(livenessProbe=LIVENESS),
        with_container(livenessProbe={"exec": {"command": ["true"]}}),
    ),
    "variable": (
        with_container(env=[{"name": "A", "value": "x"}]),
        with_container(env=[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]),
    ),
    "port": (service(HTTP), service({**HTTP, "port": 8080})),
    "rolling update by null": (workload(), workload(strategy={"type": "Recreate", "rollingUpdate": None})),
}


@pytest.mark.parametrize("name", OWN_CHANGES)
def test_change_of_the_set_itself_is_made_in_place(cluster: Cluster, name: str) -> None:
    before, after = OWN_CHANGES[name]
    cluster.apply(before)
    path = path_of(cluster, before)
    uid = cluster.client.get(path)["metadata"]["uid"]
    predicted = cluster.run(after, options=CHECK)
    assert predicted.error is None
    done = cluster.run(after, wait=False)
    assert done.error is None
    assert done.changes.dump() == predicted.changes.dump()
    assert cluster.client.get(path)["metadata"]["uid"] == uid
    assert cluster.apply(after) == {"web": "unchanged"}


def test_nothing_of_others_goes_when_conflicts_are_to_fail(cluster: Cluster) -> None:
    body, change, _place = EDITS["handler of a probe"]
    cluster.apply(body)
    path = path_of(cluster, body)
    edit(cluster, path, change)
    edited = settings(cluster.client.get(path))
    for check in (True, False):
        assert "livenessProbe" in cluster.refusal(body, options=Options(force=False, check=check))
    assert settings(cluster.client.get(path)) == edited


def test_object_that_cannot_be_changed_keeps_no_other_from_it(cluster: Cluster) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "immutable": True}
    settled = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    cluster.apply({**secret, "data": {"a": "MQ=="}}, settled)
    changed = copy.deepcopy(settled) | {"data": {"a": "2"}}
    wanted = {**secret, "data": {"a": "Mg=="}}, changed, workload()
    for options in (CHECK, Options()):
        outcome = cluster.run(*wanted, options=options, wait=False)
        assert f"Secret {cluster.namespace}/s" in str(outcome.error)
        assert "cannot be changed in place" in str(outcome.error)
        assert {entry.ref.name: entry.action.value for entry in outcome.changes.entries} == {
            "settings": "configured",
            "web": "created",
        }
    assert cluster.client.get(cluster.path("configmaps", "settings"))["data"] == {"a": "2"}
    assert cluster.client.get(path_of(cluster, workload()))["metadata"]["name"] == "web"
    assert cluster.client.get(cluster.path("secrets", "s"))["data"] == {"a": "MQ=="}


def test_run_that_is_killed_between_hand_over_and_apply_is_completed_by_the_next(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, change, _place = EDITS["volume"]
    cluster.apply(body)
    path = path_of(cluster, body)
    as_it_was = settings(cluster.client.get(path))
    edit(cluster, path, change)
    request = cluster.client.request

    class KilledError(BaseException):
        pass

    def mortal(method: str, where: str, **more: t.Any) -> t.Any:
        answer = request(method, where, **more)
        if more.get("content_type") == "application/json-patch+json":
            raise KilledError
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(cluster.client, "request", mortal)
        with pytest.raises(KilledError):
            cluster.run(body, wait=False)
    assert cluster.apply(body) == {"web": "configured"}
    assert settings(cluster.client.get(path)) == as_it_was
