# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier code has set up on a cluster: today's has nothing to do there, and takes it down again."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune

from . import test_engine_forms as forms

if t.TYPE_CHECKING:
    from .conftest import Cluster

Body = dict[str, t.Any]
LABELS = "applyset.kubernetes.io"
REPOSITORY = pathlib.Path(__file__).resolve().parents[9]
# The last commit before the engine was split into packages; it knew of no control annotations, hashes or charts.
EARLIER = "d3be274"
PROGRAM = """
import json, sys
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import Run, Wish
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

kubeconfig, namespace = sys.argv[1:]
client = Client.from_kubeconfig(kubeconfig=kubeconfig, context="loopback")
documents = tuple(from_definition(json.load(sys.stdin)))
outcome = Run(client, Wish(documents, namespace=namespace, prune=Prune("record"), wait=False), print).execute()
sys.exit(outcome.error and str(outcome.error))
"""


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
    assert not cluster.run(*wanted(), prune=Prune("record"), present=False).changes.changed


@pytest.fixture
def earlier(tmp_path: pathlib.Path) -> pathlib.Path:
    """The collections as they were at a commit of this repository."""
    archive = tmp_path / "earlier.tar"
    argv = ["git", "-C", str(REPOSITORY), "archive", "--output", str(archive), EARLIER, "collections"]
    if subprocess.run(argv, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        pytest.skip(f"needs the history of the repository, with commit {EARLIER}")
    subprocess.run(["tar", "-x", "-f", str(archive), "-C", str(tmp_path)], check=True)
    return tmp_path / "collections"


def test_what_an_earlier_commit_has_set_up_is_unchanged_and_goes_without_a_rest(
    cluster: Cluster, api_server: t.Any, earlier: pathlib.Path
) -> None:
    group = f"{cluster.namespace}.example.org"
    objects = [forms.definition(group), *forms.objects(group).values(), *wanted()]
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(api_server.kubeconfig), cluster.namespace],
        input=json.dumps(objects),
        env=os.environ | {"PYTHONPATH": str(earlier)},
        text=True,
        check=True,
    )
    for options in (Options(check=True), Options()):
        outcome = cluster.run(*objects, prune=Prune("record"), options=options, wait=False)
        assert outcome.error is None
        assert outcome.changes.summary() == f"{len(objects) + 1} objects: {len(objects) + 1} unchanged"
    gone = cluster.run(*objects, prune=Prune("record"), present=False, wait=False)
    assert gone.error is None
    assert gone.changes.summary() == f"{len(objects) + 1} objects: {len(objects) + 1} deleted"
    assert not cluster.run(*objects, prune=Prune("record"), present=False, wait=False).changes.changed
