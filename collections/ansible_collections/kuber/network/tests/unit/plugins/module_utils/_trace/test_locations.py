# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Ingress takes a request, and what a canary beside it gets."""

from __future__ import annotations

import fractions
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._trace import ingress, locations
from ansible_collections.kuber.network.plugins.module_utils._trace.locations import Location

HALF = fractions.Fraction(1, 2)


def at(host: str, path: str, path_type: str = "Prefix", name: str = "", **annotations: str) -> Location:
    prefixed = {locations.PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    body = {"metadata": {"namespace": "default", "name": name or path, "annotations": prefixed}, "spec": {}}
    return Location(host, path, path_type, body, {"service": {"name": "web", "port": {"number": 80}}})


PLAIN = [at("a.org", "/"), at("a.org", "/web"), at("a.org", "/web", "Exact"), at("a.org", "/webbing", "Prefix")]
SPECIFIC = [at("a.org", "/web", "ImplementationSpecific")]
REWRITTEN = [at("a.org", "/web", rewrite_target="/"), at("a.org", "/other/place")]
HOSTS = [at("", "/web"), at("a.org", "/x"), at("*.b.org", "/web")]


@pytest.mark.parametrize(
    ("known", "url", "expected"),
    [
        (PLAIN, "a.org/", ("/", "Prefix")),
        (PLAIN, "a.org/web", ("/web", "Exact")),
        (PLAIN, "a.org/web/", ("/web", "Prefix")),
        (PLAIN, "a.org/web/index.html", ("/web", "Prefix")),
        # A prefix is one of whole elements.
        (PLAIN, "a.org/webb", ("/", "Prefix")),
        (PLAIN, "a.org/webbing/x", ("/webbing", "Prefix")),
        (SPECIFIC, "a.org/webb", ("/web", "ImplementationSpecific")),
        (SPECIFIC, "a.org/", None),
        # One rewrite makes patterns of all paths of its host, and a pattern need not end where an element does.
        (REWRITTEN, "a.org/webb", ("/web", "Prefix")),
        (REWRITTEN, "a.org/WEB/x", ("/web", "Prefix")),
        (REWRITTEN, "a.org/other/places", ("/other/place", "Prefix")),
        (HOSTS, "c.org/web", ("/web", "Prefix")),
        (HOSTS, "172.17.255.3/web/index.html?a=b", ("/web", "Prefix")),
        # A host with rules of its own does not look at those without a host.
        (HOSTS, "a.org/web", None),
        (HOSTS, "x.b.org/web", ("/web", "Prefix")),
        (HOSTS, "x.y.b.org/other", None),
    ],
)
def test_the_location_is_the_one_that_nginx_takes(
    known: list[Location], url: str, expected: tuple[str, str] | None
) -> None:
    host, _slash, path = url.partition("/")
    found = locations.choose(known, host, f"/{path}")
    assert (found and (found.path, found.path_type)) == expected


@pytest.mark.parametrize(
    ("path", "target", "asked", "seen"),
    [
        ("/web", "/", "/web/index.html", "/"),
        ("/web(/|$)(.*)", "/$2", "/web/index.html", "/index.html"),
        ("/web(/|$)(.*)", "/$2", "/web", "/"),
        ("/web", "", "/web/index.html", "/web/index.html"),
        ("/web", "/$3", "/web", "/"),
    ],
)
def test_the_pod_sees_the_path_that_the_rewrite_leaves(path: str, target: str, asked: str, seen: str) -> None:
    annotations = {"rewrite_target": target} if target else {}
    assert at("a.org", path, "ImplementationSpecific", **annotations).rewritten(asked) == seen


def test_a_canary_needs_the_very_same_host_and_path() -> None:
    main = at("a.org", "/web")
    canary = at("a.org", "/web", name="canary", canary="true")
    assert locations.choose([canary, main], "a.org", "/web") is main
    assert locations.canary_of([canary, main], main) is canary
    assert locations.canary_of([at("a.org", "/web2", canary="true"), at("b.org", "/web", canary="true")], main) is None
    assert locations.choose([canary], "a.org", "/web") is None


BY_HEADER = {"canary_by_header": "mtest"}
BY_VALUE = {**BY_HEADER, "canary_by_header_value": "true"}
ALL_THREE = {**BY_HEADER, "canary_by_cookie": "taste", "canary_weight": "50"}


@pytest.mark.parametrize(
    ("annotations", "headers", "share"),
    [
        ({}, {}, 0),
        ({"canary_weight": "50"}, {}, HALF),
        ({"canary_weight": "50", "canary_weight_total": "200"}, {}, HALF / 2),
        ({"canary_weight": "100"}, {}, 1),
        (BY_VALUE, {}, 0),
        (BY_VALUE, {"MTest": "true"}, 1),
        # Another value decides nothing.
        ({**BY_VALUE, "canary_weight": "50"}, {"mtest": "never"}, HALF),
        (BY_HEADER, {"mtest": "always"}, 1),
        ({**BY_HEADER, "canary_weight": "50"}, {"mtest": "never"}, 0),
        ({**BY_HEADER, "canary_by_header_pattern": "^t"}, {"mtest": "true"}, 1),
        (ALL_THREE, {"mtest": "never", "Cookie": "taste=always"}, 0),
        (ALL_THREE, {"mtest": "perhaps", "Cookie": "other=1; taste=always"}, 1),
        (ALL_THREE, {"Cookie": "taste=never"}, 0),
        (ALL_THREE, {"Cookie": "taste=perhaps"}, HALF),
    ],
)
def test_header_goes_before_cookie_goes_before_weight(
    annotations: dict[str, str], headers: dict[str, str], share: fractions.Fraction
) -> None:
    found, facts = ingress.canary_share(at("a.org", "/", canary="true", **annotations), headers)
    assert found == share
    assert [fact.label for fact in facts][-1] == "weight"


@pytest.mark.parametrize(
    ("ingress_class", "annotation", "expected"),
    [("nginx", "", "nginx"), (None, "nginx", "nginx"), (None, "", ""), ("one", "two", "one")],
)
def test_the_class_is_the_field_or_the_old_annotation(
    ingress_class: str | None, annotation: str, expected: str
) -> None:
    spec: dict[str, t.Any] = {"ingressClassName": ingress_class} if ingress_class else {}
    annotations = {locations.OLD_CLASS: annotation} if annotation else {}
    assert locations.class_of({"metadata": {"annotations": annotations}, "spec": spec}) == expected


def test_a_wildcard_stands_for_one_label() -> None:
    known = [at("", "/web"), at("*.b.org", "/web")]
    hosts = {host: locations.server(known, host) for host in ("x.b.org", "x.y.b.org", "b.org")}
    assert hosts == {"x.b.org": "*.b.org", "x.y.b.org": locations.ANY_HOST, "b.org": locations.ANY_HOST}
