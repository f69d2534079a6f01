# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path through HTTPRoutes: what Traefik 3.7.15 and the API server said of the homework's."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

import pytest
import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._trace import gateway_routes, target, traefik
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects, read
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Hop, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.plan import plan
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import SEEN

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

HOST = "example.app.org"
RECORDED = json.loads((SEEN / "gateway.json").read_text())
WEIGHTS = "httproute-canary-test-webapp-v1-gw-ingress-nginx-ingress-ep-web-3-83850799f33c1c2ef841"
V1, V2 = ("canary", "test-webapp-v1", "80"), ("canary", "test-webapp-v2", "80")
DASHBOARD = ("kubernetes-dashboard", "kubernetes-dashboard", "80")


@pytest.fixture
def seen() -> dict[str, t.Any]:
    return copy.deepcopy(RECORDED)


def cluster_of(seen: dict[str, t.Any]) -> ClusterObjects:
    kinds = {kind: tuple(one for one in seen["objects"] if one["kind"] == kind) for kind in ("Gateway", "HTTPRoute")}
    return ClusterObjects(gateways=kinds["Gateway"], http_routes=kinds["HTTPRoute"])


def route(seen: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    return next(one for one in seen["objects"] if one["kind"] == "HTTPRoute" and one["metadata"]["name"] == name)


def decide(seen: dict[str, t.Any], path: str, **headers: str) -> traefik.Decision:
    return traefik.decide(cluster_of(seen), seen["routers"], target.parse(f"http://{HOST}{path}"), headers)


@pytest.mark.parametrize(
    ("path", "headers", "owner", "rewrite", "shares"),
    [
        ("/web/index.html", {}, "default/web", "/", {("default", "web-svc", "80"): 1}),
        ("/dashboard/a/", {}, "kubernetes-dashboard/dashboard-ing", "/a/", {DASHBOARD: 1}),
        ("/dashboard", {}, "kubernetes-dashboard/dashboard-ing", "/", {DASHBOARD: 1}),
        ("/test-webapp", {}, "canary/test-webapp-v1", "/", {V1: 0.7, V2: 0.3}),
        ("/test-webapp", {"mtest": "true"}, "canary/test-webapp-v1", "/", {V2: 1}),
        ("/test-webapp", {"Cookie": "a=b; next=always"}, "canary/test-webapp-v1", "/", {V2: 1}),
        ("/test-webapp", {"Cookie": "next=never"}, "canary/test-webapp-v1", "/", {V1: 1}),
    ],
)
def test_a_request_follows_its_route(
    seen: dict[str, t.Any], path: str, headers: dict[str, str], owner: str, rewrite: str, shares: dict[t.Any, float]
) -> None:
    decision = decide(seen, path, **headers)
    assert decision.hop.health is Health.OK
    facts = {fact.label: fact.text for fact in decision.hop.facts}
    assert facts["HTTPRoute"] == owner
    assert facts["rewrite"] == f"{path} reaches the pod as {rewrite}"
    assert {one.reference: float(one.share) for one in decision.backends} == shares


def test_a_path_without_a_route_is_answered_by_traefik(seen: dict[str, t.Any]) -> None:
    trouble = decide(seen, "/webs").hop.trouble
    assert trouble is not None
    assert trouble.what == f"No HTTPRoute or Ingress has a rule for host {HOST} and path /webs"


@pytest.mark.parametrize(
    ("break_it", "what"),
    [
        (
            lambda seen: seen["objects"].remove(next(one for one in seen["objects"] if one["kind"] == "Gateway")),
            "HTTPRoute default/web has this path, but no controller has looked at it: there is no Gateway "
            "ingress-nginx/ingress",
        ),
        (
            lambda seen: None,
            "HTTPRoute default/web has this path, but no controller has looked at it: the controller of "
            "Gateway ingress-nginx/ingress has not accepted it",
        ),
    ],
)
def test_a_route_that_is_not_served_is_named(seen: dict[str, t.Any], break_it: t.Any, what: str) -> None:
    seen["routers"] = {"routers": {}}
    route(seen, "web")["status"] = {}
    break_it(seen)
    trouble = decide(seen, "/web").hop.trouble
    assert trouble is not None
    assert trouble.what == what
    assert trouble.remedy == "Correct what it names there"
    # The Gateway is there and accepts the route, and Traefik makes its router.
    assert decide(copy.deepcopy(RECORDED), "/web").hop.health is Health.OK


def test_a_router_of_a_route_that_is_gone_leads_somewhere_unknown(seen: dict[str, t.Any]) -> None:
    seen["objects"] = []
    (backend,) = decide(seen, "/web").backends
    assert backend.reference is None


def test_two_routes_that_could_be_meant_are_none(seen: dict[str, t.Any]) -> None:
    alike = copy.deepcopy(route(seen, "web"))
    # The same letters in the name of a router.
    alike["metadata"] |= {"namespace": "default-web", "name": "web"}
    first = copy.deepcopy(alike)
    first["metadata"] |= {"namespace": "default", "name": "web-web"}
    cluster = ClusterObjects(http_routes=(alike, first))
    router = "httproute-default-web-web-gw-ingress-nginx-ingress-ep-web-0-c2c5eff070625ee3c89a@kubernetesgateway"
    assert gateway_routes.rule_of(cluster, router) is None
    assert gateway_routes.rule_of(ClusterObjects(http_routes=(first,)), router) is not None


def test_a_backend_that_traefik_refuses_is_named_with_its_reason(lab: t.Any, seen: dict[str, t.Any]) -> None:
    """Seen: a backend that is not there, or not granted, has a status in the weighted service, and no servers."""
    for pod in lab.pods_of("app.kubernetes.io/name=ingress-nginx"):
        pod["spec"]["containers"][0] |= {"image": "traefik:v3.7.15", "args": []}
    refused = route(seen, "test-webapp-v1")
    conditions = refused["status"]["parents"][0]["conditions"]
    conditions[1] |= {"status": "False", "reason": "RefNotPermitted", "message": "missing ReferenceGrant"}
    weighted = seen["routers"]["services"][f"{WEIGHTS}-wrr@kubernetesgateway"]["weighted"]["services"]
    weighted[0]["status"] = 500
    world = lab.world()

    def traced(found: dict[str, t.Any]) -> Hop:
        known = cluster_of(found)
        cluster = dataclasses.replace(world.cluster, gateways=known.gateways, http_routes=known.http_routes)
        wanted = target.parse(f"http://{HOST}/test-webapp")
        return plan(wanted, dataclasses.replace(world, cluster=cluster, routers=found["routers"]))

    root = traced(seen)
    broken = first_broken(root)
    assert broken is not None
    assert broken.name == "canary/test-webapp-v1"
    assert broken.trouble is not None
    assert broken.trouble.what == (
        "Nothing is sent to Service canary/test-webapp-v1: Traefik answers 500: Gateway ingress-nginx/ingress: "
        "RefNotPermitted: missing ReferenceGrant"
    )
    assert broken.trouble.remedy == "Correct the HTTPRoute"
    assert "Traefik" in [hop.name for hop in walk(root)]
    # With a backend that it may have, nothing is refused.
    after = first_broken(traced(copy.deepcopy(RECORDED)))
    assert after is None or "Nothing is sent" not in str(after.trouble)


class Server:
    """An API server that answers each list alike, but for those of Gateway API."""

    def __init__(self, status: int) -> None:
        self._status = status

    def list(self, path: str, **_query: str) -> list[dict[str, t.Any]]:
        if "gateway.networking" in path:
            answer = urllib3.HTTPResponse(b"{}", status=self._status)
            raise ApiError(method="GET", path=path, context="loopback", answer=answer)
        return [{"metadata": {"name": "one"}}]


@pytest.mark.parametrize("status", [403, 404])
def test_routes_that_are_not_there_or_may_not_be_read_leave_the_rest_of_a_trace(status: int) -> None:
    found = read(t.cast("Client", Server(status)))
    assert (found.http_routes, found.gateways) == ((), ())
    assert found.metallb
    assert len(found.services) == 1


def test_a_server_that_is_broken_is_an_error() -> None:
    with pytest.raises(ApiError):
        read(t.cast("Client", Server(500)))
