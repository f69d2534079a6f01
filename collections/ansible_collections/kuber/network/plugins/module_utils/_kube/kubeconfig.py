# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From a kubeconfig file to all that is needed to talk to its API server."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import os
import pathlib
import ssl
import tempfile
import typing as t
import urllib.parse
import urllib.request

import urllib3
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

DEFAULT_FILE = "~/.kube/config"
# What makes credentials with the help of somebody else: a program, an identity provider.
HELPERS = ("exec", "auth-provider")


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


@dataclasses.dataclass(frozen=True)
class _Entry:
    """A context, cluster or user, and the directory that its paths start from."""

    body: dict[str, t.Any]
    base: pathlib.Path

    def content(self, field: str) -> str | None:
        """What is embedded as ``field``-data or, without that, stands in the file that ``field`` names."""
        if data := self.body.get(f"{field}-data"):
            return base64.b64decode(data).decode()
        return self.text(field)

    def text(self, field: str) -> str | None:
        path = self.body.get(field)
        return (self.base / path).read_text(encoding="utf-8") if path else None


_NOBODY = _Entry({}, pathlib.Path())


@dataclasses.dataclass(frozen=True)
class _Config:
    """All files together; of two entries with one name the first counts, as for kubectl."""

    files: str
    contexts: dict[str, _Entry] = dataclasses.field(default_factory=dict)
    clusters: dict[str, _Entry] = dataclasses.field(default_factory=dict)
    users: dict[str, _Entry] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Credentials:
    """Who we are: a header, a certificate with its key, or both."""

    authorization: str | None = None
    certificate: str | None = None
    key: str | None = None


def load(*, kubeconfig: str | None, context: str | None) -> Access:
    """Read the kubeconfig file (or the files that $KUBECONFIG lists) and run its credential helpers."""
    files = kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_FILE
    config, current = _read_all(files)
    name = context or current
    if not name:
        raise KuberError(
            f"Kubeconfig {files} has no current context",
            wanted="a context",
            found=_listing(config.contexts),
            remedy="Name one of them in the option context",
        )
    if name not in config.contexts:
        raise KuberError(
            f"Kubeconfig {files} does not know the context",
            wanted=name,
            found=_listing(config.contexts),
            remedy="Name a context that is there, or start the cluster that should have written it",
        )
    try:
        return _access(config, name)
    except (OSError, ValueError) as exc:
        raise KuberError(f"Context {name} of kubeconfig {files} cannot be used", found=str(exc)) from exc


def _listing(known: t.Collection[str]) -> str:
    return ", ".join(sorted(known)) if known else "no context at all"


def _read_all(files: str) -> tuple[_Config, str | None]:
    """What stands in all files, and the name of the current context."""
    config, current = _Config(files), None
    paths = [os.path.expanduser(path) for path in files.split(os.pathsep) if path]
    present = [path for path in paths if os.path.exists(path)]
    if not present:
        raise KuberError(
            "There is no kubeconfig file",
            wanted=" or ".join(paths),
            remedy="Set the option kubeconfig, or start the cluster that should have written the file",
        )
    for path in present:
        content = _read(path)
        current = current or content.get("current-context") or None
        base = pathlib.Path(path).absolute().parent
        for kind, known in (("context", config.contexts), ("cluster", config.clusters), ("user", config.users)):
            for entry in content.get(f"{kind}s") or []:
                known.setdefault(entry["name"], _Entry(entry.get(kind) or {}, base))
    return config, current


def _read(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except (OSError, UnicodeError, yaml.YAMLError) as exc:
        raise KuberError(f"Kubeconfig {path} cannot be read", found=str(exc)) from exc
    if not isinstance(content, dict):
        raise KuberError(f"Kubeconfig {path} is no kubeconfig", wanted="a YAML mapping", found=type(content).__name__)
    return content


def _access(config: _Config, name: str) -> Access:
    context = config.contexts[name].body
    cluster = _named(config.clusters, "cluster", context.get("cluster"))
    user = _named(config.users, "user", context["user"]) if context.get("user") else _NOBODY
    server = str(cluster.body.get("server") or "").rstrip("/")
    if not server:
        raise ValueError(f"cluster {context['cluster']} has no server")
    helped = any(helper in user.body for helper in HELPERS)
    credentials = _from_helper(config, name) if helped else _credentials(user)
    return Access(
        server=server,
        context=name,
        namespace=context.get("namespace") or "default",
        headers={"Authorization": credentials.authorization} if credentials.authorization else {},
        tls=_tls(cluster, credentials) if server.startswith("https") else None,
        tls_server_name=cluster.body.get("tls-server-name"),
        proxy=_proxy(server, cluster.body.get("proxy-url")),
    )


def _named(known: t.Mapping[str, _Entry], kind: str, name: str | None) -> _Entry:
    if name is None or name not in known:
        raise ValueError(f"there is no {kind} {name}")
    return known[name]


def _credentials(user: _Entry) -> _Credentials:
    # As for kubectl, the token that stands in the file comes before the file that holds one.
    token = user.body.get("token") or (user.text("tokenFile") or "").strip()
    authorization = f"Bearer {token}" if token else None
    if authorization is None and "username" in user.body:
        pair = f"{user.body['username']}:{user.body.get('password', '')}"
        authorization = urllib3.util.make_headers(basic_auth=pair)["authorization"]
    return _Credentials(authorization, user.content("client-certificate"), user.content("client-key"))


def _from_helper(config: _Config, context: str) -> _Credentials:
    # Few users need it, and it takes longer to import than all else that a task does.
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config

    # Certificates pass through files; they must not outlive this function, and a forked worker of Ansible ends without
    # running the clean-up that the library has registered.
    with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
        settings = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=config.files,
                context=context,
                client_configuration=settings,
                persist_config=False,
                temp_file_path=scratch,
            )
        except ConfigException as exc:
            raise ValueError(str(exc)) from exc
        parts = [pathlib.Path(file).read_text() if file else None for file in (settings.cert_file, settings.key_file)]
        made = _Credentials(settings.api_key.get("BearerToken"), *parts)
    if not made.authorization and not made.certificate:
        raise ValueError("the credential helper of its user has made neither a token nor a certificate")
    return made


def _proxy(server: str, own: str | None) -> str | None:
    """The cluster's own proxy, or that of the environment unless it exempts the server.

    Networks in NO_PROXY count as they do for kubectl.
    """
    if own:
        return own
    around = urllib.request.getproxies()
    parts = urllib.parse.urlsplit(server)
    proxy = around.get(parts.scheme) or around.get("all")
    host = parts.hostname or ""
    exempt = [entry.strip().lstrip(".") for entry in around.get("no", "").split(",") if entry.strip()]
    if not proxy or any(entry == "*" or f".{host}".endswith(f".{entry}") for entry in exempt):
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if host == "localhost" else proxy
    networks = [entry for entry in exempt if "/" in entry]
    near = address.is_loopback or any(address in ipaddress.ip_network(one, strict=False) for one in networks)
    return None if near else proxy


def _tls(cluster: _Entry, credentials: _Credentials) -> ssl.SSLContext:
    tls = ssl.create_default_context(cadata=cluster.content("certificate-authority"))
    # Certificates of older clusters lack what Python 3.13 and newer demand beyond the standard's musts.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.body.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if credentials.certificate:
        # Only files can be loaded; they must not outlive this function.
        with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
            paths = pathlib.Path(scratch, "certificate"), pathlib.Path(scratch, "key")
            for path, content in zip(paths, (credentials.certificate, credentials.key), strict=True):
                path.write_text(content or "")
            tls.load_cert_chain(*paths)
    return tls
