# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single rules: what is changed, what is left alone, and what is reported."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._upgrade import support

PREFIX = "nginx.ingress.kubernetes.io/"


def ingress(
    *, path: str = "/a", kind: str = "Prefix", port: t.Any = None, annotations: t.Any = None, **spec: t.Any
) -> dict[str, t.Any]:
    backend = {"service": {"name": "a", "port": port or {"number": 80}}}
    rules = [{"http": {"paths": [{"path": path, "pathType": kind, "backend": backend}]}}]
    metadata = {"name": "a"} | ({"annotations": annotations} if annotations else {})
    spec = {"ingressClassName": "nginx", "rules": rules} | spec
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def service(*ports: t.Any, annotations: t.Any = None, **spec: t.Any) -> dict[str, t.Any]:
    metadata = {"name": "a"} | ({"annotations": annotations} if annotations else {})
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": list(ports)} | spec}


def port(number: int, target: t.Any, **fields: t.Any) -> dict[str, t.Any]:
    return {"port": number, "targetPort": target, **fields}


def done(*bodies: dict[str, t.Any], **options: t.Any) -> Upgrade:
    return upgrade(reading.from_definition(list(bodies)), **options)


def changes(*bodies: dict[str, t.Any], **options: t.Any) -> list[str]:
    return [line.partition(": ")[2] for line in support.changes(done(*bodies, **options))]


PORT = "spec.rules[0].http.paths[0].backend.service.port"
CLASS = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "own"}}
DEFAULT = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}, "name": "own"}


@pytest.mark.parametrize(
    ("ports", "named", "expected"),
    [
        ([port(80, 8000)], {"number": 8000}, '{"number": 8000} -> {"number": 80}'),
        ([port(80, "web")], {"name": "web"}, '{"name": "web"} -> {"number": 80}'),
        ([port(80, 8000), port(443, 8443)], {"number": 8443}, '{"number": 8443} -> {"number": 443}'),
        ([port(80, 8000, name="http")], {"name": "http"}, None),
        ([port(8000, 80)], {"number": 8000}, None),
        ([port(80, 8000), port(81, 8000)], {"number": 8000}, None),
        ([port(53, 53, protocol="UDP"), port(53, 53)], {"number": 53}, None),
        ([port([], 8000)], {"number": 8000}, None),
    ],
)
def test_backend_names_the_port_of_the_service(ports: t.Any, named: t.Any, expected: str | None) -> None:
    assert changes(ingress(port=named), service(*ports)) == ([f"{PORT}: {expected}"] if expected else [])


def test_port_that_the_service_lacks_is_reported() -> None:
    result = done(ingress(port={"number": 9999}), service(port(80, 8000), port(443, 8443)))
    assert [one.problem for one in result.all_remarks()] == ["Service a has no port 9999; it has 80, 443"]


@pytest.mark.parametrize(
    ("body", "others", "expected"),
    [
        (ingress(ingressClassName=None), [], ['spec.ingressClassName: null -> "nginx"']),
        (ingress(ingressClassName="other"), [], []),
        (ingress(ingressClassName=None), [CLASS], ['spec.ingressClassName: null -> "nginx"']),
        (ingress(ingressClassName=None), [CLASS | {"metadata": DEFAULT}], []),
        (
            ingress(annotations={"kubernetes.io/ingress.class": "own"}),
            [],
            ['metadata.annotations["kubernetes.io/ingress.class"]: "own" -> null'],
        ),
    ],
)
def test_class_of_an_ingress(body: t.Any, others: list[t.Any], expected: list[str]) -> None:
    assert changes(body, service(port(80, 8000)), *others) == expected


@pytest.mark.parametrize("name", ["/", "Nginx", "a..b", "-a", "a" * 254])
def test_class_that_no_server_accepts_is_reported(name: str) -> None:
    result = done(ingress(annotations={"kubernetes.io/ingress.class": name}, ingressClassName=None))
    assert [one.problem for one in result.not_upgradable()] == [
        f"The class {name!r} in annotation kubernetes.io/ingress.class cannot be the name of an IngressClass"
    ]


def test_class_can_be_chosen() -> None:
    body = ingress(ingressClassName=None)
    assert changes(body, ingress_class="traefik") == ['spec.ingressClassName: null -> "traefik"']


@pytest.mark.parametrize("path", ["/a(/|$)(.*)", "/a/*", "/[a-z]+", "/a?", "/a\\.b", "/a{2}"])
@pytest.mark.parametrize("kind", ["Prefix", "Exact"])
def test_pattern_needs_another_path_type(path: str, kind: str) -> None:
    body = ingress(path=path, kind=kind, annotations={f"{PREFIX}use-regex": "true"})
    assert changes(body) == [f'spec.rules[0].http.paths[0].pathType: "{kind}" -> "ImplementationSpecific"']


@pytest.mark.parametrize("path", ["/", "/a/b", "/.well-known/a_b-c", "/a~b%20c"])
def test_plain_path_stays(path: str) -> None:
    assert changes(ingress(path=path, kind="Exact")) == []


def test_pattern_of_another_controller_stays() -> None:
    assert changes(ingress(path="/a(.*)", ingressClassName="traefik")) == []


def test_pattern_that_nothing_reads_as_one_is_reported() -> None:
    problems = [one.problem for one in done(ingress(path="/a(.*)")).all_remarks()]
    assert any("as a regular expression only with an annotation" in one for one in problems)


def test_annotation_that_is_no_longer_read_gets_its_successor() -> None:
    body = ingress(annotations={f"{PREFIX}secure-backends": "true"})
    assert changes(body) == [
        f'metadata.annotations["{PREFIX}backend-protocol"]: null -> "HTTPS"',
        f'metadata.annotations["{PREFIX}secure-backends"]: "true" -> null',
    ]


@pytest.mark.parametrize(
    "text",
    [
        "rewrite ^(/dashboard)$ $1/ redirect;",
        "rewrite ^/dashboard$ /dashboard/ permanent;\n",
        'rewrite "^(/dashboard)$" $1/ redirect;',
    ],
)
def test_redirect_for_the_missing_slash_is_left_out_and_said(text: str) -> None:
    result = done(ingress(annotations={f"{PREFIX}configuration-snippet": text}))
    assert "annotations" not in result.objects()[0]["metadata"]
    assert "Use the address with a trailing slash" in [one.remedy for one in result.all_remarks()]


@pytest.mark.parametrize("name", ["configuration-snippet", "server-snippet", "auth-snippet", "modsecurity-snippet"])
@pytest.mark.parametrize("text", ["deny all;", "rewrite ^(/a)$ $1/ redirect; deny all;", "more_set_headers x;"])
def test_other_snippet_is_never_dropped(name: str, text: str) -> None:
    result = done(ingress(annotations={PREFIX + name: text}))
    assert [one.object for one in result.not_upgradable()] == ["Ingress a"]
    assert result.drafts[0].body["metadata"]["annotations"] == {PREFIX + name: text}


ADDRESS = {"type": "LoadBalancer", "loadBalancerIP": "192.0.2.1"}


@pytest.mark.parametrize(
    ("body", "annotations", "field"),
    [
        (service(**ADDRESS), {"metallb.io/loadBalancerIPs": "192.0.2.1"}, None),
        (
            service(annotations={"metallb.universe.tf/loadBalancerIPs": "192.0.2.2"}, **ADDRESS),
            {"metallb.io/loadBalancerIPs": "192.0.2.2"},
            None,
        ),
        (service(loadBalancerClass="other.example.org/lb", **ADDRESS), None, "192.0.2.1"),
        (service(type="ClusterIP", loadBalancerIP="192.0.2.1"), None, "192.0.2.1"),
        (
            service(annotations={"metallb.universe.tf/address-pool": "a", "metallb.io/address-pool": "b"}),
            {"metallb.io/address-pool": "b"},
            None,
        ),
    ],
)
def test_address_of_a_service(body: t.Any, annotations: t.Any, field: str | None) -> None:
    [found] = done(body).objects()
    assert (found["metadata"].get("annotations"), found["spec"].get("loadBalancerIP")) == (annotations, field)


def pool(kind: str = "IPAddressPool", labels: t.Any = None, **spec: t.Any) -> dict[str, t.Any]:
    metadata = {"name": "a", "namespace": "metallb-system"} | ({"labels": labels} if labels else {})
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("advertisement", "announced"),
    [
        (pool("L2Advertisement"), True),
        (pool("BGPAdvertisement", ipAddressPools=["a"]), True),
        (pool("L2Advertisement", ipAddressPools=["b"]), False),
        (pool("L2Advertisement", ipAddressPoolSelectors=[{"matchLabels": {"x": "y"}}]), True),
        (pool("L2Advertisement", ipAddressPoolSelectors=[{"matchLabels": {"x": "z"}}]), False),
        (pool("L2Advertisement") | {"metadata": {"name": "a", "namespace": "other"}}, False),
    ],
)
def test_pool_is_announced_unless_it_is_already(advertisement: t.Any, announced: bool) -> None:
    result = done(pool(labels={"x": "y"}, addresses=[]), advertisement)
    added = [one for one in support.changes(result) if one == "added: L2Advertisement metallb-system/a"]
    assert len(added) == (not announced)


def test_legacy_pool_becomes_a_pool_of_today() -> None:
    result = done(pool("AddressPool", protocol="layer2", addresses=["192.0.2.0/24"]))
    assert [one["kind"] for one in result.objects()] == ["IPAddressPool", "L2Advertisement"]
    assert result.objects()[0]["spec"] == {"addresses": ["192.0.2.0/24"]}
    assert done(pool("AddressPool", protocol="bgp", addresses=[])).objects() == []


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("address-pools: [{name: A_b, protocol: layer2}]", "The name of pool A_b is not a valid object name"),
        ("address-pools: [{name: a, protocol: layer2, cidr: []}]", "cidr of pool a cannot be converted"),
        ("address-pools: [text]", "An entry of address-pools is not a mapping"),
        ("address-pools:\n\t- x", "config of ConfigMap c, document 1, cannot be read as YAML"),
    ],
)
def test_part_of_a_config_map_without_equal_stays_and_is_reported(config: str, problem: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"config": config}}
    result = done(body)
    assert (result.objects(), result.drafts[0].body) == ([], body)
    assert result.not_upgradable()[0].problem.startswith(problem)


def workload(**spec: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}


def test_workload_without_any_label_is_reported() -> None:
    body = workload(template={"spec": {"containers": []}})
    result = done(body)
    assert [one.object for one in result.not_upgradable()] == ["Deployment a"]
    assert result.drafts[0].body == body


def hook(**fields: t.Any) -> dict[str, t.Any]:
    version = "admissionregistration.k8s.io/v1beta1"
    webhooks = [{"name": "a.example.org", "sideEffects": "None", **fields}]
    kind = "MutatingWebhookConfiguration"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "webhooks": webhooks}


def test_webhook_keeps_the_defaults_that_it_had() -> None:
    [found] = done(hook(timeoutSeconds=5)).objects()[0]["webhooks"]
    assert (found["failurePolicy"], found["matchPolicy"], found["timeoutSeconds"]) == ("Ignore", "Exact", 5)


@pytest.mark.parametrize("effects", [None, "Unknown", "Some"])
def test_webhook_with_unknown_side_effects_is_reported(effects: str | None) -> None:
    assert done(hook(sideEffects=effects)).objects() == []


def definition(schema: t.Any, **spec: t.Any) -> dict[str, t.Any]:
    spec = {"group": "example.org", "version": "v1", "validation": {"openAPIV3Schema": schema}} | spec
    version = "apiextensions.k8s.io/v1beta1"
    return {"apiVersion": version, "kind": "CustomResourceDefinition", "metadata": {"name": "a"}, "spec": spec}


def test_definition_keeps_unknown_fields_as_before() -> None:
    [version] = done(definition({"type": "object"})).objects()[0]["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize("schema", [{"properties": {"a": {}}}, {"type": "object", "properties": {"a": {"$ref": "#"}}}])
def test_definition_without_structural_schema_is_reported(schema: t.Any) -> None:
    assert "not structural" in done(definition(schema)).not_upgradable()[0].problem


@pytest.mark.parametrize(
    ("image", "gone"),
    [
        ("k8s.gcr.io/pause:3.1", True),
        ("gcr.io/google_containers/echoserver:1.4", True),
        ("metallb/speaker:v0.8.0", True),
        ("quay.io/metallb/speaker:v0.12.1", True),
        ("quay.io/metallb/speaker:v0.13.7", False),
        ("docker.io/bitnami/nginx:1.25", True),
        ("bitnamilegacy/nginx:1.25", False),
        ("registry.k8s.io/pause:3.10", False),
        ("example.org/k8s.gcr.io/a", False),
    ],
)
def test_image_that_is_gone_is_reported(image: str, gone: bool) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"image": image}]}}
    result = done(body)
    assert bool(result.all_remarks()) == gone
    assert result.objects() == [body]


def test_namespace_of_the_set_is_not_added() -> None:
    text = "{apiVersion: v1, kind: Namespace, metadata: {name: own}}"
    body = service() | {"metadata": {"name": "a", "namespace": "own"}}
    assert changes(body, yaml.safe_load(text)) == []
    assert [one["metadata"]["name"] for one in done(body).objects()] == ["own", "a"]


@pytest.mark.parametrize("namespace", ["default", "kube-system", "metallb-system", "ingress-nginx"])
def test_namespace_that_is_there_or_comes_with_a_component_is_not_added(namespace: str) -> None:
    assert changes(service() | {"metadata": {"name": "a", "namespace": namespace}}) == []


@pytest.mark.parametrize("body", [{"kind": "Service"}, {"apiVersion": "v1", "kind": "Service", "metadata": {}}])
def test_half_an_object_is_reported(body: t.Any) -> None:
    result = done(body, service())
    assert (len(result.not_upgradable()), len(result.objects())) == (1, 1)


def test_object_that_is_there_twice_is_reported() -> None:
    assert [one.problem for one in done(service(), service()).all_remarks()] == [
        "Service a is in this set twice, first in definition, entry 1, document 1"
    ]


def test_tab_is_named_with_its_line() -> None:
    [finding] = reading.from_text("a:\n  b: 1\n\tc: 2\n", "x.yml").findings
    assert "line 3" in finding.problem
    assert "tabs that indent line 3 " in finding.remedy
