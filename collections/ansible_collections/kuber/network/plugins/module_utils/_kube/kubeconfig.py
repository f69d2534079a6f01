# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From a kubeconfig file to all that is needed to talk to its API server."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import ssl
import tempfile
import typing as t
import urllib.parse

import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException, load_kube_config

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

DEFAULT_FILE = "~/.kube/config"


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


def load(*, kubeconfig: str | None, context: str | None) -> Access:
    """Read the kubeconfig file (or the files that $KUBECONFIG lists) and run its credential helpers."""
    files = kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT_FILE
    known, current = _read_contexts(files)
    name = context or current
    if not name:
        raise KuberError(
            f"Kubeconfig {files} has no current context",
            wanted="a context",
            found=_listing(known),
            remedy="Name one of them in the option context",
        )
    if name not in known:
        raise KuberError(
            f"Kubeconfig {files} does not know the context",
            wanted=name,
            found=_listing(known),
            remedy="Name a context that is there, or start the cluster that should have written it",
        )
    return _access(files, name, known[name].get("namespace") or "default")


def _listing(known: t.Collection[str]) -> str:
    return ", ".join(sorted(known)) if known else "no context at all"


def _read_contexts(files: str) -> tuple[dict[str, dict[str, t.Any]], str | None]:
    """All contexts by name, and the current one; of two with one name the first counts, as for kubectl."""
    known: dict[str, dict[str, t.Any]] = {}
    current: str | None = None
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
        for entry in content.get("contexts") or []:
            known.setdefault(entry["name"], entry.get("context") or {})
    return known, current


def _read(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except (OSError, UnicodeError, yaml.YAMLError) as exc:
        raise KuberError(f"Kubeconfig {path} cannot be read", found=str(exc)) from exc
    if not isinstance(content, dict):
        raise KuberError(f"Kubeconfig {path} is no kubeconfig", wanted="a YAML mapping", found=type(content).__name__)
    return content


def _access(files: str, context: str, namespace: str) -> Access:
    # Keys that are embedded in the kubeconfig pass through files; they must not outlive this function, and a forked
    # worker of Ansible ends without running the clean-up that the library has registered.
    with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
        settings = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=files,
                context=context,
                client_configuration=settings,
                persist_config=False,
                temp_file_path=scratch,
            )
            tls = _tls(settings) if settings.host.startswith("https") else None
        except (ConfigException, OSError, ValueError) as exc:
            raise KuberError(f"Context {context} of kubeconfig {files} cannot be used", found=str(exc)) from exc
    token = settings.api_key.get("BearerToken")
    return Access(
        server=settings.host.rstrip("/"),
        context=context,
        namespace=namespace,
        headers={"Authorization": token} if token else {},
        tls=tls,
        tls_server_name=settings.tls_server_name,
        proxy=_proxy(settings),
    )


def _proxy(settings: t.Any) -> str | None:
    """The proxy to the server, unless the server is exempt; networks in NO_PROXY count as they do for kubectl."""
    host = urllib.parse.urlsplit(settings.host).hostname or ""
    exempt = [entry.strip().lstrip(".") for entry in (settings.no_proxy or "").split(",") if entry.strip()]
    if not settings.proxy or any(entry == "*" or f".{host}".endswith(f".{entry}") for entry in exempt):
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if host == "localhost" else str(settings.proxy)
    networks = [entry for entry in exempt if "/" in entry]
    near = address.is_loopback or any(address in ipaddress.ip_network(one, strict=False) for one in networks)
    return None if near else str(settings.proxy)


def _tls(settings: t.Any) -> ssl.SSLContext:
    tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    # Certificates of older clusters lack what Python 3.13 and newer demand beyond the standard's musts.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not settings.verify_ssl:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if settings.cert_file:
        tls.load_cert_chain(settings.cert_file, settings.key_file)
    return tls
