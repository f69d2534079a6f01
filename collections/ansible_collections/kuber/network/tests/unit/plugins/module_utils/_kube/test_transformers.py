# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import lint, transformers
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import (
    INJECTED,
    Document,
    cleaned,
    containers,
    from_definition,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Image, Patch, Target

CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=12,
)


def deployment(*images: str, init: str = "busybox:1") -> dict[str, t.Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "template": {
                "spec": {
                    "initContainers": [{"name": "init", "image": init}],
                    "containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)],
                }
            }
        },
    }


def images_of(documents: t.Iterable[Document]) -> list[str]:
    return [one["image"] for document in documents for one in containers(document.body)]


@pytest.mark.parametrize(
    ("image", "change", "expected"),
    [
        ("nginx", {"new_tag": "1.29"}, "nginx:1.29"),
        ("nginx:1.27", {"new_tag": "1.29"}, "nginx:1.29"),
        ("nginx:1.27", {"new_name": "mirror:5000/nginx"}, "mirror:5000/nginx:1.27"),
        ("nginx:1.27@sha256:aa", {"new_name": "other"}, "other:1.27@sha256:aa"),
        ("nginx:1.27@sha256:aa", {"digest": ""}, "nginx:1.27"),
        ("nginx@sha256:aa", {"digest": ""}, "nginx"),
        ("nginx:1.27@sha256:aa", {"new_tag": "1.29"}, "nginx:1.29"),
        ("nginx:1.27", {"digest": "sha256:bb"}, "nginx@sha256:bb"),
        ("nginx:1.27", {"digest": "sha256:bb", "new_tag": "2"}, "nginx:2@sha256:bb"),
        ("nginx:1.27@sha256:aa", {"new_name": "x", "new_tag": "2", "digest": ""}, "x:2"),
    ],
)
def test_image_is_renamed_as_in_a_kustomization(image: str, change: dict[str, str], expected: str) -> None:
    assert Image("nginx", **change).applied_to(image) == expected


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("localhost:5000/a/b", "localhost:5000/a/b"),
        ("localhost:5000/a/b", "localhost:5000/a/b:v1"),
        ("registry.k8s.io/x", "registry.k8s.io/x:v1@sha256:aa"),
    ],
)
def test_port_of_a_registry_is_no_tag(name: str, image: str) -> None:
    assert Image(name, new_tag="2").applied_to(image) == f"{name}:2"


@pytest.mark.parametrize("image", ["nginx-extra:1", "library/nginx:1", "nginx.example.org/x", "xnginx"])
def test_other_images_are_left_alone(image: str) -> None:
    assert Image("nginx", new_tag="2").applied_to(image) is None


def test_images_of_all_containers_are_renamed_and_the_given_set_is_not_touched() -> None:
    documents = from_definition([deployment("nginx:1", "redis:7", init="nginx:1")])
    changed = transformers.rename_images(documents, [Image("nginx", new_tag="2")])
    assert images_of(changed) == ["nginx:2", "nginx:2", "redis:7"]
    assert images_of(documents) == ["nginx:1", "nginx:1", "redis:7"]


def test_image_that_is_nowhere_is_refused_with_those_that_are_there() -> None:
    documents = from_definition([deployment("nginx:1")])
    with pytest.raises(KuberError, match=r"image ngnix.*found: busybox:1, nginx:1"):
        transformers.rename_images(documents, [Image("ngnix", new_tag="2")])


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    # The table of RFC 7386, appendix A.
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_the_standard_says(target: t.Any, patch: t.Any, expected: t.Any) -> None:
    assert transformers.merged(target, patch) == expected


@given(JSON, JSON)
def test_second_application_of_a_patch_changes_nothing(value: t.Any, patch: t.Any) -> None:
    once = transformers.merged(value, patch)
    assert transformers.merged(once, patch) == once


def test_patches_are_applied_in_their_order_to_the_object_they_name() -> None:
    documents = from_definition([deployment("nginx:1"), {**deployment("a"), "metadata": {"name": "other"}}])
    target = Target("Deployment", "web", "shop")
    patched = transformers.patch(
        documents, [Patch(target, {"spec": {"replicas": 1, "x": 1}}), Patch(target, {"spec": {"x": None}})]
    )
    assert [one.body["spec"].get("replicas") for one in patched] == [1, None]
    assert "x" not in patched[0].body["spec"]
    assert "replicas" not in documents[0].body["spec"]


@pytest.mark.parametrize(
    "target", [Target("Deployment", "wbe"), Target("Service", "web"), Target("Deployment", "web", "other")]
)
@pytest.mark.parametrize("option", ["patches", "exclude"])
def test_edit_that_matches_nothing_is_refused(target: Target, option: str) -> None:
    documents = from_definition([deployment("nginx:1")])
    with pytest.raises(KuberError, match=f"option {option} names {target}, which is not in the set"):
        transformers.patch(documents, [Patch(target, {})]) if option == "patches" else transformers.leave_out(
            documents, [target]
        )


def test_a_json_patch_adds_to_a_list_and_says_where_it_does_not_fit() -> None:
    documents = from_definition([deployment("nginx:1")])
    target = Target("Deployment", "web", "shop")
    add = {"op": "add", "path": "/spec/template/spec/containers/0/args", "value": ["--debug"]}
    patched = transformers.patch(documents, [Patch(target, operations=(add,))])
    assert patched[0].body["spec"]["template"]["spec"]["containers"][0]["args"] == ["--debug"]
    wrong = {"op": "remove", "path": "/spec/template/spec/containers/1"}
    with pytest.raises(
        KuberError, match=r"does not fit .*web.*containers/1, which is not in the object; found: 1 entries"
    ):
        transformers.patch(documents, [Patch(target, operations=(wrong,))])


def test_excluded_objects_are_gone() -> None:
    documents = from_definition([deployment("a"), {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}])
    assert [one.ref.kind for one in transformers.leave_out(documents, [Target("Deployment", "web")])] == ["Service"]


def webhook(certificate: str | None) -> dict[str, t.Any]:
    configuration = {} if certificate is None else {"caBundle": certificate}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "x"},
        "webhooks": [{"name": "a", "clientConfig": {"service": {}, **configuration}}],
    }


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (None, False),
        ("", False),
        ("Cg==", False),
        (base64.b64encode(b"placeholder").decode(), False),
        (base64.b64encode(b"-----BEGIN RSA PRIVATE KEY-----").decode(), False),
        (base64.b64encode(b"-----BEGIN").decode(), False),
        (CERTIFICATE, True),
    ],
)
def test_only_a_real_certificate_of_a_webhook_is_kept(given_: str | None, kept: bool) -> None:
    client_config = cleaned(webhook(given_))["webhooks"][0]["clientConfig"]
    assert ("caBundle" in client_config) is kept


@pytest.mark.parametrize("annotation", INJECTED)
def test_certificate_that_a_controller_injects_is_left_to_it(annotation: str) -> None:
    configuration = webhook(CERTIFICATE)
    configuration["metadata"]["annotations"] = {annotation: "x/y"}
    assert "caBundle" not in cleaned(configuration)["webhooks"][0]["clientConfig"]


@pytest.mark.parametrize(("certificate", "kept"), [("", False), ("Cg==", False), (None, False), (CERTIFICATE, True)])
def test_only_a_real_certificate_of_an_api_service_is_kept(certificate: str | None, kept: bool) -> None:
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1.x"},
        "spec": {"group": "x", "caBundle": certificate},
    }
    assert ("caBundle" in cleaned(service)["spec"]) is kept


def cluster_role(**more: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, **more}


def test_rules_are_left_out_beside_an_aggregation_rule_only() -> None:
    rule = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    assert "rules" not in cleaned(cluster_role(rules=[], aggregationRule=rule))
    assert cleaned(cluster_role(rules=rules, aggregationRule=None))["rules"] == rules
    assert cleaned(cluster_role(rules=[]))["rules"] == []
    documents = from_definition([cluster_role(rules=rules, aggregationRule=rule)])
    assert ["ClusterRole r (definition, entry 1) has rules" in one for one in lint.warnings(documents)] == [True]
    assert not lint.warnings(from_definition([cluster_role(rules=rules)]))


def test_notes_of_controllers_are_not_owned() -> None:
    body = deployment("a")
    body["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3", "example.org/a": "b"}
    assert cleaned(body)["metadata"]["annotations"] == {"example.org/a": "b"}
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    assert "annotations" not in cleaned(body)["metadata"]


def test_what_others_write_is_not_owned() -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "x", "creationTimestamp": None, "resourceVersion": "5", "uid": "u", "labels": {"a": "b"}},
        "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": CERTIFICATE, "service": {"name": "s"}}}}},
        "status": {"conditions": []},
    }
    assert cleaned(definition) == {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": {"conversion": {"webhook": {"clientConfig": {"service": {"name": "s"}}}}},
    }


def test_empty_date_of_a_pod_template_is_dropped() -> None:
    body = deployment("a")
    body["spec"]["template"]["metadata"] = {"creationTimestamp": None, "labels": {"a": "b"}}
    assert cleaned(body)["spec"]["template"]["metadata"] == {"labels": {"a": "b"}}


def test_texts_of_a_secret_become_data() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"a": "b2xk", "b": "Yg=="},
        "stringData": {"a": "new"},
    }
    assert cleaned(secret)["data"] == {"a": base64.b64encode(b"new").decode(), "b": "Yg=="}
    assert "stringData" not in cleaned(secret)
