# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Fields of an Ingress, other than annotations, that ingress controllers read differently, as data."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import PREFIX, ROWS, Refused, Renamed
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import (
    TRAEFIK_PROVIDER,
    TRAEFIK_SOURCE,
    Compatibility,
    Effect,
    Target,
    changes,
    converted,
    same,
    stops,
)

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"
_PATHS = "https://kubernetes.github.io/ingress-nginx/user-guide/ingress-path-matching/"
_LOCATIONS = "https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/internal/ingress/controller"
_BUILD, _TRANSLATOR = f"{TRAEFIK_PROVIDER}/build.go", f"{TRAEFIK_PROVIDER}/translator.go"
_REWRITE = f"{TRAEFIK_SOURCE}/middlewares/ingressnginx/rewritetarget/rewrite_target.go"
_ROUTES = "https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule"


@dataclasses.dataclass(frozen=True)
class Controller:
    """How one ingress controller reads Ingress objects."""

    name: str
    ingress_class: str
    prefix: str
    """Prefix of its annotations."""
    pattern: re.Pattern[str]
    """Finds paths that are regular expressions, which require the pathType ImplementationSpecific."""
    pattern_link: str
    pattern_switches: tuple[str, ...]
    """Annotations that make the controller read paths as regular expressions."""
    refused: t.Mapping[str, Refused]
    renamed: t.Mapping[str, Renamed]


NGINX = Controller(
    name="ingress-nginx",
    ingress_class="nginx",
    prefix=PREFIX,
    pattern=re.compile(r"[\^$\[\](){}*+?|\\]"),
    pattern_link="https://kubernetes.github.io/ingress-nginx/faq/#validation-of-path",
    pattern_switches=("use-regex", "rewrite-target"),
    refused={name: row.nginx for name, row in ROWS.items() if isinstance(row.nginx, Refused)},
    renamed={name: row.nginx for name, row in ROWS.items() if isinstance(row.nginx, Renamed)},
)
CONTROLLERS: t.Mapping[str, Controller] = {NGINX.ingress_class: NGINX}


@dataclasses.dataclass(frozen=True)
class Rule:
    """One difference."""

    why: str
    """What ingress-nginx does."""
    link: str
    traefik: Effect
    gateway: Effect

    def effect(self, target: Target) -> Effect:
        effect = self.traefik if target is Target.TRAEFIK else self.gateway
        return effect if effect.link else dataclasses.replace(effect, link=self.link)


_WRITTEN = "to_gateway writes the right one"
SERVICE_PORT = Rule(
    "A backend refers to a port of the Service, not of its pods; ingress-nginx accepts both, other controllers do not",
    f"{_DOCS}#the-ingress-resource",
    stops("Traefik finds no such port of the Service, and answers 503", "Use the port of the Service", _BUILD),
    changes("Gateway API knows ports of Services only", _WRITTEN),
)
MISSING_PORT = Rule(
    "ingress-nginx answers 503 as long as the Service has no such port",
    f"{_DOCS}#the-ingress-resource",
    same("Traefik answers 503 as well", _BUILD),
    changes("Gateway API wants 500 as an answer", "Use a port that the Service has", _ROUTES),
)
MISSING_SERVICE = Rule(
    "ingress-nginx answers 503 as long as there is no such Service",
    f"{_DOCS}#the-ingress-resource",
    same("Traefik answers 503 as well", _BUILD),
    changes("Gateway API wants 500 as an answer", "Create the Service", _ROUTES),
)
UNREAD_SERVICE = Rule(
    "",
    f"{_DOCS}#the-ingress-resource",
    *(
        Effect(
            Compatibility.UNKNOWN,
            "The Service is not among the given objects: the port was not checked",
            "Give it as well, or read the cluster",
        ),
    )
    * 2,
)
RESOURCE_BACKEND = Rule(
    "ingress-nginx answers 404 or with its default backend: it knows no backend but Services",
    f"{_DOCS}#resource-backend",
    same("Traefik leaves the path out as well", _BUILD),
    stops("to_gateway writes backends that are Services only", "", _ROUTES),
)
PATTERN_TYPE = Rule(
    "ingress-nginx refuses a regular expression with pathType Prefix or Exact",
    NGINX.pattern_link,
    stops("Traefik skips the whole Ingress", "Use pathType ImplementationSpecific", _BUILD),
    converted("path matches of type RegularExpression"),
)
PATTERN_UNSWITCHED = Rule(
    "ingress-nginx reads the path as a regular expression only with the annotation use-regex or rewrite-target",
    NGINX.pattern_link,
    *(changes("The path is taken literally there as well", f'Add {PREFIX}use-regex: "true", or use a plain path'),) * 2,
)
LOOKAROUND = Rule(
    "ingress-nginx reads regular expressions of PCRE",
    _PATHS,
    stops(
        "Traefik reads those of Go (RE2), without lookaround and back references, and drops the route", "", _TRANSLATOR
    ),
    stops("Traefik reads those of Go (RE2), without lookaround and back references, and drops the route", "", _ROUTES),
)
LITERAL_PREFIX = Rule(
    "With pathType ImplementationSpecific ingress-nginx compares letters: /web is also a prefix of /website",
    _PATHS,
    changes(
        "Traefik compares whole segments: /web and what is below it, not /website", "Use pathType Prefix", _TRANSLATOR
    ),
    changes(
        "Gateway API compares whole segments: /web and what is below it, not /website", "Use pathType Prefix", _ROUTES
    ),
)
PATTERN_PREFIX = Rule(
    "With use-regex or rewrite-target anywhere on the host, ingress-nginx reads all its paths as regular expressions: "
    "/web also takes /WEB and /website",
    _PATHS,
    same("Traefik reads them so as well", _TRANSLATOR),
    changes("A path without special characters becomes a prefix of whole segments, or an exact path", "", _ROUTES),
)
PATTERN_EXACT = Rule(
    "With use-regex or rewrite-target anywhere on the host, ingress-nginx reads an Exact path as a regular expression",
    _PATHS,
    changes("Traefik takes exactly this path", "", _TRANSLATOR),
    changes("Gateway API takes exactly this path", "", _ROUTES),
)
WHOLE_REWRITE = Rule(
    "ingress-nginx replaces the whole path by rewrite-target, whatever part of it the pattern matches",
    f"{_LOCATIONS}/template/template.go",
    stops(
        "Traefik replaces only the part that the pattern matches: below the path the target / becomes //..., which it "
        "answers with 400",
        "End the path with a pattern that matches all of it",
        _REWRITE,
    ),
    converted("URLRewrite with ReplaceFullPath"),
)
CAPTURE_NAME = Rule(
    "In rewrite-target, $1 ends after the digit for ingress-nginx",
    _PATHS,
    stops(
        "Traefik takes the letters, digits and underscores after it for a part of the name, and inserts nothing",
        "",
        _REWRITE,
    ),
    stops("Gateway API replaces a whole path or a prefix", "", _ROUTES),
)
REWRITE_PATTERN = Rule(
    "ingress-nginx rewrites paths with groups of a regular expression",
    _PATHS,
    same("", _REWRITE),
    stops(
        "Gateway API replaces a whole path or a prefix: only patterns such as /path(/|$)(.*) with /$2 have an equal",
        "Split the path, or rewrite in the application",
        _ROUTES,
    ),
)
NO_HOST = Rule(
    "A request for a host that has rules of its own never gets to rules without a host",
    _PATHS,
    changes(
        "Traefik also takes this path for hosts with rules of their own, where these have none for it", "", _TRANSLATOR
    ),
    changes(
        "An HTTPRoute without hostnames also takes this path for other hosts, where their routes have none for it",
        "",
        _ROUTES,
    ),
)
TLS_HOSTS = Rule(
    "ingress-nginx redirects to HTTPS only those hosts that have a certificate",
    f"{_LOCATIONS}/../../../rootfs/etc/nginx/lua/lua_ingress.lua",
    changes(
        "Traefik redirects all hosts of an Ingress with spec.tls",
        "Write another Ingress for the other hosts",
        _TRANSLATOR,
    ),
    same("to_gateway redirects hosts with a certificate only", _ROUTES),
)
TLS_ELSEWHERE = Rule(
    "ingress-nginx redirects to HTTPS all paths of a host with a certificate, whatever Ingress has it in spec.tls",
    f"{_LOCATIONS}/../../../rootfs/etc/nginx/lua/lua_ingress.lua",
    changes(
        "Traefik answers without TLS as well, as this Ingress has no spec.tls",
        f'Add {PREFIX}force-ssl-redirect: "true"',
        _TRANSLATOR,
    ),
    same("to_gateway redirects all paths of the host", _ROUTES),
)
TLS = Rule(
    "ingress-nginx takes certificates from spec.tls",
    f"{_DOCS}#tls",
    same("", _BUILD),
    converted("listeners with certificateRefs"),
)
DEFAULT_BACKEND = Rule(
    "spec.defaultBackend answers what no path takes",
    f"{_DOCS}#default-backend",
    same("", _BUILD),
    converted("a rule for all other paths"),
)
CANARY_NAMESPACE = Rule(
    "ingress-nginx finds the main Ingress of a canary by host, path and path type, in any namespace",
    f"{_LOCATIONS}/controller.go",
    stops(
        "Traefik looks in the canary's own namespace only: all requests go to the main Service",
        "Move the canary and its Service to the namespace of the main Ingress",
        _BUILD,
    ),
    converted("ReferenceGrant"),
)
CANARY_ALONE = Rule(
    "No Ingress has the same host, path and path type as this canary: ingress-nginx ignores it",
    f"{_LOCATIONS}/controller.go",
    same("Traefik ignores it as well", _BUILD),
    same("to_gateway leaves it out", _ROUTES),
)
CLASS_ANNOTATION = Rule(
    "spec.ingressClassName replaces the annotation kubernetes.io/ingress.class",
    f"{_DOCS}#deprecated-annotation",
    same("Traefik reads it as well", _BUILD),
    same("to_gateway reads it as well", _ROUTES),
)
