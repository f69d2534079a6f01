# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Access that no kubeconfig gives: the variables of kubernetes.core, and the account of a pod that Ansible runs in."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.configfiles import Config, Entry

NAME = "environment"
CLUSTER = {"HOST": "server", "SSL_CA_CERT": "certificate-authority", "PROXY": "proxy-url"}
USER = {
    "API_KEY": "token",
    "USERNAME": "username",
    "PASSWORD": "password",
    "CERT_FILE": "client-certificate",
    "KEY_FILE": "client-key",
    "IMPERSONATE_USER": "as",
}
FILES = frozenset({"certificate-authority", "client-certificate", "client-key"})
# What counts instead of what a kubeconfig has: each of these says who the user is.
OTHERS = ("token", "tokenFile", "username", "password", "exec", "auth-provider")
# Where a pod finds its account.
ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")


def config(environ: t.Mapping[str, str]) -> Config | None:
    """What counts where there is no kubeconfig file."""
    if _given(environ, "HOST"):
        return _config({}, {}, {})
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (ACCOUNT / "token").exists():
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    namespace = ACCOUNT / "namespace"
    return _config(
        {"server": server, "certificate-authority": str(ACCOUNT / "ca.crt")},
        {"tokenFile": str(ACCOUNT / "token")},
        {"namespace": namespace.read_text(encoding="utf-8").strip()} if namespace.exists() else {},
    )


def _config(cluster: dict[str, t.Any], user: dict[str, t.Any], context: dict[str, t.Any]) -> Config:
    here = pathlib.Path()
    context = {"cluster": NAME, "user": NAME, **context}
    return Config(
        "(none)",
        NAME,
        {NAME: Entry("context", NAME, context, here)},
        {NAME: Entry("cluster", NAME, cluster, here)},
        {NAME: Entry("user", NAME, user, here)},
    )


def over_cluster(cluster: Entry, environ: t.Mapping[str, str]) -> Entry:
    """The cluster with what K8S_AUTH_* says of it."""
    fields: dict[str, t.Any] = _fields(CLUSTER, environ)
    if verify := _given(environ, "VERIFY_SSL"):
        fields["insecure-skip-tls-verify"] = verify.lower() in ("0", "f", "false", "n", "no", "off")
    body = dict(cluster.body)
    if "certificate-authority" in fields:
        body.pop("certificate-authority-data", None)
    return Entry(cluster.kind, cluster.name, {**body, **fields}, cluster.file)


def over_user(user: Entry, environ: t.Mapping[str, str]) -> Entry:
    """The user with what K8S_AUTH_* says of it."""
    fields: dict[str, t.Any] = _fields(USER, environ)
    if groups := _given(environ, "IMPERSONATE_GROUPS"):
        fields["as-groups"] = [group.strip() for group in groups.split(",") if group.strip()]
    body = dict(user.body)
    if "token" in fields or "username" in fields:
        body = {field: value for field, value in body.items() if field not in OTHERS}
    for field in ("client-certificate", "client-key"):
        if field in fields:
            body.pop(f"{field}-data", None)
    return Entry(user.kind, user.name, {**body, **fields}, user.file)


def _fields(names: t.Mapping[str, str], environ: t.Mapping[str, str]) -> dict[str, str]:
    found = {field: value for name, field in names.items() if (value := _given(environ, name))}
    # Not from where a kubeconfig is, but from where Ansible runs.
    return {field: os.path.abspath(value) if field in FILES else value for field, value in found.items()}


def _given(environ: t.Mapping[str, str], name: str) -> str | None:
    return environ.get(f"K8S_AUTH_{name}") or None
