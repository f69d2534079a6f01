# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The removed API versions, their successors, and the functions that upgrade to these."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._upgrade import definitions, fields
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"


@dataclasses.dataclass(frozen=True)
class Removed:
    """Versions of some kinds that Kubernetes ``release`` removed; without ``successor`` nothing replaces them."""

    kinds: tuple[str, ...]
    versions: tuple[str, ...]
    successor: str | None
    release: str
    anchor: str
    convert: t.Callable[[Draft], None] | None = None
    remedy: str = ""

    @property
    def link(self) -> str:
        return self.anchor if "://" in self.anchor else f"{GUIDE}#{self.anchor}"


_APPS = ("apps/v1beta1", "apps/v1beta2")
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_STORAGE = ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment")
_FLOW = ("FlowSchema", "PriorityLevelConfiguration")
_EXTENSIONS = "extensions/v1beta1"
_PSP_REMEDY = (
    "Label the Namespaces with a Pod Security Standard (pod-security.kubernetes.io/enforce), and delete the policy"
)

# The rows of Kubernetes' deprecation guide.
TABLE: tuple[Removed, ...] = (
    Removed(("Deployment",), (_EXTENSIONS, *_APPS), "apps/v1", "1.16", "deployment-v116", fields.workload),
    Removed(("DaemonSet",), (_EXTENSIONS, "apps/v1beta2"), "apps/v1", "1.16", "daemonset-v116", fields.workload),
    Removed(("ReplicaSet",), (_EXTENSIONS, *_APPS), "apps/v1", "1.16", "replicaset-v116", fields.workload),
    Removed(("StatefulSet",), _APPS, "apps/v1", "1.16", "statefulset-v116", fields.workload),
    Removed(("ControllerRevision",), _APPS, "apps/v1", "1.16", "v1-16"),
    Removed(("NetworkPolicy",), (_EXTENSIONS,), "networking.k8s.io/v1", "1.16", "networkpolicy-v116"),
    Removed(("Ingress",), (_EXTENSIONS, "networking.k8s.io/v1beta1"), "networking.k8s.io/v1", "1.22", "ingress-v122"),
    Removed(("IngressClass",), ("networking.k8s.io/v1beta1",), "networking.k8s.io/v1", "1.22", "ingress-v122"),
    Removed(("PodSecurityPolicy",), (_EXTENSIONS, "policy/v1beta1"), None, "1.25", "psp-v125", remedy=_PSP_REMEDY),
    Removed(
        ("PodDisruptionBudget",),
        ("policy/v1beta1",),
        "policy/v1",
        "1.25",
        "poddisruptionbudget-v125",
        fields.disruption_budget,
    ),
    Removed(
        _RBAC,
        ("rbac.authorization.k8s.io/v1beta1",),
        "rbac.authorization.k8s.io/v1",
        "1.22",
        "rbac-resources-v122",
    ),
    Removed(("CronJob",), ("batch/v1beta1", "batch/v2alpha1"), "batch/v1", "1.25", "cronjob-v125"),
    Removed(
        ("HorizontalPodAutoscaler",),
        ("autoscaling/v2beta1",),
        "autoscaling/v2",
        "1.25",
        "horizontalpodautoscaler-v125",
        fields.autoscaler,
    ),
    Removed(
        ("HorizontalPodAutoscaler",), ("autoscaling/v2beta2",), "autoscaling/v2", "1.26", "horizontalpodautoscaler-v126"
    ),
    Removed(
        ("CustomResourceDefinition",),
        ("apiextensions.k8s.io/v1beta1",),
        "apiextensions.k8s.io/v1",
        "1.22",
        "customresourcedefinition-v122",
        definitions.resource_definition,
    ),
    Removed(
        _WEBHOOKS,
        ("admissionregistration.k8s.io/v1beta1",),
        "admissionregistration.k8s.io/v1",
        "1.22",
        "webhook-resources-v122",
        fields.webhooks,
    ),
    Removed(
        ("APIService",), ("apiregistration.k8s.io/v1beta1",), "apiregistration.k8s.io/v1", "1.22", "apiservice-v122"
    ),
    Removed(("Lease",), ("coordination.k8s.io/v1beta1",), "coordination.k8s.io/v1", "1.22", "lease-v122"),
    Removed(_STORAGE, ("storage.k8s.io/v1beta1",), "storage.k8s.io/v1", "1.22", "storage-resources-v122"),
    Removed(
        ("CSIStorageCapacity",), ("storage.k8s.io/v1beta1",), "storage.k8s.io/v1", "1.27", "csistoragecapacity-v127"
    ),
    Removed(("PriorityClass",), ("scheduling.k8s.io/v1beta1",), "scheduling.k8s.io/v1", "1.22", "priorityclass-v122"),
    Removed(("RuntimeClass",), ("node.k8s.io/v1beta1",), "node.k8s.io/v1", "1.25", "runtimeclass-v125"),
    Removed(
        ("CertificateSigningRequest",),
        ("certificates.k8s.io/v1beta1",),
        "certificates.k8s.io/v1",
        "1.22",
        "certificatesigningrequest-v122",
        fields.signing_request,
    ),
    Removed(
        ("EndpointSlice",),
        ("discovery.k8s.io/v1beta1",),
        "discovery.k8s.io/v1",
        "1.25",
        "endpointslice-v125",
        fields.endpoint_slice,
    ),
    Removed(
        _FLOW,
        ("flowcontrol.apiserver.k8s.io/v1beta1", "flowcontrol.apiserver.k8s.io/v1beta2"),
        "flowcontrol.apiserver.k8s.io/v1",
        "1.29",
        "flowcontrol-resources-v129",
        fields.priority_level,
    ),
    Removed(
        _FLOW,
        ("flowcontrol.apiserver.k8s.io/v1beta3",),
        "flowcontrol.apiserver.k8s.io/v1",
        "1.32",
        "flowcontrol-resources-v132",
    ),
    Removed(
        ("PodPreset",),
        ("settings.k8s.io/v1alpha1",),
        None,
        "1.20",
        "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.20.md",
        remedy="Add the preset's content to the pod templates",
    ),
)
ROWS = {(version, kind): row for row in TABLE for version in row.versions for kind in row.kinds}


def upgrade(draft: Draft) -> None:
    """Upgrade the object, and its references with an API version, to the successor of its API version."""
    version, kind = draft.body["apiVersion"], draft.body["kind"]
    row = ROWS.get((version, kind))
    if row is not None:
        _replace(draft, row)
    _refer(draft)


def _replace(draft: Draft, row: Removed) -> None:
    version, kind = draft.body["apiVersion"], draft.body["kind"]
    if row.successor is None:
        problem = f"Kubernetes {row.release} removed {kind} ({version}) without a successor"
        draft.reject(problem, row.remedy, row.link)
        return
    why = f"Kubernetes {row.release} removed {version} of {kind}"
    draft.set(("apiVersion",), row.successor, Reason(why, row.link))
    if row.convert is not None:
        row.convert(draft)


def _refer(draft: Draft) -> None:
    """Upgrade the API version of an autoscaler's target."""
    target = draft.get("spec", "scaleTargetRef")
    if draft.body["kind"] != "HorizontalPodAutoscaler" or not isinstance(target, dict):
        return
    version, kind = target.get("apiVersion"), target.get("kind")
    row = ROWS.get((version, kind)) if isinstance(version, str) and isinstance(kind, str) else None
    if row is not None and row.successor is not None:
        why = f"Kubernetes {row.release} removed {version} of {kind}, the autoscaler's target"
        draft.set(("spec", "scaleTargetRef", "apiVersion"), row.successor, Reason(why, row.link))
