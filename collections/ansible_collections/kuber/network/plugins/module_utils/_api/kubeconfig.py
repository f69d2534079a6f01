# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From kubeconfig files to all that is needed to talk to an API server."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import ssl
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._api import (
    ambient,
    configfiles,
    credentials,
    proxies,
    trust,
)
from ansible_collections.kuber.network.plugins.module_utils._api.configfiles import Config, Entry
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

DEFAULT_FILE = "~/.kube/config"
_NO_USER = Entry("user", "", {}, pathlib.Path())


class UnknownContextError(KuberError):
    """The kubeconfig has no such context: it was never written, or `minikube stop` has removed it."""


@dataclasses.dataclass(frozen=True)
class Access:
    """One API server and the credentials for it."""

    server: str
    context: str
    namespace: str
    headers: t.Mapping[str, str]
    tls: ssl.SSLContext | None
    tls_server_name: str | None
    proxy: str | None


def load(*, kubeconfig: str | None, context: str | None, environ: t.Mapping[str, str] | None = None) -> Access:
    """Read the kubeconfig file (or the files that $KUBECONFIG lists) and run its credential helpers.

    What K8S_AUTH_* says, as in kubernetes.core, counts before what stands there.
    """
    environ = os.environ if environ is None else environ
    config = _config(kubeconfig or environ.get("K8S_AUTH_KUBECONFIG"), environ)
    name = context or environ.get("K8S_AUTH_CONTEXT") or config.current
    if not name:
        raise KuberError(
            f"Kubeconfig {config.files} has no current context",
            wanted="a context",
            found=_listing(config.contexts),
            remedy="Name one of them in the option context",
        )
    if name not in config.contexts:
        raise UnknownContextError(
            f"Kubeconfig {config.files} does not know the context",
            wanted=name,
            found=_listing(config.contexts),
            remedy="Name a context that is there, or start the cluster that should have written it",
        )
    try:
        return _access(config, name, environ)
    except (OSError, ValueError) as exc:
        raise KuberError(f"Context {name} of kubeconfig {config.files} cannot be used", found=str(exc)) from exc


def _config(kubeconfig: str | None, environ: t.Mapping[str, str]) -> Config:
    files = kubeconfig or environ.get("KUBECONFIG")
    if not files and not os.path.exists(os.path.expanduser(DEFAULT_FILE)) and (found := ambient.config(environ)):
        return found
    return configfiles.read(files or DEFAULT_FILE)


def _listing(known: t.Collection[str]) -> str:
    return ", ".join(sorted(known)) if known else "no context at all"


def _access(config: Config, name: str, environ: t.Mapping[str, str]) -> Access:
    context = config.contexts[name].body
    cluster = ambient.over_cluster(_named(config.clusters, "cluster", context.get("cluster")), environ)
    user = _named(config.users, "user", context["user"]) if context.get("user") else _NO_USER
    user = ambient.over_user(user, environ)
    server = _server(cluster)
    is_encrypted = server.startswith("https:")
    # As client-go, nobody's credentials are sent where anybody may read them.
    who = credentials.of_user(user, cluster, config, name, environ) if is_encrypted else credentials.ANONYMOUS
    proxy = cluster.body.get("proxy-url")
    return Access(
        server=server,
        context=name,
        namespace=context.get("namespace") or "default",
        headers=who.headers,
        tls=_tls(cluster, who) if is_encrypted else None,
        tls_server_name=cluster.body.get("tls-server-name") or None,
        proxy=proxies.own(proxy, f"proxy-url of {cluster}") if proxy else proxies.of_environment(server, environ),
    )


def _named(known: t.Mapping[str, Entry], kind: str, name: str | None) -> Entry:
    if not name:
        raise ValueError(f"it names no {kind}")
    if name not in known:
        raise ValueError(f"there is no {kind} {name}")
    return known[name]


def _is_url(server: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(server)
        # A port that is none is only noticed when it is asked for.
        is_whole = bool(parts.hostname) and parts.port != 0 and not any(map(str.isspace, server))
        return parts.scheme in ("http", "https") and is_whole
    except ValueError:
        return False


def _server(cluster: Entry) -> str:
    """The URL of an API server; one without a scheme is encrypted if it is known whom to trust."""
    server: str = cluster.body.get("server") or ""
    if not server:
        raise ValueError(f"{cluster} has no server")
    if "://" not in server:
        trusted = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify")
        server = f"{'https' if any(cluster.body.get(field) for field in trusted) else 'http'}://{server}"
    if not _is_url(server):
        raise ValueError(f"server of {cluster} is {proxies.hidden(server)}; expected: a URL such as https://host:6443")
    return server.rstrip("/")


def _tls(cluster: Entry, who: credentials.Credentials) -> ssl.SSLContext:
    pem = cluster.content("certificate-authority")
    authority = None if pem is None else trust.certificates(pem)
    if authority == "":
        # The system's authorities must not take its place.
        raise ValueError(f"certificate-authority of {cluster} holds no certificate in PEM")
    try:
        return trust.context(
            authority=authority,
            insecure=bool(cluster.body.get("insecure-skip-tls-verify")),
            certificate=who.certificate,
            key=who.key,
        )
    except ssl.SSLError as exc:
        raise ValueError(f"certificate-authority of {cluster} cannot be read ({exc.reason or exc})") from exc
