# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the API server makes of values of its own kinds: the forms in which it gives them back."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import quantity

# The value of a field that is not there.
MISSING: t.Final = object()
# What is equal to nothing: no value of which it is certain how it comes back.
UNKNOWN: t.Final = object()
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
_REPLICATED = frozenset({"Deployment.apps", "ReplicaSet.apps", "StatefulSet.apps", "ReplicationController"})
_REVISED = frozenset({"DaemonSet.apps", "Deployment.apps", "StatefulSet.apps"})
_RBAC = "rbac.authorization.k8s.io"
_ROLES = frozenset({f"ClusterRole.{_RBAC}", f"Role.{_RBAC}"})


def _group_of_subject(subject: t.Any) -> t.Any:
    return _RBAC if subject.get("kind") in ("User", "Group") else MISSING


# The last steps of paths to quantities, by the kinds that have them.
QUANTITIES: tuple[tuple[frozenset[str], Path], ...] = (
    (_PODS | _CLAIMS, ("resources", "limits", ANY)),
    (_PODS | _CLAIMS, ("resources", "requests", ANY)),
    (_PODS, ("emptyDir", "sizeLimit")),
    (_PODS, ("spec", "overhead", ANY)),
    (_PODS, ("resourceFieldRef", "divisor")),
    (frozenset({"LimitRange"}), ("limits", ITEM, ANY, ANY)),
    (_AUTOSCALERS, ("target", "averageValue")),
    (_AUTOSCALERS, ("target", "value")),
    (frozenset({"ResourceQuota"}), ("spec", "hard", ANY)),
    (frozenset({"PersistentVolume"}), ("spec", "capacity", ANY)),
    (frozenset({"RuntimeClass.node.k8s.io"}), ("overhead", "podFixed", ANY)),
)

# Bytes, which are read from base64 with line ends in it, and written without.
BYTES: tuple[tuple[frozenset[str], Path], ...] = (
    (frozenset({"Secret"}), ("data", ANY)),
    (frozenset({"ConfigMap"}), ("binaryData", ANY)),
    (_WEBHOOKS, ("clientConfig", "caBundle")),
    (frozenset({"APIService.apiregistration.k8s.io"}), ("spec", "caBundle")),
    (frozenset({"CertificateSigningRequest.certificates.k8s.io"}), ("spec", "request")),
)

# What is filled in inside of values that are replaced as a whole: a value, or what makes one of the fields beside it.
# Elsewhere a default is a field that is not ours.
# https://github.com/kubernetes/kubernetes/tree/v1.34.1/pkg/apis (*/v1/defaults.go)
DEFAULTS: tuple[tuple[frozenset[str], Path, str, t.Any], ...] = (
    (_PODS, ("fieldRef",), "apiVersion", "v1"),
    (_PODS, ("resourceFieldRef",), "divisor", "0"),
    (_PODS, ("onPodConditions", ITEM), "status", "True"),
    (_BINDINGS, ("subjects", ITEM), "apiGroup", _group_of_subject),
    (_BINDINGS, ("roleRef",), "apiGroup", _RBAC),
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
    *((_PODS, ("containers", ITEM, name), []) for name in ("args", "command", "envFrom")),
    *((_PODS, ("containers", ITEM, name), False) for name in ("stdin", "stdinOnce", "tty")),
    (_PODS, ("containers", ITEM, "workingDir"), ""),
    (_PODS, ("env", ITEM, "value"), ""),
    (_PODS, ("volumeMounts", ITEM, "readOnly"), False),
    (_PODS, ("volumeMounts", ITEM, "subPath"), ""),
    (_PODS, ("spec", "hostNetwork"), False),
    (_PODS, ("spec", "hostPID"), False),
    (_PODS, ("spec", "hostIPC"), False),
    (_PODS, ("spec", "minReadySeconds"), 0),
    (_PODS, ("spec", "nodeSelector"), {}),
    *((_PODS, ("spec", name), "") for name in ("serviceAccountName", "priorityClassName", "hostname", "subdomain")),
    (frozenset({"Deployment.apps"}), ("spec", "paused"), False),
    (_PODS, ("spec", "tolerations"), []),
    (_PODS, ("jobTemplate", "metadata", "labels"), {}),
    (_BINDINGS, ("subjects", ITEM, "apiGroup"), ""),
    (frozenset({"ConfigMap", "Secret"}), ("data",), {}),
    (frozenset({"ConfigMap"}), ("binaryData",), {}),
    (frozenset({"Service"}), ("spec", "publishNotReadyAddresses"), False),
    (frozenset({"Service"}), ("spec", "externalName"), ""),
    (frozenset({"Service"}), ("spec", "loadBalancerIP"), ""),
    *((frozenset({"Service"}), ("spec", name), []) for name in ("externalIPs", "loadBalancerSourceRanges")),
    (frozenset({"Service"}), ("ports", ITEM, "name"), ""),
    (frozenset({"Ingress.networking.k8s.io"}), ("spec", "tls"), []),
    (frozenset({"StorageClass.storage.k8s.io"}), ("mountOptions",), []),
    (frozenset({"PriorityClass.scheduling.k8s.io"}), ("globalDefault",), False),
    (frozenset({"PriorityClass.scheduling.k8s.io"}), ("description",), ""),
    (frozenset({"CustomResourceDefinition.apiextensions.k8s.io"}), ("spec", "preserveUnknownFields"), False),
)
# The same for metadata, which all kinds have, those of custom resources too.
OMITTED_METADATA: tuple[Path, ...] = (("metadata", "labels"), ("metadata", "annotations"))

# What comes back as null when it is an empty list.
NULLED: tuple[tuple[frozenset[str], Path], ...] = ((_ROLES, ("rules",)),)

# Mappings of which nothing is asked when they are empty: what is in them stays.
KEPT: tuple[tuple[frozenset[str], Path], ...] = (
    (frozenset({"Namespace"}), ("spec",)),
    (frozenset({"Deployment.apps"}), ("spec", "strategy")),
    (_PODS, ("spec", "securityContext")),
    (_PODS, ("containers", ITEM, "resources")),
    (_AUTOSCALERS, ("spec", "behavior")),
)
# Texts of which the same is true: what the server has chosen stays.
CHOSEN: tuple[tuple[frozenset[str], Path], ...] = ((frozenset({"Service"}), ("spec", "clusterIP")),)

# What is filled in for null. Where nothing is, null leaves no value.
NULLS: tuple[tuple[frozenset[str], Path, t.Any], ...] = (
    (_REPLICATED, ("spec", "replicas"), 1),
    (_REVISED, ("spec", "revisionHistoryLimit"), 10),
    (frozenset({"Deployment.apps"}), ("spec", "progressDeadlineSeconds"), 600),
    (_AUTOSCALERS, ("spec", "minReplicas"), 1),
    (_PODS, ("spec", "terminationGracePeriodSeconds"), 30),
    (_PODS, ("spec", "dnsPolicy"), "ClusterFirst"),
    (_PODS, ("spec", "schedulerName"), "default-scheduler"),
    (_PODS, ("containers", ITEM, "terminationMessagePath"), "/dev/termination-log"),
    (_PODS, ("containers", ITEM, "terminationMessagePolicy"), "File"),
    *(
        (_PODS, (probe, field), value)
        for probe in ("livenessProbe", "readinessProbe", "startupProbe")
        for field, value in (
            ("timeoutSeconds", 1),
            ("periodSeconds", 10),
            ("successThreshold", 1),
            ("failureThreshold", 3),
        )
    ),
    (_PODS, ("httpGet", "scheme"), "HTTP"),
    (_PODS, ("httpGet", "path"), "/"),
    (_PODS, ("hostPath", "type"), ""),
    *((_PODS, (source, "defaultMode"), 420) for source in ("configMap", "secret", "projected", "downwardAPI")),
    (frozenset({"Service"}), ("spec", "type"), "ClusterIP"),
    (frozenset({"Service"}), ("spec", "sessionAffinity"), "None"),
    (frozenset({"Secret"}), ("type",), "Opaque"),
    (frozenset({"CronJob.batch"}), ("spec", "concurrencyPolicy"), "Allow"),
    (frozenset({"CronJob.batch"}), ("spec", "suspend"), False),
    (frozenset({"CronJob.batch"}), ("spec", "successfulJobsHistoryLimit"), 3),
    (frozenset({"CronJob.batch"}), ("spec", "failedJobsHistoryLimit"), 1),
    (frozenset({"ConfigMap"}), ("data", ANY), ""),
)

# Lists whose items have owners of their own: an empty one names none, is not recorded, and leaves what is there.
OPEN_LISTS: tuple[tuple[frozenset[str], Path], ...] = (
    *((_PODS, ("spec", name)) for name in ("containers", "initContainers", "volumes", "imagePullSecrets")),
    *((_PODS, ("spec", name)) for name in ("hostAliases", "topologySpreadConstraints", "ephemeralContainers")),
    *((_PODS, (ITEM, name)) for name in ("env", "ports", "volumeMounts", "volumeDevices")),
    (frozenset({"Service"}), ("spec", "ports")),
    (frozenset({"ServiceAccount"}), ("secrets",)),
)


def normal(kind: str, path: Path, value: t.Any) -> t.Any:
    """``value`` of the field at ``path`` as the server gives it back, as far as that is known for certain."""
    if value is None:
        return next((filled for kinds, end, filled in NULLS if kind in kinds and _ends(path, end)), MISSING)
    if _is_omitted(kind, path, value):
        return MISSING
    if isinstance(value, dict):
        return _normal_mapping(kind, path, value)
    if value == [] and any(kind in kinds and path == whole for kinds, whole in NULLED):
        return None
    if isinstance(value, list):
        return [UNKNOWN if item is None else normal(kind, (*path, ITEM), item) for item in value]
    if any(kind in kinds and _ends(path, end) for kinds, end in QUANTITIES):
        return quantity.canonical(value) or value
    if any(kind in kinds and _ends(path, end) for kinds, end in BYTES):
        return _canonical_bytes(value)
    return value


def _normal_mapping(kind: str, path: Path, value: dict[str, t.Any]) -> dict[str, t.Any]:
    # Only of items of lists it is certain that they have fields: in a mapping with free keys null is a value.
    has_fields = path[-1:] == (ITEM,)
    parts = {
        key: UNKNOWN if part is None and not has_fields else normal(kind, (*path, key), part)
        for key, part in value.items()
    }
    defaults = {
        key: default(value) if callable(default) else default
        for kinds, end, key, default in DEFAULTS
        if kind in kinds and _ends(path, end)
    }
    given = {key: part for key, part in parts.items() if part is not MISSING}
    return {key: part for key, part in (defaults | given).items() if part is not MISSING}


def is_open_list(kind: str, path: Path) -> bool:
    """Whether a list is known to have items with owners of their own."""
    return any(kind in kinds and _ends(path, end) for kinds, end in OPEN_LISTS)


def _canonical_bytes(value: t.Any) -> t.Any:
    """Base64 as the server writes it."""
    try:
        plain = value.replace("\r", "").replace("\n", "")
        return base64.b64encode(base64.b64decode(plain, validate=True)).decode()
    except (AttributeError, ValueError):
        return UNKNOWN


def asks_nothing(kind: str, path: Path, value: t.Any, live: t.Any) -> bool:
    """Whether ``value`` leaves what there is as it is."""
    if isinstance(live, dict):
        return value in ({}, None) and any(kind in kinds and _ends(path, end) for kinds, end in KEPT)
    return value == "" and isinstance(live, str) and any(kind in kinds and path == whole for kinds, whole in CHOSEN)


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
