# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier code has set up on a cluster: today's has nothing to do there, and takes it down again."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune

if t.TYPE_CHECKING:
    from .conftest import Cluster

Body = dict[str, t.Any]
LABELS = "applyset.kubernetes.io"


def wanted() -> list[Body]:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    resources = {"requests": {"cpu": "1000m", "memory": "1024Mi"}}
    containers = [{"name": "c", "image": "x", "resources": resources, "ports": [{"containerPort": 80, "name": "http"}]}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "MQ=="}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        },
    ]


def as_earlier_code(cluster: Cluster, body: Body, manager: str) -> None:
    """Its request, written out: this must not follow what the code of today sends."""
    api = "apis/" + body["apiVersion"] if "/" in body["apiVersion"] else "api/v1"
    path = cluster.path(body["kind"].lower() + "s", body["metadata"]["name"], api)
    query = {"fieldManager": manager, "force": True, "fieldValidation": "Strict"}
    cluster.client.request("PATCH", path, query=query, body=body, content_type="application/apply-patch+yaml")


def test_what_earlier_code_has_set_up_is_unchanged_and_goes_without_a_rest(cluster: Cluster) -> None:
    name = f"record.{cluster.namespace}.ConfigMap."
    digest = base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
    identity = f"applyset-{digest}-v1"
    for body in wanted():
        body["metadata"] |= {"namespace": cluster.namespace, "labels": {f"{LABELS}/part-of": identity}}
        as_earlier_code(cluster, body, "kuber.network")
    notes = {
        f"{LABELS}/tooling": "kuber.network/v1.0.0",
        f"{LABELS}/contains-group-kinds": "ConfigMap,Deployment.apps,Secret,Service",
        f"{LABELS}/additional-namespaces": "",
    }
    metadata = {"name": "record", "namespace": cluster.namespace, "labels": {f"{LABELS}/id": identity}}
    record = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata | {"annotations": notes}}
    as_earlier_code(cluster, record, "kuber.network-applyset")
    for options in (Options(check=True), Options()):
        outcome = cluster.run(*wanted(), prune=Prune("record"), options=options, wait=False)
        assert outcome.error is None
        assert outcome.changes.summary() == "5 objects: 5 unchanged"
        assert outcome.stats.requests.keys() == {"GET"}
    gone = cluster.run(*wanted(), prune=Prune("record"), present=False)
    assert gone.error is None
    assert gone.changes.summary() == "5 objects: 5 deleted"
