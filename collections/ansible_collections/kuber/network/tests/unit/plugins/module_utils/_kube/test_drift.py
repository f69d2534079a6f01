# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube import drift
from ansible_collections.kuber.network.plugins.module_utils._kube.drift import Field

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


def body(*records: dict[str, t.Any], **parts: t.Any) -> dict[str, t.Any]:
    metadata = {"name": "x", "managedFields": list(records), **parts.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "X", "metadata": metadata, **parts}


def record(manager: str, fields: dict[str, t.Any], time: str = "2026-11-24T11:57:00Z") -> dict[str, t.Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields}


def changes(before: dict[str, t.Any], after: dict[str, t.Any]) -> list[dict[str, str]]:
    return [field.dump() for field in drift.fields(before, after, "kuber.network")]


def test_changed_fields_are_named_by_their_place() -> None:
    before = body(spec={"replicas": 3, "ports": [1], "same": 1}, metadata={"annotations": {"a.b/c": "x"}})
    after = body(spec={"replicas": 2, "ports": [2], "same": 1, "new": {"x": 1}}, metadata={"annotations": {}})
    assert [field["field"] for field in changes(before, after)] == [
        "metadata.annotations[a.b/c]",
        "spec.new",
        "spec.ports",
        "spec.replicas",
    ]


def test_status_is_nobodys_drift() -> None:
    assert changes(body(status={"a": 1}), body(status={"a": 2})) == []


def test_who_changed_a_field_is_named_and_who_did_not_is_not() -> None:
    edited = record("kubectl-edit", {"f:spec": {"f:replicas": {}}})
    before = body(edited, record("kuber.network", {"f:spec": {"f:paused": {}}}), spec={"replicas": 1, "paused": True})
    after = body(spec={"replicas": 3, "paused": False})
    assert changes(before, after) == [
        {"field": "spec.paused"},
        {"field": "spec.replicas", "manager": "kubectl-edit", "time": "2026-11-24T11:57:00Z"},
    ]


def test_who_owns_a_map_as_a_whole_owns_its_parts() -> None:
    patched = record("kubectl-patch", {"f:spec": {"f:selector": {}}})
    before = body(patched, record("nobody", {}), spec={"selector": {"app": "web", "track": "none"}, "type": "NodePort"})
    assert changes(before, body(spec={"selector": {"app": "web"}, "type": "ClusterIP"})) == [
        {"field": "spec.selector.track", "manager": "kubectl-patch", "time": "2026-11-24T11:57:00Z"},
        {"field": "spec.type"},
    ]


def test_the_last_of_several_managers_is_named() -> None:
    node = {"f:spec": {"f:replicas": {}}}
    older, newer = record("older", node, "2026-11-23T00:00:00Z"), record("newer", node, "2026-11-24T00:00:00Z")
    before = body(newer, older, record("kuber.network", node, "2026-11-24T01:00:00Z"), spec={"replicas": 1})
    assert [field["manager"] for field in changes(before, body(spec={"replicas": 3}))] == ["newer"]


def test_items_with_keys_are_compared_one_by_one() -> None:
    items = {'k:{"name":"b"}': {"f:image": {}}}
    before = body(
        record("kubectl-edit", {"f:spec": {"f:containers": items}}),
        spec={"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}, {"name": "c"}]},
    )
    after = body(spec={"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "z"}]})
    assert changes(before, after) == [
        {"field": "spec.containers[name=b].image", "manager": "kubectl-edit", "time": "2026-11-24T11:57:00Z"},
        {"field": "spec.containers[name=c]"},
    ]


def test_other_order_of_items_is_a_change_of_the_list() -> None:
    items = {'k:{"name":"a"}': {}, 'k:{"name":"b"}': {}}
    names = [{"name": "a"}, {"name": "b"}]
    before = body(record("m", {"f:spec": {"f:containers": items}}), spec={"containers": names})
    found = changes(before, body(spec={"containers": names[::-1]}))
    assert [field["field"] for field in found] == ["spec.containers"]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026-11-24T11:59:30Z", "spec.replicas (kubectl-edit, just now)"),
        ("2026-11-24T11:57:00Z", "spec.replicas (kubectl-edit, 3 min ago)"),
        ("2026-11-24T09:59:00Z", "spec.replicas (kubectl-edit, 2 h ago)"),
        ("2026-11-21T11:00:00Z", "spec.replicas (kubectl-edit, 3 d ago)"),
        # Another machine's clock may be ahead of ours.
        ("2026-11-24T12:00:05Z", "spec.replicas (kubectl-edit, just now)"),
        (None, "spec.replicas (kubectl-edit)"),
    ],
)
def test_time_is_told_as_people_do(time: str | None, text: str) -> None:
    assert Field("spec.replicas", "kubectl-edit", time).text(NOW) == text


def test_summary_names_the_first_and_counts_the_rest() -> None:
    fields = [Field(name) for name in "abcdef"]
    assert drift.summary(fields) == "a, b, c, d and 2 more"
    assert drift.summary(fields[:2]) == "a, b"
