# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Kinds that every API server knows, so that sets of nothing else need not ask, and kinds that we treat specially."""

from __future__ import annotations

import typing as t

# Stable since before Kubernetes 1.27 (the oldest that is supported), with no end announced: kind, plural.
NAMESPACED: t.Final = {
    "v1": {
        "ConfigMap": "configmaps",
        "LimitRange": "limitranges",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Pod": "pods",
        "PodTemplate": "podtemplates",
        "ReplicationController": "replicationcontrollers",
        "ResourceQuota": "resourcequotas",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {
        "DaemonSet": "daemonsets",
        "Deployment": "deployments",
        "ReplicaSet": "replicasets",
        "StatefulSet": "statefulsets",
    },
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "batch/v1": {"CronJob": "cronjobs", "Job": "jobs"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
    "rbac.authorization.k8s.io/v1": {"Role": "roles", "RoleBinding": "rolebindings"},
}
CLUSTER_WIDE: t.Final = {
    "v1": {"Namespace": "namespaces", "Node": "nodes", "PersistentVolume": "persistentvolumes"},
    "admissionregistration.k8s.io/v1": {
        "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
        "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
    },
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions"},
    "networking.k8s.io/v1": {"IngressClass": "ingressclasses"},
    "rbac.authorization.k8s.io/v1": {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
    "scheduling.k8s.io/v1": {"PriorityClass": "priorityclasses"},
    "storage.k8s.io/v1": {"StorageClass": "storageclasses"},
}

NAMESPACE = "Namespace"
CRD = "CustomResourceDefinition.apiextensions.k8s.io"
CLUSTER_ROLE = "ClusterRole.rbac.authorization.k8s.io"
API_SERVICE = "APIService.apiregistration.k8s.io"
WEBHOOK_KINDS = frozenset(
    {
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    }
)
# With these goes what cannot be brought back. They are deleted only if somebody names them.
PROTECTED = frozenset({NAMESPACE, CRD, "PersistentVolumeClaim"})
# What a user writes on an object to keep runs from it.
RECONCILE, SKIP = "kuber.network/reconcile", "skip"
PRUNE, KEEP = "kuber.network/prune", "keep"
# What the author of a chart writes on an object to keep helm from deleting it, with the same value.
HELM_POLICY = "helm.sh/resource-policy"
# Where a pod template has containers.
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
