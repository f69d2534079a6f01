# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Names of objects, as users read them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

Body = dict[str, t.Any]

# What names of all kinds have in common, and of namespaces (k8s.io/apimachinery, pkg/api/validation/path).
SEGMENT = "neither . nor .., and no / or % in it"


@dataclasses.dataclass(frozen=True, order=True)
class Ref:
    """One object of one cluster; ``namespace`` is empty for what has none."""

    kind: str
    namespace: str
    name: str
    api_version: str

    @classmethod
    def of(cls, body: t.Mapping[str, t.Any]) -> Ref:
        metadata = body["metadata"]
        return cls(body["kind"], metadata.get("namespace") or "", metadata["name"], body["apiVersion"])

    @property
    def group(self) -> str:
        return group_of(self.api_version)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def group_of(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def kind_key(api_version: str, kind: str) -> str:
    """The key of the tables of kinds: "Service", "Deployment.apps"."""
    group = group_of(api_version)
    return f"{kind}.{group}" if group else kind


def refuse_elsewhere(subject: str, name: str, *, remedy: str | None = None) -> None:
    """What would be another path: from an object with the name ``..`` one leads to its namespace."""
    if name in (".", "..") or "/" in name or "%" in name:
        raise KuberError(f"{subject} is not valid", wanted=SEGMENT, found=repr(name), remedy=remedy)


def below(value: t.Any, *names: str) -> t.Any:
    """What stands below ``value``, nothing where users have written something else than a mapping."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def mappings(value: t.Any) -> list[Body]:
    """The mappings of what should be a list of them."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
