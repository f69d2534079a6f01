# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Forms of input that the server gives back otherwise, and that are no change nevertheless.

What may be sent again each time, and why, stands in the table.
"""

from __future__ import annotations

import copy
import pathlib
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import cleaned

if t.TYPE_CHECKING:
    from .conftest import Cluster

FORMS: list[dict[str, t.Any]] = yaml.safe_load((pathlib.Path(__file__).parent / "cases" / "forms.yml").read_text())
FORMS_AT_LEAST = 40
SENT_AGAIN_AT_MOST = 5

SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "properties": {
        "fraction": {"type": "number"},
        "deep": {"type": "object", "properties": {"fraction": {"type": "number"}}},
        "text": {"type": "string"},
        "maybe": {"type": "string", "nullable": True},
        "preset": {"type": "string", "default": "a"},
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "a": {"type": "number"},
                    "b": {"type": "string", "default": "x"},
                    "c": {
                        "type": "object",
                        "properties": {
                            "d": {"type": "object", "properties": {"f": {"type": "integer", "default": 5}}},
                            "g": {"type": "string", "default": "z"},
                        },
                    },
                    "e": {"type": "string", "nullable": True},
                },
            },
        },
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "zone"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "zone": {"type": "string", "default": "here"}},
            },
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


def definition(group: str) -> dict[str, t.Any]:
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": SCHEMA}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def objects(group: str) -> dict[str, dict[str, t.Any]]:
    """An object of each form, by the name of the form."""
    return {form["name"]: _object(form, number, group) for number, form in enumerate(FORMS)}


def _object(form: dict[str, t.Any], number: int, group: str) -> dict[str, t.Any]:
    body = copy.deepcopy(form.get("body", {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"paused": True}}))
    if "custom" in form:
        body = {"apiVersion": f"{group}/v1", "kind": "Thing", "spec": form["custom"]}
    if body["kind"] in ("Deployment", "StatefulSet"):
        mount = {"volumes": [{"name": "v", "emptyDir": {}}]} if "volumeMounts" in form.get("container", {}) else {}
        container = {"name": "main", "image": "example.org/a:1", **form.get("container", {})}
        template = {
            "metadata": {"labels": {"a": "b"}},
            "spec": {**mount, "containers": [container], **form.get("pod", {})},
        }
        body["spec"] = {"selector": {"matchLabels": {"a": "b"}}, "template": template, "replicas": 0, **body["spec"]}
    return {**body, "metadata": {"name": f"form-{number}", **body.get("metadata", {})}}


def test_form_of_a_value_is_no_change(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.org"
    forms = objects(group)
    assert len(forms) >= FORMS_AT_LEAST
    assert set(cluster.apply(definition(group), *forms.values()).values()) == {"created"}
    sent = set()
    for name, body in forms.items():
        outcome = cluster.run(body, wait=False)
        assert outcome.error is None, name
        assert not outcome.changes.changed, (name, outcome.changes.dump())
        if outcome.stats.requests.keys() != {"GET"}:
            sent.add(name)
    allowed = {form["name"] for form in FORMS if "sent again" in form}
    assert sent == allowed
    assert len(allowed) <= SENT_AGAIN_AT_MOST


def test_form_of_a_value_is_no_drift_and_a_change_of_it_is(cluster: Cluster) -> None:
    """What is proved is proved of the value, not of its form."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "YWFh\n"}}
    cluster.apply(secret)
    assert cluster.apply(secret) == {"s": "unchanged"}
    assert cluster.apply({**secret, "data": {"a": "YWFi\n"}}) == {"s": "configured"}
    assert cluster.client.get(cluster.path("secrets", "s"))["data"] == {"a": "YWFi"}
    assert cleaned(secret)["data"] == {"a": "YWFh\n"}
