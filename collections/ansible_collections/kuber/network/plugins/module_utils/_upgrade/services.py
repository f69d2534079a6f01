# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade the address request of Services, and map pod ports to Service ports."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

OLD_PREFIX, PREFIX = "metallb.universe.tf/", "metallb.io/"
ADDRESSES = f"{PREFIX}loadBalancerIPs"
_PREFIX = Reason(
    f"MetalLB 0.14.9 deprecated the prefix {OLD_PREFIX} of its annotations; the new one is {PREFIX}",
    "https://metallb.io/release-notes/#version-0149",
)
_ADDRESS = Reason(
    "Kubernetes 1.24 deprecated spec.loadBalancerIP; MetalLB reads its own annotation, and refuses a Service with both",
    "https://metallb.io/usage/#requesting-specific-ips",
)


def upgrade(draft: Draft) -> None:
    if draft.body["kind"] != "Service" or draft.body["apiVersion"] != "v1":
        return
    _rename_annotations(draft)
    address = draft.get("spec", "loadBalancerIP")
    if not isinstance(address, str) or draft.get("spec", "type") != "LoadBalancer":
        return
    if draft.get("spec", "loadBalancerClass"):
        # Another load balancer, which may read the field.
        return
    draft.remove(("spec", "loadBalancerIP"), _ADDRESS)
    if address and not draft.get("metadata", "annotations", ADDRESSES):
        draft.set(("metadata", "annotations", ADDRESSES), address, _ADDRESS)


def _rename_annotations(draft: Draft) -> None:
    annotations = draft.get("metadata", "annotations")
    for name in list(annotations) if isinstance(annotations, dict) else []:
        if name.startswith(OLD_PREFIX):
            new = PREFIX + name.removeprefix(OLD_PREFIX)
            if new in annotations:
                draft.remove(("metadata", "annotations", name), _PREFIX)
            else:
                draft.rename(("metadata", "annotations", name), new, _PREFIX)


@dataclasses.dataclass(frozen=True)
class Ports:
    """The ports of one Service."""

    listed: tuple[Body, ...]

    def has(self, port: t.Any) -> bool:
        return any(port is not None and port in (one.get("port"), one.get("name")) for one in self.listed)

    def in_front_of(self, port: t.Any) -> Body | None:
        """Return the only Service port for ``port`` of the pods, as an Ingress refers to it."""
        found = [one for one in self.listed if port is not None and one.get("targetPort") == port]
        numbers = [one.get("port") for one in found]
        if not numbers or not isinstance(numbers[0], int) or any(number != numbers[0] for number in numbers):
            return None
        return {"number": numbers[0]}


class Services:
    """The Services of a set, by namespace and name."""

    def __init__(self, bodies: Iterable[Body]) -> None:
        self._ports: dict[tuple[str, str], Ports] = {}
        for body in bodies:
            if body["kind"] == "Service" and body["apiVersion"] == "v1":
                metadata, spec = body["metadata"], body.get("spec")
                listed = mappings(spec.get("ports")) if isinstance(spec, dict) else []
                key = (metadata.get("namespace") or "default", metadata["name"])
                self._ports[key] = Ports(tuple(listed))

    def ports(self, namespace: str, name: str) -> Ports | None:
        return self._ports.get((namespace or "default", name))

    def namespaces_of(self, name: str) -> list[str]:
        return sorted(namespace for namespace, known in self._ports if known == name)


def shown(ports: Ports) -> str:
    return ", ".join(str(one.get("port")) for one in ports.listed)
