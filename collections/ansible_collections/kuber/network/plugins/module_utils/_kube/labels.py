# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Which nodes lack or carry a label that they should carry or lack."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, Field
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import drift

Labels = t.Mapping[str, "str | None"]
"""What nodes shall have; None: the label shall not be there."""

# Who writes: the API server takes our name from the user agent.
MANAGER = "kuber.network"
# The form of label keys and values: k8s.io/apimachinery, pkg/util/validation.
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_KEY = re.compile(rf"(?:(?=[^/]{{1,253}}/){_DOMAIN}(?:\.{_DOMAIN})*/)?{_NAME}")
_VALUE = re.compile(rf"(?:{_NAME})?")


@dataclasses.dataclass(frozen=True)
class Change:
    """The labels of one node that differ, as they are and as they shall be."""

    node: str
    before: Labels
    after: Labels
    fields: tuple[Field, ...] = ()

    def patch(self) -> dict[str, t.Any]:
        return {"metadata": {"labels": dict(self.after)}}

    def drift(self) -> Drift:
        return Drift(f"Node {self.node}", fields=self.fields)

    def diff(self) -> dict[str, str]:
        return {"before_header": self.node, "after_header": self.node} | {
            side: "".join(f"{key}={value}\n" for key, value in sorted(labels.items()) if value is not None)
            for side, labels in (("before", self.before), ("after", self.after))
        }


def refuse_malformed(wanted: Labels) -> None:
    for key, value in wanted.items():
        if not _KEY.fullmatch(key):
            raise KuberError("Not a label's name", wanted="a name such as example.org/role", found=key)
        if value is not None and not _VALUE.fullmatch(value):
            raise KuberError(f"Not a value for label {key}", wanted="at most 63 letters, digits, - _ .", found=value)


def plan(nodes: t.Iterable[t.Mapping[str, t.Any]], wanted: Labels) -> list[Change]:
    """What to change so that every node has the wanted labels; the others are left alone."""
    changes = []
    for node in nodes:
        found: t.Mapping[str, str] = node["metadata"].get("labels") or {}
        different = {key: value for key, value in wanted.items() if found.get(key) != value}
        if different:
            before = {key: found.get(key) for key in different}
            changes.append(Change(node["metadata"]["name"], before, different, _fields(node, different)))
    return changes


def _fields(node: t.Mapping[str, t.Any], different: Labels) -> tuple[Field, ...]:
    """The labels that differ, with who has set them."""
    labels: dict[str, str | None] = {**(node["metadata"].get("labels") or {}), **different}
    kept = {key: value for key, value in labels.items() if value is not None}
    return drift.fields(dict(node), {**node, "metadata": {**node["metadata"], "labels": kept}}, MANAGER)
