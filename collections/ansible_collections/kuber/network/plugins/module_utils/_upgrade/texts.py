# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Quote numbers and booleans where Kubernetes accepts only strings."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import STRINGS
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Path, Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

_REASON = Reason(
    "The API server accepts only strings; without quotes this is a number or a boolean",
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
)


def quote(draft: Draft) -> None:
    """Quote integers and booleans. For other numbers, the original notation is lost."""
    places: list[Path] = [("metadata", "labels"), ("metadata", "annotations")]
    if draft.body.get("apiVersion") == "v1" and draft.body.get("kind") == "ConfigMap":
        places += [(field,) for field in STRINGS["ConfigMap"]]
    for place in places:
        values = draft.get(*place)
        for key, value in list(values.items()) if isinstance(values, dict) else []:
            if isinstance(key, str) and isinstance(value, (bool, int)):
                draft.set((*place, key), json.dumps(value), _REASON)
