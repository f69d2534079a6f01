# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import dryrun
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options

if t.TYPE_CHECKING:
    from .conftest import Cluster, Webhook

CHECK = Options(check=True)


def definition(group: str) -> dict[str, t.Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"pools.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Pool", "plural": "pools"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }


def pool(group: str) -> dict[str, t.Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Pool", "metadata": {"name": "first"}}


def guard(webhook: Webhook, group: str, **more: t.Any) -> dict[str, t.Any]:
    ca_bundle = base64.b64encode(webhook.certificate).decode()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": group},
        "webhooks": [
            {
                "name": f"pools.{group}",
                "clientConfig": {"url": webhook.url, "caBundle": ca_bundle},
                "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pools"]}],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2,
                **more,
            }
        ],
    }


def test_webhook_that_wakes_up_is_waited_for(cluster: Cluster, webhook: Webhook) -> None:
    group = f"{cluster.namespace}.example.org"
    threading.Timer(2, webhook.wake_up).start()
    objects = pool(group), guard(webhook, group), definition(group)
    assert set(cluster.apply(*objects, wait=True).values()) == {"created"}
    assert set(cluster.apply(*objects).values()) == {"unchanged"}


def test_webhook_that_sleeps_on_is_named_when_the_time_is_up(cluster: Cluster, webhook: Webhook) -> None:
    group = f"{cluster.namespace}.example.org"
    text = cluster.refusal(pool(group), guard(webhook, group), definition(group), wait_timeout=3)
    for part in (
        f"Pool {cluster.namespace}/first",
        "has not answered for",
        f"webhook pools.{group}",
        "connection refused",
    ):
        assert part in text


def test_webhook_that_refuses_is_not_asked_again(cluster: Cluster, webhook: Webhook) -> None:
    group = f"{cluster.namespace}.example.org"
    webhook.wake_up()
    webhook.verdict = False
    cluster.apply(guard(webhook, group), definition(group))
    outcome = cluster.run(pool(group), wait_timeout=30)
    assert f"was refused by webhook pools.{group}" in str(outcome.error)
    assert "pools are not what I like" in str(outcome.error)
    assert outcome.seconds < 5


def test_webhook_that_sleeps_makes_a_prediction_uncertain_not_wrong(
    cluster: Cluster, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dryrun, "CHECK_SECONDS", 1)
    group = f"{cluster.namespace}.example.org"
    cluster.apply(guard(webhook, group), definition(group))
    outcome = cluster.run(pool(group), options=CHECK)
    assert outcome.error is None
    (entry,) = outcome.changes.entries
    assert entry.action.value == "created"
    assert entry.reason.startswith("cannot be predicted: ")


@pytest.mark.parametrize("wakes_up", [True, False])
def test_webhook_is_waited_for_when_an_object_is_to_go(cluster: Cluster, webhook: Webhook, wakes_up: bool) -> None:
    group = f"{cluster.namespace}.example.org"
    cluster.apply(pool(group), definition(group))
    cluster.apply(guard(webhook, group))
    if wakes_up:
        threading.Timer(1.5, webhook.wake_up).start()
    outcome = cluster.run(pool(group), present=False, wait_timeout=10 if wakes_up else 2)
    if wakes_up:
        assert outcome.changes.summary() == "1 object: 1 deleted"
    else:
        assert f"The webhook that guards Pool {cluster.namespace}/first" in str(outcome.error)


def test_what_answers_for_a_webhook_is_waited_for_and_told_before_what_it_guards_is_sent(
    cluster: Cluster, webhook: Webhook
) -> None:
    group = f"{cluster.namespace}.example.org"
    labels = {"app": "manager"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    manager = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "manager"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    spec = {"selector": labels, "ports": [{"port": 443}]}
    hooks = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hooks"}, "spec": spec}
    place = {"service": {"name": "hooks", "namespace": cluster.namespace}}
    objects = definition(group), manager, hooks, guard(webhook, group, clientConfig=place), pool(group)
    outcome = cluster.run(*objects, wait_timeout=4)
    assert f"Deployment {cluster.namespace}/manager is not ready after" in str(outcome.error)
    assert "webhook" not in str(outcome.error)
    assert outcome.changes.summary() == "4 objects: 4 created"
    assert cluster.client.list(cluster.path("pools", api=f"apis/{group}/v1")) == []
