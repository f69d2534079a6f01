# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The Ingress objects of one class: their paths, and how these belong together."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import PREFIX
from ansible_collections.kuber.network.plugins.module_utils._ingress.rules import NGINX
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

OLD_CLASS = "kubernetes.io/ingress.class"
Field = tuple[t.Union[str, int], ...]


def annotations_of(body: Body) -> dict[str, str]:
    found = below(body, "metadata", "annotations")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def class_of(body: Body) -> str:
    return str(below(body, "spec", "ingressClassName") or annotations_of(body).get(OLD_CLASS) or "")


def namespace_of(body: Body) -> str:
    return str(below(body, "metadata", "namespace") or "default")


def name_of(body: Body) -> str:
    return f"{body['kind']} {namespace_of(body)}/{body['metadata']['name']}"


@dataclasses.dataclass(frozen=True)
class Route:
    """One path of one Ingress."""

    ingress: Body
    place: Field
    """The field of the path."""
    host: str
    path: str
    path_type: str
    backend: Body

    def annotation(self, name: str) -> str:
        return annotations_of(self.ingress).get(PREFIX + name, "")

    @property
    def namespace(self) -> str:
        return namespace_of(self.ingress)

    @property
    def is_canary(self) -> bool:
        return self.annotation("canary").lower() == "true"

    @property
    def key(self) -> tuple[str, str, str]:
        """What a canary has in common with its main Ingress."""
        return self.host, self.path, self.path_type

    @property
    def is_pattern(self) -> bool:
        """Whether the path is written as a regular expression."""
        return NGINX.pattern.search(self.path) is not None

    @property
    def rewrite(self) -> str:
        """The target of its rewrite; ingress-nginx does nothing if that is the path itself."""
        target = self.annotation("rewrite-target")
        return target if target != self.path else ""

    @property
    def service(self) -> tuple[str, str | int | None]:
        """Name of the Service, empty if there is none, and its port."""
        service = below(self.backend, "service")
        name, port = below(service, "name"), below(service, "port")
        return str(name or ""), below(port, "number") or below(port, "name")


def routes_of(ingress: Body) -> list[Route]:
    found = []
    for number, rule in enumerate(mappings(below(ingress, "spec", "rules"))):
        for position, path in enumerate(mappings(below(rule, "http", "paths"))):
            place = ("spec", "rules", number, "http", "paths", position)
            backend = path.get("backend")
            found.append(
                Route(
                    ingress,
                    place,
                    str(rule.get("host") or ""),
                    str(path.get("path") or "/"),
                    str(path.get("pathType") or "ImplementationSpecific"),
                    backend if isinstance(backend, dict) else {},
                )
            )
    return found


def _certificates(ingress: Body) -> Iterator[tuple[str, tuple[str, str]]]:
    hosts = [str(rule.get("host") or "") for rule in mappings(below(ingress, "spec", "rules"))]
    for entry in mappings(below(ingress, "spec", "tls")):
        secret, named = entry.get("secretName"), entry.get("hosts")
        # Without hosts, ingress-nginx looks for those that the certificate is for.
        for host in named if isinstance(named, list) and named else hosts:
            if secret:
                yield str(host), (namespace_of(ingress), str(secret))


class Routes:
    """The paths of all Ingress objects of one class."""

    def __init__(self, ingresses: Iterable[Body]) -> None:
        self.ingresses: Sequence[Body] = tuple(ingresses)
        self.all = [route for ingress in self.ingresses for route in routes_of(ingress)]
        self.hosts = {route.host for route in self.all if route.host}
        self.certificates = dict(reversed([one for ingress in self.ingresses for one in _certificates(ingress)]))
        """Namespace and name of the Secret by host: one Ingress may bring the certificate for the paths of another."""
        self._patterns = {
            route.host
            for route in self.all
            if not route.is_canary and (route.rewrite or route.annotation("use-regex").lower() == "true")
        }

    def reads_patterns(self, host: str) -> bool:
        """Whether ingress-nginx reads all paths of the host as regular expressions."""
        return host in self._patterns

    def main_of(self, canary: Route) -> Route | None:
        """The path that a canary belongs to, first of its own namespace."""
        found = [one for one in self.all if not one.is_canary and one.key == canary.key]
        own = [one for one in found if one.namespace == canary.namespace]
        return next(iter([*own, *found]), None)
