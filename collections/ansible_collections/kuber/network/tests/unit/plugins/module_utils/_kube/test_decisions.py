# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is decided in which case, without any server."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import (
    FEW,
    Answer,
    Decision,
    Fact,
    Options,
    Seen,
    decide,
    deletions,
    facts,
    questions,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import WELL_KNOWN
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref
from ansible_collections.kuber.network.plugins.module_utils._kube.rejections import UnchangeableError
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target

from .test_rejections import error

Body = dict[str, t.Any]
RBAC = "rbac.authorization.k8s.io/v1"
ACCOUNT = "system:serviceaccount:x:robot"
ASLEEP = error(
    500,
    'failed calling webhook "w": failed to call webhook: Post "https://w.x.svc:443/": connection refused',
    reason="InternalError",
)
FROZEN = error(
    422, "is invalid", reason="Invalid", details={"causes": [{"field": "data", "message": "field is immutable"}]}
)
FORBIDDEN = error(403, f'pods is forbidden: User "{ACCOUNT}" cannot create resource "pods" in API group ""')
NO_SPACE = error(404, 'namespaces "x" not found', reason="NotFound", details={"kind": "namespaces", "name": "x"})
QUOTA = error(403, 'pods "a" is forbidden: exceeded quota: q', reason="Forbidden")


def item(kind: str, name: str, namespace: str = "x", api_version: str = "v1", **body: t.Any) -> Item:
    resource = WELL_KNOWN[api_version, kind]
    namespace = namespace if resource.namespaced else ""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | body.pop("metadata", {})
    whole = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
    return Item(Ref(kind, namespace, name, api_version), whole, resource, "here")


def live(wanted: Item, *, leaving: bool = False, **more: t.Any) -> Body:
    metadata = {**wanted.body["metadata"], "uid": f"uid-of-{wanted.ref.name}", "resourceVersion": "7"}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {**wanted.body, "metadata": metadata | more.pop("metadata", {}), **more}


def known(*pairs: tuple[Item, Body | None], **options: t.Any) -> list[Fact]:
    return facts([pair[0] for pair in pairs], Seen({one.ref: body for one, body in pairs}, {}), Options(**options))


def decided(*found: Fact, **options: t.Any) -> list[Decision]:
    return decide(found, Options(**options))


def rejected(wanted: Item, rejection: ApiError, body: Body | None = None, **answer: t.Any) -> Fact:
    (fact,) = known((wanted, body))
    return dataclasses.replace(fact, answer=Answer(rejection=rejection, migration=Migration(body), **answer))


MAP = item("ConfigMap", "a", data={"k": "1"})


def test_one_new_object_is_not_asked_about_but_two_are() -> None:
    other = item("Secret", "b")
    alone, both = known((MAP, None)), known((MAP, None), (other, None))
    assert questions(alone, Options()) == []
    assert questions(alone, Options(check=True)) == alone
    assert questions(both, Options()) == both


def test_object_that_is_there_is_asked_about_alone() -> None:
    (fact,) = known((MAP, live(MAP)))
    assert questions([fact], Options()) == [fact]


def test_of_many_new_objects_one_of_each_form_is_asked_about() -> None:
    many = [item("ConfigMap", f"m{number}", data={"k": str(number)}) for number in range(FEW)]
    few = known(*((one, None) for one in many))
    assert len(questions(few, Options())) == FEW
    more = known(*((one, None) for one in [*many, item("ConfigMap", "other", data={"k": "1", "l": "2"})]))
    assert [len(fact.item.body["data"]) for fact in questions(more, Options())] == [1, 2]
    assert len(questions(more, Options(check=True))) == FEW + 1


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_asked_about_what_is_left_alone_or_is_on_its_way_out(check: bool) -> None:
    skip = {"annotations": {"kuber.network/reconcile": "skip"}}
    skipped = item("ConfigMap", "skipped", metadata=skip)
    leaving, marked = item("ConfigMap", "leaving"), item("ConfigMap", "marked")
    new = item("ConfigMap", "new")
    found = known((skipped, None), (leaving, live(leaving, leaving=True)), (marked, live(marked, metadata=skip)))
    assert questions(found, Options(check=check)) == []
    found = known((MAP, live(MAP)), (new, None))
    asked = questions(found, Options(check=check, may_create=False))
    assert [fact.item.ref.name for fact in asked] == ["a"]
    asked = questions(found, Options(check=True, may_change=False))
    assert [fact.item.ref.name for fact in asked] == ["new"]


@pytest.mark.parametrize(
    ("body", "options", "why"),
    [
        (None, {"may_create": False}, "is not there, and state=patched creates nothing"),
        (live(MAP), {"may_change": False}, "is there already, and existing=keep changes nothing"),
        (
            live(MAP, metadata={"annotations": {"kuber.network/reconcile": "skip"}}),
            {},
            "has the annotation kuber.network/reconcile=skip, and is left alone",
        ),
    ],
)
def test_what_is_left_alone_is_unchanged_and_says_why(body: Body | None, options: Body, why: str) -> None:
    (decision,) = decided(*known((MAP, body), **options), **options)
    assert (decision.action.value, decision.entry.reason, decision.send) == ("unchanged", why, ())
    assert decision.entry.after == body


def test_annotation_with_another_value_keeps_no_run_from_an_object() -> None:
    wanted = item("ConfigMap", "a", metadata={"annotations": {"kuber.network/reconcile": "no"}})
    (decision,) = decided(*known((wanted, None)))
    assert decision.action.value == "created"


def test_new_object_is_applied_with_force_or_without() -> None:
    for force in (True, False):
        (decision,) = decided(*known((MAP, None)), force=force, field_manager="me")
        (request,) = decision.send
        assert (request.method, request.content_type) == ("PATCH", "application/apply-patch+yaml")
        assert request.path == "/api/v1/namespaces/x/configmaps/a"
        assert request.query == {"fieldManager": "me", "fieldValidation": "Strict", "force": force}
        assert request.body == MAP.body
        assert decision.vacate is None


def test_object_that_is_being_deleted_is_made_again_when_it_is_gone() -> None:
    old = live(MAP, leaving=True)
    (decision,) = decided(*known((MAP, old)))
    assert (decision.action.value, decision.entry.reason) == (
        "created",
        "it is being deleted, and would be created again",
    )
    assert decision.vacate == old


def test_answer_that_shows_no_change_is_not_sent() -> None:
    body = live(MAP)
    (fact,) = known((MAP, body))
    same = dataclasses.replace(fact, answer=Answer(after=body, migration=Migration(body)))
    (decision,) = decided(same)
    assert (decision.action.value, decision.send) == ("unchanged", ())
    # What a kind that changes makes of it is not known yet.
    (decision,) = decided(dataclasses.replace(same, unsettled=True))
    assert len(decision.send) == 1


def test_webhook_that_is_not_there_yet_keeps_nothing_from_being_sent() -> None:
    (decision,) = decided(rejected(MAP, ASLEEP))
    assert decision.error is None
    assert decision.entry.reason.startswith("cannot be predicted: failed calling webhook")
    assert len(decision.send) == 1


def test_change_that_is_refused_is_an_error_unless_the_object_may_be_replaced() -> None:
    body = live(MAP)
    fact = rejected(MAP, FROZEN, body, replaceable=True)
    (decision,) = decided(fact)
    assert isinstance(decision.error, UnchangeableError)
    assert (decision.certain, decision.send) == (False, ())
    for target in (Target("ConfigMap", "a"), Target("ConfigMap", None)):
        (decision,) = decided(fact, recreate=(target,))
        assert (decision.action.value, decision.error) == ("recreated", None)
        assert decision.entry.reason == "data cannot be changed in place"
        assert [one.method for one in decision.send] == ["DELETE", "PATCH"]
        assert decision.send[0].body["preconditions"] == {"uid": "uid-of-a"}  # type: ignore[call-overload]
        assert decision.vacate == body
    (decision,) = decided(fact, recreate=(Target("ConfigMap", "b"),))
    assert decision.error is not None


def test_object_that_would_be_refused_as_a_new_one_is_not_replaced() -> None:
    (decision,) = decided(rejected(MAP, FROZEN, live(MAP)), recreate=(Target("ConfigMap", "a"),))
    assert decision.error is not None
    assert not isinstance(decision.error, UnchangeableError)
    assert decision.certain


def test_claim_is_replaced_only_if_it_is_named() -> None:
    claim = item("PersistentVolumeClaim", "c", spec={})
    fact = rejected(claim, FROZEN, live(claim), replaceable=True)
    (decision,) = decided(fact, recreate=(Target("PersistentVolumeClaim", None),))
    assert isinstance(decision.error, UnchangeableError)
    (decision,) = decided(fact, recreate=(Target("PersistentVolumeClaim", "c"),))
    assert decision.action.value == "recreated"


def binding(*subjects: Body, kind: str = "RoleBinding") -> Fact:
    reference = {"apiGroup": RBAC.partition("/")[0], "kind": "Role", "name": "r"}
    wanted = item(kind, "b", "x", RBAC, subjects=list(subjects), roleRef=reference)
    (fact,) = known((wanted, None))
    return fact


@pytest.mark.parametrize(
    ("others", "certain"),
    [
        ([], True),
        ([binding({"kind": "ServiceAccount", "name": "robot", "namespace": "x"})], False),
        ([binding({"kind": "ServiceAccount", "name": "robot", "namespace": "x"}, kind="ClusterRoleBinding")], False),
        ([binding({"kind": "ServiceAccount", "name": "robot", "namespace": "y"})], True),
        ([binding({"kind": "User", "name": ACCOUNT})], False),
        ([binding({"kind": "User", "name": "somebody"})], True),
        # Nobody knows to which groups a user belongs.
        ([binding({"kind": "Group", "name": "any"})], False),
        # A new role is bound to nobody yet; one that is there may be.
        (known((item("Role", "r", "x", RBAC, rules=[]), None)), True),
        (known((item("Role", "r", "x", RBAC, rules=[]), live(item("Role", "r", "x", RBAC, rules=[])))), False),
        (known((MAP, None)), True),
    ],
)
def test_missing_right_is_certain_unless_the_set_may_grant_it(others: list[Fact], certain: bool) -> None:
    pod = item("Pod", "p")
    decision = decided(rejected(pod, FORBIDDEN), *others)[0]
    assert decision.error is not None
    assert decision.certain is certain


def test_missing_namespace_is_certain_unless_the_set_has_it() -> None:
    (decision,) = decided(rejected(MAP, NO_SPACE))
    assert decision.certain
    assert "Namespace x does not exist" in str(decision.error)
    space, other = item("Namespace", "x"), item("Namespace", "y")
    assert not decided(rejected(MAP, NO_SPACE), *known((space, None)))[0].certain
    assert decided(rejected(MAP, NO_SPACE), *known((other, None)))[0].certain


def test_what_may_have_gone_when_it_is_sent_is_not_certain() -> None:
    (decision,) = decided(rejected(item("Pod", "a"), QUOTA))
    assert decision.error is not None
    assert not decision.certain
    assert len(decision.send) == 1


def test_what_stands_on_a_new_namespace_is_refused_for_what_it_is_only() -> None:
    space = item("Namespace", "x")
    first, second = known((space, None), (MAP, None))
    for rejection, refused in ((NO_SPACE, False), (FROZEN, True), (QUOTA, False)):
        answered = dataclasses.replace(second, answer=Answer(rejection=rejection))
        decision = decided(first, answered)[1]
        assert decision.entry.reason == "Namespace x would be created before"
        assert (decision.error is not None, decision.certain) == (refused, refused)


def test_members_of_other_sets_are_refused_for_certain() -> None:
    label = "applyset.kubernetes.io/part-of"
    wanted = item("ConfigMap", "a", metadata={"labels": {label: "ours"}})
    (decision,) = decided(*known((wanted, live(wanted, metadata={"labels": {label: "theirs"}}))))
    assert decision.error is not None
    assert decision.certain


def gone(wanted: Item, body: Body | None, **options: t.Any) -> Decision:
    (decision,) = deletions([wanted], Seen({wanted.ref: body}, {}), Options(**options))
    return decision


def test_deletion_is_about_the_very_object_and_comes_after_what_depends_on_it() -> None:
    decision = gone(MAP, live(MAP))
    (request,) = decision.send
    assert (decision.action.value, request.method, request.path) == ("deleted", "DELETE", MAP.path)
    assert request.body == {"propagationPolicy": "Foreground", "preconditions": {"uid": "uid-of-a"}}
    asked = {"propagationPolicy": "Orphan", "gracePeriodSeconds": 0}
    (request,) = gone(MAP, live(MAP), delete_options=asked).send
    assert request.body == {**asked, "preconditions": {"uid": "uid-of-a"}}


@pytest.mark.parametrize(
    ("wanted", "body", "reason"),
    [
        (MAP, None, "is not there"),
        (dataclasses.replace(MAP, resource=None), None, "its kind is not there"),
        (MAP, live(MAP, leaving=True), "is being deleted already"),
        (
            MAP,
            live(MAP, metadata={"annotations": {"kuber.network/reconcile": "skip"}}),
            "has the annotation kuber.network/reconcile=skip, and is left alone",
        ),
    ],
)
def test_what_is_not_deleted_says_why(wanted: Item, body: Body | None, reason: str) -> None:
    decision = gone(wanted, body)
    assert (decision.action.value, decision.entry.reason, decision.send) == ("unchanged", reason, ())
