# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade fields that differ between a removed API version and its successor."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Path, Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"
# Fields of the beta versions that apps/v1 lacks.
_WORKLOAD_FIELDS = ("rollbackTo", "templateGeneration")
# v1beta1's defaults of fields with another default in v1.
_WEBHOOK_DEFAULTS = {
    "failurePolicy": "Ignore",
    "matchPolicy": "Exact",
    "timeoutSeconds": 30,
    "admissionReviewVersions": ["v1beta1"],
}
_REQUEST_SIGNERS = "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#signers"


def workload(draft: Draft) -> None:
    """Add the selector that apps/v1 requires and the beta versions derived from the labels of the template."""
    link = f"{GUIDE}#deployment-v116"
    if not draft.get("spec", "selector"):
        labels = draft.get("spec", "template", "metadata", "labels")
        if not labels or not isinstance(draft.get("spec", "template"), dict):
            draft.reject(
                "spec.selector is missing and the pod template has no labels to derive it from",
                "Add labels to the pod template, and the same labels to spec.selector.matchLabels",
                link,
            )
            return
        why = "apps/v1 requires a selector; the beta versions used the labels of the pod template"
        draft.set(("spec", "selector"), {"matchLabels": labels}, Reason(why, link))
    for field in _WORKLOAD_FIELDS:
        if draft.get("spec", field) is not None:
            draft.remove(("spec", field), Reason(f"apps/v1 has no field {field}", link))


def disruption_budget(draft: Draft) -> None:
    """Remove an empty selector: in policy/v1 it matches all pods of the namespace, in v1beta1 it matched none."""
    if draft.get("spec", "selector") == {}:
        why = "An empty selector matched no pod in v1beta1 and matches every pod in v1; without one it matches none"
        draft.remove(("spec", "selector"), Reason(why, f"{GUIDE}#poddisruptionbudget-v125"))


def autoscaler(draft: Draft) -> None:
    reason = Reason(
        "autoscaling/v2 has separate mappings for the metric and its target",
        f"{GUIDE}#horizontalpodautoscaler-v125",
    )
    metrics = draft.get("spec", "metrics")
    for number, metric in enumerate(metrics if isinstance(metrics, list) else []):
        kind = metric.get("type") if isinstance(metric, dict) else None
        source = _SOURCES.get(kind) if isinstance(kind, str) else None
        if source is None:
            continue
        key, convert = source
        old = metric.get(key)
        if isinstance(old, dict) and (new := convert(old)) != old:
            draft.set(("spec", "metrics", number, key), new, reason)


def _resource(old: dict[str, t.Any]) -> dict[str, t.Any]:
    kept = {key: old[key] for key in ("container", "name") if key in old}
    return kept | _target(old, utilization="targetAverageUtilization", average="targetAverageValue")


def _pods(old: dict[str, t.Any]) -> dict[str, t.Any]:
    return _metric(old, "selector") | _target(old, average="targetAverageValue")


def _object(old: dict[str, t.Any]) -> dict[str, t.Any]:
    described = {"describedObject": old["target"]} if "target" in old else {}
    return described | _metric(old, "selector") | _target(old, average="averageValue", value="targetValue")


def _external(old: dict[str, t.Any]) -> dict[str, t.Any]:
    return _metric(old, "metricSelector") | _target(old, average="targetAverageValue", value="targetValue")


def _metric(old: dict[str, t.Any], selector: str) -> dict[str, t.Any]:
    chosen = {"selector": old[selector]} if selector in old else {}
    return {"metric": {"name": old.get("metricName")} | chosen}


def _target(
    old: dict[str, t.Any], *, average: str, utilization: str | None = None, value: str | None = None
) -> dict[str, t.Any]:
    """Return the target from the first old field that is set; an average value takes precedence over a value."""
    forms = ((utilization, "Utilization", "averageUtilization"), (average, "AverageValue", "averageValue"))
    for field, kind, name in (*forms, (value, "Value", "value")):
        if field is not None and old.get(field) is not None:
            return {"target": {"type": kind, name: old[field]}}
    return {}


_SOURCES: dict[t.Any, tuple[str, t.Callable[[dict[str, t.Any]], dict[str, t.Any]]]] = {
    "Resource": ("resource", _resource),
    "ContainerResource": ("containerResource", _resource),
    "Pods": ("pods", _pods),
    "Object": ("object", _object),
    "External": ("external", _external),
}


def webhooks(draft: Draft) -> None:
    link = f"{GUIDE}#webhook-resources-v122"
    for number, webhook in enumerate(mappings(draft.get("webhooks"))):
        if webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            draft.reject(
                f"sideEffects of webhook {webhook.get('name')} is neither None nor NoneOnDryRun, as v1 requires",
                "Find out what the webhook does, and set sideEffects",
                link,
            )
            return
        for field, default in _WEBHOOK_DEFAULTS.items():
            if webhook.get(field) is None:
                reason = Reason(f"{field} has another default in v1; this is the one of v1beta1", link)
                draft.set(("webhooks", number, field), default, reason)


def signing_request(draft: Draft) -> None:
    if not draft.get("spec", "signerName"):
        draft.reject(
            "spec.signerName is missing, which v1 requires",
            "Choose a signer, such as kubernetes.io/kube-apiserver-client, and set spec.signerName",
            _REQUEST_SIGNERS,
        )
        return
    if not draft.get("spec", "usages"):
        draft.reject("spec.usages is missing, which v1 requires", "Set spec.usages", _REQUEST_SIGNERS)


def endpoint_slice(draft: Draft) -> None:
    link = f"{GUIDE}#endpointslice-v125"
    names = {"kubernetes.io/hostname": "nodeName", "topology.kubernetes.io/zone": "zone"}
    for number, endpoint in enumerate(mappings(draft.get("endpoints"))):
        topology = endpoint.get("topology")
        if not isinstance(topology, dict):
            continue
        base: Path = ("endpoints", number)
        rest = {key: value for key, value in topology.items() if key not in names}
        reason = Reason("discovery.k8s.io/v1 has nodeName and zone instead of topology", link)
        new = {names[key]: value for key, value in topology.items() if key in names and not endpoint.get(names[key])}
        for field, value in new.items():
            draft.set((*base, field), value, reason)
        if rest:
            draft.set((*base, "deprecatedTopology"), rest, reason)
        draft.remove((*base, "topology"), reason)


def priority_level(draft: Draft) -> None:
    limited = draft.get("spec", "limited")
    if isinstance(limited, dict) and "assuredConcurrencyShares" in limited:
        why = "flowcontrol.apiserver.k8s.io/v1 has nominalConcurrencyShares instead of assuredConcurrencyShares"
        reason = Reason(why, f"{GUIDE}#flowcontrol-resources-v129")
        draft.rename(("spec", "limited", "assuredConcurrencyShares"), "nominalConcurrencyShares", reason)
