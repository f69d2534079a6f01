# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Trace a request through ingress-nginx: the matching rule, a canary, and the Services behind them."""

from __future__ import annotations

import dataclasses
import fractions
import http.cookies
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import pods as _pods
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import title
from ansible_collections.kuber.network.plugins.module_utils._trace.locations import (
    Location,
    canary_of,
    choose,
    class_of,
    locations,
    server,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Hop, Kind, percent

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects
    from ansible_collections.kuber.network.plugins.module_utils._trace.target import Target

PROGRAM = "nginx-ingress-controller"
CONTROLLER = "k8s.io/ingress-nginx"
NONE, ALL = fractions.Fraction(0), fractions.Fraction(1)


@dataclasses.dataclass(frozen=True)
class IngressBackend:
    """A Service that the controller sends requests to, and its share of them."""

    location: Location
    share: fractions.Fraction
    facts: tuple[Fact, ...] = ()

    @property
    def reference(self) -> tuple[str, str, str | int]:
        """Namespace, name and port of the Service."""
        service = self.location.backend.get("service") or {}
        port = service.get("port") or {}
        namespace = self.location.ingress["metadata"]["namespace"]
        return namespace, service.get("name", ""), port.get("number") or port.get("name") or 0


def is_controller(pod: Body) -> bool:
    """Whether a pod is ingress-nginx, the only controller whose decisions are traced."""
    words = [word for container in pod["spec"].get("containers") or () for word in _words(container)]
    return any(PROGRAM in word for word in words)


def _words(container: Mapping[str, t.Any]) -> list[str]:
    return [*(container.get("command") or ()), *(container.get("args") or ())]


def controller_hop(pods: Sequence[Body], name: str = "ingress-nginx") -> Hop:
    facts = []
    for pod in pods:
        state = "ready" if _pods.is_ready(pod) else _pods.trouble(pod)
        facts.append(Fact("pod", f"{pod['metadata']['name']} on {pod['spec'].get('nodeName', 'no node')}, {state}"))
    return Hop(Kind.CONTROLLER, name, tuple(facts))


def my_classes(cluster: ClusterObjects, pods: Sequence[Body]) -> set[str]:
    """Return the names of the controller's ingress classes."""
    words = [word for pod in pods for container in pod["spec"]["containers"] for word in _words(container)]
    options = dict(word.lstrip("-").partition("=")[::2] for word in words if word.startswith("-"))
    controller = options.get("controller-class", CONTROLLER)
    names = {one["metadata"]["name"] for one in cluster.classes if one["spec"].get("controller") == controller}
    if options.get("watch-ingress-without-class") == "true":
        names.add("")
    return names


def rule_hop(
    cluster: ClusterObjects, target: Target, headers: Mapping[str, str], pods: Sequence[Body]
) -> tuple[Hop, list[IngressBackend]]:
    """Return the rule that takes the request, and its possible Services."""
    classes = my_classes(cluster, pods)
    mine = locations(one for one in cluster.ingresses if class_of(one) in classes)
    main = choose(mine, target.host, target.path)
    if main is None:
        return _no_rule(cluster, mine, classes, target), []
    facts = [Fact("Ingress", title(main.ingress)), Fact("path", f"{main.path} ({main.path_type})")]
    if not main.host:
        facts.append(Fact("host", "any without its own rules"))
    path = target.path.partition("?")[0]
    seen = main.rewritten(path)
    facts.append(
        Fact("rewrite", f"{path} reaches the pod as {seen}") if seen != path else Fact("reaches the pod as", path)
    )
    if main.ingress["spec"].get("tls") and target.scheme == "http" and main.annotation("ssl-redirect") != "false":
        facts.append(Fact("redirect", "308 to https, because the Ingress has a certificate"))
    canary = canary_of(mine, main)
    hop = Hop(Kind.RULE, main.place, tuple(facts))
    if canary is None:
        return hop, [IngressBackend(main, ALL)]
    share, rules = canary_share(canary, headers)
    facts_of_main = (Fact("takes", "the rest, beside the canary"),)
    return hop, [
        IngressBackend(main, ALL - share, facts_of_main),
        IngressBackend(canary, share, (Fact("canary", title(canary.ingress)), *rules)),
    ]


def canary_share(canary: Location, headers: Mapping[str, str]) -> tuple[fractions.Fraction, list[Fact]]:
    """Return the canary's share of such requests, and its rules in order: header, cookie, weight."""
    given = {name.lower(): value for name, value in headers.items()}
    facts: list[Fact] = []
    decided: fractions.Fraction | None = None
    header = canary.annotation("canary-by-header")
    if header:
        value, pattern = canary.annotation("canary-by-header-value"), canary.annotation("canary-by-header-pattern")
        facts.append(Fact("header", f"{header}: {value or (f'matches {pattern}' if pattern else 'always, or never')}"))
        decided = _by_header(given.get(header.lower()), value, pattern)
    cookie = canary.annotation("canary-by-cookie")
    if cookie:
        facts.append(Fact("cookie", f"{cookie}=always, or never"))
        morsel = http.cookies.SimpleCookie(given.get("cookie", "")).get(cookie)
        decided = _word(morsel.value if morsel else None) if decided is None else decided
    weight = fractions.Fraction(int(canary.annotation("canary-weight") or 0))
    total = int(canary.annotation("canary-weight-total") or 100)
    others = "of all requests" if len(facts) == 0 else "of the others"
    facts.append(Fact("weight", f"{percent(min(ALL, weight / total))} {others}"))
    return (min(ALL, weight / total) if decided is None else decided), facts


def _by_header(given: str | None, value: str, pattern: str) -> fractions.Fraction | None:
    """Return the share that the header decides; ``None`` if the next rule decides."""
    if given is None:
        return None
    if value:
        return ALL if given == value else None
    if pattern:
        return ALL if re.search(pattern, given) else None
    return _word(given)


def _word(given: str | None) -> fractions.Fraction | None:
    return {"always": ALL, "never": NONE}.get(given or "")


def _no_rule(cluster: ClusterObjects, mine: Sequence[Location], classes: set[str], target: Target) -> Hop:
    """Explain why nginx answers 404."""
    path = target.path.partition("?")[0]
    hop = Hop(Kind.RULE, f"{target.host}{path}", (Fact("answer", "404 of nginx's default backend"),))
    foreign = locations(one for one in cluster.ingresses if class_of(one) not in classes)
    stranger = choose(foreign, target.host, path)
    if stranger is not None:
        other = class_of(stranger.ingress) or "no class"
        names = ", ".join(sorted(name for name in classes if name)) or "none"
        return hop.broken(
            f"Ingress {title(stranger.ingress)} has this path, but its class is {other}, this controller's {names}",
            f"Set spec.ingressClassName of the Ingress to {names}",
        )
    own = server(mine, target.host)
    there = ", ".join(sorted(one.path for one in mine if one.host == own and not one.is_canary)) or "none"
    anywhere = choose([one for one in mine if not one.host], "", path)
    if own and anywhere is not None:
        return hop.broken(
            f"{own} has its own rules (paths {there}), so {anywhere.path} of Ingress {title(anywhere.ingress)}, "
            "which has no host, does not apply",
            f"Request it by address, or add a rule with host {own} to the Ingress",
        )
    hosts = ", ".join(sorted({one.host for one in mine if one.host})) or "none"
    if own:
        return hop.broken(f"No rule of {own} has {path}: its paths are {there}", f"Add the path to an Ingress of {own}")
    return hop.broken(
        f"No Ingress has a rule for host {target.host} and path {path} "
        f"(hosts with rules: {hosts}; paths without a host: {there})",
        "Add such a rule, or request an existing host and path",
    )
