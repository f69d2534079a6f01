# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check that every node of the cluster is ready: on one that is not, pods do not become ready either."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.status import condition, is_true

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Container, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body


def not_ready(nodes: Sequence[Body]) -> dict[str, str]:
    """Return the names of nodes that are not ready, and why; a node without the condition is not judged."""
    found = {}
    for node in nodes:
        ready = condition(node, "Ready")
        if ready and not is_true(ready):
            found[node["metadata"]["name"]] = str(ready.get("message") or ready.get("reason") or ready.get("status"))
    return found


def nodes_not_ready(profile: str, reasons: Mapping[str, str], reported: Container[str]) -> Iterator[KuberError]:
    """Yield an error for each node that is not ready, except those that are ``reported`` with a closer reason."""
    start = f"Run `minikube start --profile {profile}`, which starts every node of the profile"
    for name, reason in reasons.items():
        if name not in reported:
            yield KuberError(
                f"Node {name} is not ready",
                wanted="every node of the cluster ready",
                found=reason.rstrip("."),
                remedy=start if profile else f"`kubectl describe node {name}` says more",
            )
