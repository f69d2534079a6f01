# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.redact import Redactor

if t.TYPE_CHECKING:
    from .conftest import Cluster, Webhook


def secret(**fields: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque", **fields}


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("body", "text", "expected"),
    [
        (secret(stringData={"a": "hush-hush"}), "it is hush-hush!", "it is ***!"),
        (secret(stringData={"a": "hush-hush"}), f"it is {coded('hush-hush')}", "it is ***"),
        (secret(data={"a": coded("hush-hush")}), f"{coded('hush-hush')}: hush-hush", "***: ***"),
        (secret(data={"a": coded("hush\nhush")}), r'"hush\nhush"', '"***"'),
        (secret(stringData={"a": "one line\nanother"}), "in another, in one line", "in ***, in ***"),
        (secret(stringdata={"a": "hush-hush"}), "hush-hush", "***"),
        (secret(stringdata={"pin": 73500, "on": True}), "found 73500, true", "found ***, true"),
        # What is short stands in other words by chance.
        (secret(stringData={"pin": "42"}), "42, 142, a42", "***, 142, a42"),
        (secret(stringData={"a": "long-secret", "b": "long-secret-two"}), "long-secret-two", "***"),
        (secret(stringData={"a": "", "b": " "}), "a b", "a b"),
        (secret(), "Secret s of type Opaque", "Secret s of type Opaque"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "public"}}, "public", "public"),
    ],
)
def test_values_are_hidden_however_they_are_written(body: dict[str, t.Any], text: str, expected: str) -> None:
    assert Redactor([body])(text) == expected


def test_what_the_server_quotes_when_it_refuses_is_hidden(cluster: Cluster) -> None:
    text = cluster.refusal(secret(data={"a": "no base64: hush-hush"}))
    assert "Secret" in text
    assert "hush" not in text
    body = secret(type="kubernetes.io/dockerconfigjson", stringData={".dockerconfigjson": "hush-hush"})
    text = cluster.refusal(body)
    assert "was refused" in text
    assert "hush" not in text
    assert coded("hush-hush") not in text


def test_what_a_webhook_quotes_when_it_refuses_is_hidden(cluster: Cluster, webhook: Webhook) -> None:
    webhook.wake_up()
    webhook.verdict = False
    webhook.reason = f"the value hush-hush ({coded('hush-hush')}) is too simple"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["secrets"]}
    guard = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": cluster.namespace},
        "webhooks": [
            {
                "name": f"secrets.{cluster.namespace}.example.org",
                "clientConfig": {"url": webhook.url, "caBundle": base64.b64encode(webhook.certificate).decode()},
                "rules": [rule],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    cluster.apply(guard)
    text = cluster.refusal(secret(stringData={"a": "hush-hush"}))
    assert "the value *** (***) is too simple" in text
