# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade Ingress objects to networking.k8s.io/v1, for the controller of their class."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._ingress import rules
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Path, Reason
from ansible_collections.kuber.network.plugins.module_utils._upgrade.services import Ports, Services, shown

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import Refused
    from ansible_collections.kuber.network.plugins.module_utils._ingress.rules import Controller
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

V1 = "networking.k8s.io/v1"
OLD_CLASS = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#ingress-v122"
_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"
_CLASS = Reason(rules.CLASS_ANNOTATION.why, rules.CLASS_ANNOTATION.link)
_NO_CLASS = Reason(
    "The Ingress has no class, and no IngressClass of the set is the default: no controller would serve it",
    f"{_DOCS}#ingress-class",
)
_BACKEND = Reason("networking.k8s.io/v1 identifies a backend by service.name and service.port", _GUIDE)
_PATH_TYPE = Reason("networking.k8s.io/v1 requires a pathType; this is what beta versions did without it", _GUIDE)
_SERVICE_PORT = Reason(rules.SERVICE_PORT.why, rules.SERVICE_PORT.link)
_PATTERN_TYPE = Reason(rules.PATTERN_TYPE.why, rules.PATTERN_TYPE.link)
# As the API server validates it: parts of a DNS name.
_CLASS_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_MISSING_SLASH = re.compile(
    r"""\s*(?:rewrite\s+["']?\^?\(?(?:\(\?i\))?(?P<path>/[\w./-]*)\)?\$?["']?\s+(?:\$1|/[\w./-]*)/"""
    r"""(?:\s+(?:redirect|permanent|last|break))?\s*;\s*)+"""
)


def upgrade(draft: Draft, services: Services, *, ingress_class: str, has_default: bool) -> None:
    if draft.body["kind"] != "Ingress" or draft.body["apiVersion"] != V1:
        return
    if not isinstance(draft.get("spec"), dict):
        draft.reject("spec is not a mapping", "Write the rules of the Ingress", _GUIDE)
        return
    if not (_class(draft, ingress_class, has_default=has_default) and _rules(draft, services)):
        return
    named = draft.get("spec", "ingressClassName") or ingress_class
    controller = rules.CONTROLLERS.get(named) if isinstance(named, str) else None
    if controller is not None:
        _paths(draft, controller)
        _annotations(draft, controller)


def _class(draft: Draft, default: str, *, has_default: bool) -> bool:
    """Move the class from the annotation to its field; return whether it can be one."""
    named = draft.get("spec", "ingressClassName")
    old = draft.get("metadata", "annotations", OLD_CLASS)
    if old and not named and not _CLASS_NAME.fullmatch(old):
        draft.reject(
            f"The class {old!r} in annotation {OLD_CLASS} cannot be the name of an IngressClass",
            "Set spec.ingressClassName to the class of your controller, such as nginx",
            _CLASS.link,
        )
        return False
    if old is not None:
        draft.remove(("metadata", "annotations", OLD_CLASS), _CLASS)
    if not named and old:
        draft.set(("spec", "ingressClassName"), old, _CLASS)
    elif not named and not has_default:
        draft.set(("spec", "ingressClassName"), default, _NO_CLASS)
    return True


def _rules(draft: Draft, services: Services) -> bool:
    """Convert backends and path types to v1; return whether all could be converted."""
    spec = draft.get("spec")
    if "backend" in spec:
        if "defaultBackend" in spec:
            draft.remove(("spec", "backend"), Reason("spec.defaultBackend replaces spec.backend", _GUIDE))
        else:
            draft.rename(("spec", "backend"), "defaultBackend", Reason("v1 calls it spec.defaultBackend", _GUIDE))
    places: list[Path] = [("spec", "defaultBackend")] if draft.get("spec", "defaultBackend") else []
    for path in _path_places(draft):
        if draft.get(*path, "pathType") is None:
            draft.set((*path, "pathType"), "ImplementationSpecific", _PATH_TYPE)
        places.append((*path, "backend"))
    # Convert all of them, even after one that fails.
    made = [_backend(draft, place, services) for place in places]
    return all(made)


def _path_places(draft: Draft) -> list[Path]:
    places: list[Path] = []
    rules = draft.get("spec", "rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        http = rule.get("http") if isinstance(rule, dict) else None
        paths = http.get("paths") if isinstance(http, dict) else None
        for position, path in enumerate(paths if isinstance(paths, list) else []):
            if isinstance(path, dict):
                places.append(("spec", "rules", number, "http", "paths", position))
    return places


def _backend(draft: Draft, place: Path, services: Services) -> bool:
    backend = draft.get(*place)
    if not isinstance(backend, dict):
        draft.reject("A backend is not a mapping", "Name a Service and its port", _BACKEND.link)
        return False
    if "serviceName" in backend or "servicePort" in backend:
        name, port = backend.get("serviceName"), backend.get("servicePort")
        if not isinstance(name, str) or isinstance(port, bool) or not isinstance(port, (int, str)) or port == "":
            draft.reject("A backend lacks a Service name or a port", "Set both", _BACKEND.link)
            return False
        rest = {key: value for key, value in backend.items() if key not in ("serviceName", "servicePort")}
        new = {"service": {"name": name, "port": _port(port)}}
        draft.set(place, rest | new, _BACKEND)
    if isinstance(draft.get(*place, "service"), dict):
        _service_port(draft, (*place, "service"), services)
    return True


def _port(port: int | str) -> dict[str, t.Any]:
    text = str(port)
    return {"number": int(text)} if text.isdecimal() else {"name": text}


def _service_port(draft: Draft, place: Path, services: Services) -> None:
    name = draft.get(*place, "name")
    port = draft.get(*place, "port")
    if not isinstance(name, str) or not isinstance(port, dict):
        return
    ports = services.ports(draft.ref.namespace, name)
    if ports is None:
        _remark_missing(draft, name, services)
        return
    wanted = port.get("number", port.get("name"))
    if ports.has(wanted):
        return
    found = ports.in_front_of(wanted)
    if found is not None:
        draft.set((*place, "port"), found, _SERVICE_PORT)
    elif isinstance(ports, Ports) and ports.listed:
        draft.remark(
            f"Service {name} has no port {wanted}; it has {shown(ports)}",
            "Use one of the Service's ports in the backend",
            _SERVICE_PORT.link,
        )


def _remark_missing(draft: Draft, name: str, services: Services) -> None:
    elsewhere = services.namespaces_of(name)
    if elsewhere:
        problem = f"Service {name} is in namespace {', '.join(elsewhere)}, not in that of the Ingress"
        remedy = f"Move the Ingress to the namespace of Service {name}"
    else:
        problem = f"Service {name}, a backend of the Ingress, is not in this set: its port was not checked"
        remedy = "Make sure that it exists, with that port"
    finding = [one for one in draft.remarks if one.problem == problem]
    if not finding:
        draft.remark(problem, remedy, f"{_DOCS}#the-ingress-resource")


def _paths(draft: Draft, controller: Controller) -> None:
    read_as_pattern = any(_annotation(draft, controller, name) for name in controller.pattern_switches)
    for place in _path_places(draft):
        path = draft.get(*place, "path")
        if not isinstance(path, str) or not controller.pattern.search(path):
            continue
        if draft.get(*place, "pathType") in ("Prefix", "Exact"):
            draft.set((*place, "pathType"), "ImplementationSpecific", _PATTERN_TYPE)
        if not read_as_pattern:
            draft.remark(
                f"{controller.name} reads path {path} as a regular expression only with an annotation",
                f'Add {controller.prefix}use-regex: "true", or use a plain path',
                controller.pattern_link,
            )


def _annotations(draft: Draft, controller: Controller) -> None:
    for name, renamed in controller.renamed.items():
        value = _annotation(draft, controller, name)
        if value is None:
            continue
        place: Path = ("metadata", "annotations", controller.prefix + name)
        reason = Reason(f"{controller.name} no longer reads {name}; {renamed.name} replaces it", renamed.link)
        if value in renamed.values and _annotation(draft, controller, renamed.name) is None:
            draft.set((*place[:-1], controller.prefix + renamed.name), renamed.values[value], reason)
        draft.remove(place, reason)
    for name, refused in controller.refused.items():
        value = _annotation(draft, controller, name)
        if value is not None:
            _refused(draft, controller, name, refused, value)


def _refused(draft: Draft, controller: Controller, name: str, refused: Refused, value: str) -> None:
    annotation = controller.prefix + name
    problem = f"{controller.name} refuses the annotation {name} unless its administrator allows snippets"
    if _MISSING_SLASH.fullmatch(value):
        draft.remove(("metadata", "annotations", annotation), Reason(problem, refused.link))
        draft.remark(
            f"The redirect that adds a trailing slash ({' '.join(value.split())}) is removed: {problem}",
            "Use the address with a trailing slash",
            refused.link,
        )
        return
    # Other snippets may protect something: without them, the Ingress might expose more than it should.
    remedy = f"{refused.instead}, and remove {annotation}"
    draft.reject(problem, remedy, refused.link, keep_edits=True)


def _annotation(draft: Draft, controller: Controller, name: str) -> str | None:
    value = draft.get("metadata", "annotations", controller.prefix + name)
    return value if isinstance(value, str) else None


def has_default_class(bodies: t.Iterable[dict[str, t.Any]]) -> bool:
    """Whether one of the objects is the default IngressClass."""
    for body in bodies:
        annotations = (body.get("metadata") or {}).get("annotations") or {}
        if body["kind"] == "IngressClass" and str(annotations.get(DEFAULT_CLASS)).lower() == "true":
            return True
    return False
