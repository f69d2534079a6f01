# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade CustomResourceDefinitions of v1beta1: v1 has schema and columns in each version."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Reason

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

LINK = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#customresourcedefinition-v122"
_STRUCTURAL = "https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema"
_PER_VERSION = ("additionalPrinterColumns", "subresources")
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_ANYTHING = {"type": "object", _PRESERVE: True}
# Where a schema contains schemas: in a mapping, or as a value.
_MAPS, _ONES = ("properties",), ("items", "additionalProperties")


def resource_definition(draft: Draft) -> None:
    spec = draft.get("spec")
    if not isinstance(spec, dict):
        draft.reject("spec is not a mapping", "Rewrite the definition", LINK)
        return
    versions = _versions(spec)
    if not versions:
        draft.reject("spec has no versions", "Add spec.versions", LINK)
        return
    for version in versions:
        problem = _not_structural(version["schema"]["openAPIV3Schema"], "openAPIV3Schema")
        if problem:
            draft.reject(
                f"The schema of version {version.get('name')} is not structural: {problem}",
                "Add the types",
                _STRUCTURAL,
            )
            return
    reason = Reason(
        "v1 has schema, subresources and columns in each entry of spec.versions, and requires a schema", LINK
    )
    if versions != spec.get("versions"):
        draft.set(("spec", "versions"), versions, reason)
    for field in ("version", "validation", *_PER_VERSION):
        if field in spec:
            draft.remove(("spec", field), reason)
    _scope(draft)
    _conversion(draft)
    if draft.get("spec", "preserveUnknownFields"):
        draft.remove(("spec", "preserveUnknownFields"), Reason("v1 has it in the schema", LINK))


def _scope(draft: Draft) -> None:
    if not draft.get("spec", "scope"):
        draft.set(("spec", "scope"), "Namespaced", Reason("v1 requires a scope; this was the default", LINK))


def _versions(spec: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    listed = mappings(spec.get("versions"))
    if not listed and isinstance(spec.get("version"), str):
        listed = [{"name": spec["version"], "served": True, "storage": True}]
    prune = spec.get("preserveUnknownFields") is False
    return [_version(version, spec, prune=prune) for version in listed]


def _version(old: dict[str, t.Any], spec: dict[str, t.Any], *, prune: bool) -> dict[str, t.Any]:
    version = dict(old)
    for field in _PER_VERSION:
        if field in spec and field not in version:
            version[field] = spec[field]
    if "additionalPrinterColumns" in version:
        version["additionalPrinterColumns"] = [_column(one) for one in mappings(version["additionalPrinterColumns"])]
    validation = version.get("schema") or spec.get("validation") or {}
    schema = validation.get("openAPIV3Schema") if isinstance(validation, dict) else None
    schema = _typed(schema) if isinstance(schema, dict) and schema else dict(_ANYTHING)
    if not prune:
        # v1beta1 kept fields that the schema does not define; without this, v1 would drop them.
        schema[_PRESERVE] = True
    version["schema"] = {"openAPIV3Schema": schema}
    return version


def _column(old: dict[str, t.Any]) -> dict[str, t.Any]:
    return {("jsonPath" if key == "JSONPath" else key): value for key, value in old.items()}


def _typed(schema: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the schema with ``type: object`` wherever it has properties."""
    result = dict(schema)
    if "type" not in result and ("properties" in result or "additionalProperties" in result):
        result = {"type": "object", **result}
    for field in _MAPS:
        if isinstance(result.get(field), dict):
            result[field] = {
                key: _typed(part) if isinstance(part, dict) else part for key, part in result[field].items()
            }
    for field in _ONES:
        if isinstance(result.get(field), dict):
            result[field] = _typed(result[field])
    return result


def _not_structural(schema: t.Any, place: str) -> str:
    """Return why the API server would reject the schema; empty if it looks structural."""
    if not isinstance(schema, dict):
        return ""
    if "type" not in schema and not schema.get(_PRESERVE) and not schema.get(_INT_OR_STRING):
        return f"{place} has no type"
    if "$ref" in schema:
        return f"{place} has a $ref"
    for field in _MAPS:
        below = schema.get(field)
        for key, part in below.items() if isinstance(below, dict) else ():
            if problem := _not_structural(part, f"{place}.{key}"):
                return problem
    for field in _ONES:
        if problem := _not_structural(schema.get(field), f"{place}.{field}"):
            return problem
    return ""


def _conversion(draft: Draft) -> None:
    conversion = draft.get("spec", "conversion")
    if not isinstance(conversion, dict):
        return
    webhook = {new: conversion[old] for old, new in _CONVERSION.items() if old in conversion}
    if not webhook:
        return
    rest = {key: value for key, value in conversion.items() if key not in _CONVERSION}
    if conversion.get("strategy") == "Webhook":
        webhook.setdefault("conversionReviewVersions", ["v1beta1"])
        rest["webhook"] = webhook
    draft.set(("spec", "conversion"), rest, Reason("v1 describes the webhook in conversion.webhook", LINK))


_CONVERSION = {"webhookClientConfig": "clientConfig", "conversionReviewVersions": "conversionReviewVersions"}
