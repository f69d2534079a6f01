# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import guards
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref, Resource


def item(api_version: str, kind: str, name: str, namespace: str = "op", **body: t.Any) -> Item:
    metadata = {"name": name, "namespace": namespace, **body.pop("metadata", {})}
    resource = Resource(api_version, kind, f"{kind.lower()}s", bool(namespace))
    whole = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
    return Item(Ref(kind, namespace, name, api_version), whole, resource, "here")


def hook(**more: t.Any) -> Item:
    rule = {"apiGroups": ["example.org"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["foos"]}
    service = {"name": "hooks", "namespace": "op"}
    webhook = {"name": "a", "clientConfig": {"service": service}, "rules": [rule | more.pop("rule", {})], **more}
    api = "admissionregistration.k8s.io/v1"
    return item(api, "ValidatingWebhookConfiguration", "guard", "", webhooks=[webhook])


FOO = item("example.org/v1", "Foo", "first", metadata={"labels": {"a": "b"}})
SPACE = item("v1", "Namespace", "op", "", metadata={"labels": {"team": "blue"}})


@pytest.mark.parametrize(
    ("webhook", "guarded"),
    [
        (hook(), True),
        (hook(rule={"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}), True),
        (hook(rule={"resources": ["*/*"]}), True),
        (hook(rule={"operations": ["UPDATE", "DELETE"]}), True),
        (hook(rule={"operations": ["DELETE"]}), False),
        (hook(rule={"operations": None}), False),
        (hook(rule={"apiGroups": ["other.org"]}), False),
        (hook(rule={"apiVersions": ["v2"]}), False),
        (hook(rule={"resources": ["bars"]}), False),
        (hook(rule={"resources": ["foos/status"]}), False),
        (hook(failurePolicy="Ignore"), False),
        (hook(failurePolicy="Fail"), True),
        (hook(objectSelector={"matchLabels": {"a": "b"}}), True),
        (hook(objectSelector={"matchLabels": {"a": "c"}}), False),
        (hook(objectSelector={"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}), False),
        (hook(namespaceSelector={"matchLabels": {"team": "blue"}}), True),
        (hook(namespaceSelector={"matchLabels": {"team": "red"}}), False),
        (hook(namespaceSelector={"matchExpressions": [{"key": "x", "operator": "Exists"}]}), False),
        (hook(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "op"}}), True),
        (
            hook(
                namespaceSelector={
                    "matchExpressions": [
                        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["op", "kube-system"]}
                    ]
                }
            ),
            False,
        ),
    ],
)
def test_object_is_guarded_by_a_webhook_that_must_accept_it(webhook: Item, guarded: bool) -> None:
    assert bool(guards.guarding(FOO, [SPACE, FOO, webhook])) is guarded


def test_labels_of_a_namespace_that_is_not_in_the_set_may_be_any() -> None:
    webhook = hook(namespaceSelector={"matchLabels": {"team": "red"}})
    assert guards.guarding(FOO, [FOO, webhook])
    elsewhere = hook(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}})
    assert not guards.guarding(FOO, [FOO, elsewhere])


def test_what_answers_for_a_webhook_is_behind_its_service() -> None:
    service = item("v1", "Service", "hooks", spec={"selector": {"app": "manager"}})
    template = {"metadata": {"labels": {"app": "manager", "tier": "control"}}}
    manager = item("apps/v1", "Deployment", "manager", spec={"template": template})
    other = item("apps/v1", "Deployment", "other", spec={"template": {"metadata": {"labels": {"app": "other"}}}})
    elsewhere = item("apps/v1", "Deployment", "manager", "elsewhere", spec={"template": template})
    items = [service, manager, other, elsewhere, hook()]
    assert guards.answering(guards.guarding(FOO, items), items) == [manager]
    assert guards.answering(guards.guarding(FOO, items), [manager, other]) == []
    assert guards.answering([{"clientConfig": {"url": "https://example.org/"}}], items) == []
