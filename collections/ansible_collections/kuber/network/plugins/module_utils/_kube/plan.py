# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""In which order the objects of a set come into being, and go."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds, Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import CRD, WEBHOOK_KINDS
from ansible_collections.kuber.network.plugins.module_utils._kube.pointers import Pointer
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, kind_key

NAMESPACE = "Namespace"
# With these goes what cannot be brought back. They are deleted only if somebody names them.
PROTECTED = frozenset({NAMESPACE, CRD, "PersistentVolumeClaim"})

# What stands in a stage may count on all that is in the stages above it. Within a stage nothing depends on anything:
# its objects are sent at the same time.
STAGES: tuple[tuple[str, ...], ...] = (
    (NAMESPACE, CRD),
    (
        "PriorityClass.scheduling.k8s.io",
        "RuntimeClass.node.k8s.io",
        "StorageClass.storage.k8s.io",
        "IngressClass.networking.k8s.io",
        "ClusterRole.rbac.authorization.k8s.io",
        "Role.rbac.authorization.k8s.io",
        "ResourceQuota",
        "LimitRange",
        "PersistentVolume",
    ),
    (
        "ClusterRoleBinding.rbac.authorization.k8s.io",
        "RoleBinding.rbac.authorization.k8s.io",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "Service",
        "NetworkPolicy.networking.k8s.io",
    ),
    (
        "Deployment.apps",
        "DaemonSet.apps",
        "StatefulSet.apps",
        "ReplicaSet.apps",
        "ReplicationController",
        "Pod",
        "Job.batch",
        "CronJob.batch",
        "PodDisruptionBudget.policy",
        "HorizontalPodAutoscaler.autoscaling",
    ),
    # A webhook that exists before what answers it refuses everything it guards.
    tuple(sorted(WEBHOOK_KINDS)),
)
# Custom resources, Ingresses and whatever else a webhook may guard.
GUARDED_STAGE = len(STAGES)
_STAGE_OF = {key: number for number, keys in enumerate(STAGES) for key in keys}


@dataclasses.dataclass(frozen=True)
class Item:
    """One wanted object; ``resource`` is ``None`` when no server knows its kind.

    ``left`` are the fields that are left to others once the object is there.
    """

    ref: Ref
    body: Body
    resource: Resource | None
    origin: str
    left: tuple[Pointer, ...] = ()

    @property
    def key(self) -> str:
        return kind_key(self.ref.api_version, self.ref.kind)


def stages(items: t.Iterable[Item]) -> list[list[Item]]:
    """The items in their stages, empty stages left out."""
    piles: list[list[Item]] = [[] for number in range(GUARDED_STAGE + 1)]
    for item in items:
        piles[stage_of(item)].append(item)
    return [sorted(pile, key=lambda item: item.ref) for pile in piles if pile]


def stage_of(item: Item) -> int:
    return _STAGE_OF.get(item.key, GUARDED_STAGE)


def refuse_unknown(items: t.Sequence[Item], kinds: Kinds) -> None:
    """Refuse a set with kinds that neither the server nor the set knows."""
    for item in items:
        kinds.refuse_unserved(item.ref, item.origin)
    unknown = [item for item in items if item.resource is None]
    if unknown:
        silent = [why for one in unknown if (why := kinds.why_unknown(one.ref.api_version))]
        raise KuberError(
            "The API server does not know the kind of " + ", ".join(f"{one.ref} ({one.origin})" for one in unknown),
            found="; ".join(dict.fromkeys(silent))
            or "no " + ", ".join(sorted({f"{one.ref.kind} of {one.ref.api_version}" for one in unknown})),
            remedy="Repair what answers for the APIService, then run again"
            if silent
            else "Apply the CustomResourceDefinition before or in the same set, or correct apiVersion and kind",
        )
