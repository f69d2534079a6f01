# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""In which order the objects of a set come into being, and go."""

from __future__ import annotations

import enum
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import CRD, NAMESPACE, WEBHOOK_KINDS


class Stage(enum.IntEnum):
    """What stands in a stage may count on all that is in the stages above it.

    Within a stage nothing depends on anything: its objects are sent at the same time.
    """

    GROUND = 0
    BASICS = 1
    CONFIGURATION = 2
    WORKLOADS = 3
    # A webhook that exists before what answers it refuses everything it guards.
    WEBHOOKS = 4
    # Custom resources, Ingresses and whatever else a webhook may guard.
    GUARDED = 5


KINDS: t.Final[dict[Stage, tuple[str, ...]]] = {
    Stage.GROUND: (NAMESPACE, CRD),
    Stage.BASICS: (
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
    Stage.CONFIGURATION: (
        "ClusterRoleBinding.rbac.authorization.k8s.io",
        "RoleBinding.rbac.authorization.k8s.io",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "Service",
        "NetworkPolicy.networking.k8s.io",
    ),
    Stage.WORKLOADS: (
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
    Stage.WEBHOOKS: tuple(sorted(WEBHOOK_KINDS)),
}
_STAGE_OF = {key: stage for stage, keys in KINDS.items() for key in keys}


def stages(items: t.Iterable[Item]) -> dict[Stage, list[Item]]:
    """The items in their stages, empty stages left out."""
    piles: dict[Stage, list[Item]] = {stage: [] for stage in Stage}
    for item in items:
        piles[stage_of(item)].append(item)
    return {stage: sorted(pile, key=lambda item: item.ref) for stage, pile in piles.items() if pile}


def in_order(items: t.Iterable[Item]) -> list[Item]:
    """The items, those first that others count on."""
    return [item for stage in stages(items).values() for item in stage]


def stage_of(item: Item) -> Stage:
    return _STAGE_OF.get(item.key, Stage.GUARDED)
