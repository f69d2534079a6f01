# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""How the API server takes a value apart when it notes who owns what of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import normalize
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import DEFAULT_KEYS
from ansible_collections.kuber.network.plugins.module_utils._kube.normalize import MISSING, Path
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Resource, group_of

# The groups whose types are part of the API server. Everything else is defined by somebody, and may be redefined.
BUILTIN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)

# From here on JSON in Go writes a whole number with an exponent.
LARGEST_WHOLE = 10**21


class Schema(t.Protocol):
    """What is known of one value beside what a record says of it."""

    @property
    def declared(self) -> bool:
        """Whether the value belongs to a field with a type of its own, not to one key of a mapping among others."""

    def field(self, name: str) -> Schema: ...

    def item(self) -> Schema: ...

    def is_whole(self, value: t.Any) -> bool:
        """Whether ``value``, which is not empty, is replaced as a whole."""

    def has_fields(self) -> bool: ...

    def is_set(self) -> bool: ...

    def has_keys(self, keys: frozenset[str]) -> bool:
        """Whether its items are told apart by these of their fields."""

    def default(self, key: str) -> t.Any:
        """What a field that tells items apart is when an item does not name it; ``None`` if nothing is known."""

    def leaves(self, kind: str, path: Path, live: t.Any) -> bool:
        """Whether an empty list leaves ``live`` as it is, for its items have owners of their own."""

    def normal(self, kind: str, path: Path, value: t.Any) -> t.Any:
        """``value`` as the server gives it back, as far as that is known for certain."""


@dataclasses.dataclass(frozen=True)
class BuiltinSchema:
    """A value of a kind of Kubernetes itself: the records, made by the same server, are believed.

    None of these kinds has mappings whose values have fields of their own, but inside of what is replaced as a whole.
    """

    declared: bool = True

    def field(self, name: str) -> BuiltinSchema:
        return self

    def item(self) -> BuiltinSchema:
        return self

    def is_whole(self, value: t.Any) -> bool:
        return True

    def has_fields(self) -> bool:
        return True

    def is_set(self) -> bool:
        return True

    def has_keys(self, keys: frozenset[str]) -> bool:
        return True

    def default(self, key: str) -> t.Any:
        return DEFAULT_KEYS.get(key)

    def leaves(self, kind: str, path: Path, live: t.Any) -> bool:
        return normalize.is_open_list(kind, path)

    def normal(self, kind: str, path: Path, value: t.Any) -> t.Any:
        return normalize.normal(kind, path, value)


@dataclasses.dataclass(frozen=True)
class CustomSchema:
    """A value of a custom resource, with the part of the definition's schema that is about it.

    https://github.com/kubernetes/kube-openapi/blob/master/pkg/schemaconv/openapi.go
    """

    schema: Body
    declared: bool = True
    top: bool = False

    def field(self, name: str) -> Schema:
        if self.top and name == "metadata":
            return BuiltinSchema()
        properties = self.schema.get("properties") or {}
        if name in properties:
            return CustomSchema(properties[name])
        others = self.schema.get("additionalProperties")
        return CustomSchema(others if isinstance(others, dict) else {}, declared=False)

    def item(self) -> CustomSchema:
        return CustomSchema(self.schema.get("items") or {})

    def is_whole(self, value: t.Any) -> bool:
        if isinstance(value, dict):
            return self._says("x-kubernetes-map-type") == "atomic" and self._is_plain
        if isinstance(value, list):
            return self._says("x-kubernetes-list-type") in (None, "atomic") and self._is_plain
        return True

    def has_fields(self) -> bool:
        return self._says("x-kubernetes-map-type") in (None, "granular") and self._is_plain

    def is_set(self) -> bool:
        return bool(self._says("x-kubernetes-list-type") == "set")

    def has_keys(self, keys: frozenset[str]) -> bool:
        told_apart = self._says("x-kubernetes-list-type") == "map"
        return told_apart and frozenset(self._says("x-kubernetes-list-map-keys") or ()) == keys

    def default(self, key: str) -> t.Any:
        return ((self.schema.get("properties") or {}).get(key) or {}).get("default")

    def leaves(self, kind: str, path: Path, live: t.Any) -> bool:
        # Unlike those of built-in kinds, it would be there, although it is empty.
        return isinstance(live, list) and self._says("x-kubernetes-list-type") in ("map", "set")

    def normal(self, kind: str, path: Path, value: t.Any) -> t.Any:
        if value is None and self.declared and not self._says("nullable"):
            return self.schema.get("default", MISSING)
        return _filled_in(self.schema, value)

    @property
    def _is_plain(self) -> bool:
        # An embedded object has metadata that its schema does not mention.
        return not self._says("x-kubernetes-embedded-resource")

    def _says(self, word: str) -> t.Any:
        return self.schema.get(word)


def _filled_in(schema: Body, value: t.Any) -> t.Any:
    """A value with the defaults of its schema, and numbers as JSON in Go has them.

    https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/defaulting/algorithm.go
    """
    if isinstance(value, list):
        return [_filled_in(schema.get("items") or {}, item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE:
        return int(value)
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    result = {}
    for name, part in value.items():
        below = properties.get(name) or (others if isinstance(others, dict) else {})
        if part is not None or name not in properties or below.get("nullable"):
            result[name] = _filled_in(below, part)
    missing = {name: below["default"] for name, below in properties.items() if "default" in below}
    return {name: _filled_in(properties[name], part) for name, part in missing.items() if name not in result} | result


def schema_of(resource: Resource, definitions: t.Mapping[str, Body | None]) -> Schema | None:
    """The shape of a kind; ``None`` when it cannot be known."""
    if is_builtin(resource):
        return BuiltinSchema()
    definition = definitions.get(resource.definition)
    return None if definition is None else _shape(definition, resource)


def is_builtin(resource: Resource) -> bool:
    """Whether no definition says what its objects look like."""
    return group_of(resource.api_version) in BUILTIN_GROUPS


def _shape(definition: Body, resource: Resource) -> CustomSchema | None:
    spec = definition["spec"]
    if spec.get("preserveUnknownFields"):
        return None
    for version in spec["versions"]:
        if f"{spec['group']}/{version['name']}" == resource.api_version:
            schema = (version.get("schema") or {}).get("openAPIV3Schema")
            return CustomSchema(schema, top=True) if isinstance(schema, dict) else None
    return None
