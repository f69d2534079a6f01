# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an ApplySet is on the server (KEP-3659): a parent object that records, and members that carry a label.

https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref

ID = "applyset.kubernetes.io/id"
PART_OF = "applyset.kubernetes.io/part-of"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

TOOL = "kuber.network"
# The version is that of what is written here, not of the collection: an upgrade is no change of the set.
VERSION = "v1.0.0"


def identity(parent: Ref) -> str:
    """The value of the labels. It follows from the parent's name, so that a copy of a parent is none."""
    text = f"{parent.name}.{parent.namespace}.{parent.kind}.{parent.group}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
    return f"applyset-{digest}-v1"


@dataclasses.dataclass(frozen=True)
class Scope:
    """Where members may be: of which kinds, and in which namespaces besides the parent's own."""

    kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.kinds | other.kinds, self.namespaces | other.namespaces)

    @classmethod
    def of(cls, refs: t.Iterable[tuple[str, Ref]], parent: Ref) -> Scope:
        """Of objects, each with the key of its kind."""
        found = list(refs)
        namespaces = {ref.namespace for _key, ref in found} - {"", parent.namespace}
        return cls(frozenset(key for key, _ref in found), frozenset(namespaces))


def scope_of(live: Body) -> Scope:
    """What a parent records."""
    annotations = live["metadata"].get("annotations") or {}
    return Scope(_split(annotations.get(GROUP_KINDS)), _split(annotations.get(NAMESPACES)))


def parent_body(parent: Ref, scope: Scope) -> Body:
    return {
        "apiVersion": parent.api_version,
        "kind": parent.kind,
        "metadata": {
            "name": parent.name,
            "namespace": parent.namespace,
            "labels": {ID: identity(parent)},
            "annotations": {
                TOOLING: f"{TOOL}/{VERSION}",
                GROUP_KINDS: ",".join(sorted(scope.kinds)),
                NAMESPACES: ",".join(sorted(scope.namespaces)),
            },
        },
    }


def refuse_foreign(parent: Ref, live: Body) -> None:
    """Refuse an object that is no parent of ours: what it lists is somebody else's to delete."""
    metadata = live["metadata"]
    tooling = (metadata.get("annotations") or {}).get(TOOLING)
    if tooling is None:
        raise KuberError(
            f"{parent}, which the option prune names, already exists and is not the parent of an ApplySet",
            wanted=f"an annotation {TOOLING}",
            remedy="Name an object that is not there yet: it will be made",
        )
    # As in kubectl: what is before the last slash names the tool, what is behind it is its version.
    if (tooling.rpartition("/")[0] or tooling) != TOOL:
        raise KuberError(
            f"{parent}, which the option prune names, belongs to another tool",
            wanted=f"{TOOL} in the annotation {TOOLING}",
            found=tooling,
            remedy="Name another object, or hand this one over by changing the annotation",
        )
    found = (metadata.get("labels") or {}).get(ID)
    if found != identity(parent):
        raise KuberError(
            f"{parent}, which the option prune names, is not the parent that it says it is",
            wanted=f"{identity(parent)} in the label {ID}",
            found=found or "no such label",
            remedy="It may be a copy of another parent: delete it, or name another object",
        )


def refuse_other_member(ref: Ref, wanted: Body, live: Body) -> None:
    """Refuse to take an object out of another set."""
    mine = (wanted["metadata"].get("labels") or {}).get(PART_OF)
    found = (live["metadata"].get("labels") or {}).get(PART_OF)
    if mine and found and mine != found:
        raise KuberError(
            f"{ref} belongs to another set",
            wanted=f"{mine} in the label {PART_OF}, or no such label",
            found=found,
            remedy="Take it out of this set, or let go of it in the other one and remove the label",
        )


def _split(text: str | None) -> frozenset[str]:
    return frozenset(part for part in (text or "").split(",") if part)
