# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What becomes of a feature of ingress-nginx elsewhere: the verdicts, and how rows of the tables are written."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

NGINX_DOCS = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration"
SNIPPETS = f"{NGINX_DOCS}/configmap/#allow-snippet-annotations"
# The same text is docs/content/reference/routing-configuration/kubernetes/ingress-nginx.md of Traefik 3.7.13.
TRAEFIK_DOCS = "https://doc.traefik.io/traefik/v3.7/reference/routing-configuration/kubernetes/ingress-nginx/"
TRAEFIK_SOURCE = "https://github.com/traefik/traefik/blob/v3.7.13/pkg"
TRAEFIK_PROVIDER = f"{TRAEFIK_SOURCE}/provider/kubernetes/ingress-nginx"
# Of version 1.6.3, as served by Traefik 3.7: pkg/provider/kubernetes/gateway/features.go lists the optional features.
GATEWAY_DOCS = "https://gateway-api.sigs.k8s.io/reference/spec/"
TRAEFIK_GATEWAY = f"{TRAEFIK_SOURCE}/provider/kubernetes/gateway/features.go"


class Compatibility(enum.Enum):
    """What becomes of a feature, from the harmless to the worst."""

    SAME = "same"
    CHANGES = "changes"
    UNKNOWN = "unknown"
    STOPS = "stops"


class Target(enum.Enum):
    """Where Ingress objects of ingress-nginx can go."""

    TRAEFIK = "traefik"
    """Traefik 3.7 reads the same objects with its provider kubernetesIngressNGINX."""
    GATEWAY = "gateway"
    """The filter to_gateway turns them into objects of Gateway API 1.6, which Traefik 3.7 serves."""

    @property
    def title(self) -> str:
        return "Traefik" if self is Target.TRAEFIK else "Gateway API"


@dataclasses.dataclass(frozen=True)
class Effect:
    """What becomes of a feature at one target."""

    verdict: Compatibility
    why: str
    instead: str = ""
    link: str = ""
    values: t.Mapping[str, Effect] = dataclasses.field(default_factory=dict)
    """Values of an annotation with an effect of their own, in lower case."""
    converted: bool = False
    """Whether to_gateway writes it."""

    def of(self, value: str) -> Effect:
        return self.values.get(value.strip().lower(), self)


def same(why: str = "", link: str = "", **values: Effect) -> Effect:
    return Effect(Compatibility.SAME, why, "", link, values)


def changes(why: str, instead: str = "", link: str = "", **values: Effect) -> Effect:
    return Effect(Compatibility.CHANGES, why, instead, link, values)


def stops(why: str, instead: str = "", link: str = "", **values: Effect) -> Effect:
    return Effect(Compatibility.STOPS, why, instead, link, values)


def converted(what: str, instead: str = "") -> Effect:
    """Gateway API has it, and to_gateway writes it."""
    return Effect(
        Compatibility.CHANGES, f"Gateway API has {what} for it, which to_gateway writes", instead, converted=True
    )


def ignored(consequence: str, instead: str = "", **values: Effect) -> Effect:
    """Traefik does not read the annotation."""
    return stops(f"Traefik does not read it: {consequence}", instead, "", **values)


def middleware(name: str) -> Effect:
    """Gateway API has no equal, but a Middleware of Traefik has."""
    return stops(
        "Gateway API has no equal",
        f"Attach Traefik's Middleware {name} with a filter of type ExtensionRef (needs its provider kubernetesCRD)",
    )


def no_equal(instead: str = "") -> Effect:
    return stops("Gateway API has no equal", instead)
