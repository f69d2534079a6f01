# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Write the paths of Ingress objects as rules of HTTPRoutes; what has no equal raises NoEqual."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._ingress import rules
from ansible_collections.kuber.network.plugins.module_utils._ingress.report import (
    CAPTURE_NAME,
    LOOKAROUND,
    port_of,
    stripped,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._ingress.routes import Route, Routes
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.services import Services

# RequestRedirect takes no other (gateway.networking.k8s.io_httproutes.yaml).
_REDIRECT_CODES = (301, 302, 303, 307, 308)
# What Gateway API allows in a path that is not a regular expression.
_PLAIN = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*")


class NoEqual(Exception):
    """Gateway API has no equal for a field."""

    def __init__(self, field: str, why: str, instead: str = "") -> None:
        super().__init__(why)
        self.field, self.why, self.instead = field, why, instead


@dataclasses.dataclass(frozen=True)
class Writer:
    """Knows all paths and Services."""

    routes: Routes
    services: Services

    def rules(self, route: Route, canary: Route | None) -> list[Body]:
        """Return the rules for one path: those of its canary first, as the first of equal matches is taken."""
        redirect = self._redirect(route)
        match = {"path": self._match(route)}
        if redirect is not None:
            return [{"matches": [match], "filters": [redirect]}]
        filters = self._filters(route)
        main = self._backend(route, route.namespace)
        if canary is None:
            return [_rule(match, filters, [main])]
        next_one = self._backend(canary, route.namespace)
        found = [
            _rule(match | {"headers": [header]}, filters, [next_one if is_next else main])
            for header, is_next in _canary_headers(canary)
        ]
        weight, total = _weight(canary)
        weighted = [main | {"weight": total - weight}, next_one | {"weight": weight}] if weight else [main]
        return [*found, _rule(match, filters, weighted)]

    def default(self, backend: Route) -> Body:
        """Return the rule for all that no other takes."""
        match = {"path": {"type": "PathPrefix", "value": "/"}}
        return _rule(match, [], [self._backend(backend, backend.namespace)])

    def app_root(self, route: Route) -> Body | None:
        root = route.annotation("app-root")
        if not root.startswith("/"):
            return None
        target = {"path": {"type": "ReplaceFullPath", "replaceFullPath": root}, "statusCode": 302}
        match = {"path": {"type": "Exact", "value": "/"}}
        return {"matches": [match], "filters": [{"type": "RequestRedirect", "requestRedirect": target}]}

    def _match(self, route: Route) -> Body:
        if not self.routes.reads_patterns(route.host) or not route.is_pattern:
            if not _PLAIN.fullmatch(route.path) or "//" in route.path:
                raise NoEqual("path", "Gateway API takes only paths that begin with / and have no special characters")
            return {"type": "Exact" if route.path_type == "Exact" else "PathPrefix", "value": route.path}
        if LOOKAROUND.search(route.path):
            raise NoEqual("path", rules.LOOKAROUND.gateway.why)
        prefix = stripped(route)
        if prefix is not None:
            return {"type": "PathPrefix", "value": prefix[0]}
        return {"type": "RegularExpression", "value": f"(?i)^{route.path}"}

    def _filters(self, route: Route) -> list[Body]:
        rewrite: Body = {}
        if route.rewrite:
            rewrite["path"] = self._rewritten(route)
        host = route.annotation("upstream-vhost")
        if host:
            if "$" in host:
                raise NoEqual("upstream-vhost", "Gateway API has no variables")
            rewrite["hostname"] = host
        found: list[Body] = [{"type": "URLRewrite", "urlRewrite": rewrite}] if rewrite else []
        prefix = route.annotation("x-forwarded-prefix")
        if prefix and route.rewrite:
            if "$" in prefix:
                raise NoEqual("x-forwarded-prefix", "Gateway API has no variables")
            header = {"set": [{"name": "X-Forwarded-Prefix", "value": prefix}]}
            found.append({"type": "RequestHeaderModifier", "requestHeaderModifier": header})
        return found

    def _rewritten(self, route: Route) -> Body:
        prefix = stripped(route)
        if prefix is not None:
            return {"type": "ReplacePrefixMatch", "replacePrefixMatch": prefix[1]}
        if CAPTURE_NAME.search(route.rewrite) or "$" in route.rewrite:
            raise NoEqual("rewrite-target", rules.REWRITE_PATTERN.gateway.why, rules.REWRITE_PATTERN.gateway.instead)
        if not route.rewrite.startswith("/"):
            raise NoEqual("rewrite-target", "Gateway API rewrites paths only", "Use temporal-redirect")
        return {"type": "ReplaceFullPath", "replaceFullPath": route.rewrite}

    def _backend(self, route: Route, namespace: str) -> Body:
        name, wanted = route.service
        if not name:
            raise NoEqual("backend", rules.RESOURCE_BACKEND.gateway.why)
        port = port_of(self.services, route.namespace, name, wanted)
        if port is None:
            raise NoEqual(
                "backend", f"The number of port {wanted} of Service {name} is not known", "Give the Service as well"
            )
        place = {"namespace": route.namespace} if route.namespace != namespace else {}
        return {"name": name, **place, "port": port}

    def _redirect(self, route: Route) -> Body | None:
        for kind, code in (("temporal-redirect", 302), ("permanent-redirect", 301)):
            url = route.annotation(kind)
            if url:
                return {"type": "RequestRedirect", "requestRedirect": _redirect_to(url, kind, route, code)}
        return None


def _redirect_to(url: str, kind: str, route: Route, code: int) -> Body:
    parts = urllib.parse.urlsplit(url)
    if "$" in url or parts.query or parts.fragment or parts.scheme not in ("http", "https", ""):
        raise NoEqual(kind, "RequestRedirect knows no variables, query and fragment")
    given = route.annotation(f"{kind}-code")
    code = int(given) if given.isdecimal() and int(given) in range(300, 309) else code
    if code not in _REDIRECT_CODES:
        raise NoEqual(f"{kind}-code", f"RequestRedirect knows no code {code}", "Use one of 301, 302, 303, 307, 308")
    target: Body = {"statusCode": code}
    if parts.scheme:
        target["scheme"] = parts.scheme
    if parts.hostname:
        target["hostname"] = parts.hostname
    if parts.port:
        target["port"] = parts.port
    # nginx sends exactly this address: the path of the request is not kept.
    target["path"] = {"type": "ReplaceFullPath", "replaceFullPath": parts.path or "/"}
    return target


def _rule(match: Body, filters: list[Body], backends: list[Body]) -> Body:
    return {"matches": [match], **({"filters": filters} if filters else {}), "backendRefs": backends}


def _canary_headers(canary: Route) -> list[tuple[Body, bool]]:
    """Return the matches of headers in nginx's order, and whether they lead to the canary."""
    header, value = canary.annotation("canary-by-header"), canary.annotation("canary-by-header-value")
    pattern, cookie = canary.annotation("canary-by-header-pattern"), canary.annotation("canary-by-cookie")
    found: list[tuple[Body, bool]] = []
    if header and value:
        found.append(({"name": header, "value": value}, True))
    elif header and pattern:
        found.append(({"type": "RegularExpression", "name": header, "value": pattern}, True))
    elif header:
        found += [({"name": header, "value": word}, word == "always") for word in ("always", "never")]
    if cookie:
        for word in ("always", "never"):
            expression = rf"(^|;\s*){re.escape(cookie)}={word}(;|$)"
            found.append(({"type": "RegularExpression", "name": "Cookie", "value": expression}, word == "always"))
    return found


def _weight(canary: Route) -> tuple[int, int]:
    numbers = []
    for name, default in (("canary-weight", "0"), ("canary-weight-total", "100")):
        text = canary.annotation(name) or default
        if not text.isdecimal():
            raise NoEqual(name, f"{text} is not a number")
        numbers.append(int(text))
    return min(numbers[0], numbers[1]), numbers[1]
