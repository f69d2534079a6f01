# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that would harm the cluster: what is named, and what a homework needs nevertheless."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._homework import hostile

PARTS = yaml.safe_load((pathlib.Path(__file__).parent / "parts.yml").read_text())
POD = yaml.safe_load(PARTS["pod"])


def body(kind: str, api: str = "v1", namespace: str = "default", **fields: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": namespace}, **fields}


def pod(**spec: t.Any) -> dict[str, t.Any]:
    changed = copy.deepcopy(POD)
    changed["spec"] |= spec
    return changed


def container(**fields: t.Any) -> dict[str, t.Any]:
    return {"name": "a", "image": "b", **fields}


RBAC = "rbac.authorization.k8s.io/v1"
DANGERS = {
    "privileged": [
        pod(containers=[container(securityContext={"privileged": True})]),
        pod(initContainers=[container(securityContext={"privileged": True})]),
        pod(containers=[container(securityContext={"procMount": "Unmasked"})]),
        body(
            "CronJob",
            "batch/v1",
            spec={
                "jobTemplate": {
                    "spec": {"template": {"spec": {"containers": [container(securityContext={"privileged": True})]}}}
                }
            },
        ),
    ],
    "host_path": [
        pod(volumes=[{"name": "a", "hostPath": {"path": "/"}}]),
        body(
            "Deployment",
            "apps/v1",
            spec={"template": {"spec": {"containers": [], "volumes": [{"name": "a", "hostPath": {"path": "/"}}]}}},
        ),
    ],
    "host_namespaces": [pod(hostNetwork=True), pod(hostPID=True), pod(hostIPC=True)],
    "host_port": [pod(containers=[container(ports=[{"containerPort": 80, "hostPort": 80}])])],
    "capabilities": [pod(containers=[container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})])],
    "cluster_rights": [
        body("ClusterRole", RBAC, rules=[]),
        body("ClusterRoleBinding", RBAC, roleRef={"kind": "ClusterRole", "name": "cluster-admin"}),
        body("RoleBinding", RBAC, roleRef={"kind": "ClusterRole", "name": "cluster-admin"}),
    ],
    "system_objects": [
        body("ConfigMap", namespace="kube-system", data={}),
        body("Service", namespace="kube-system", spec={"selector": {"component": "etcd"}}),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}},
        body("Role", RBAC, namespace="kube-public", rules=[]),
    ],
    "external_addresses": [
        body("Service", spec={"externalIPs": ["8.8.8.8"]}),
        body("IPAddressPool", "metallb.io/v1beta1", "metallb-system", spec={"addresses": ["8.8.8.0/24"]}),
        body("IPAddressPool", "metallb.io/v1beta1", "metallb-system", spec={"addresses": ["10.0.0.1-11.0.0.1"]}),
    ],
    "kinds": [
        body("APIService", "apiregistration.k8s.io/v1"),
        body("PersistentVolume", spec={"capacity": {}}),
        body("ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
        body("Application", "argoproj.io/v1alpha1"),
        body("EndpointSlice", "discovery.k8s.io/v1"),
    ],
    "replicas": [body("Deployment", "apps/v1", spec={"replicas": 1000})],
}


@pytest.mark.parametrize(("word", "dangerous"), [(word, one) for word, several in DANGERS.items() for one in several])
def test_danger_is_named_with_its_object_and_the_word_that_allows_it(word: str, dangerous: dict[str, t.Any]) -> None:
    found = hostile.dangers([dangerous])
    assert [one.word for one in found] == [word]
    assert dangerous["metadata"]["name"] in found[0].object
    assert dangerous["kind"] in found[0].object


def test_every_word_is_tried_and_has_a_text() -> None:
    assert hostile.WORDS.keys() == DANGERS.keys()


@pytest.mark.parametrize("name", list(PARTS))
def test_what_the_homework_needs_is_not_dangerous(name: str) -> None:
    assert hostile.dangers(yaml.safe_load_all(PARTS[name])) == []


def test_rights_within_a_namespace_are_not_dangerous() -> None:
    role = body("RoleBinding", RBAC, roleRef={"kind": "ClusterRole", "name": "view"})
    assert hostile.dangers([role, body("Role", RBAC, rules=[])]) == []


def test_manifests_of_the_components_are_not_applied() -> None:
    components = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "metallb-system"}},
        body("DaemonSet", "apps/v1", namespace="metallb-system"),
        {"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": "metallb-system:speaker"}},
        {
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "nginx-ingress-clusterrole-nisa-binding"},
        },
        body("Deployment", "apps/v1", namespace="ingress-nginx"),
    ]
    assert all(hostile.is_component(one) for one in components)


@pytest.mark.parametrize("name", [name for name in PARTS if name != "config"])
def test_parts_of_the_homework_are_applied(name: str) -> None:
    assert not any(hostile.is_component(one) for one in yaml.safe_load_all(PARTS[name]))


def test_rights_of_a_learner_do_not_become_a_component_by_their_place() -> None:
    admin = body(
        "ClusterRoleBinding", RBAC, namespace="metallb-system", roleRef={"kind": "ClusterRole", "name": "cluster-admin"}
    )
    assert not hostile.is_component(admin) or hostile.dangers([admin])
