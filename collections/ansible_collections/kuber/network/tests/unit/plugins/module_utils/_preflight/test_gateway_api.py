# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others have of Gateway API on a real API server stays as it is, and a run is refused in words."""

from __future__ import annotations

import contextlib
import pathlib
import time
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight.gateway_api import (
    CLASSES,
    DEFINITIONS,
    VERSION,
    GatewayApi,
    in_the_way,
    read,
)

ROUTES = "httproutes.gateway.networking.k8s.io"


@pytest.mark.parametrize("versions", [{}, {ROUTES: "v1.6.3 standard"}])
def test_what_is_not_there_or_of_the_wanted_version_is_no_problem(versions: dict[str, str]) -> None:
    assert list(in_the_way(GatewayApi(versions), "1.6.3", "traefik")) == []


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ({ROUTES: "v1.4.1 standard"}, "found: v1.4.1 standard (httproutes)"),
        ({ROUTES: "v1.6.3 experimental"}, "found: v1.6.3 experimental (httproutes)"),
        ({ROUTES: ""}, "found: no version (httproutes)"),
        (
            {ROUTES: "v1.4.1 standard", "gateways.gateway.networking.k8s.io": "v1.6.3 standard"},
            "found: v1.4.1 standard (httproutes)",
        ),
    ],
)
def test_another_version_is_not_replaced(versions: dict[str, str], found: str) -> None:
    (refusal,) = in_the_way(GatewayApi(versions), "1.6.3", "traefik")
    assert "wanted: v1.6.3 standard, or none" in str(refusal)
    assert found in str(refusal)
    assert "traffic_api: ingress" in str(refusal)


def test_a_class_of_another_program_is_refused() -> None:
    (refusal,) = in_the_way(GatewayApi({}, {"traefik": "example.org/other", "mine": "x"}), "1.6.3", "traefik")
    assert "GatewayClass traefik already exists" in str(refusal)
    assert "found: one for example.org/other" in str(refusal)
    assert "gateway_api_class" in str(refusal)


@pytest.fixture
def client(api_server: t.Any, gateway_api: pathlib.Path) -> t.Iterator[Client]:
    found = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    bodies = yaml.load_all(gateway_api.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (body,) = (one for one in bodies if one["spec"]["names"]["kind"] == "GatewayClass")
    body["metadata"]["annotations"][VERSION] = "v1.2.0"
    found.request("POST", DEFINITIONS, body=body)
    yield found
    path = f"{DEFINITIONS}/{body['metadata']['name']}"
    found.request("DELETE", path)
    with contextlib.suppress(ApiError):
        while found.get(path):
            time.sleep(0.1)


def apply(client: Client, name: str, manager: str) -> None:
    kind = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass"}
    body = {**kind, "metadata": {"name": name}, "spec": {"controllerName": "example.org/other"}}
    query, content_type = {"fieldManager": manager}, "application/apply-patch+yaml"
    for _attempt in range(600):
        with contextlib.suppress(ApiError):
            client.request("PATCH", f"{CLASSES}/{name}", query=query, body=body, content_type=content_type)
            return
        time.sleep(0.1)
    pytest.fail("GatewayClasses are not served")


def test_versions_and_the_classes_of_others_are_read(client: Client) -> None:
    apply(client, "other", "somebody")
    apply(client, "ours", "kuber.network")
    found = read(client)
    assert not isinstance(found, KuberError)
    assert found.versions == {"gatewayclasses.gateway.networking.k8s.io": "v1.2.0 standard"}
    assert found.controllers == {"other": "example.org/other"}


def test_a_cluster_without_gateway_api_has_nothing(api_server: t.Any) -> None:
    found = read(Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback"))
    assert found == GatewayApi()
