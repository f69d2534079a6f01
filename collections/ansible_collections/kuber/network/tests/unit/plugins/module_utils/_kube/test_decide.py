# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One list of decisions: check mode prints it, a run carries it out, and it says all that there is to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import (
    Decision,
    Fact,
    Options,
    Seen,
    decide,
    facts,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import WELL_KNOWN
from ansible_collections.kuber.network.plugins.module_utils._kube.ignore import Rule
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target

from .conftest import Cluster

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

Body = dict[str, t.Any]
MERGE = "application/merge-patch+json"
PURE = """
import sys
import ansible_collections.kuber.network.plugins.module_utils._kube.decide
print(*[name for name in sys.modules if name == "urllib3" or name.endswith("._api.transport")])
"""
WISHES: dict[str, t.Any] = {
    "ignore": (Rule.of(Target("ConfigMap", "shared"), ["/data/theirs"]),),
    "options": Options(recreate=(Target("ConfigMap", "frozen"),)),
}


def config_map(name: str, **more: t.Any) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def service(**port: t.Any) -> Body:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000, **port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


WANTED = [
    config_map("new", data={"a": "1"}),
    config_map("same", data={"a": "1"}),
    config_map("edited", data={"a": "1"}),
    config_map("inherited", data={"a": "1"}),
    config_map("shared", data={"ours": "2", "theirs": "1"}),
    config_map("frozen", data={"a": "2"}, immutable=True),
    service(),
]


def set_up(cluster: Cluster) -> None:
    """Every object but the new one, and what others have done to them."""
    cluster.apply(
        *(body for body in WANTED if body["metadata"]["name"] not in ("new", "inherited", "shared", "frozen")),
        config_map("shared", data={"ours": "1", "theirs": "1"}),
        config_map("frozen", data={"a": "1"}, immutable=True),
    )
    client, path = cluster.client, cluster.path
    mark = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    left = config_map("inherited", data={"a": "0", "left": "behind"})
    left["metadata"]["annotations"] = mark
    query = {"fieldManager": "kubectl-client-side-apply"}
    client.request("POST", path("configmaps"), body=left, query=query)
    for name, data in {"edited": {"a": "2"}, "shared": {"theirs": "3"}}.items():
        client.request("PATCH", path("configmaps", name), body={"data": data}, content_type=MERGE)
    ports = [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]
    client.request("PATCH", path("services", "web"), body=ports, content_type="application/json-patch+json")


def replay(cluster: Cluster, decisions: t.Iterable[Decision]) -> None:
    """Send what the list says, and nothing else; a version in a body is the one that the request before it has made."""
    for decision in decisions:
        answer: Body | None = None
        for request in decision.send:
            body = request.body
            if answer is not None and isinstance(body, dict) and "resourceVersion" in body["metadata"]:
                body["metadata"]["resourceVersion"] = answer["metadata"]["resourceVersion"]
            answer = cluster.client.request(
                request.method, request.path, query=request.query, body=body, content_type=request.content_type
            )
            while request.method == "DELETE" and cluster.client.find(request.path) is not None:
                time.sleep(0.05)


def state(cluster: Cluster) -> list[Body]:
    """All that is there, records of managers included, without what differs from one namespace to the next."""
    found = cluster.client.list(cluster.path("configmaps")) + cluster.client.list(cluster.path("services"))
    for one in found:
        metadata = one["metadata"]
        records = [
            {key: value for key, value in record.items() if key != "time"} for record in metadata["managedFields"]
        ]
        one["metadata"] = {"name": metadata["name"], "labels": metadata.get("labels"), "managedFields": records}
        one["metadata"]["managedFields"].sort(key=str)
        for address in ("clusterIP", "clusterIPs"):
            one.get("spec", {}).pop(address, None)
    return sorted((one for one in found if one["metadata"]["name"] != "kube-root-ca.crt"), key=str)


def test_decisions_are_taken_without_a_way_to_any_server() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PURE], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []


def test_check_mode_prints_the_very_list_that_a_run_carries_out_and_the_list_is_all_there_is(
    client: Client, cluster: Cluster
) -> None:
    twin = Cluster(client, f"{cluster.namespace}-twin")
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": twin.namespace}})
    for one in (cluster, twin):
        set_up(one)
    options = WISHES["options"]
    checked = cluster.run(*WANTED, wait=False, **(WISHES | {"options": Options(check=True, recreate=options.recreate)}))
    assert checked.error is None
    plan = twin.run(*WANTED, wait=False, **(WISHES | {"options": Options(check=True, recreate=options.recreate)}))
    done = cluster.run(*WANTED, wait=False, **WISHES)
    assert done.error is None
    assert [one.dump() for one in checked.decisions] == [one.dump() for one in done.decisions]
    assert {one.item.ref.name: one.action.value for one in done.decisions} == {
        "new": "created",
        "same": "unchanged",
        "edited": "configured",
        "inherited": "configured",
        "shared": "configured",
        "frozen": "recreated",
        "web": "configured",
    }
    assert checked.changes.dump() == done.changes.dump()
    replay(twin, plan.decisions)
    assert state(twin) == state(cluster)
    assert set(cluster.apply(*WANTED, **WISHES).values()) == {"unchanged"}


def item(kind: str, name: str, namespace: str = "", **body: t.Any) -> Item:
    ref = Ref(kind, namespace, name, "v1")
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return Item(ref, {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}, WELL_KNOWN["v1", kind], "here")


def known(*items: Item, live: t.Mapping[Ref, Body | None] | None = None) -> list[Fact]:
    return facts(items, Seen(dict.fromkeys(one.ref for one in items) | dict(live or {}), {}), Options())


def test_reason_of_the_proof_is_the_reason_of_the_decision() -> None:
    wanted = item("ConfigMap", "a", "x", data={"k": "1"})
    record = {
        "manager": "kuber.network",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:k": {}}},
    }
    there = {**wanted.body, "data": {"k": "2"}}
    there["metadata"] = {**wanted.body["metadata"], "managedFields": [record], "resourceVersion": "7", "uid": "u"}
    (decision,) = decide(known(wanted, live={wanted.ref: there}), Options())
    assert (decision.action.value, decision.why) == ("configured", "data.k differs")
    assert "data.k differs; PATCH application/apply-patch+yaml" in str(decision)
    there["data"] = {"k": "1"}
    (decision,) = decide(known(wanted, live={wanted.ref: there}), Options())
    assert (decision.action.value, decision.why, decision.send) == ("unchanged", "it is as it should be", ())


@pytest.mark.parametrize("leaving", [False, True])
def test_what_stands_on_a_new_namespace_is_new(leaving: bool) -> None:
    space, inside = item("Namespace", "x"), item("ConfigMap", "a", "x")
    old = {**space.body, "metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z", "uid": "u"}}
    there = {**inside.body, "metadata": {**inside.body["metadata"], "resourceVersion": "7", "uid": "v"}}
    live = {space.ref: old, inside.ref: there} if leaving else {}
    first, second = decide(known(space, inside, live=live), Options())
    assert (second.action.value, second.why) == ("created", "Namespace x is not there yet")
    assert [one.method for one in (*first.send, *second.send)] == ["PATCH", "PATCH"]
    # The old one has to be gone before.
    assert (first.vacate is not None) is leaving


def test_what_could_not_be_read_is_not_taken_for_what_is_not_there() -> None:
    wanted = item("ConfigMap", "a", "x")
    (fact,) = facts([wanted], Seen({}, {}), Options())
    assert fact.unread
    assert fact.reason == "it could not be read"
