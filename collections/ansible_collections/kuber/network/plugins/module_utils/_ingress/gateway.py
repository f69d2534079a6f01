# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Turn Ingress objects of ingress-nginx into objects of Gateway API; what has no equal is named, and not written.

A Gateway with a listener for each certificate, an HTTPRoute for each host of an Ingress, ReferenceGrants for what is in
another namespace, BackendTLSPolicies for backends with HTTPS, all of version v1, standard channel of Gateway API 1.6.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._ingress import report as _report
from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import PREFIX, ROWS
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Compatibility, Target
from ansible_collections.kuber.network.plugins.module_utils._ingress.http_rules import NoEqual, Writer
from ansible_collections.kuber.network.plugins.module_utils._ingress.routes import (
    Route,
    Routes,
    annotations_of,
    name_of,
    namespace_of,
    routes_of,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade.services import Services

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

GROUP = "gateway.networking.k8s.io"
VERSION = f"{GROUP}/v1"
# Limits of HTTPRoute: gateway.networking.k8s.io_httproutes.yaml.
MOST_RULES = 16
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


@dataclasses.dataclass(frozen=True)
class Options:
    gateway: str = "ingress"
    namespace: str = "default"
    gateway_class: str = "traefik"
    http_port: int = 80
    https_port: int = 443
    ingress_class: str = "nginx"
    backend_ca: str = ""
    """ConfigMap with ca.crt, in the namespace of each backend with HTTPS."""

    @classmethod
    def load(cls, given: t.Mapping[str, t.Any]) -> Options:
        """Check and take what a user gives; an empty ``backend_ca`` is none."""
        known = {one.name: one for one in dataclasses.fields(cls)}
        for name, value in given.items():
            if name not in known:
                raise KuberError("Unknown option", wanted=", ".join(known), found=name)
            if name.endswith("_port"):
                if isinstance(value, bool) or not str(value).isdecimal() or not 0 < int(value) < 65536:
                    raise KuberError(f"The option {name} is not a port", wanted="1 to 65535", found=repr(value))
            elif not isinstance(value, str) or not (_NAME.fullmatch(value) or (name == "backend_ca" and not value)):
                raise KuberError(
                    f"The option {name} is not a name", wanted="lower-case letters, digits, - and .", found=repr(value)
                )
        values: dict[str, t.Any] = {
            name: int(value) if name.endswith("_port") else str(value) for name, value in given.items()
        }
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class Left:
    """What is not written."""

    object: str
    field: str
    why: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.object}, {self.field}: {self.why}" + (f" ({self.instead})" if self.instead else "")

    def dump(self) -> dict[str, str]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Conversion:
    objects: tuple[Body, ...]
    not_converted: tuple[Left, ...]
    remarks: tuple[_report.Finding, ...]
    skipped: tuple[_report.Skipped, ...]

    def dump(self) -> dict[str, t.Any]:
        return {
            "objects": list(self.objects),
            "not_converted": [one.dump() for one in self.not_converted],
            "remarks": [one.dump() for one in self.remarks],
            "skipped": [one.dump() for one in self.skipped],
        }


def convert(bodies: Iterable[Body], options: Options) -> Conversion:
    bodies = list(bodies)
    reported = _report.report(bodies, ingress_class=options.ingress_class, targets=[Target.GATEWAY])
    served = [body for body in bodies if body["kind"] == "Ingress" and name_of(body) in reported.objects]
    converter = _Converter(Routes(served), Services(bodies), options)
    # The oldest has a path that several want.
    for body in sorted(served, key=lambda body: str(below(body, "metadata", "creationTimestamp") or "")):
        converter.add(body)
    remarks = [
        one for one in reported.findings if one.effect.verdict is not Compatibility.SAME and not one.effect.converted
    ]
    return Conversion(converter.objects(), tuple(converter.left), tuple(remarks), reported.skipped)


class _Converter:
    """Collects what is written."""

    def __init__(self, routes: Routes, services: Services, options: Options) -> None:
        self._routes = routes
        self._services = services
        self._options = options
        self._writer = Writer(routes, services)
        self._canaries = self._canaries_of()
        self._owners: dict[tuple[str, str, str], str] = {}
        self._listeners: dict[str, Body] = {}
        self._grants: dict[tuple[str, str, str], Body] = {}
        self._policies: dict[tuple[str, str, str], Body] = {}
        self.routes_written: list[Body] = []
        self.left: list[Left] = []

    def _canaries_of(self) -> dict[tuple[str, str, str, str], Route]:
        """The first canary of each path; ingress-nginx takes no second one."""
        found: dict[tuple[str, str, str, str], Route] = {}
        for canary in (route for route in self._routes.all if route.is_canary):
            main = self._routes.main_of(canary)
            if main is not None and self._protection(canary.ingress) is None:
                found.setdefault((main.namespace, *main.key), canary)
        return found

    def add(self, body: Body) -> None:
        open_field = self._protection(body)
        if open_field is not None:
            self.left.append(open_field)
            return
        routes = routes_of(body)
        if routes and routes[0].is_canary:
            return
        listed = mappings(body["spec"].get("rules"))
        hosts: dict[str, list[Route]] = {str(rule.get("host") or ""): [] for rule in listed or [{}]}
        for route in routes:
            owner = self._owners.setdefault(route.key, name_of(body))
            if owner == name_of(body):
                hosts[route.host].append(route)
            else:
                self.left.append(
                    Left(name_of(body), f"path {route.host or '*'}{route.path}", f"{owner} has it already")
                )
        for host, of_host in hosts.items():
            self._add_host(body, host, of_host)

    def _protection(self, body: Body) -> Left | None:
        """Return an annotation without which the routes would let in more than the Ingress does."""
        for key, value in annotations_of(body).items():
            row = ROWS.get(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
            if row is None or not row.protects:
                continue
            effect = row.effect(Target.GATEWAY, value)
            if effect.verdict is Compatibility.STOPS:
                why = f"{effect.why}, and a route without it would admit what the Ingress does not"
                return Left(name_of(body), f"metadata.annotations.{key}", why, effect.instead)
        return None

    def _add_host(self, body: Body, host: str, routes: list[Route]) -> None:
        written: list[Body] = []
        for route in routes:
            try:
                rules = self._writer.rules(route, self._canaries.get((route.namespace, *route.key)))
                self._secure_backend(route)
            except NoEqual as exc:
                self.left.append(
                    Left(name_of(body), f"{exc.field} of {route.host or '*'}{route.path}", exc.why, exc.instead)
                )
                continue
            written += [rule for rule in rules if rule not in written]
            root = self._writer.app_root(route)
            if root is not None and root not in written:
                written.insert(0, root)
        self._add_default(body, host, written)
        if written:
            self._write(body, host, written)

    def _add_default(self, body: Body, host: str, written: list[Body]) -> None:
        backend = body["spec"].get("defaultBackend")
        everything = {"path": {"type": "PathPrefix", "value": "/"}}
        if not isinstance(backend, dict) or any(everything in rule["matches"] for rule in written):
            return
        route = Route(body, ("spec", "defaultBackend"), host, "/", "Prefix", backend)
        try:
            written.append(self._writer.default(route))
            self._secure_backend(route)
        except NoEqual as exc:
            self.left.append(Left(name_of(body), "spec.defaultBackend", exc.why, exc.instead))

    def _secure_backend(self, route: Route) -> None:
        protocol = route.annotation("backend-protocol").upper() or "HTTP"
        if (
            protocol in ("HTTP", "GRPC")
            or route.annotation("permanent-redirect")
            or route.annotation("temporal-redirect")
        ):
            return
        if protocol != "HTTPS":
            raise NoEqual("backend-protocol", f"Gateway API has no equal for {protocol}")
        if not self._options.backend_ca:
            raise NoEqual(
                "backend-protocol",
                "A backend with HTTPS needs a BackendTLSPolicy, which always verifies the certificate",
                "Write the authority into a ConfigMap (ca.crt) in the Service's namespace, and name it in backend_ca",
            )
        for one in (route, self._canaries.get((route.namespace, *route.key))):
            if one is not None:
                self._add_policy(one, route.annotation("proxy-ssl-name"))

    def _add_policy(self, route: Route, server_name: str) -> None:
        name, namespace = route.service[0], route.namespace
        authority = {"group": "", "kind": "ConfigMap", "name": self._options.backend_ca}
        self._policies.setdefault(
            ("BackendTLSPolicy", namespace, name),
            _object(
                "BackendTLSPolicy",
                name,
                namespace,
                {
                    "targetRefs": [{"group": "", "kind": "Service", "name": name}],
                    "validation": {
                        "caCertificateRefs": [authority],
                        "hostname": server_name or f"{name}.{namespace}.svc",
                    },
                },
            ),
        )

    def _write(self, body: Body, host: str, written: list[Body]) -> None:
        secret = self._routes.certificates.get(host)
        annotations = annotations_of(body)
        forced = annotations.get(f"{PREFIX}force-ssl-redirect", "").lower() == "true"
        if forced and not secret:
            why = "There is no certificate to redirect to"
            self.left.append(Left(name_of(body), f"force-ssl-redirect of {host or '*'}", why, "Write spec.tls"))
            return
        redirects = forced or annotations.get(f"{PREFIX}ssl-redirect", "true").lower() != "false"
        sections = ["http"]
        if secret:
            https = self._listen(host, *secret)
            sections = [https] if redirects else ["http", https]
            if redirects:
                # Without a port this is 443, where users find the listener, whatever port the program has inside.
                target = {"scheme": "https", "statusCode": 308}
                redirect = {"filters": [{"type": "RequestRedirect", "requestRedirect": target}]}
                self._add_route(body, host, [redirect], ["http"], "to-https")
        # All rules of one path stay together: their order decides between equal matches.
        for chunk in _chunks(written):
            self._add_route(body, host, chunk, sections)
        for rule in written:
            for backend in rule.get("backendRefs", ()):
                if "namespace" in backend:
                    origin = ("HTTPRoute", namespace_of(body))
                    self._grant(origin, backend["namespace"], "Service", backend["name"])

    def _listen(self, host: str, namespace: str, secret: str) -> str:
        name = f"https.{host.replace('*', 'wildcard')}" if host else "https"
        place = {"namespace": namespace} if namespace != self._options.namespace else {}
        listener = {
            "name": name,
            "port": self._options.https_port,
            "protocol": "HTTPS",
            **({"hostname": host} if host else {}),
            "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret, **place}]},
        }
        self._listeners.setdefault(name, listener)
        if place:
            self._grant(("Gateway", self._options.namespace), namespace, "Secret", secret)
        return name

    def _add_route(self, body: Body, host: str, rules: list[Body], sections: list[str], suffix: str = "") -> None:
        namespace = namespace_of(body)
        place = {"namespace": self._options.namespace} if namespace != self._options.namespace else {}
        taken = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in self.routes_written}
        base = "-".join(word for word in (body["metadata"]["name"], suffix) if word)
        names = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
        name = next(one for one in names if (namespace, one) not in taken)
        aliases = annotations_of(body).get(f"{PREFIX}server-alias", "")
        hosts = [host, *(one.strip() for one in aliases.split(","))] if host else []
        spec = {
            "parentRefs": [{"name": self._options.gateway, **place, "sectionName": one} for one in sections],
            **(
                {"hostnames": [one for one in hosts if one and (one == host or one not in self._routes.hosts)]}
                if hosts
                else {}
            ),
            "rules": rules,
        }
        self.routes_written.append(_object("HTTPRoute", name, namespace, spec))

    def _grant(self, origin: tuple[str, str], namespace: str, kind: str, name: str) -> None:
        grant = {
            "from": [{"group": GROUP, "kind": origin[0], "namespace": origin[1]}],
            "to": [{"group": "", "kind": kind, "name": name}],
        }
        title = f"{origin[1]}-{origin[0]}-{kind}-{name}".lower()
        self._grants[("ReferenceGrant", namespace, title)] = _object("ReferenceGrant", title, namespace, grant)

    def objects(self) -> tuple[Body, ...]:
        if not self.routes_written:
            return ()
        options = self._options
        spaces = {one["metadata"]["namespace"] for one in self.routes_written}
        admitted = "Same" if spaces == {options.namespace} else "All"
        listeners: list[Body] = [
            {"name": "http", "port": options.http_port, "protocol": "HTTP"},
            *self._listeners.values(),
        ]
        for listener in listeners:
            listener["allowedRoutes"] = {"namespaces": {"from": admitted}}
        spec = {"gatewayClassName": options.gateway_class, "listeners": listeners}
        gateway = _object("Gateway", options.gateway, options.namespace, spec)
        found = (gateway, *self._grants.values(), *self.routes_written, *self._policies.values())
        # Rules share parts, which YAML would write as anchors.
        return tuple(json.loads(json.dumps(found)))


def _object(kind: str, name: str, namespace: str, spec: Body) -> Body:
    return {"apiVersion": VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _chunks(rules: list[Body]) -> Iterator[list[Body]]:
    groups: list[list[Body]] = []
    for rule in rules:
        path = rule["matches"][0]["path"]
        if groups and groups[-1][0]["matches"][0]["path"] == path:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    chunk: list[Body] = []
    for group in groups:
        if len(chunk) + len(group) > MOST_RULES:
            yield chunk
            chunk = []
        chunk += group
    yield chunk
