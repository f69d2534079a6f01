# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path through Traefik: the rules of its routers, and what its own API said of them on a cluster."""

from __future__ import annotations

import copy
import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._trace import target, traefik
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects
from ansible_collections.kuber.network.plugins.module_utils._trace.model import (
    Health,
    Hop,
    first_broken,
    first_unknown,
    reason,
    walk,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.plan import plan
from ansible_collections.kuber.network.plugins.module_utils._trace.router_rules import WebRequest, matches
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import SEEN

HOST = "example.app.org"
RAW = json.loads((SEEN / "traefik.json").read_text())
CANARY = "canary-test-webapp-v1-rule-0-path-0"
WEB = f"http://{HOST}/web"


@pytest.fixture
def raw() -> dict[str, t.Any]:
    return copy.deepcopy(RAW)


def decide(raw: dict[str, t.Any], text: str, cluster: ClusterObjects | None = None, **headers: str) -> traefik.Decision:
    return traefik.decide(cluster or ClusterObjects(), raw, target.parse(text), headers)


def shares(decision: traefik.Decision) -> dict[str, float]:
    return {one.reference[1] if one.reference else one.name: float(one.share) for one in decision.backends}


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ('Host("example.app.org")', True),
        ('Host("EXAMPLE.app.org.")', True),
        ('Host("*.app.org")', True),
        ('Host("*.org")', False),
        ("Host(`other.org`) || PathPrefix(`/we`)", True),
        ('!Host("other.org") && Path("/web/a")', True),
        ('Host("other.org") && (PathPrefix("/") || Path("/"))', False),
        # && binds more tightly than ||.
        ('Path("/web/a") || Path("/b") && Path("/c")', True),
        ('(Path("/web/a") || Path("/b")) && Path("/c")', False),
        ('PathRegexp("(?i)^/WEB(/|$)(.*)")', True),
        ('Path("/web/a?b=1")', False),
        ('Query("b", "1")', True),
        ('Query("b", "2")', False),
        ('Header("mtest", "true")', True),
        ('Header("Mtest", "false")', False),
        (r'HeaderRegexp("Cookie", "(^|;\\s*)beta=always(;|$)")', True),
        ('HeaderRegexp("X-Other", ".")', False),
        ('Method("GET")', True),
        ('Method("POST")', False),
        # What is not known here may match or not, unless the rest decides.
        ('ClientIP("10.0.0.0/8")', None),
        ('ClientIP("10.0.0.0/8") && Host("other.org")', False),
        ('ClientIP("10.0.0.0/8") || Host("example.app.org")', True),
        ('!ClientIP("10.0.0.0/8")', None),
        (r'PathRegexp("\\p{Greek}")', None),
        ("", None),
        ('Host("a"', None),
        ("Host(a)", None),
        ('Host("a") Host("b")', None),
    ],
)
def test_a_rule_matches_a_request(rule: str, wanted: bool | None) -> None:
    request = WebRequest(HOST, "/web/a?b=1", {"MTEST": "true", "cookie": "a=1; beta=always"})
    assert matches(rule, request) is wanted


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, {"test-webapp-v1": 1, "test-webapp-v2": 0}), ({"mtest": "true"}, {"test-webapp-v2": 1})],
)
def test_a_canary_is_chosen_by_the_header(
    raw: dict[str, t.Any], headers: dict[str, str], expected: dict[str, float]
) -> None:
    decision = decide(raw, f"http://{HOST}/test-webapp", **headers)
    assert shares(decision) == expected
    assert ("Ingress", "canary/test-webapp-v1") in [(fact.label, fact.text) for fact in decision.hop.facts]


def test_weights_are_shares_of_the_service_that_has_them(raw: dict[str, t.Any]) -> None:
    weighted = raw["services"]["canary-test-webapp-v1-test-webapp-v1-80-wrr@kubernetesingressnginx"]["weighted"]
    weighted["services"][0]["weight"], weighted["services"][1]["weight"] = 3, 1
    assert shares(decide(raw, f"http://{HOST}/test-webapp")) == {"test-webapp-v1": 0.75, "test-webapp-v2": 0.25}


def test_what_a_rewrite_leaves_is_refused_by_traefik(raw: dict[str, t.Any]) -> None:
    """Seen: /web/index.html with rewrite-target / and path /web is answered with 400, and /web is served."""
    assert shares(decide(raw, WEB)) == {"web-svc": 1}
    hop = decide(raw, f"{WEB}/index.html").hop
    assert hop.health is Health.BROKEN
    assert hop.trouble is not None
    assert "//index.html" in hop.trouble.what
    raw["middlewares"]["default-web-rule-1-path-0-rewrite-target@kubernetesingressnginx"]["rewriteTarget"] = {
        "regex": "/web(/|$)(.*)",
        "replacement": "/$2",
    }
    assert "such as /web(/|$)(.*)" in hop.trouble.remedy
    mended = decide(raw, f"{WEB}/index.html").hop
    assert mended.health is Health.OK
    facts = {fact.label: fact.text for fact in mended.facts}
    assert facts["rewrite"] == "/web/index.html reaches the pod as /index.html"


def test_the_scheme_chooses_the_entry_point(raw: dict[str, t.Any]) -> None:
    assert shares(decide(raw, "https://172.17.255.3/web")) == {"web-svc": 1}
    assert decide(raw, f"https://{HOST}/dashboard/").hop.health is Health.BROKEN


def test_a_rule_that_is_not_understood_is_unknown_if_it_comes_first(raw: dict[str, t.Any]) -> None:
    raw["routers"]["mine@file"] = {"rule": 'ClientIP("10.0.0.0/8")', "priority": 1, "service": "x", "status": "enabled"}
    assert decide(raw, WEB).hop.health is Health.OK
    raw["routers"]["mine@file"]["priority"] = 1000
    assert "mine@file" in reason(decide(raw, WEB).hop)


def test_traefik_s_own_routers_take_no_requests_of_users(raw: dict[str, t.Any]) -> None:
    assert decide(raw, f"http://{HOST}/api/version").hop.health is Health.BROKEN


def ingress(path: str, port: int) -> dict[str, t.Any]:
    service = {"name": "shop", "port": {"number": port}}
    paths = [{"path": path, "pathType": "Prefix", "backend": {"service": service}}]
    spec = {"ingressClassName": "nginx", "rules": [{"host": HOST, "http": {"paths": paths}}]}
    return {"metadata": {"name": "shop", "namespace": "default"}, "spec": spec}


def test_where_traefik_has_no_router_it_answers_404(raw: dict[str, t.Any]) -> None:
    cluster = ClusterObjects(ingresses=(ingress("/shop(/|$)", 80),))
    for path, what in (
        ("/shop(/|$)", "Traefik has made no router of path /shop(/|$) of Ingress default/shop"),
        ("/nothing", f"No Ingress has a rule for host {HOST} and path /nothing"),
    ):
        trouble = decide(raw, f"http://{HOST}{path}", cluster).hop.trouble
        assert trouble is not None
        assert trouble.what == what


@pytest.mark.parametrize("path", ["/shop", "/web"])
def test_with_such_a_rule_or_an_existing_path_the_request_is_served(raw: dict[str, t.Any], path: str) -> None:
    trouble = decide(raw, f"http://{HOST}/shop").hop.trouble
    assert trouble is not None
    assert trouble.remedy == "Add such a rule, or request an existing host and path"
    # What Traefik makes of a rule that was added.
    like = next(one for one in raw["routers"].values() if "/web" in one["rule"] and HOST in one["rule"])
    raw["routers"]["shop@kubernetesingressnginx"] = like | {"rule": like["rule"].replace("/web", "/shop")}
    assert decide(raw, f"http://{HOST}{path}").hop.health is Health.OK


def traced(lab: t.Any, routers: dict[str, t.Any] | str, text: str) -> Hop:
    for pod in lab.pods_of("app.kubernetes.io/name=ingress-nginx"):
        pod["spec"]["containers"][0] |= {"image": "traefik:v3.7.15", "args": []}
    return plan(target.parse(text), dataclasses.replace(lab.world(), routers=routers))


def test_the_whole_path_leads_to_the_pods(lab: t.Any, raw: dict[str, t.Any]) -> None:
    sockets = [
        f"{address}:8000"
        for one in lab.slices_of("web-svc")
        for endpoint in one["endpoints"]
        for address in endpoint["addresses"]
    ]
    balancer = raw["services"]["default-web-web-svc-80@kubernetesingressnginx"]["loadBalancer"]
    balancer["servers"] = [{"url": f"http://{socket}"} for socket in sockets]
    root = traced(lab, raw, WEB)
    assert first_broken(root) is None
    assert first_unknown(root) is None
    assert [hop.name for hop in walk(root) if hop.kind.value in ("ingress", "rule")] == ["Traefik", f"{HOST}/web"]
    assert sorted(hop.socket for hop in walk(root) if hop.socket) == sorted(sockets)
    balancer["servers"].pop()
    broken = first_broken(traced(lab, raw, WEB))
    assert broken is not None
    assert broken.trouble is not None
    assert broken.trouble.what.startswith(f"Traefik does not know {sockets[-1]}")


def test_routers_that_cannot_be_read_are_unknown(lab: t.Any) -> None:
    hop = first_unknown(traced(lab, "Traefik's routers cannot be read: no wget", WEB))
    assert hop is not None
    assert (hop.name, reason(hop)) == ("Traefik", "Traefik's routers cannot be read: no wget")


@pytest.mark.parametrize(
    ("image", "args", "expected"),
    [
        ("traefik:v3.7.15", ["--entryPoints.traefik.address=127.0.0.1:9000"], (True, "9000")),
        ("docker.io/library/traefik@sha256:0", [], (True, "8080")),
        ("rancher/mirrored-library-traefik:3.6", ["--entrypoints.traefik.address=:9100/tcp"], (True, "9100")),
        ("nginx", [], (False, "8080")),
    ],
)
def test_a_pod_of_traefik_is_known_by_its_image(image: str, args: list[str], expected: tuple[bool, str]) -> None:
    pod = {"spec": {"containers": [{"image": image, "args": args}]}}
    assert (traefik.is_controller(pod), traefik.api_port(pod)) == expected


@pytest.mark.parametrize(
    ("name", "port", "what"),
    [
        ("web-svc", "8000", "names port 8000 of Service default/web-svc, which has 80: Traefik answers 503"),
        ("nobody", "80", "names Service default/nobody, which does not exist: Traefik answers 503"),
    ],
)
def test_a_backend_that_does_not_exist_is_answered_with_503(
    lab: t.Any, raw: dict[str, t.Any], name: str, port: str, what: str
) -> None:
    """Seen: Traefik makes a router, and a service without servers."""
    service = raw["services"]["default-web-web-svc-80@kubernetesingressnginx"]
    service["observability"]["metadata"]["kubernetes"] |= {"name": name, "port": port}
    service["loadBalancer"]["servers"] = []
    broken = first_broken(traced(lab, raw, WEB))
    assert broken is not None
    assert broken.trouble is not None
    assert broken.trouble.what == f"The Ingress {what}"
