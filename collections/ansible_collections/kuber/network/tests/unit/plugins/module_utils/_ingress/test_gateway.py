# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ingress objects in the shapes of real folders, and the objects of Gateway API that they become."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kuber.network.plugins.filter.to_gateway import to_gateway
from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import PREFIX, ROWS
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Compatibility
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._ingress.support import ingress, service

SHAPES = sorted((pathlib.Path(__file__).parent / "shapes").glob("*.yml"))
HOST = "example.app.org"
# Values with which an annotation shows, and what else it needs to.
SHOWN: dict[str, tuple[str, dict[str, str]]] = {
    "app-root": ("/web", {}),
    "backend-protocol": ("HTTPS", {}),
    "canary": ("true", {"canary_weight": "10"}),
    "canary-by-cookie": ("mtest", {"canary": "true"}),
    "canary-by-header": ("mtest", {"canary": "true"}),
    "canary-by-header-pattern": ("a|b", {"canary": "true", "canary_by_header": "mtest"}),
    "canary-by-header-value": ("7", {"canary": "true", "canary_by_header": "mtest"}),
    "canary-weight": ("30", {"canary": "true"}),
    "canary-weight-total": ("1000", {"canary": "true", "canary_weight": "1"}),
    "force-ssl-redirect": ("true", {"ssl_redirect": "false"}),
    "permanent-redirect": ("https://example.org/new", {}),
    "permanent-redirect-code": ("308", {"permanent_redirect": "https://example.org/new"}),
    "proxy-ssl-name": ("own.example", {"backend_protocol": "HTTPS"}),
    "proxy-ssl-verify": ("on", {"backend_protocol": "HTTPS"}),
    "rewrite-target": ("/new", {}),
    "server-alias": ("www.example.app.org", {}),
    "ssl-redirect": ("false", {}),
    "temporal-redirect": ("https://example.org/new", {}),
    "temporal-redirect-code": ("307", {"temporal_redirect": "https://example.org/new"}),
    "upstream-vhost": ("inner.example", {}),
    "use-regex": ("true", {}),
    "x-forwarded-prefix": ("/web", {"rewrite_target": "/new"}),
}
# Gateway API always verifies: with and without it the same is written.
UNCHANGED = {"proxy-ssl-verify"}


def converted_names() -> list[str]:
    return [
        name
        for name, row in ROWS.items()
        if row.gateway.converted or any(effect.converted for effect in row.gateway.values.values())
    ]


@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_shape_of_a_real_folder(path: pathlib.Path) -> None:
    shape = yaml.safe_load(path.read_text())
    made = to_gateway(shape["objects"], **shape["options"])
    assert made["objects"] == shape["written"]
    assert [f"{one['object']}: {one['field']}" for one in made["not_converted"]] == shape["not_converted"]


@pytest.mark.parametrize("name", converted_names())
def test_what_the_table_calls_written_is_written(name: str) -> None:
    value, others = SHOWN[name]
    main = ingress("v1", ("/web.*", "ImplementationSpecific"), host=HOST, tls={"secretName": "a", "hosts": [HOST]})
    objects = [[main] if name.startswith("canary") else [], []]
    for given, more in zip(objects, ({name.replace("-", "_"): value}, {}), strict=True):
        given[:] = objects[0][:1] if name.startswith("canary") else []
        kind = "ImplementationSpecific"
        given.append(
            ingress(
                "v2", ("/web.*", kind), host=HOST, to="v2", tls={"secretName": "a", "hosts": [HOST]}, **others, **more
            )
        )
    with_it, without = (to_gateway(given, backend_ca="ca") for given in objects)
    assert with_it["not_converted"] == []
    assert with_it["objects"]
    assert (with_it["objects"] == without["objects"]) is (name in UNCHANGED)
    assert [one for one in with_it["remarks"] if one["field"].endswith(f'{PREFIX}{name}"]')] == []


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS.values() if row.protects and row.gateway.verdict is Compatibility.STOPS],
    ids=lambda row: row.name,
)
def test_what_keeps_requests_out_is_never_left_out(row: t.Any) -> None:
    guarded = ingress("guarded", "/guarded", **{row.name.replace("-", "_"): "10"})
    made = to_gateway([guarded, ingress("open", "/open")])
    assert [one["object"] for one in made["not_converted"]] == ["Ingress default/guarded"]
    assert {one["metadata"]["name"] for one in made["objects"]} == {"ingress", "open"}


NO_EQUAL: dict[str, tuple[dict[str, t.Any], str]] = {
    "rewrite of groups": (ingress("a", "/a/(.*)/b", rewrite_target="/$1"), "rewrite-target of */a/(.*)/b"),
    "rewrite to another site": (ingress("a", "/a", rewrite_target="https://b.example/"), "rewrite-target of */a"),
    "lookaround": (ingress("a", "/a(?!b).*", use_regex="true"), "path of */a(?!b).*"),
    "variable": (ingress("a", "/a", upstream_vhost="$host"), "upstream-vhost of */a"),
    "FastCGI": (ingress("a", "/a", backend_protocol="FCGI"), "backend-protocol of */a"),
    "code": (
        ingress("a", "/a", permanent_redirect="/b", permanent_redirect_code="305"),
        "permanent-redirect-code of */a",
    ),
    "HTTPS without a certificate": (ingress("a", "/a", force_ssl_redirect="true"), "force-ssl-redirect of *"),
}


@pytest.mark.parametrize(("body", "field"), NO_EQUAL.values(), ids=NO_EQUAL)
def test_what_has_no_equal_is_named_and_not_written(body: dict[str, t.Any], field: str) -> None:
    made = to_gateway([body])
    assert made["objects"] == []
    assert [one["field"] for one in made["not_converted"]] == [field]


def test_port_with_a_name_needs_the_service() -> None:
    named = ingress()
    named["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] = {"name": "http"}
    assert "Give the Service as well" in to_gateway([named])["not_converted"][0]["instead"]
    known = service("web-svc", port=8080)
    known["spec"]["ports"][0]["name"] = "http"
    route = to_gateway([named, known])["objects"][1]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "web-svc", "port": 8080}]


def test_the_oldest_ingress_has_a_path_that_several_want() -> None:
    first, second = ingress("first", host=HOST), ingress("second", host=HOST, namespace="other")
    for body, year in ((first, 2025), (second, 2024)):
        body["metadata"]["creationTimestamp"] = f"{year}-01-01T00:00:00Z"
    made = to_gateway([first, second])
    assert [one["metadata"]["name"] for one in made["objects"]] == ["ingress", "second"]
    assert made["not_converted"][0]["why"] == "Ingress other/second has it already"


def test_default_backend_takes_what_no_path_takes() -> None:
    body = ingress("a", "/a", host=HOST)
    body["spec"]["defaultBackend"] = {"service": {"name": "rest", "port": {"number": 80}}}
    rules = to_gateway([body])["objects"][1]["spec"]["rules"]
    assert [rule["matches"][0]["path"]["value"] for rule in rules] == ["/a", "/"]
    assert rules[1]["backendRefs"] == [{"name": "rest", "port": 80}]


def test_many_paths_go_into_several_routes() -> None:
    made = to_gateway([ingress("a", *(f"/{number}" for number in range(20)))])
    routes = {one["metadata"]["name"]: len(one["spec"]["rules"]) for one in made["objects"][1:]}
    assert routes == {"a": 16, "a-2": 4}


def test_second_conversion_is_the_same() -> None:
    objects = [ingress("a", "/a", "/b", host=HOST, tls={"secretName": "a", "hosts": [HOST]}), ingress("b")]
    assert to_gateway(objects) == to_gateway(objects)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gateway": "A B"}, "gateway is not a name"),
        ({"http_port": 0}, "http_port is not a port"),
        ({"http_port": True}, "http_port is not a port"),
        ({"port": 80}, "Unknown option; .* found: port"),
    ],
)
def test_bad_options_are_refused(options: dict[str, t.Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        to_gateway([ingress()], **options)


def test_broken_yaml_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="Correct the file"):
        to_gateway("a: [")


def test_completeness_can_be_demanded() -> None:
    with pytest.raises(AnsibleFilterError, match=r"auth-url: .*would admit what the Ingress does not"):
        to_gateway([ingress("web", auth_url="http://auth.example.org")], complete=True)
    assert to_gateway([ingress("web")], complete=True)["objects"]
