# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Trace a request through Traefik: its live routers, as its own API tells them, and the services behind them."""

from __future__ import annotations

import dataclasses
import fractions
import json
import posixpath
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.podexec import PodRunner
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._trace import gateway_routes, locations
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import title
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Hop, Kind
from ansible_collections.kuber.network.plugins.module_utils._trace.router_rules import WebRequest, matches

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects
    from ansible_collections.kuber.network.plugins.module_utils._trace.target import Target

# Also in names of mirrors, such as mirrored-library-traefik of k3s.
IMAGE = re.compile(r"(?:^|[/-])traefik(?:[:@]|$)")
API_ADDRESS = "--entrypoints.traefik.address="
API_PORT = "8080"
# Routers of Traefik itself, at entry points that no Service leads to.
INTERNAL = "@internal"
# Middlewares without an effect on where a request goes.
SILENT = ("retry", "buffering")
ALL = fractions.Fraction(1)


@dataclasses.dataclass(frozen=True)
class TraefikBackend:
    """One of Traefik's services with its servers, and its share of the requests."""

    name: str
    share: fractions.Fraction
    reference: tuple[str, str, str] | None
    """Namespace, name and port of the Kubernetes Service; ``None`` if Traefik does not tell."""
    servers: tuple[str, ...] = ()
    """Sockets, such as 10.244.0.3:8000."""
    owner: str = "Ingress"
    """The kind of the object that names the Service."""
    refusal: str = ""
    """Why Traefik answers with an error instead of sending anything there."""


@dataclasses.dataclass(frozen=True)
class Decision:
    """What Traefik does with a request: the hop of the router, and the services behind it."""

    hop: Hop
    backends: tuple[TraefikBackend, ...] = ()


def is_controller(pod: Body) -> bool:
    """Whether a pod is Traefik, by the name of its image."""
    return any(IMAGE.search(str(one.get("image", ""))) for one in pod["spec"].get("containers") or ())


def see_logs(pod: Body | None) -> str:
    """Return the advice for what only Traefik itself knows."""
    if pod is None:
        return "See the logs of Traefik"
    metadata = pod["metadata"]
    return f"See `kubectl --namespace {metadata['namespace']} logs {metadata['name']}`"


def read(client: Client, pod: Body) -> dict[str, t.Any] | str:
    """Return what Traefik's API says of its routers, middlewares and services, or why it does not."""
    metadata = pod["metadata"]
    url = f"http://127.0.0.1:{api_port(pod)}/api/rawdata"
    runner = PodRunner(client.access, namespace=metadata["namespace"], pod=metadata["name"])
    try:
        result = runner.run(["wget", "-q", "-O-", url])
    except KuberError as exc:
        return f"Traefik's routers cannot be read: {exc}"
    if result.rc:
        said = " ".join(result.stderr.split()) or f"exit code {result.rc}"
        return f"Traefik's routers cannot be read: `wget {url}` in pod {title(pod)}: {said}"
    try:
        found = json.loads(result.stdout)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else f"Traefik's routers cannot be read: {url} is not valid JSON"


def api_port(pod: Body) -> str:
    words = [str(word) for one in pod["spec"]["containers"] for word in (one.get("args") or ())]
    given = [word for word in words if word.lower().startswith(API_ADDRESS)]
    return given[-1].rpartition(":")[2].partition("/")[0] if given else API_PORT


def decide(
    cluster: ClusterObjects,
    raw: Mapping[str, t.Any],
    target: Target,
    headers: Mapping[str, str],
    pod: Body | None = None,
) -> Decision:
    """Return the router that takes the request: of those that match, the one with the highest priority.

    ``pod`` is the one of Traefik that was asked.
    """
    request = WebRequest(target.host, target.path, headers)
    candidates = sorted(_routers(raw, target), key=lambda one: -int(one[1].get("priority") or 0))
    for name, router in candidates:
        fits = matches(str(router.get("rule", "")), request)
        if fits is None:
            hop = Hop(Kind.RULE, name, (Fact("rule", str(router.get("rule"))),))
            return Decision(hop.unknown(f"whether the rule of router {name} matches"))
        if fits:
            return _chosen(cluster, raw, name, router, request)
    return Decision(_no_router(cluster, target, request, pod))


def _routers(raw: Mapping[str, t.Any], target: Target) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """Yield the routers of the scheme's entry point."""
    for name, router in (raw.get("routers") or {}).items():
        is_encrypted = router.get("tls") is not None
        is_active = not name.endswith(INTERNAL) and router.get("status") != "disabled"
        if is_active and is_encrypted == (target.scheme == "https"):
            yield name, router


def _chosen(
    cluster: ClusterObjects,
    raw: Mapping[str, t.Any],
    name: str,
    router: Mapping[str, t.Any],
    request: WebRequest,
) -> Decision:
    owner = ((router.get("observability") or {}).get("metadata") or {}).get("ingress") or {}
    route = gateway_routes.rule_of(cluster, name)
    facts = [Fact("router", name), Fact("rule", str(router["rule"]))]
    if owner:
        facts.insert(0, Fact("Ingress", f"{owner.get('namespace')}/{owner.get('name')}"))
    if route:
        facts.insert(0, Fact("HTTPRoute", title(route.route)))
    provider = name.rpartition("@")[2]
    path = request.bare_path
    unknown = ""
    for one in router.get("middlewares") or ():
        middleware = (raw.get("middlewares") or {}).get(_full(one, provider)) or {}
        path, found, doubt = _passed(middleware, path)
        facts += found
        unknown = unknown or doubt
    seen = request.bare_path
    facts.append(
        Fact("rewrite", f"{seen} reaches the pod as {path}") if seen != path else Fact("reaches the pod as", path)
    )
    hop = Hop(Kind.RULE, f"{request.host}{request.bare_path}", tuple(facts))
    if unknown:
        hop = hop.unknown(unknown)
    elif _normalized(path) != path:
        what = f"The rewritten path {path} is not in its shortest form, and Traefik answers 400"
        remedy = "Let the path match all that follows, such as /web(/|$)(.*), with pathType ImplementationSpecific"
        return Decision(hop.broken(what, remedy))
    service = _full(str(router.get("service", "")), provider)
    backends = tuple(_of_route(raw, service, route) if route else _leaves(raw, service, provider, ALL))
    if not backends and any("redirect" in fact.label for fact in facts):
        return Decision(hop)
    if not backends:
        return Decision(hop.unknown(f"what Traefik's service {router.get('service')} is"))
    return Decision(hop, backends)


def _full(name: str, provider: str) -> str:
    return name if "@" in name else f"{name}@{provider}"


def _passed(middleware: Mapping[str, t.Any], path: str) -> tuple[str, list[Fact], str]:
    """Return the path after a middleware, what it does, and what is unknown of it."""
    rewrite = middleware.get("rewriteTarget")
    if rewrite is not None:
        pattern, replacement = rewrite.get("regex") or ".*", str(rewrite.get("replacement", ""))
        try:
            # ${1}x and $1 of Go, in which a missing group is nothing.
            return re.sub(pattern, lambda found: _expanded(replacement, found), path, flags=re.IGNORECASE), [], ""
        except re.error:
            return path, [], f"what the pattern {pattern} makes of the path"
    kinds = [kind for kind in middleware if kind not in ("status", "usedBy", "error")]
    rewrite = middleware.get("URLRewrite")
    if rewrite is not None:
        facts = [Fact("host", f"the pod sees {rewrite['hostname']}")] if rewrite.get("hostname") else []
        return _url_rewritten(rewrite, path), facts, ""
    redirect = middleware.get("requestRedirect")
    if redirect is not None:
        parts = [f"{key} {redirect[key]}" for key in ("scheme", "hostname", "port", "path") if redirect.get(key)]
        return path, [Fact("redirect", f"{redirect.get('statusCode')} to {', '.join(parts) or 'the same'}")], ""
    redirect = middleware.get("redirectScheme")
    if redirect is not None:
        return path, [Fact("redirect", f"to {redirect.get('scheme')}")], ""
    if not kinds:
        return path, [], "what one of the router's middlewares does: it is not in Traefik's answer"
    return path, [Fact("middleware", kind) for kind in kinds if kind not in SILENT], ""


def _url_rewritten(rewrite: Mapping[str, t.Any], path: str) -> str:
    """As traefik/traefik, pkg/middlewares/gatewayapi/urlrewrite/url_rewrite.go."""
    new, prefix = rewrite.get("path"), rewrite.get("pathPrefix")
    if new is None:
        return path
    if prefix is None:
        return str(new)
    joined = posixpath.normpath(f"{new}/{path.removeprefix(prefix)}").replace("//", "/")
    return joined if joined.endswith("/") or not path.endswith("/") else f"{joined}/"


def _expanded(replacement: str, found: re.Match[str]) -> str:
    groups = [found[0], *(group or "" for group in found.groups())]
    number = re.compile(r"\$\{?(\d+)\}?")
    return number.sub(lambda ref: groups[int(ref[1])] if int(ref[1]) < len(groups) else "", replacement)


def _normalized(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


def _leaves(raw: Mapping[str, t.Any], name: str, provider: str, share: fractions.Fraction) -> Iterator[TraefikBackend]:
    """Yield the services that have servers, with their shares."""
    service = (raw.get("services") or {}).get(name) or {}
    parts = (service.get("weighted") or {}).get("services") or ()
    total = sum(int(part.get("weight", 1)) for part in parts)
    for part in parts:
        weight = fractions.Fraction(int(part.get("weight", 1)), total) if total else fractions.Fraction(0)
        yield from _leaves(raw, _full(part["name"], provider), provider, share * weight)
    if "loadBalancer" in service:
        origin = ((service.get("observability") or {}).get("metadata") or {}).get("kubernetes") or {}
        reference = (origin["namespace"], origin["name"], str(origin.get("port", ""))) if origin.get("name") else None
        urls = [one.get("url", "") for one in service["loadBalancer"].get("servers") or ()]
        yield TraefikBackend(name, share, reference, tuple(_socket(url) for url in urls))


def _of_route(raw: Mapping[str, t.Any], name: str, route: gateway_routes.RouteRule) -> Iterator[TraefikBackend]:
    """Yield the backends of a rule of an HTTPRoute, in whose order Traefik has them."""
    services = raw.get("services") or {}
    parts = ((services.get(name) or {}).get("weighted") or {}).get("services") or ()
    total = sum(int(part.get("weight", 1)) for part in parts)
    for number, part in enumerate(parts):
        share = fractions.Fraction(int(part.get("weight", 1)), total) if total else fractions.Fraction(0)
        own = services.get(_full(part["name"], gateway_routes.PROVIDER)) or {}
        servers = (own.get("loadBalancer") or {}).get("servers") or ()
        status = part.get("status")
        yield TraefikBackend(
            part["name"],
            share,
            route.reference(number),
            tuple(_socket(one.get("url", "")) for one in servers),
            owner="HTTPRoute",
            refusal=f"Traefik answers {status}: {route.problem or 'it does not accept this backend'}" if status else "",
        )


def _socket(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _no_router(cluster: ClusterObjects, target: Target, request: WebRequest, pod: Body | None) -> Hop:
    """Explain why Traefik answers 404."""
    hop = Hop(Kind.RULE, f"{target.host}{request.bare_path}", (Fact("answer", "404 of Traefik"),))
    route = gateway_routes.with_path(cluster, target.host, request.bare_path)
    if route is not None:
        why = gateway_routes.trouble(route, cluster.gateways)
        if why:
            return hop.broken(f"HTTPRoute {title(route)} has this path, but {why}", "Correct what it names there")
        return hop.broken(f"Traefik has made no router of HTTPRoute {title(route)}", see_logs(pod))
    place = locations.choose(locations.locations(cluster.ingresses), target.host, request.path)
    if place is None:
        return hop.broken(
            f"No {'HTTPRoute or ' if cluster.http_routes else ''}Ingress has a rule for host {target.host} and path "
            f"{request.bare_path}",
            "Add such a rule, or request an existing host and path",
        )
    return hop.broken(
        f"Traefik has made no router of path {place.path} of Ingress {title(place.ingress)}",
        see_logs(pod),
    )
