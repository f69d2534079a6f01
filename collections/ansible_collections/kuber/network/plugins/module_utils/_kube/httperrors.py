# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an API server says when it refuses, and what it means that it says nothing."""

from __future__ import annotations

import json
import ssl
import typing as t
import urllib.parse

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

# The server is busy, restarting or on its way up.
PASSING = frozenset({429, 502, 503, 504})
# 500 is also what a malformed object gets; these are the ones that pass: between two leaders, a slow disk, a restart.
PASSING_INTERNAL = (
    "etcdserver:",
    "connection refused",
    "connection reset",
    "context deadline exceeded",
    "timed out",
    "timeout",
    "transport is closing",
    "unexpected eof",
)

REMEDIES = {
    401: "The credentials of context {context} are not valid (any more): renew them, or name another context",
    403: "Give the user of context {context} this permission, or name a context whose user has it",
}

# What a connection to a webhook, or to what is behind a proxy, says while the other side is not there (yet).
NOBODY_HOME = (
    "connection refused",
    "connection reset",
    "no endpoints available",
    "no route to host",
    "network is unreachable",
    "no such host",
    "i/o timeout",
    "tls handshake timeout",
    "context deadline exceeded",
    "client.timeout exceeded",
    "request canceled",
    "x509:",
    "tls:",
    "eof",
    "the server is currently unable to handle the request",
    "the server could not find the requested resource",
    "server gave http response to https client",
    "service unavailable",
    "unable to load root certificates",
)


class ApiError(KuberError):
    """The API server answered, and the answer is no."""

    def __init__(self, *, method: str, path: str, context: str, answer: urllib3.BaseHTTPResponse) -> None:
        status = _parse(answer.data)
        self.status = answer.status
        self.reason: str = status.get("reason") or answer.reason or ""
        self.message: str = status.get("message") or answer.data.decode(errors="replace").strip()[:2000]
        self.details: dict[str, t.Any] = status.get("details") or {}
        self.headers = dict(answer.headers)
        remedy = REMEDIES.get(self.status)
        super().__init__(
            f"The API server refused {method} {path}",
            found=f"{self.status} {self.reason}, {self.message}",
            remedy=remedy.format(context=context) if remedy else None,
        )

    def rephrase(self, edit: t.Callable[[str], str]) -> None:
        """Edit what the server has said."""
        self.message = edit(self.message)
        for cause in self.details.get("causes") or []:
            cause["message"] = edit(cause.get("message") or "")
        super().rephrase(edit)


class ServerGoneError(KuberError):
    """There is no answer."""

    def __init__(self, *, server: str, context: str, cause: urllib3.exceptions.HTTPError) -> None:
        where = urllib.parse.urlsplit(server)
        port = where.port or (443 if where.scheme == "https" else 80)
        self.never_sent = isinstance(
            cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
        )
        self.untrusted = isinstance(cause, urllib3.exceptions.SSLError)
        super().__init__(
            f"The API server of context {context} is not to be {'trusted' if self.untrusted else 'reached'}",
            wanted=f"an answer from {where.hostname}:{port}",
            found=_plain(cause),
            remedy=(
                "Check the certificate-authority of the context's cluster in the kubeconfig"
                if self.untrusted
                else "Check that the cluster runs and that this machine has a way to it"
            ),
        )


def is_worth_a_retry(error: ApiError) -> bool:
    """Whether the same request may well succeed in a moment, as far as the server itself is concerned."""
    # Waking webhooks are waited for by the engine, which says so; here it would look like a hanging request.
    if is_asleep(error):
        return False
    return error.status in PASSING or (error.status == 500 and _signs(error, PASSING_INTERNAL))


def retry_after(error: ApiError) -> float | None:
    """How long the server asks us to wait."""
    given = error.headers.get("Retry-After") or error.details.get("retryAfterSeconds")
    try:
        return min(float(given), 30.0) if given else None
    except (TypeError, ValueError):
        return None


def is_asleep(error: ApiError) -> bool:
    """Whether a webhook could not be asked, told apart from one that was asked and said no."""
    called = _signs(error, ("failed calling webhook", "failed to call webhook", "conversion webhook for"))
    return called and _signs(error, NOBODY_HOME)


def _signs(error: ApiError, signs: tuple[str, ...]) -> bool:
    text = error.message.lower()
    return any(sign in text for sign in signs)


def _parse(data: bytes) -> dict[str, t.Any]:
    try:
        parsed = json.loads(data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) and parsed.get("kind") == "Status" else {}


def _plain(cause: urllib3.exceptions.HTTPError) -> str:
    """The innermost reason, without the pool's own decoration."""
    inner: BaseException = cause
    while (below := inner.__cause__ or inner.__context__) is not None and isinstance(below, OSError):
        inner = below
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return str(cause)
