# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ingress objects become is shown to a real API server with Gateway API's own definitions, by a strict dry run."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.filter.to_gateway import to_gateway
from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

SHAPES = sorted((pathlib.Path(__file__).parent / "shapes").glob("*.yml"))
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PLURALS = {
    "Gateway": "gateways",
    "HTTPRoute": "httproutes",
    "ReferenceGrant": "referencegrants",
    "BackendTLSPolicy": "backendtlspolicies",
}
STRICT = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true", "dryRun": "All"}
APPLY = "application/apply-patch+yaml"


@pytest.fixture(scope="module")
def client(api_server: t.Any, gateway_api: pathlib.Path) -> t.Iterator[Client]:
    found = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    bodies = yaml.load_all(gateway_api.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    made = [body for body in bodies if body["spec"]["names"]["plural"] in PLURALS.values()]
    for body in made:
        found.request("POST", DEFINITIONS, body=body)
    yield found
    for body in made:
        found.request("DELETE", f"{DEFINITIONS}/{body['metadata']['name']}")


def show(client: Client, body: dict[str, t.Any]) -> None:
    """Apply as a dry run, as soon as the server serves the kind."""
    metadata = body["metadata"]
    namespace = f"/api/v1/namespaces/{metadata['namespace']}"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": metadata["namespace"]}}
    client.request("PATCH", namespace, query={"fieldManager": "test"}, body=space, content_type=APPLY)
    path = f"/apis/{body['apiVersion']}/namespaces/{metadata['namespace']}/{PLURALS[body['kind']]}/{metadata['name']}"
    for _attempt in range(600):
        try:
            client.request("PATCH", path, query=STRICT, body=body, content_type=APPLY)
            return
        except ApiError as exc:
            if exc.status != 404:
                raise
        time.sleep(0.1)
    pytest.fail(f"{path} is not served")


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_server_accepts_what_is_written(path: pathlib.Path, client: Client) -> None:
    shape = yaml.safe_load(path.read_text())
    for body in to_gateway(shape["objects"], **shape["options"])["objects"]:
        show(client, body)


def test_server_would_refuse_something_else(client: Client) -> None:
    shape = yaml.safe_load(SHAPES[0].read_text())
    route = next(one for one in to_gateway(shape["objects"])["objects"] if one["kind"] == "HTTPRoute")
    route["spec"]["rules"][0]["matches"][0]["path"]["value"] = "no-slash"
    with pytest.raises(ApiError, match="path"):
        show(client, route)
