# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find the rule of an Ingress that takes a request, as ingress-nginx decides it.

The order is that of kubernetes/ingress-nginx, internal/ingress/controller: a request belongs to one server (by host),
and only that server's locations are compared. One Ingress with a rewrite or use-regex turns all locations of its host
into regular expressions.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

PREFIX = "nginx.ingress.kubernetes.io/"
OLD_CLASS = "kubernetes.io/ingress.class"
ANY_HOST = ""


@dataclasses.dataclass(frozen=True)
class Location:
    """One path of one host."""

    host: str
    path: str
    path_type: str
    ingress: Body
    backend: Body

    def annotation(self, name: str) -> str:
        return str((self.ingress["metadata"].get("annotations") or {}).get(PREFIX + name, ""))

    @property
    def is_canary(self) -> bool:
        return self.annotation("canary") == "true"

    @property
    def is_rewritten(self) -> bool:
        target = self.annotation("rewrite-target")
        return bool(target) and target != self.path

    @property
    def place(self) -> str:
        return f"{self.host or '*'}{self.path}"

    def takes(self, path: str, *, as_pattern: bool) -> bool:
        if as_pattern:
            return _matches(f"^{self.path}", path)
        if self.path_type == "Exact" or self.path in ("", "/"):
            return path == self.path if self.path_type == "Exact" else True
        if self.path_type == "Prefix":
            own = self.path.rstrip("/")
            return path == own or path.startswith(f"{own}/")
        return path.startswith(self.path)

    def rewritten(self, path: str) -> str:
        """Return the path that the pod sees."""
        target = self.annotation("rewrite-target")
        found = re.search(self.path, path, re.IGNORECASE) if self.is_rewritten else None
        if found is None:
            return path
        groups = (None, *found.groups())
        return re.sub(r"\$(\d)", lambda ref: (groups[int(ref[1]) : int(ref[1]) + 1] or ("",))[0] or "", target)


def _matches(pattern: str, path: str) -> bool:
    try:
        return re.match(pattern, path, re.IGNORECASE) is not None
    except re.error:
        # The regular expressions of nginx and of Python differ.
        return path.startswith(pattern.lstrip("^"))


def class_of(ingress: Body) -> str:
    annotations = ingress["metadata"].get("annotations") or {}
    return str(ingress["spec"].get("ingressClassName") or annotations.get(OLD_CLASS) or "")


def locations(ingresses: Iterable[Body]) -> list[Location]:
    return [location for ingress in ingresses for location in _of(ingress)]


def _of(ingress: Body) -> Iterator[Location]:
    spec = ingress["spec"]
    if spec.get("defaultBackend"):
        yield Location(ANY_HOST, "/", "Prefix", ingress, spec["defaultBackend"])
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            place = path.get("path") or "/"
            yield Location(rule.get("host") or ANY_HOST, place, path["pathType"], ingress, path["backend"])


def server(found: Iterable[Location], host: str) -> str:
    """Return the host whose locations apply to a request for ``host``."""
    hosts = {location.host for location in found}
    if host in hosts:
        return host
    # buildServerName: the * of *.example.org matches one label.
    wildcard = f"*.{host.partition('.')[2]}"
    return wildcard if wildcard in hosts else ANY_HOST


def choose(found: Sequence[Location], host: str, path: str) -> Location | None:
    """Return the location that takes the request, without regard to canaries."""
    own = [one for one in found if one.host == server(found, host)]
    as_pattern = any(one.is_rewritten or one.annotation("use-regex") == "true" for one in own)
    fitting = [one for one in own if not one.is_canary and one.takes(path.partition("?")[0], as_pattern=as_pattern)]
    # An exact path comes before any prefix; patterns are tried from the longest on.
    return max(fitting, key=lambda one: (one.path_type == "Exact" and not as_pattern, len(one.path)), default=None)


def canary_of(found: Iterable[Location], main: Location) -> Location | None:
    """Return the canary of a location: the controller accepts one, for the same host and path."""
    mine = (main.host, main.path)
    return next((one for one in found if one.is_canary and (one.host, one.path) == mine), None)
