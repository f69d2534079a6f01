# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the API server makes of values of its own kinds: the forms in which it gives them back."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import quantity

# The value of a field that is not there.
MISSING: t.Final = object()
# In a path: any item of a list, any key of a mapping.
ITEM = "[]"
ANY = "*"

Path = tuple[str, ...]

_PODS = frozenset(
    {
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "DaemonSet.apps",
        "Deployment.apps",
        "ReplicaSet.apps",
        "StatefulSet.apps",
        "CronJob.batch",
        "Job.batch",
    }
)
_CLAIMS = frozenset({"PersistentVolumeClaim", "StatefulSet.apps"})
_AUTOSCALERS = frozenset({"HorizontalPodAutoscaler.autoscaling"})
_BINDINGS = frozenset({"ClusterRoleBinding.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io"})
_WEBHOOKS = frozenset(
    {
        "MutatingWebhookConfiguration.admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    }
)
_SLICES = frozenset({"EndpointSlice.discovery.k8s.io"})
_POLICIES = frozenset({"NetworkPolicy.networking.k8s.io"})
_CLAIM = ("spec", "volumeClaimTemplates", ITEM)

# The last steps of paths to quantities, by the kinds that have them.
QUANTITIES: tuple[tuple[frozenset[str], Path], ...] = (
    (_PODS | _CLAIMS, ("resources", "limits", ANY)),
    (_PODS | _CLAIMS, ("resources", "requests", ANY)),
    (_PODS, ("emptyDir", "sizeLimit")),
    (_PODS, ("spec", "overhead", ANY)),
    (frozenset({"LimitRange"}), ("limits", ITEM, ANY, ANY)),
    (_AUTOSCALERS, ("target", "averageValue")),
    (_AUTOSCALERS, ("target", "value")),
    (frozenset({"ResourceQuota"}), ("spec", "hard", ANY)),
    (frozenset({"PersistentVolume"}), ("spec", "capacity", ANY)),
    (frozenset({"RuntimeClass.node.k8s.io"}), ("overhead", "podFixed", ANY)),
)

# What is filled in inside of values that are replaced as a whole. Elsewhere a default is a field that is not ours.
# https://github.com/kubernetes/kubernetes/tree/v1.34.1/pkg/apis (*/v1/defaults.go)
DEFAULTS: tuple[tuple[frozenset[str], Path, str, t.Any], ...] = (
    (_PODS, ("fieldRef",), "apiVersion", "v1"),
    (_PODS, ("projected", "sources", ITEM, "serviceAccountToken"), "expirationSeconds", 3600),
    (frozenset({"StatefulSet.apps"}), _CLAIM, "apiVersion", "v1"),
    (frozenset({"StatefulSet.apps"}), _CLAIM, "kind", "PersistentVolumeClaim"),
    (frozenset({"StatefulSet.apps"}), _CLAIM, "status", {"phase": "Pending"}),
    (frozenset({"StatefulSet.apps"}), (*_CLAIM, "spec"), "volumeMode", "Filesystem"),
    (_POLICIES, ("spec", "ingress", ITEM, "ports", ITEM), "protocol", "TCP"),
    (_POLICIES, ("spec", "egress", ITEM, "ports", ITEM), "protocol", "TCP"),
    (_WEBHOOKS, ("webhooks", ITEM, "rules", ITEM), "scope", "*"),
    (_SLICES, ("endpoints", ITEM), "conditions", {}),
    (_SLICES, ("ports", ITEM), "name", ""),
    (_SLICES, ("ports", ITEM), "protocol", "TCP"),
)

# What is not given back at all when it is nothing: fields of Go's plain types with "omitempty", which no feature gate
# ever held back. Empty lists of NetworkPolicies are not here: each apply of one counts as a new generation.
OMITTED: tuple[tuple[frozenset[str], Path, t.Any], ...] = (
    (_PODS, ("template", "metadata", "labels"), {}),
    (_PODS, ("template", "metadata", "annotations"), {}),
    (_PODS, ("containers", ITEM, "args"), []),
    (_PODS, ("containers", ITEM, "command"), []),
    (_PODS, ("env", ITEM, "value"), ""),
    (_PODS, ("volumeMounts", ITEM, "readOnly"), False),
    (_PODS, ("spec", "hostNetwork"), False),
    (_PODS, ("spec", "hostPID"), False),
    (_PODS, ("spec", "hostIPC"), False),
    (_PODS, ("spec", "minReadySeconds"), 0),
    (_PODS, ("spec", "nodeSelector"), {}),
    (_PODS, ("spec", "serviceAccountName"), ""),
    (_PODS, ("spec", "tolerations"), []),
    (_PODS, ("jobTemplate", "metadata", "labels"), {}),
    (_BINDINGS, ("subjects", ITEM, "apiGroup"), ""),
    (frozenset({"ConfigMap", "Secret"}), ("data",), {}),
    (frozenset({"ConfigMap"}), ("binaryData",), {}),
    (frozenset({"Service"}), ("spec", "publishNotReadyAddresses"), False),
    (frozenset({"PriorityClass.scheduling.k8s.io"}), ("globalDefault",), False),
    (frozenset({"PriorityClass.scheduling.k8s.io"}), ("description",), ""),
    (frozenset({"CustomResourceDefinition.apiextensions.k8s.io"}), ("spec", "preserveUnknownFields"), False),
)
# The same for metadata, which all kinds have, those of custom resources too.
OMITTED_METADATA: tuple[Path, ...] = (("metadata", "labels"), ("metadata", "annotations"))

# Mappings of which nothing is asked when they are empty: what is in them stays.
KEPT: tuple[tuple[frozenset[str], Path], ...] = (
    (frozenset({"Namespace"}), ("spec",)),
    (frozenset({"Deployment.apps"}), ("spec", "strategy")),
    (_PODS, ("spec", "securityContext")),
)


def normal(kind: str, path: Path, value: t.Any) -> t.Any:
    """``value`` of the field at ``path`` as the server gives it back, as far as that is known for certain."""
    if _is_omitted(kind, path, value):
        return MISSING
    if isinstance(value, dict):
        defaults = {key: default for kinds, end, key, default in DEFAULTS if kind in kinds and _ends(path, end)}
        parts = {key: normal(kind, (*path, key), part) for key, part in value.items()}
        return defaults | {key: part for key, part in parts.items() if part is not MISSING}
    if isinstance(value, list):
        return [normal(kind, (*path, ITEM), item) for item in value]
    if any(kind in kinds and _ends(path, end) for kinds, end in QUANTITIES):
        return quantity.canonical(value) or value
    return value


def asks_nothing(kind: str, path: Path, value: t.Any) -> bool:
    """Whether ``value`` leaves whatever mapping there is as it is."""
    return value == {} and any(kind in kinds and _ends(path, end) for kinds, end in KEPT)


def _is_omitted(kind: str, path: Path, value: t.Any) -> bool:
    if value:
        return False
    if value == {} and path in OMITTED_METADATA:
        return True
    return any(
        kind in kinds and type(value) is type(nothing) and value == nothing and _ends(path, end)
        for kinds, end, nothing in OMITTED
    )


def _ends(path: Path, end: Path) -> bool:
    if len(path) < len(end):
        return False
    return all(wanted in (ANY, step) for step, wanted in zip(path[-len(end) :], end, strict=True))
