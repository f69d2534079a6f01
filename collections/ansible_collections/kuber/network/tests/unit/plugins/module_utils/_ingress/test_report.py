# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of Ingress objects, each rule by the smallest object that it speaks of."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Compatibility, Target
from ansible_collections.kuber.network.plugins.module_utils._ingress.rendering import render
from ansible_collections.kuber.network.plugins.module_utils._ingress.report import IngressReport, report
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._ingress.support import ingress, service

SPECIFIC = "ImplementationSpecific"
PATH = "spec.rules[0].http.paths[0]"
WEB = service("web-svc")


def annotation(name: str) -> str:
    return f'metadata.annotations["nginx.ingress.kubernetes.io/{name}"]'


def said(found: IngressReport, target: Target = Target.TRAEFIK) -> dict[str, tuple[str, str]]:
    """Verdict and upgraded text by field, without what is the same."""
    return {
        one.field: (one.effect.verdict.value, one.upgraded)
        for one in found.findings
        if one.target is target and one.effect.verdict is not Compatibility.SAME
    }


CASES: dict[str, tuple[list[dict[str, t.Any]], dict[str, tuple[str, str]], dict[str, tuple[str, str]]]] = {
    "plain": ([ingress()], {}, {}),
    "port of the pods": (
        [ingress(port=8000)],
        {f"{PATH}.backend.service.port": ("stops", "port:\n  number: 80\n")},
        {f"{PATH}.backend.service.port": ("changes", "port:\n  number: 80\n")},
    ),
    "port that nothing has": (
        [ingress(port=81)],
        {},
        {f"{PATH}.backend.service.port": ("changes", "")},
    ),
    "Service that is not there": (
        [ingress(to="other")],
        {f"{PATH}.backend.service.name": ("unknown", "")},
        {f"{PATH}.backend.service.name": ("unknown", "")},
    ),
    "regular expression with Prefix": (
        [ingress("web", "/web(/|$)(.*)", rewrite_target="/$2")],
        {f"{PATH}.pathType": ("stops", f"pathType: {SPECIFIC}\n")},
        {f"{PATH}.pathType": ("changes", f"pathType: {SPECIFIC}\n"), annotation("rewrite-target"): ("changes", "")},
    ),
    "rewrite of a part": (
        [ingress("web", "/web", rewrite_target="/")],
        {f"{PATH}.path": ("stops", "path: /web.*\n")},
        {f"{PATH}.path": ("changes", "path: /web.*\n"), annotation("rewrite-target"): ("changes", "")},
    ),
    "rewrite to itself": ([ingress(rewrite_target="/")], {}, {annotation("rewrite-target"): ("changes", "")}),
    "name after a group": (
        [ingress("web", ("/web(/|$)(.*)", SPECIFIC), rewrite_target="/$2x")],
        {annotation("rewrite-target"): ("stops", "")},
        {annotation("rewrite-target"): ("stops", "")},
    ),
    "lookaround": (
        [ingress("web", ("/web(?!site).*", SPECIFIC), use_regex="true")],
        {f"{PATH}.path": ("stops", "")},
        {f"{PATH}.path": ("stops", ""), annotation("use-regex"): ("changes", "")},
    ),
    "letters of a path": (
        [ingress("web", ("/web", SPECIFIC))],
        {f"{PATH}.pathType": ("changes", "pathType: Prefix\n")},
        {f"{PATH}.pathType": ("changes", "pathType: Prefix\n")},
    ),
    "exact path beside regular expressions": (
        [ingress("web", ("/web", "Exact"), use_regex="true")],
        {f"{PATH}.path": ("changes", "")},
        {f"{PATH}.path": ("changes", ""), annotation("use-regex"): ("changes", "")},
    ),
    "rule without a host": (
        [ingress("web", "/web"), ingress("other", host="example.app.org")],
        {f"{PATH}.path": ("changes", "")},
        {f"{PATH}.path": ("changes", "")},
    ),
    "canary in another namespace": (
        [
            ingress("v1", host="a.example"),
            ingress("v2", host="a.example", namespace="next", canary="true", to="v2"),
            service("v2", namespace="next"),
        ],
        {"metadata.namespace": ("stops", "")},
        {"metadata.namespace": ("changes", ""), annotation("canary"): ("changes", "")},
    ),
    "host without a certificate": (
        [ingress(host="a.example", tls={"secretName": "b", "hosts": ["b.example"]})],
        {"spec.tls": ("changes", "")},
        {"spec.tls": ("changes", "")},
    ),
    "certificate in another Ingress": (
        [
            ingress(host="a.example"),
            ingress("b", "/b", host="a.example", tls={"secretName": "a", "hosts": ["a.example"]}),
        ],
        {"spec.rules": ("changes", "")},
        {"spec.tls": ("changes", "")},
    ),
    "snippet": (
        [ingress(configuration_snippet="deny all;")],
        {annotation("configuration-snippet"): ("stops", "")},
        {annotation("configuration-snippet"): ("stops", "")},
    ),
    "value of an annotation": (
        [ingress(backend_protocol="FCGI", load_balance="round_robin", canary="false")],
        {annotation("backend-protocol"): ("stops", "")},
        {annotation("backend-protocol"): ("stops", "")},
    ),
    "annotation that nobody documents": (
        [ingress(sing="true")],
        {annotation("sing"): ("unknown", "")},
        {annotation("sing"): ("unknown", "")},
    ),
}


@pytest.mark.parametrize(("objects", "traefik", "gateway"), CASES.values(), ids=CASES)
def test_each_field_has_its_verdict(
    objects: list[dict[str, t.Any]], traefik: dict[str, tuple[str, str]], gateway: dict[str, tuple[str, str]]
) -> None:
    found = report([WEB, *objects])
    assert said(found) == traefik
    assert said(found, Target.GATEWAY) == gateway


@pytest.mark.parametrize("objects", [case[0] for case in CASES.values()], ids=CASES)
def test_upgraded_objects_need_no_more_upgrades(objects: list[dict[str, t.Any]]) -> None:
    found = report([WEB, *objects])
    upgraded = {one["metadata"]["name"]: one for one in found.upgraded}
    again = report([WEB, *(upgraded.get(one["metadata"]["name"], one) for one in objects)], targets=[Target.TRAEFIK])
    assert [one for one in again.findings if one.upgraded and one.field.endswith((".port", ".path"))] == []


def test_what_the_cluster_adds_is_not_in_upgraded_objects() -> None:
    live = ingress(port=8000)
    live["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": []}
    live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    (upgraded,) = report([WEB, live | {"status": {"loadBalancer": {}}}]).upgraded
    assert upgraded["metadata"] == {"name": "web", "namespace": "default", "annotations": {}}
    assert "status" not in upgraded


def test_missing_service_of_a_whole_cluster_is_known_to_be_missing() -> None:
    found = report([ingress(to="other")], complete=True)
    assert said(found) == {}
    assert said(found, Target.GATEWAY) == {f"{PATH}.backend.service.name": ("changes", "")}


def test_object_of_another_class_is_named() -> None:
    other = ingress("other", bad="1")
    other["spec"]["ingressClassName"] = "haproxy"
    bare = ingress("bare")
    del bare["spec"]["ingressClassName"]
    found = report([other, bare])
    assert [one.object for one in found.skipped] == ["Ingress default/other", "Ingress default/bare"]
    assert (found.objects, found.findings) == ((), ())
    assert "haproxy" in render(found)[2]


def test_class_annotation_counts_as_a_class() -> None:
    old = ingress(port=8000)
    del old["spec"]["ingressClassName"]
    old["metadata"]["annotations"]["kubernetes.io/ingress.class"] = "nginx"
    found = report([WEB, old])
    assert found.objects == ("Ingress default/web",)
    assert found.upgraded[0]["spec"]["ingressClassName"] == "nginx"


def test_object_has_the_worst_verdict_of_its_fields() -> None:
    found = report(
        [WEB, ingress("fine"), ingress("odd", sing="1", affinity="cookie"), ingress("bad", port=8000, sing="1")]
    )
    assert found.summary()["traefik"] == {"same": 1, "changes": 0, "unknown": 1, "stops": 1}


def test_old_api_version_is_refused_with_what_upgrades_it() -> None:
    old = ingress() | {"apiVersion": "extensions/v1beta1"}
    with pytest.raises(KuberError, match=r"kuber\.network\.upgraded_manifests"):
        report([old])


def test_text_says_what_to_write_instead() -> None:
    text = "\n".join(render(report([WEB, ingress(port=8000)], targets=[Target.TRAEFIK])))
    assert "1 with something that stops" in text
    assert yaml.safe_load(text.partition("Write:")[2]) == {"port": {"number": 80}}
