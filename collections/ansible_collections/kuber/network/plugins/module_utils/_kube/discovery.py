# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Which kinds an API server knows, and where their objects live."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import wellknown
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import (
    Body,
    Item,
    Ref,
    Resource,
    below,
    group_of,
    kind_key,
    mappings,
)

# All groups in two answers (KEP-3352); v2beta1 is what Kubernetes 1.27 to 1.29 speaks.
AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


WELL_KNOWN = {
    (api_version, kind): Resource(api_version, kind, plural, namespaced)
    for namespaced, table in ((True, wellknown.NAMESPACED), (False, wellknown.CLUSTER_WIDE))
    for api_version, kinds in table.items()
    for kind, plural in kinds.items()
}
# The table has one version of each group.
WELL_KNOWN_BY_KEY = {kind_key(one.api_version, one.kind): one for one in WELL_KNOWN.values()}
BY_KIND = {resource.kind: resource for resource in WELL_KNOWN.values()}


class Kinds:
    """The kinds of one API server, and those that a set brings along itself."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str], Resource] = {}
        self._defined: dict[tuple[str, str], Resource] = {}
        self._preferred: list[Resource] = []
        self._served: dict[tuple[str, str], list[str]] = {}
        """Which versions the definitions of the set serve."""
        self._stale: set[str] = set()
        """Of which versions the server has no news, because what answers for them does not."""

    def find(self, api_version: str, kind: str) -> Resource | None:
        """The kind, whether the server knows it or the set defines it."""
        return self.served(api_version, kind) or self._defined.get((api_version, kind))

    def served(self, api_version: str, kind: str) -> Resource | None:
        """The kind, if the server knows it by now."""
        return WELL_KNOWN.get((api_version, kind)) or self._all().get((api_version, kind))

    def versions(self) -> list[str]:
        """What the server serves, as charts ask for it: versions of groups, and kinds of versions."""
        return sorted({name for version, kind in self._all() for name in (version, f"{version}/{kind}")})

    def find_by_kind(self, kind: str) -> Resource | None:
        """The only group's kind of that name, in the version the server prefers."""
        if kind in BY_KIND:
            return BY_KIND[kind]
        self._all()
        found = {group_of(one.api_version): one for one in reversed(self._preferred) if one.kind == kind}
        found |= {group_of(one.api_version): one for one in self._defined.values() if one.kind == kind}
        # Two groups with one kind: what Kubernetes brings itself is what is meant by the bare name (Event, Ingress).
        own = {group: one for group, one in found.items() if "." not in group or group.endswith(".k8s.io")}
        candidates = list((own or found).values())
        if len(candidates) > 1 and (core := own.get("")):
            return core
        if len(candidates) > 1:
            names = sorted(one.api_version for one in candidates)
            raise KuberError(
                f"Kind {kind} is not unique", found=", ".join(names), remedy="Say which with the option api_version"
            )
        return candidates[0] if candidates else None

    def find_by_key(self, key: str) -> Resource | None:
        """The kind of that key, such as "Deployment.apps"."""
        if key in WELL_KNOWN_BY_KEY:
            return WELL_KNOWN_BY_KEY[key]
        self._all()
        return next((one for one in self._preferred if kind_key(one.api_version, one.kind) == key), None)

    def define(self, definition: Body) -> None:
        """Take note of a CustomResourceDefinition of the set."""
        spec = definition.get("spec")
        group, kind = str(below(spec, "group")), str(below(spec, "names", "kind"))
        served = self._served[group, kind] = []
        for version in mappings(below(spec, "versions")):
            if version.get("served") is False:
                continue
            api_version, plural = f"{group}/{version.get('name')}", str(below(spec, "names", "plural"))
            served.append(api_version)
            resource = Resource(api_version, kind, plural, below(spec, "scope") == "Namespaced")
            self._defined[resource.api_version, resource.kind] = resource

    def why_unknown(self, api_version: str) -> str | None:
        """Why the server may not know kinds of that version, although they are there."""
        self._all()
        if api_version not in self._stale:
            return None
        group, _slash, version = api_version.rpartition("/")
        return f"APIService {version}.{group} does not answer (kubectl describe apiservice {version}.{group})"

    def refuse_unserved(self, ref: Ref, origin: str) -> None:
        """Refuse an object of a version that the definition in the same set does not serve (any more)."""
        served = self._served.get((ref.group, ref.kind))
        if served is not None and ref.api_version not in served:
            raise KuberError(
                f"{ref} ({origin}) has a version that the CustomResourceDefinition in the set does not serve",
                wanted=" or ".join(served) or "a definition with a version that is served",
                found=ref.api_version,
                remedy="Write the object in a version that is served; nothing has been touched",
            )

    def refuse_unknown(self, items: t.Sequence[Item]) -> None:
        """Refuse a set with kinds that neither the server nor the set knows."""
        for item in items:
            self.refuse_unserved(item.ref, item.origin)
        unknown = [item for item in items if item.resource is None]
        if unknown:
            silent = [why for one in unknown if (why := self.why_unknown(one.ref.api_version))]
            raise KuberError(
                "The API server does not know the kind of " + ", ".join(f"{one.ref} ({one.origin})" for one in unknown),
                found="; ".join(dict.fromkeys(silent))
                or "no " + ", ".join(sorted({f"{one.ref.kind} of {one.ref.api_version}" for one in unknown})),
                remedy="Repair what answers for the APIService, then run again"
                if silent
                else "Apply the CustomResourceDefinition before or in the same set, or correct apiVersion and kind",
            )

    def is_defined(self, resource: Resource) -> bool:
        return (resource.api_version, resource.kind) in self._defined

    def _all(self) -> dict[tuple[str, str], Resource]:
        if not self._known:
            for path in ("/api", "/apis"):
                for group in self._ask(path):
                    self._take(group)
        return self._known

    def _ask(self, path: str) -> list[Body]:
        answer = self._client.request("GET", path, accept=AGGREGATED)
        if answer.get("kind") != "APIGroupDiscoveryList":
            raise KuberError(
                f"The API server of context {self._client.context} is too old",
                wanted="Kubernetes 1.27 or newer",
                remedy="Upgrade the cluster",
            )
        return t.cast("list[Body]", answer.get("items") or [])

    def _take(self, group: Body) -> None:
        name = group["metadata"].get("name", "")
        seen: set[str] = set()
        for version in group["versions"]:
            api_version = f"{name}/{version['version']}" if name else version["version"]
            if version.get("freshness") == "Stale":
                self._stale.add(api_version)
            for entry in version.get("resources") or []:
                kind = (entry.get("responseKind") or {}).get("kind")
                # Things such as TokenReview can be sent but not read: they are questions, not objects.
                if not kind or "get" not in entry.get("verbs", ()):
                    continue
                resource = Resource(api_version, kind, entry["resource"], entry["scope"] == "Namespaced")
                self._known.setdefault((api_version, kind), resource)
                if kind not in seen:
                    seen.add(kind)
                    self._preferred.append(resource)
