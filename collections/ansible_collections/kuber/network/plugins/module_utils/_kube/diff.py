# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Objects as a user wants to compare them: without noise, without secrets."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import fieldsv1
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import Node
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import (
    HIDDEN,
    OPEN_FIELDS,
    OPEN_METADATA,
    is_secret,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, below
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

# Written by the server at every turn, wanted by nobody.
NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
# Annotations that are counters of the server and its controllers: they move with what they count.
COUNTERS = frozenset({"deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"})
# kubectl keeps a copy of all that it has applied here, the data of Secrets included.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

NOTHING: tuple[t.Any, ...] = (None, {}, [])


def content(body: Body | None) -> Body:
    """``body`` without its status and the server's own notes."""
    if body is None:
        return {}
    result = {key: value for key, value in body.items() if key != "status"}
    result["metadata"] = metadata = {key: value for key, value in body["metadata"].items() if key not in NOISE}
    if not COUNTERS.isdisjoint(metadata.get("annotations") or ()):
        metadata["annotations"] = {key: text for key, text in metadata["annotations"].items() if key not in COUNTERS}
        if not metadata["annotations"]:
            del metadata["annotations"]
    return result


def of(name: str, before: Body | None, after: Body | None, *, remark: str = "") -> dict[str, str]:
    """Before and after in the form that Ansible shows: of an object that is there all along, only what differs.

    The ``remark``, such as who has changed what, stands beside the name of what is there.
    """
    left, right = _masked(content(before), content(after))
    if before is not None and after is not None:
        nodes = [one["fieldsV1"] for body in (before, after) for one in fieldsv1.records(body)]
        left, right = _only_differing(left, right, nodes)
    return {
        "before_header": f"{name}: {' '.join(remark.split())}" if remark else name,
        "after_header": name,
        "before": yamltext.dump(left),
        "after": yamltext.dump(right),
    }


def public(body: Body) -> Body:
    """The whole object for anybody to see."""
    seen = {**body, "metadata": {key: value for key, value in body["metadata"].items() if key != "managedFields"}}
    return _masked(seen, seen)[0]


def _only_differing(before: t.Any, after: t.Any, nodes: list[Node]) -> tuple[t.Any, t.Any]:
    """Both without what they have in common; lists whose items have no keys count as one value."""
    if isinstance(before, dict) and isinstance(after, dict):
        return _differing_parts(before, after, nodes, "f:")
    if isinstance(before, list) and isinstance(after, list):
        keys = fieldsv1.item_keys(nodes)
        items = fieldsv1.paired_items(before, after, keys)
        if keys is not None and items is not None:
            left, right = _differing_parts(*items, nodes, "")
            return _named(left, items[0], keys), _named(right, items[1], keys)
    return before, after


def _differing_parts(before: Body, after: Body, nodes: list[Node], kind: str) -> tuple[Body, Body]:
    left, right = {}, {}
    for key in before.keys() & after.keys():
        if before[key] != after[key]:
            below = [node[kind + key] for node in nodes if kind + key in node]
            left[key], right[key] = _only_differing(before[key], after[key], below)
    left |= {key: before[key] for key in before if key not in after}
    right |= {key: after[key] for key in after if key not in before}
    return left, right


def _named(parts: Body, items: Body, keys: tuple[str, ...]) -> list[Body]:
    """What remains of the items, in their order, with the fields that tell which they are."""
    return [{key: items[step][key] for key in keys} | parts[step] for step in items if step in parts]


def _masked(before: Body, after: Body) -> tuple[Body, Body]:
    """Both without copies of all that was applied and, of a Secret, with marks in place of what is not open."""
    left, right = copy.deepcopy(before), copy.deepcopy(after)
    for body in (left, right):
        (below(body, "metadata", "annotations") or {}).pop(LAST_APPLIED, None)
    if not any(is_secret(body) for body in (before, after)):
        return left, right
    metadata = left.get("metadata") or {}, right.get("metadata") or {}
    for known, (old, new) in ((OPEN_FIELDS, (left, right)), (OPEN_METADATA, metadata)):
        for field in (old.keys() | new.keys()) - known:
            _hide(old, new, field)
    return left, right


def _hide(before: Body, after: Body, field: str) -> None:
    """Mask a field; of a mapping each part of its own, so that it can be seen which of them differ."""
    old, new = before.get(field), after.get(field)
    if old in NOTHING and new in NOTHING:
        return
    if all(isinstance(one, dict | None) for one in (old, new)):
        for key in set(old or {}) | set(new or {}):
            _hide(old or {}, new or {}, key)
        return
    differs = field in before and field in after and old != new
    for values, mark in ((before, "before"), (after, "after")):
        if field in values:
            values[field] = f"{HIDDEN} ({mark})" if differs else HIDDEN
