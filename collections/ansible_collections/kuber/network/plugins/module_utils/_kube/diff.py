# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Objects as a user wants to compare them: without noise, without secrets."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key

# Written by the server at every turn, wanted by nobody.
NOISE = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
# kubectl keeps a copy of all that it has applied here, the data of Secrets included.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
HIDDEN = "***"


def content(body: Body | None) -> Body:
    """``body`` without its status and the server's own notes."""
    if body is None:
        return {}
    result = {key: value for key, value in body.items() if key != "status"}
    result["metadata"] = {key: value for key, value in body["metadata"].items() if key not in NOISE}
    return result


def of(name: str, before: Body | None, after: Body | None) -> dict[str, str]:
    """Before and after in the form that Ansible shows."""
    left, right = _masked(content(before), content(after))
    return {
        "before_header": name,
        "after_header": name,
        "before": yamltext.dump(left),
        "after": yamltext.dump(right),
    }


def changed_fields(before: t.Any, after: t.Any, path: str = "") -> t.Iterator[str]:
    """Where two values differ; lists count as one value."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield path
        return
    for key in sorted(before.keys() | after.keys()):
        step = f"[{key}]" if "." in key or "/" in key else f".{key}" if path else key
        yield from changed_fields(before.get(key), after.get(key), path + step)


def _masked(before: Body, after: Body) -> tuple[Body, Body]:
    if not any(_is_secret(body) for body in (before, after)):
        return before, after
    left, right = copy.deepcopy(before), copy.deepcopy(after)
    for body in (left, right):
        (body.get("metadata", {}).get("annotations") or {}).pop(LAST_APPLIED, None)
    for field in ("data", "stringData"):
        old, new = left.get(field) or {}, right.get(field) or {}
        for key in old.keys() | new.keys():
            differs = key in old and key in new and old[key] != new[key]
            _hide(old, key, f"{HIDDEN} (before)" if differs else HIDDEN)
            _hide(new, key, f"{HIDDEN} (after)" if differs else HIDDEN)
    return left, right


def _is_secret(body: Body) -> bool:
    return bool(body) and kind_key(body["apiVersion"], body["kind"]) == "Secret"


def _hide(values: dict[str, t.Any], key: str, mark: str) -> None:
    if key in values:
        values[key] = mark
