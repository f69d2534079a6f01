# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Every annotation that ingress-nginx 1.15 documents, as data: whether it works there, in Traefik, in Gateway API.

Sources, read at these versions: docs/user-guide/nginx-configuration/annotations.md and annotations-risk.md of
ingress-nginx 1.15.1; the documentation and the code of Traefik 3.7.13 (pkg/provider/kubernetes/ingress-nginx:
annotations.go lists what is read, build.go, middleware.go and translator.go what is made of it); the
CustomResourceDefinitions of Gateway API 1.6.3, standard channel. An annotation that is not here is unknown.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import (
    NGINX_DOCS,
    SNIPPETS,
    TRAEFIK_DOCS,
    TRAEFIK_GATEWAY,
    TRAEFIK_PROVIDER,
    Compatibility,
    Effect,
    Target,
    changes,
    converted,
    ignored,
    middleware,
    no_equal,
    same,
    stops,
)

PREFIX = "nginx.ingress.kubernetes.io/"


@dataclasses.dataclass(frozen=True)
class Refused:
    """ingress-nginx's admission webhook refuses the annotation by default; ``instead`` is its replacement."""

    instead: str
    link: str = SNIPPETS


@dataclasses.dataclass(frozen=True)
class Renamed:
    """ingress-nginx no longer reads the annotation; ``values`` maps its values to those of the new one."""

    name: str
    values: t.Mapping[str, str]
    link: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One annotation, without its prefix."""

    name: str
    section: str
    """The anchor in ingress-nginx's page of annotations."""
    traefik: Effect
    gateway: Effect
    idle: tuple[str, ...] = ()
    """Values in lower case with which it does nothing anywhere."""
    protects: bool = False
    """Whether something may be open that was closed, or unlimited that was limited, where it does not work."""
    nginx: Refused | Renamed | None = None
    """What ingress-nginx 1.15 makes of it, unless it works."""

    @property
    def link(self) -> str:
        return f"{NGINX_DOCS}/annotations/#{self.section}"

    def effect(self, target: Target, value: str) -> Effect:
        if value.strip().lower() in self.idle:
            return same("With this value it does nothing", self.link)
        effect = (self.traefik if target is Target.TRAEFIK else self.gateway).of(value)
        link = TRAEFIK_DOCS if target is Target.TRAEFIK else TRAEFIK_GATEWAY
        return effect if effect.link else dataclasses.replace(effect, link=link)


_OFF = ("false",)
_429 = "Requests beyond the limit are answered with 429 in place of 503, and bursts are counted as a token bucket"
_COOKIE = no_equal("sessionPersistence is in Gateway API's experimental channel only")
_AUTH = middleware("forwardAuth")
_BASIC = middleware("basicAuth or digestAuth")
_CLIENT_CERTIFICATE = no_equal("Traefik's TLSOption with clientAuth asks for client certificates")
_CORS = no_equal(
    "Gateway API has a CORS filter that Traefik 3.7 does not implement: attach Traefik's Middleware headers"
)
_LIMIT = middleware("rateLimit or inFlightReq")
_BUFFER = middleware("buffering")
_RETRY = middleware("retry")
_ORIGIN_TLS = no_equal("Set the names and the authorities of the backend's certificate in a BackendTLSPolicy")
_TIMEOUT = no_equal("Gateway API's timeouts are for whole requests, and Traefik 3.7 does not implement them")
_TRACING = no_equal("Switch tracing on in Traefik's own configuration")
_REDIRECT = converted("the RequestRedirect filter")
_CANARY = converted("header matches and weights of backends")
_NO_SNIPPET = stops(
    "Traefik skips the whole Ingress: snippets are off by default",
    "Remove it; with allowSnippetAnnotations of its provider, Traefik follows a few directives",
    f"{TRAEFIK_PROVIDER}/build.go",
)
_ANOTHER = "Express it with other annotations (rewrite-target, custom-headers, auth-*, whitelist-source-range)"
_MODSECURITY = stops(
    "Traefik logs an error: only its commercial product examines requests",
    "Put a web application firewall in front",
    f"{TRAEFIK_PROVIDER}/translator.go",
)
_LOG_ONLY = "a line of the log is missing"

_AUTHENTICATION = (
    Row("auth-type", "authentication", same(), _BASIC, protects=True),
    Row("auth-secret", "authentication", same(), _BASIC, protects=True),
    Row("auth-secret-type", "authentication", same(), _BASIC, protects=True),
    Row("auth-realm", "authentication", same(), _BASIC, protects=True),
    Row(
        "auth-url",
        "external-authentication",
        changes(
            "Traefik forwards the request itself in place of a subrequest, caches no answer, and with rewrite-target "
            "its X-Forwarded-Uri is the rewritten path",
            "Try the service that authenticates behind Traefik",
        ),
        _AUTH,
        protects=True,
    ),
    Row(
        "auth-signin",
        "external-authentication",
        changes(
            "Only some of nginx's variables are replaced in the address", "Compare its variables with Traefik's list"
        ),
        _AUTH,
        protects=True,
    ),
    Row(
        "auth-signin-redirect-param",
        "external-authentication",
        ignored("the parameter is always called rd", "Have the service that authenticates read rd"),
        _AUTH,
    ),
    Row("auth-method", "external-authentication", same(), _AUTH, protects=True),
    Row("auth-response-headers", "external-authentication", same(), _AUTH),
    Row(
        "auth-request-redirect",
        "external-authentication",
        ignored("the service that authenticates does not get X-Auth-Request-Redirect"),
        _AUTH,
    ),
    Row("auth-cache-key", "external-authentication", ignored("each request is authenticated again"), _AUTH),
    Row("auth-cache-duration", "external-authentication", ignored("each request is authenticated again"), _AUTH),
    Row("auth-keepalive", "external-authentication", ignored("Traefik decides on connections"), _AUTH, ("0",)),
    Row("auth-keepalive-share-vars", "external-authentication", ignored("there are no such variables"), _AUTH, _OFF),
    Row("auth-keepalive-requests", "external-authentication", ignored("Traefik decides on connections"), _AUTH),
    Row("auth-keepalive-timeout", "external-authentication", ignored("Traefik decides on connections"), _AUTH),
    Row(
        "auth-proxy-set-headers",
        "external-authentication",
        ignored("the service that authenticates does not get these headers"),
        _AUTH,
        protects=True,
    ),
    Row(
        "auth-always-set-cookie",
        "external-authentication",
        ignored("cookies of the service that authenticates come with successful answers only"),
        _AUTH,
        _OFF,
    ),
    Row(
        "auth-snippet",
        "external-authentication",
        _NO_SNIPPET,
        _AUTH,
        protects=True,
        nginx=Refused("Use auth-url, auth-proxy-set-headers and the other auth-* annotations"),
    ),
    Row(
        "enable-global-auth",
        "external-authentication",
        same("The address is the option globalAuthURL of Traefik's provider"),
        dataclasses.replace(_AUTH, values={"false": same("Gateway API has no authentication for all")}),
        protects=True,
    ),
    Row(
        "satisfy",
        "satisfy",
        ignored("a request must satisfy all conditions, not just one", "", all=same("Traefik requires all, too")),
        no_equal(),
        protects=True,
    ),
    Row(
        "auth-tls-secret",
        "client-certificate-authentication",
        changes("A wrong certificate ends the TLS handshake; nginx answers 400"),
        _CLIENT_CERTIFICATE,
        protects=True,
    ),
    Row(
        "auth-tls-verify-client",
        "client-certificate-authentication",
        changes("A wrong certificate ends the TLS handshake; nginx answers 400", off=same()),
        _CLIENT_CERTIFICATE,
        protects=True,
    ),
    Row(
        "auth-tls-verify-depth",
        "client-certificate-authentication",
        stops("Traefik accepts chains of any length", "Give Traefik only the authorities whose clients may enter"),
        _CLIENT_CERTIFICATE,
        protects=True,
    ),
    Row(
        "auth-tls-match-cn",
        "client-certificate-authentication",
        ignored("clients with any name get in", "Check the certificate's name in the application"),
        _CLIENT_CERTIFICATE,
        protects=True,
    ),
    Row(
        "auth-tls-error-page",
        "client-certificate-authentication",
        ignored("the TLS handshake fails without a page"),
        _CLIENT_CERTIFICATE,
    ),
    Row(
        "auth-tls-pass-certificate-to-upstream",
        "client-certificate-authentication",
        same(),
        _CLIENT_CERTIFICATE,
        _OFF,
        protects=True,
    ),
)

_LIMITS = (
    Row("whitelist-source-range", "whitelist-source-range", same(), middleware("ipAllowList"), protects=True),
    Row("allowlist-source-range", "whitelist-source-range", same(), middleware("ipAllowList"), protects=True),
    Row(
        "denylist-source-range",
        "denylist-source-range",
        ignored("these addresses get in", "List the addresses that may enter in whitelist-source-range"),
        no_equal("List the addresses that may enter in Traefik's Middleware ipAllowList"),
        protects=True,
    ),
    Row("limit-connections", "rate-limiting", changes(_429), _LIMIT, ("0",), protects=True),
    Row("limit-rps", "rate-limiting", changes(_429), _LIMIT, ("0",), protects=True),
    Row("limit-rpm", "rate-limiting", changes(_429), _LIMIT, ("0",), protects=True),
    Row("limit-burst-multiplier", "rate-limiting", changes(_429), _LIMIT),
    Row("limit-rate", "rate-limiting", ignored("answers are sent at full speed"), no_equal(), ("0",)),
    Row("limit-rate-after", "rate-limiting", ignored("answers are sent at full speed"), no_equal(), ("0",)),
    Row("limit-whitelist", "rate-limiting", ignored("the limit applies to these addresses, too"), _LIMIT),
    Row("limit-allowlist", "rate-limiting", ignored("the limit applies to these addresses, too"), _LIMIT),
    Row("enable-modsecurity", "modsecurity", _MODSECURITY, no_equal(), _OFF, protects=True),
    Row("enable-owasp-core-rules", "modsecurity", _MODSECURITY, no_equal(), _OFF, protects=True),
    Row("modsecurity-transaction-id", "modsecurity", _MODSECURITY, no_equal()),
    Row(
        "modsecurity-snippet",
        "modsecurity",
        _MODSECURITY,
        no_equal(),
        protects=True,
        nginx=Refused("Set modsecurity-snippet in the controller's ConfigMap"),
    ),
)

_TLS = (
    Row("ssl-redirect", "server-side-https-enforcement-through-redirect", same(), _REDIRECT, protects=True),
    Row("force-ssl-redirect", "server-side-https-enforcement-through-redirect", same(), _REDIRECT, _OFF, protects=True),
    Row(
        "preserve-trailing-slash",
        "server-side-https-enforcement-through-redirect",
        same("Traefik always preserves it"),
        same("A RequestRedirect preserves the path"),
        _OFF,
    ),
    Row(
        "ssl-passthrough",
        "ssl-passthrough",
        changes("The server's name in the TLS handshake decides, and requests without it get another default"),
        no_equal("Write a TLSRoute and a listener of protocol TLS, mode Passthrough"),
        _OFF,
        protects=True,
    ),
    Row("ssl-ciphers", "ssl-ciphers", ignored("Traefik's own ciphers are used", "Set a TLSOption"), no_equal()),
    Row("ssl-prefer-server-ciphers", "ssl-ciphers", ignored("Go chooses the cipher"), no_equal()),
    Row("proxy-ssl-secret", "backend-certificate-authentication", same(), _ORIGIN_TLS),
    Row("proxy-ssl-verify", "backend-certificate-authentication", same(), converted("BackendTLSPolicy"), ("off",)),
    Row("proxy-ssl-name", "backend-certificate-authentication", same(), converted("BackendTLSPolicy")),
    Row(
        "proxy-ssl-server-name",
        "backend-certificate-authentication",
        changes(
            "Traefik sends this value itself as the server's name, unless proxy-ssl-name is set",
            "Set proxy-ssl-name to the name in the backend's certificate",
            f"{TRAEFIK_PROVIDER}/build.go",
        ),
        changes("A BackendTLSPolicy always sends the server's name"),
    ),
    Row(
        "proxy-ssl-verify-depth",
        "backend-certificate-authentication",
        ignored("chains of any length pass"),
        _ORIGIN_TLS,
    ),
    Row("proxy-ssl-ciphers", "backend-certificate-authentication", ignored("Go's ciphers are used"), _ORIGIN_TLS),
    Row("proxy-ssl-protocols", "backend-certificate-authentication", ignored("Go's versions are used"), _ORIGIN_TLS),
)

_ROUTING = (
    Row("rewrite-target", "rewrite", same(), converted("the URLRewrite filter")),
    Row("use-regex", "use-regex", same(), converted("path matches of type RegularExpression"), _OFF),
    Row("app-root", "rewrite", same(), _REDIRECT),
    Row("enable-rewrite-log", "enable-rewrite-log", ignored(_LOG_ONLY), no_equal(), _OFF),
    Row("permanent-redirect", "permanent-redirect", same(), _REDIRECT),
    Row("permanent-redirect-code", "permanent-redirect-code", same(), _REDIRECT),
    Row("temporal-redirect", "temporal-redirect", same(), _REDIRECT),
    Row("temporal-redirect-code", "temporal-redirect-code", same(), _REDIRECT),
    Row(
        "relative-redirects",
        "rewrite",
        ignored("redirects have the whole address"),
        no_equal(),
        _OFF,
    ),
    Row("use-port-in-redirects", "rewrite", ignored("redirects to HTTPS name no port"), no_equal(), _OFF),
    Row(
        "from-to-www-redirect",
        "redirect-fromto-www",
        changes("Hosts with a wildcard are not redirected"),
        no_equal("Write an HTTPRoute for the other name with a RequestRedirect filter"),
        _OFF,
    ),
    Row("server-alias", "server-alias", same(), converted("further hostnames of the HTTPRoute")),
    Row("server-snippet", "server-snippet", _NO_SNIPPET, no_equal(), protects=True, nginx=Refused(_ANOTHER)),
    Row(
        "configuration-snippet",
        "configuration-snippet",
        _NO_SNIPPET,
        no_equal(),
        protects=True,
        nginx=Refused(_ANOTHER),
    ),
    Row(
        "stream-snippet",
        "stream-snippet",
        ignored("its TCP and UDP services stop", "Use routes of type IngressRouteTCP and IngressRouteUDP"),
        no_equal("Use TCPRoute and UDPRoute"),
        protects=True,
        nginx=Refused("Use the controller's ConfigMap of TCP or UDP services"),
    ),
    Row(
        "custom-http-errors",
        "custom-http-errors",
        same("Without default-backend the pages come from the option defaultBackendService of Traefik's provider"),
        middleware("errors"),
    ),
    Row("default-backend", "default-backend", same(), no_equal()),
    Row("x-forwarded-prefix", "x-forwarded-prefix-header", same(), converted("the RequestHeaderModifier filter")),
    Row(
        "custom-headers",
        "custom-headers",
        changes(
            "Traefik answers 503 unless the option globalAllowedResponseHeaders of its provider has all these headers",
            "Set the option to the list in the controller's ConfigMap",
            f"{TRAEFIK_PROVIDER}/build.go",
        ),
        no_equal("Write the headers into a ResponseHeaderModifier filter"),
    ),
    Row(
        "connection-proxy-header",
        "connection-proxy-header",
        ignored("the backend gets Traefik's own Connection header"),
        no_equal(),
    ),
    Row("http2-push-preload", "http2-push-preload", ignored("nothing is pushed"), no_equal(), _OFF),
    Row("mirror-target", "mirror", ignored("nothing is mirrored", "Use Traefik's mirroring service"), no_equal()),
    Row("mirror-host", "mirror", ignored("nothing is mirrored"), no_equal()),
    Row("mirror-request-body", "mirror", ignored("nothing is mirrored"), no_equal(), ("off",)),
)

_CANARIES = (
    Row("canary", "canary", same(), _CANARY, _OFF),
    Row("canary-by-header", "canary", same(), _CANARY),
    Row("canary-by-header-value", "canary", same(), _CANARY),
    Row("canary-by-header-pattern", "canary", same("The pattern is read as one of Go (RE2)"), _CANARY),
    Row("canary-by-cookie", "canary", same(), _CANARY),
    Row("canary-weight", "canary", same(), _CANARY),
    Row("canary-weight-total", "canary", changes("Traefik reads a total below 100 as 100"), _CANARY),
    Row(
        "affinity-canary-behavior",
        "session-affinity",
        stops("Traefik implements sticky only", "", sticky=same()),
        _COOKIE,
    ),
)

_BACKENDS = (
    Row(
        "backend-protocol",
        "backend-protocol",
        stops(
            "Traefik implements HTTP, HTTPS, GRPC and GRPCS only, and takes all else for HTTP",
            http=same(),
            https=same(),
            grpc=same(),
            grpcs=same(),
        ),
        stops(
            "Gateway API has no equal",
            http=converted("backends"),
            https=converted(
                "BackendTLSPolicy",
                "It always verifies the backend's certificate, which ingress-nginx does not: name a ConfigMap with the "
                "authority in the option backend_ca",
            ),
            grpc=changes("The Service says so itself", "Set appProtocol: kubernetes.io/h2c at the port of the Service"),
        ),
    ),
    Row("service-upstream", "service-upstream", same(), changes("Traefik sends requests to the pods"), _OFF),
    Row(
        "load-balance",
        "custom-nginx-load-balancing",
        ignored("pods take turns", "", round_robin=same()),
        stops("Gateway API has no equal: pods take turns", "", round_robin=same()),
    ),
    Row(
        "upstream-hash-by",
        "custom-nginx-upstream-hashing",
        changes("Traefik hashes otherwise: a client may get another pod than before, and then stays there"),
        no_equal(),
    ),
    Row(
        "upstream-hash-by-subset", "custom-nginx-upstream-hashing", ignored("single pods are chosen"), no_equal(), _OFF
    ),
    Row("upstream-hash-by-subset-size", "custom-nginx-upstream-hashing", ignored("single pods are chosen"), no_equal()),
    Row("upstream-vhost", "custom-nginx-upstream-vhost", same(), converted("the URLRewrite filter")),
    Row(
        "affinity",
        "session-affinity",
        changes("Traefik has cookies of its own: each user may get another pod once, and then stays there"),
        _COOKIE,
    ),
    Row(
        "affinity-mode",
        "session-affinity",
        stops("Traefik implements persistent only", "", persistent=same()),
        _COOKIE,
    ),
    Row("session-cookie-name", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-path", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-domain", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-samesite", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-secure", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-max-age", "cookie-affinity", same(), _COOKIE),
    Row("session-cookie-expires", "cookie-affinity", same(), _COOKIE),
    Row(
        "session-cookie-change-on-failure",
        "cookie-affinity",
        ignored("a user whose pod fails gets another one, and the cookie of it"),
        _COOKIE,
    ),
    Row(
        "session-cookie-conditional-samesite-none",
        "cookie-affinity",
        ignored("old browsers get SameSite=None, too"),
        _COOKIE,
        _OFF,
    ),
    Row("fastcgi-index", "backend-protocol", ignored("FastCGI is not implemented"), no_equal()),
    Row("fastcgi-params-configmap", "backend-protocol", ignored("FastCGI is not implemented"), no_equal()),
    Row(
        "secure-backends",
        "backend-protocol",
        ignored("neither does ingress-nginx", "Use backend-protocol"),
        no_equal("Use backend-protocol"),
        nginx=Renamed("backend-protocol", {"true": "HTTPS"}, f"{NGINX_DOCS}/annotations/#backend-protocol"),
    ),
    Row(
        "grpc-backend",
        "backend-protocol",
        ignored("neither does ingress-nginx", "Use backend-protocol"),
        no_equal("Use backend-protocol"),
        nginx=Renamed("backend-protocol", {"true": "GRPC"}, f"{NGINX_DOCS}/annotations/#backend-protocol"),
    ),
)

_BODY = changes(
    "Traefik obeys it only while it buffers requests, which its provider does not by default",
    'Add proxy-request-buffering: "on"',
    f"{TRAEFIK_PROVIDER}/middleware.go",
)
_PROXY = (
    Row("proxy-connect-timeout", "custom-timeouts", same(), _TIMEOUT),
    Row("proxy-send-timeout", "custom-timeouts", same(), _TIMEOUT),
    Row("proxy-read-timeout", "custom-timeouts", same(), _TIMEOUT),
    Row("proxy-next-upstream", "custom-timeouts", changes("A retry may go to the same pod", off=same()), _RETRY),
    Row("proxy-next-upstream-timeout", "custom-timeouts", same(), _RETRY),
    Row("proxy-next-upstream-tries", "custom-timeouts", changes("0 means as many tries as there are pods"), _RETRY),
    Row("proxy-request-buffering", "custom-timeouts", same(), _BUFFER),
    Row("proxy-body-size", "custom-max-body-size", _BODY, _BUFFER, protects=True),
    Row("client-body-buffer-size", "client-body-buffer-size", _BODY, _BUFFER),
    Row("proxy-buffering", "proxy-buffering", same(), _BUFFER),
    Row("proxy-buffer-size", "proxy-buffer-size", same(), _BUFFER),
    Row("proxy-buffers-number", "proxy-buffers-number", changes("Traefik has one buffer of that total size"), _BUFFER),
    Row("proxy-busy-buffers-size", "proxy-busy-buffers-size", ignored("Traefik has no such limit"), _BUFFER),
    Row("proxy-max-temp-file-size", "proxy-max-temp-file-size", same(), _BUFFER),
    Row(
        "proxy-http-version",
        "proxy-http-version",
        Effect(Compatibility.STOPS, "Traefik implements 1.1 only", values={"1.1": same()}),
        no_equal(),
    ),
    Row("proxy-cookie-domain", "proxy-cookie-domain", ignored("cookies stay as the backend set them"), no_equal()),
    Row("proxy-cookie-path", "proxy-cookie-path", ignored("cookies stay as the backend set them"), no_equal()),
    Row(
        "proxy-redirect-from",
        "proxy-redirect",
        ignored("redirects stay as the backend sent them"),
        no_equal(),
        ("off",),
    ),
    Row("proxy-redirect-to", "proxy-redirect", ignored("redirects stay as the backend sent them"), no_equal()),
    Row(
        "disable-proxy-intercept-errors",
        "custom-http-errors",
        ignored("pages of custom-http-errors replace the backend's"),
        no_equal(),
        _OFF,
    ),
)

_CORS_ROWS = (
    Row(
        "enable-cors",
        "enable-cors",
        changes("Traefik answers preflight requests itself, and sends the headers only to those who send an Origin"),
        _CORS,
        _OFF,
    ),
    *(
        Row(name, "enable-cors", same("As far as enable-cors works"), _CORS)
        for name in (
            "cors-allow-origin",
            "cors-allow-methods",
            "cors-allow-headers",
            "cors-allow-credentials",
            "cors-expose-headers",
            "cors-max-age",
        )
    ),
)

_OBSERVATION = (
    Row(
        "enable-access-log",
        "enable-access-log",
        changes("There is a log only if Traefik's own configuration has accessLog"),
        no_equal("Use an IngressRoute of Traefik, whose routes have the field observability"),
    ),
    Row(
        "enable-opentelemetry",
        "enable-opentelemetry",
        ignored("no traces are sent", "Switch tracing on"),
        _TRACING,
        _OFF,
    ),
    Row(
        "opentelemetry-trust-incoming-span", "opentelemetry-trust-incoming-span", ignored("spans are trusted"), _TRACING
    ),
    Row("opentelemetry-operation-name", "enable-opentelemetry", ignored("spans have Traefik's names"), _TRACING),
)

ROWS: t.Mapping[str, Row] = {
    row.name: row
    for row in (
        *_AUTHENTICATION,
        *_LIMITS,
        *_TLS,
        *_ROUTING,
        *_CANARIES,
        *_BACKENDS,
        *_PROXY,
        *_CORS_ROWS,
        *_OBSERVATION,
    )
}
