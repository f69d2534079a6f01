# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import (
    ApiError,
    is_too_large,
    is_webhook_unavailable,
    is_worth_a_retry,
    missing_right,
)
from ansible_collections.kuber.network.plugins.module_utils._kube import rejections
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref

BODY = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}}
ITEM = Item(Ref.of(BODY), BODY, None, "set.yml, document 1")


def error(status: int, message: str, **more: t.Any) -> ApiError:
    body = {"kind": "Status", "code": status, "message": message, **more}
    answer = urllib3.HTTPResponse(json.dumps(body).encode(), status=status, preload_content=True)
    return ApiError(method="PATCH", path="/x", context="here", answer=answer)


def said(given: ApiError) -> str:
    return str(rejections.explain(ITEM, given, seconds=7))


CALL = (
    'Internal error occurred: failed calling webhook "{}": failed to call webhook: Post "https://{}:443/validate": {}'
)


@pytest.mark.parametrize(
    ("name", "host", "cause", "asleep"),
    [
        ("v.example.org", "hook.op.svc", "dial tcp 10.96.0.7:443: connect: connection refused", True),
        ("v.example.org", "hook.op.svc", "EOF", True),
        ("v.example.org", "hook.op.svc", "x509: certificate signed by unknown authority", True),
        ("v.example.org", "hook.op.svc", "service unavailable", True),
        # The names of what is called say nothing of its state.
        ("geofence.example.org", "tls.geofence.svc", "expected response.kind=AdmissionReview", False),
        ("eof.example.org", "connection-refused.op.svc", "invalid response", False),
    ],
)
def test_webhook_is_asleep_by_the_cause_and_not_by_its_name(name: str, host: str, cause: str, asleep: bool) -> None:
    assert is_webhook_unavailable(error(500, CALL.format(name, host, cause), reason="InternalError")) is asleep


@pytest.mark.parametrize(
    ("message", "passes"),
    [
        ("etcdserver: leader changed", True),
        ("context deadline exceeded", True),
        ("read tcp 127.0.0.1:4->127.0.0.1:2379: read: connection reset by peer", True),
        ("Internal error occurred: rpc error: code = Unavailable desc = etcdserver: request timed out", True),
        ("Internal error occurred: etcdserver: request is too large", False),
        ("failed to create typed patch object (a/timeout; v1, Kind=X): .eof: timed out", False),
        ('unknown field "spec.timeout"', False),
        ("the timeout of pod connection-refused is not valid", False),
        ("something is wrong inside", False),
    ],
)
def test_error_inside_the_server_passes_by_its_cause_and_not_by_words_of_the_user(message: str, passes: bool) -> None:
    given = error(500, message)
    assert is_worth_a_retry(given) is passes
    assert ("busy or restarting" in said(given)) is passes


def test_missing_namespace_is_told_by_the_details() -> None:
    given = error(404, "whatever", reason="NotFound", details={"kind": "namespaces", "name": "shop"})
    assert said(given).startswith("Namespace shop does not exist, which ConfigMap shop/c (set.yml, document 1) needs.")
    other = error(404, 'deployments "namespaces" not found', details={"kind": "deployments", "name": "namespaces"})
    assert "Namespace" not in said(other)


FORBIDDEN = 'configmaps "c" is forbidden: '


@pytest.mark.parametrize(
    ("message", "user", "advised"),
    [
        ('User "me" cannot patch resource "configmaps" in API group "" in the namespace "shop"', "me", True),
        ('user "me" (groups=["x"]) is attempting to grant RBAC permissions not currently held', "", True),
        ("exceeded quota: small, requested: count/configmaps=1", None, False),
        ('violates PodSecurity "restricted:latest": runAsNonRoot != true', None, False),
        ("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", None, False),
    ],
)
def test_permission_is_only_advised_where_one_is_missing(message: str, user: str | None, advised: bool) -> None:
    given = error(403, FORBIDDEN + message, reason="Forbidden", details={"name": "c", "kind": "configmaps"})
    assert missing_right(given) == user
    assert ("this permission" in said(given)) is advised


def test_namespace_that_is_going_is_told_by_the_cause() -> None:
    causes = [{"reason": "NamespaceTerminating", "message": "namespace shop is being terminated"}]
    text = said(error(403, FORBIDDEN + "it is being terminated", details={"causes": causes}))
    assert "cannot be created: Namespace shop is being deleted" in text
    assert "permission" not in text


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "etcdserver: request is too large"),
        (500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)"),
        (413, "Request entity too large: limit is 3145728"),
    ],
)
def test_what_is_too_large_is_told_with_its_size(status: int, message: str) -> None:
    given = error(status, message)
    assert is_too_large(given)
    assert not is_worth_a_retry(given)
    assert "is too large for the API server of context here; wanted: at most 1.5 MiB" in said(given)


@pytest.mark.parametrize("details", [None, "x", {"causes": None}, {"causes": "x"}, {"causes": [None, "x", {}]}])
def test_details_of_any_form_are_read(details: t.Any) -> None:
    given = error(409, "conflict", reason="Conflict", details=details)
    assert rejections.is_outdated(given)
    assert rejections.fields(given) == []
    given.rephrase(str.upper)
    assert given.message == "CONFLICT"


def test_credentials_that_were_not_sent_are_not_to_be_renewed() -> None:
    answer = urllib3.HTTPResponse(b"{}", status=401)
    text = str(ApiError(method="GET", path="/x", context="here", answer=answer, encrypted=False))
    assert "https only" in text
    assert "renew" not in text
