# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Add Namespaces that objects of the set need and the set lacks."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Added
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding, Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

_LINK = "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/"
_REASON = Reason(
    "Objects of the set are in this namespace, and the API server refuses them if it does not exist", _LINK
)
# A label as in RFC 1123.
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Namespaces of every cluster.
SYSTEM = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
# Namespaces of components that are usually installed from a URL and are not part of a folder.
COMPONENTS = {
    "cert-manager": "cert-manager",
    "ingress-nginx": "ingress-nginx",
    "kubernetes-dashboard": "the dashboard",
    "metallb-system": "MetalLB",
}


def missing(bodies: Iterable[Body]) -> tuple[list[Added], list[Finding]]:
    """Return the Namespaces to add, and a remark about each that a component creates."""
    bodies = list(bodies)
    there = {body["metadata"]["name"] for body in bodies if (body["apiVersion"], body["kind"]) == ("v1", "Namespace")}
    needed = {str(body["metadata"].get("namespace") or "default") for body in bodies}
    names = sorted(needed - there - SYSTEM)
    remarks = [
        Finding(
            f"Namespace {name}",
            "",
            f"Namespace {name} is not in this set: {COMPONENTS[name]} creates it",
            f"Install {COMPONENTS[name]} first",
            _LINK,
        )
        for name in names
        if name in COMPONENTS
    ]
    return [Added(_namespace(name), _REASON) for name in names if name not in COMPONENTS], remarks


def _namespace(name: str) -> Body:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
