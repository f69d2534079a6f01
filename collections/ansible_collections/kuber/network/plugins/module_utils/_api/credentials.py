# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Who a user of a kubeconfig is: headers and a certificate, with the precedence that client-go gives them."""

from __future__ import annotations

import base64
import dataclasses
import pathlib
import tempfile
import typing as t
import urllib.parse

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api import exechelper
from ansible_collections.kuber.network.plugins.module_utils._api.configfiles import Config, Entry
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._libraries import install

# Where the kubernetes library keeps a token: from version 37 on, and before.
TOKEN_KEYS = ("BearerToken", "authorization")
# What may stand in the name of a header as it is (RFC 7230, section 3.2.6, without the percent sign).
TOKEN_CHARACTERS = "!#$&'*+-.^_`|~"


@dataclasses.dataclass(frozen=True)
class Credentials:
    """What to send with each request, and which certificate to show."""

    headers: t.Mapping[str, str]
    certificate: bytes | None = None
    key: bytes | None = None


ANONYMOUS = Credentials({})


def of_user(user: Entry, cluster: Entry, config: Config, context: str, environ: t.Mapping[str, str]) -> Credentials:
    """The credentials of a user; what is wrong with them raises ``ValueError``."""
    certificate, key = user.content("client-certificate"), user.content("client-key")
    authorization = _authorization(user)
    if authorization is None and certificate is None and user.body.get("exec"):
        made = exechelper.run(user, cluster, environ)
        authorization = f"Bearer {made['token']}" if "token" in made else None
        certificate, key = (_bytes(made.get(name)) for name in ("clientCertificateData", "clientKeyData"))
    elif authorization is None and user.body.get("auth-provider"):
        authorization = _from_provider(user, config, context)
    headers = urllib3.HTTPHeaderDict()
    if authorization is not None:
        headers.add("Authorization", _sendable(authorization, f"the token or password of {user}"))
    for name, value in _impersonation(user):
        headers.add(name, _sendable(value, f"as, as-uid, as-groups or as-user-extra of {user}"))
    return Credentials(headers, certificate, key)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _authorization(user: Entry) -> str | None:
    if token := _token(user):
        return f"Bearer {token}"
    if username := user.body.get("username"):
        return basic(username, user.body.get("password") or "")
    return None


def basic(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _token(user: Entry) -> str | None:
    """The file's token, for it may be renewed, else the one that stands in the kubeconfig."""
    token: str | None = user.body.get("token")
    path = user.path("tokenFile")
    if path is None:
        return token
    try:
        found = path.read_text(encoding="utf-8").strip()
    except OSError:
        if token:
            return token
        raise
    if not found and not token:
        raise ValueError(f"tokenFile of {user} is empty: {path}")
    return found or token


def _impersonation(user: Entry) -> t.Iterator[tuple[str, str]]:
    """As whom the user acts."""
    body = user.body
    groups, extra = body.get("as-groups") or [], body.get("as-user-extra") or {}
    if not body.get("as"):
        if groups or extra or body.get("as-uid"):
            raise ValueError(f"{user} has as-uid, as-groups or as-user-extra, and no as")
        return
    yield "Impersonate-User", body["as"]
    if body.get("as-uid"):
        yield "Impersonate-Uid", body["as-uid"]
    yield from (("Impersonate-Group", group) for group in _strings(groups, f"as-groups of {user}"))
    for key, values in extra.items():
        # http.client sends names of headers as they are; the API server takes them in any case.
        name = f"Impersonate-Extra-{urllib.parse.quote(key, safe=TOKEN_CHARACTERS)}"
        yield from ((name, value) for value in _strings(values, f"as-user-extra.{key} of {user}"))


def _strings(values: object, field: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{field} is not a list of strings")
    return values


def _sendable(value: str, field: str) -> str:
    """A value as a header carries it; one that breaks out of its line is refused, and not shown."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError(f"{field} has a line break or a control character in it")
    # As Go, in UTF-8; http.client writes each of these characters as one byte.
    return value.encode().decode("latin-1")


def _from_provider(user: Entry, config: Config, context: str) -> str:
    """The token of an identity provider, by the library: few users need it, and it takes long to import."""
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException, load_kube_config
    except ImportError as exc:
        raise KuberError(
            f"The auth-provider of {user} needs the Python library kubernetes",
            found=str(exc),
            remedy=install("kubernetes"),
        ) from exc
    # A forked worker of Ansible ends without running the clean-up that the library has registered.
    with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
        settings = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=config.files,
                context=context,
                client_configuration=settings,
                persist_config=False,
                temp_file_path=str(pathlib.Path(scratch)),
            )
        except Exception as exc:
            # The library raises what comes up when a provider's own configuration has another form than it expects.
            why = str(exc) if isinstance(exc, ConfigException) else f"the library says {type(exc).__name__}: {exc}"
            raise ValueError(f"the auth-provider of {user} failed: {why}") from exc
    made = next((settings.api_key[key] for key in TOKEN_KEYS if settings.api_key.get(key)), None)
    if made is None:
        raise ValueError(f"the auth-provider of {user} has made no token")
    return str(made)
