# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The lists of an object whose items have keys, as the records of its managers tell them."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.fieldset import Node


def item_keys(nodes: t.Iterable[Node]) -> tuple[str, ...] | None:
    """By which of their fields the items of a list are told apart, if any record says so."""
    for node in nodes:
        for step in node:
            if step.startswith("k:"):
                return tuple(json.loads(step[2:]))
    return None


def by_step(items: list[t.Any], keys: tuple[str, ...]) -> dict[str, t.Any] | None:
    """The items by their steps in a record; ``None`` if they cannot be told apart."""
    found = {}
    for item in items:
        if not isinstance(item, dict) or not all(key in item for key in keys):
            return None
        name = {key: item[key] for key in keys}
        found["k:" + json.dumps(name, separators=(",", ":"), ensure_ascii=False)] = item
    return found if len(found) == len(items) else None


def aligned(
    before: list[t.Any], after: list[t.Any], keys: tuple[str, ...] | None
) -> tuple[dict[str, t.Any], dict[str, t.Any]] | None:
    """Two states of a list by the steps of their items; ``None`` where they differ as wholes, if only in order."""
    if keys is None:
        return None
    left, right = by_step(before, keys), by_step(after, keys)
    return None if left is None or right is None or left == right else (left, right)
