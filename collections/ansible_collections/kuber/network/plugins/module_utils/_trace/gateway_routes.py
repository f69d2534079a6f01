# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find the HTTPRoutes of Gateway API behind Traefik's routers, and those that have the path of a request."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import gateways
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.status import READY
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import title

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects

PROVIDER = "kubernetesgateway"
# What follows route and Gateway in the name of a router: entry point, number of the rule, hash of what it matches
# (traefik/traefik, pkg/provider/kubernetes/gateway/httproute.go).
_REST = re.compile(r"-ep-.+-(\d+)-[0-9a-f]{20}@" + PROVIDER)


@dataclasses.dataclass(frozen=True)
class RouteRule:
    """One rule of an HTTPRoute."""

    route: Body
    rule: Body

    def reference(self, number: int) -> tuple[str, str, str] | None:
        """Return namespace, name and port of a backend's Service; ``None`` if it is none."""
        backends = mappings(self.rule.get("backendRefs"))
        if number >= len(backends) or backends[number].get("kind", "Service") != "Service":
            return None
        one = backends[number]
        namespace = one.get("namespace") or self.route["metadata"]["namespace"]
        return str(namespace), str(one.get("name")), str(one.get("port", ""))

    @property
    def problem(self) -> str:
        """What the Gateway's controller says against the route, empty if it says nothing."""
        return trouble(self.route, ())


def rule_of(cluster: ClusterObjects, router: str) -> RouteRule | None:
    """Return the rule that a router is made of; ``None`` if no HTTPRoute is known for sure."""
    found = [one for route in cluster.http_routes for one in _rules(route, router)]
    return found[0] if len(found) == 1 else None


def _rules(route: Body, router: str) -> Iterator[RouteRule]:
    namespace, name = route["metadata"]["namespace"], route["metadata"]["name"]
    for parent in mappings(below(route, "spec", "parentRefs")):
        gateway = f"{parent.get('namespace') or namespace}-{parent.get('name')}"
        key = _normalized(f"httproute-{namespace}-{name}-gw-{gateway}")
        rest = _REST.fullmatch(router.removeprefix(key)) if router.startswith(key) else None
        rules = mappings(below(route, "spec", "rules"))
        if rest and int(rest[1]) < len(rules):
            yield RouteRule(route, rules[int(rest[1])])
            return


def _normalized(name: str) -> str:
    return "-".join(re.findall(r"[^\W_]+", name))


def trouble(route: Body, known: t.Sequence[Body]) -> str:
    """Return why its Gateway does not serve a route as it is written, empty if it does."""
    verdict = gateways.route(route, known)
    return "" if verdict is READY else verdict.text


def with_path(cluster: ClusterObjects, host: str, path: str) -> Body | None:
    """Return an HTTPRoute with the host and the path, preferably one that its Gateway does not serve."""
    found = [one for one in cluster.http_routes if _has_host(one, host) and _has_path(one, path)]
    return next(iter(sorted(found, key=lambda one: (not trouble(one, cluster.gateways), title(one)))), None)


def _has_host(route: Body, host: str) -> bool:
    hosts = below(route, "spec", "hostnames") or []
    return not hosts or any(one == host or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)


def _has_path(route: Body, path: str) -> bool:
    matches = [
        match for rule in mappings(below(route, "spec", "rules")) for match in mappings(rule.get("matches")) or [{}]
    ]
    return any(_takes(match.get("path") or {}, path) for match in matches)


def _takes(wanted: t.Mapping[str, t.Any], path: str) -> bool:
    value = str(wanted.get("value", "/"))
    if wanted.get("type") == "RegularExpression":
        try:
            return re.search(value, path) is not None
        except re.error:
            return False
    prefix = value.rstrip("/")
    return path == value or (wanted.get("type") != "Exact" and (path == prefix or path.startswith(f"{prefix}/")))
