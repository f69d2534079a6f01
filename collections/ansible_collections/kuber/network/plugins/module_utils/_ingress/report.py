# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Report what becomes of Ingress objects of ingress-nginx elsewhere, field by field; nothing is left out silently."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._ingress import rules
from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import PREFIX, ROWS
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import (
    NGINX_DOCS,
    Compatibility,
    Effect,
    Target,
)
from ansible_collections.kuber.network.plugins.module_utils._ingress.routes import (
    OLD_CLASS,
    Field,
    Route,
    Routes,
    annotations_of,
    class_of,
    name_of,
    namespace_of,
    routes_of,
)
from ansible_collections.kuber.network.plugins.module_utils._kube import documents
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade import ingress as _upgrade
from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Reason, SourceObject, field_name
from ansible_collections.kuber.network.plugins.module_utils._upgrade.services import Services
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._ingress.rules import Rule
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

LOOKAROUND = re.compile(r"\(\?(?!:|P?<\w|[imsU-]*[:)])|\\[1-9]")
# What matches whatever follows, so that a path that ends with it is matched as a whole.
_WHOLE = re.compile(r"(\.[*+]|\(\.[*+]\)|\$)$")
CAPTURE_NAME = re.compile(r"\$\d\w")
# Of the cluster's own, or of programs that read nothing of a route.
_FOREIGN = ("kubectl.kubernetes.io/", "meta.helm.sh/", "field.cattle.io/", "argocd.argoproj.io/")
_LIVE = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_RULES = {rule.why: rule for rule in (rules.SERVICE_PORT, rules.PATTERN_TYPE, rules.CLASS_ANNOTATION)}


@dataclasses.dataclass(frozen=True)
class Finding:
    """What becomes of one field of one object at one target."""

    object: str
    field: str
    value: str
    target: Target
    effect: Effect
    nginx: str
    """What ingress-nginx does, where the finding is about a field and not about an annotation."""
    upgraded: str
    """The field as text that works at ingress-nginx and at the target, if there is one."""

    def dump(self) -> dict[str, str]:
        return {
            "object": self.object,
            "field": self.field,
            "value": self.value,
            "target": self.target.value,
            "verdict": self.effect.verdict.value,
            "why": self.effect.why,
            "nginx": self.nginx,
            "instead": self.effect.instead,
            "upgraded": self.upgraded,
            "link": self.effect.link,
        }


@dataclasses.dataclass(frozen=True)
class Skipped:
    """An Ingress that ingress-nginx does not serve."""

    object: str
    why: str

    def dump(self) -> dict[str, str]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class IngressReport:
    objects: tuple[str, ...]
    """The objects that were looked at."""
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    upgraded: tuple[Body, ...]
    """The objects that can be upgraded so that they work with ingress-nginx and elsewhere, with all their changes."""
    targets: tuple[Target, ...]

    def verdict(self, name: str, target: Target) -> Compatibility:
        """The worst verdict of an object."""
        order = list(Compatibility)
        found = [one.effect.verdict for one in self.findings if (one.object, one.target) == (name, target)]
        return max(found, key=order.index, default=Compatibility.SAME)

    def summary(self) -> dict[str, dict[str, int]]:
        """How many objects have which verdict, by target."""
        counts = {target.value: {verdict.value: 0 for verdict in Compatibility} for target in self.targets}
        for target in self.targets:
            for name in self.objects:
                counts[target.value][self.verdict(name, target).value] += 1
        return counts

    def dump(self) -> dict[str, t.Any]:
        return {
            "findings": [one.dump() for one in self.findings],
            "skipped": [one.dump() for one in self.skipped],
            "upgraded": list(self.upgraded),
            "summary": self.summary(),
        }


def report(
    bodies: Iterable[Body],
    *,
    ingress_class: str = "nginx",
    targets: Sequence[Target] = tuple(Target),
    complete: bool = False,
) -> IngressReport:
    """Report on the Ingress objects; ``complete`` says that all Services of the cluster are among ``bodies``."""
    bodies = list(bodies)
    for body in bodies:
        documents.from_definition(body)
    ingresses = [body for body in bodies if body["kind"] == "Ingress"]
    skipped = [one for body in ingresses for one in _skipped(body, ingress_class)]
    names = {one.object for one in skipped}
    served = [body for body in ingresses if name_of(body) not in names]
    looker = _Looker(Routes(served), Services(bodies), ingress_class, tuple(targets), complete=complete)
    findings = [one for body in served for one in looker.look(body)]
    return IngressReport(
        tuple(name_of(body) for body in served), tuple(findings), tuple(skipped), tuple(looker.upgraded), tuple(targets)
    )


def _skipped(body: Body, ingress_class: str) -> Iterator[Skipped]:
    if body["apiVersion"] != _upgrade.V1:
        raise KuberError(
            f"{name_of(body)} is of an API version that no server has any more",
            wanted=_upgrade.V1,
            found=str(body["apiVersion"]),
            remedy="Upgrade it with kuber.network.upgraded_manifests first",
        )
    if not isinstance(body.get("spec"), dict):
        raise KuberError(f"spec of {name_of(body)} is not a mapping", found=repr(body.get("spec")))
    found = class_of(body)
    if found != ingress_class:
        what = f"Its class is {found}" if found else "It has no class"
        yield Skipped(name_of(body), f"{what}: not served by the ingress-nginx of class {ingress_class}")


class _Looker:
    """Looks at one object after the other."""

    def __init__(
        self, routes: Routes, services: Services, ingress_class: str, targets: tuple[Target, ...], *, complete: bool
    ) -> None:
        self._routes = routes
        self._services = services
        self._class = ingress_class
        self._targets = targets
        self._complete = complete
        self.upgraded: list[Body] = []

    def look(self, body: Body) -> Iterator[Finding]:
        draft = Draft(SourceObject(name_of(body), 1, (), _clean(body)))
        _upgrade.upgrade(draft, self._services, ingress_class=self._class, has_default=False)
        changed = [(one, _text(edit.path, one.after)) for one, edit in zip(draft.changes, draft.edits, strict=True)]
        yield from self._of_annotations(body, {one.field: text for one, text in changed})
        for one, text in changed:
            if one.reason.why in _RULES:
                yield from self._of(_RULES[one.reason.why], body, one.field, one.before, upgraded=text)
        for route in routes_of(body):
            yield from self._of_route(route, draft)
        yield from self._of_spec(body)
        if draft.edits:
            self.upgraded.append(draft.body)

    def _of(self, rule: Rule, body: Body, field: str, value: object, *, upgraded: str = "") -> Iterator[Finding]:
        for target in self._targets:
            effect = rule.effect(target)
            # What works as it is needs no upgrade, though one does no harm.
            text = "" if effect.verdict is Compatibility.SAME else upgraded
            yield Finding(name_of(body), field, _shown(value), target, effect, rule.why, text)

    def _of_annotations(self, body: Body, upgraded: dict[str, str]) -> Iterator[Finding]:
        for key, value in annotations_of(body).items():
            field = field_name(("metadata", "annotations", key))
            if key == OLD_CLASS or key.startswith(_FOREIGN):
                continue
            for target in self._targets:
                yield Finding(
                    name_of(body), field, value, target, _annotation(key, value, target), "", upgraded.get(field, "")
                )

    def _of_route(self, route: Route, draft: Draft) -> Iterator[Finding]:
        field, body = field_name(route.place), route.ingress
        yield from self._of_backend(route.backend, body, f"{field}.backend")
        main = self._routes.main_of(route) if route.is_canary else route
        if main is None:
            yield from self._of(rules.CANARY_ALONE, body, f"{field}.path", route.path)
            return
        if main.namespace != route.namespace:
            yield from self._of(rules.CANARY_NAMESPACE, body, "metadata.namespace", route.namespace)
        if not route.host and self._routes.hosts:
            yield from self._of(rules.NO_HOST, body, f"{field}.path", route.path)
        if self._routes.reads_patterns(main.host):
            yield from self._of_pattern(route, main, draft)
        elif route.is_pattern:
            yield from self._of(rules.PATTERN_UNSWITCHED, body, f"{field}.path", route.path)
        elif route.path_type == "ImplementationSpecific" and not route.path.endswith("/"):
            upgraded = _text(("pathType",), "Prefix")
            yield from self._of(rules.LITERAL_PREFIX, body, f"{field}.pathType", route.path_type, upgraded=upgraded)

    def _of_pattern(self, route: Route, main: Route, draft: Draft) -> Iterator[Finding]:
        field, body = f"{field_name(route.place)}.path", route.ingress
        if LOOKAROUND.search(route.path):
            yield from self._of(rules.LOOKAROUND, body, field, route.path)
        elif not route.is_pattern and route.path_type == "Exact":
            yield from self._of(rules.PATTERN_EXACT, body, field, route.path)
        elif not route.is_pattern:
            yield from self._of(rules.PATTERN_PREFIX, body, field, route.path)
        if not main.rewrite:
            return
        target = field_name(("metadata", "annotations", f"{PREFIX}rewrite-target"))
        if CAPTURE_NAME.search(main.rewrite):
            yield from self._of(rules.CAPTURE_NAME, body, target, main.rewrite)
        if "$" in main.rewrite and not is_strip(main):
            yield from self._of(rules.REWRITE_PATTERN, body, target, main.rewrite)
        if not _WHOLE.search(route.path) and route.path_type != "Exact":
            whole = f"{route.path}.*"
            yield from self._of(rules.WHOLE_REWRITE, body, field, route.path, upgraded=_text(("path",), whole))
            reason = Reason(rules.WHOLE_REWRITE.why, rules.WHOLE_REWRITE.link)
            draft.set((*route.place, "path"), whole, reason)
            draft.set((*route.place, "pathType"), "ImplementationSpecific", reason)

    def _of_backend(self, backend: Body, body: Body, field: str) -> Iterator[Finding]:
        service = backend.get("service")
        if not isinstance(service, dict):
            yield from self._of(rules.RESOURCE_BACKEND, body, field, backend.get("resource"))
            return
        name, port = str(service.get("name")), below(service, "port")
        ports = self._services.ports(namespace_of(body), name)
        wanted = below(port, "number") or below(port, "name")
        if ports is None:
            rule = rules.MISSING_SERVICE if self._complete else rules.UNREAD_SERVICE
            yield from self._of(rule, body, f"{field}.service.name", name)
        elif not ports.has(wanted) and ports.in_front_of(wanted) is None:
            # The upgrade has found the port of a Service in front of a pod's.
            yield from self._of(rules.MISSING_PORT, body, f"{field}.service.port", wanted)

    def _of_spec(self, body: Body) -> Iterator[Finding]:
        spec = body["spec"]
        if isinstance(spec.get("defaultBackend"), dict):
            yield from self._of_backend(spec["defaultBackend"], body, "spec.defaultBackend")
            yield from self._of(
                rules.DEFAULT_BACKEND, body, "spec.defaultBackend", below(spec, "defaultBackend", "service", "name")
            )
        entries = mappings(spec.get("tls"))
        if entries:
            yield from self._of(rules.TLS, body, "spec.tls", ", ".join(str(one.get("secretName")) for one in entries))
        if annotations_of(body).get(f"{PREFIX}ssl-redirect", "true").lower() == "false":
            return
        hosts = {route.host for route in routes_of(body)}
        bare, secured = (
            sorted(one or "*" for one in hosts if (one in self._routes.certificates) is has) for has in (False, True)
        )
        if entries and bare:
            yield from self._of(rules.TLS_HOSTS, body, "spec.tls", ", ".join(bare))
        if not entries and secured:
            yield from self._of(rules.TLS_ELSEWHERE, body, "spec.rules", ", ".join(secured))


def is_strip(route: Route) -> bool:
    """Whether a rewrite removes a prefix, which Gateway API has an equal for: /path(/|$)(.*) and /$2."""
    return stripped(route) is not None


_STRIP = re.compile(r"(?P<prefix>(?:/[\w.-]+)*)(?:(?P<two>\(/\|\$\)\(\.\*\))|/\??\(\.\*\))\$?")


def stripped(route: Route) -> tuple[str, str] | None:
    """The prefix that a rewrite replaces, and what by; ``None`` if it does something else."""
    found = _STRIP.fullmatch(route.path)
    group = "$2" if found and found["two"] else "$1"
    if found is None or not route.rewrite.endswith(f"/{group}") or route.rewrite.count("$") != 1:
        return None
    return found["prefix"] or "/", route.rewrite[: -len(group) - 1] or "/"


def port_of(services: Services, namespace: str, name: str, wanted: t.Any) -> int | None:
    """Return the number of the port of a Service that a backend means; ``None`` if that is not known."""
    ports = services.ports(namespace, name)
    for one in ports.listed if ports is not None else ():
        if wanted is not None and wanted in (one.get("port"), one.get("name")):
            return int(one["port"])
    found = ports.in_front_of(wanted) if ports is not None else None
    if found is not None:
        return int(found["number"])
    return wanted if isinstance(wanted, int) else None


def _annotation(key: str, value: str, target: Target) -> Effect:
    name = key.removeprefix(PREFIX)
    row = ROWS.get(name) if key.startswith(PREFIX) else None
    if row is not None:
        return row.effect(target, value)
    if key.startswith(PREFIX):
        why = "ingress-nginx 1.15 does not document this annotation, so its effect elsewhere is not known"
        return Effect(Compatibility.UNKNOWN, why, "Try it, or remove it", f"{NGINX_DOCS}/annotations/")
    why = "This annotation does not belong to ingress-nginx, so which program reads it is not known"
    return Effect(Compatibility.UNKNOWN, why, "Find out which program reads it")


def _text(path: Field, value: object) -> str:
    """The field as it is written, below its own name."""
    return yamltext.dump({str(path[-1]): value}) if value is not None else ""


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("number") or value.get("name") or value)
    return "" if value is None else str(value)


def _clean(body: Body) -> Body:
    """The object as its author could have written it."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _LIVE}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        kept = {
            key: value
            for key, value in annotations.items()
            if key != "kubectl.kubernetes.io/last-applied-configuration"
        }
        metadata["annotations"] = kept
    return {key: value for key, value in body.items() if key != "status"} | {"metadata": metadata}
