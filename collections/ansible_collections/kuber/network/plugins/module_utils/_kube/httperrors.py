# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an API server says when it refuses, and what it means that it says nothing."""

from __future__ import annotations

import http.client
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

WAIT = "It is busy, restarting or ill: see what its log says, and run again when `kubectl get --raw /readyz` says ok"
REMEDIES = {
    401: "The credentials of context {context} are not valid (any more): renew them, or name another context",
    403: "Give the user of context {context} this permission, or name a context whose user has it",
    **dict.fromkeys((*PASSING, 500), WAIT),
}

# 500 is not the server's own trouble when it says one of these.
NOT_ITS_OWN = ("failed to create typed patch object", "webhook")

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
        self.perhaps_done = False
        """Whether an earlier try of the same request got no answer, so that what it asks for may be done already."""
        self.context = context
        own = self.status != 500 or not _signs(self, NOT_ITS_OWN)
        remedy = REMEDIES.get(self.status) if own else None
        super().__init__(
            f"The API server of context {context} refused {method} {path}",
            found=f"{self.status} {self.reason}, {self.message}",
            remedy=remedy.format(context=context) if remedy else None,
        )

    def rephrase(self, edit: t.Callable[[str], str]) -> None:
        """Edit what the server has said."""
        self.message = edit(self.message)
        for cause in self.details.get("causes") or []:
            cause["message"] = edit(cause.get("message") or "")
        super().rephrase(edit)


class CutOffError(ValueError):
    """An answer that is complete for HTTP, and is not for its reader."""

    def __init__(self, size: int) -> None:
        # Not what it says: it may be part of a Secret.
        super().__init__(f"{size} bytes that are no whole JSON")


NoAnswer = t.Union[urllib3.exceptions.HTTPError, CutOffError]


class ServerGoneError(KuberError):
    """There is no answer, or not the whole of one."""

    def __init__(self, *, server: str, context: str, cause: NoAnswer, timeout: urllib3.Timeout) -> None:
        where = urllib.parse.urlsplit(server)
        port = where.port or (443 if where.scheme == "https" else 80)
        self.never_sent = isinstance(
            cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
        )
        self.untrusted = any(isinstance(one, UNTRUSTED) for one in _chain(cause))
        trouble, remedy = _trouble(cause, untrusted=self.untrusted)
        super().__init__(
            f"The API server of context {context} {trouble}",
            wanted=f"an answer from {where.hostname}:{port}",
            found=_plain(cause, timeout),
            remedy=remedy,
        )


# Anything else that befalls a TLS connection may be a server that restarts, or a network that is lost.
UNTRUSTED = (ssl.SSLCertVerificationError, urllib3.util.ssl_match_hostname.CertificateError)


def _trouble(cause: NoAnswer, *, untrusted: bool) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    if untrusted:
        return "is not to be trusted", "Check the certificate-authority of the context's cluster in the kubeconfig"
    if isinstance(cause, CutOffError):
        return "gives no whole answer", "See what is between this machine and the API server, such as a proxy"
    return "is not to be reached", "Check that the cluster runs and that this machine has a way to it"


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
        return max(0.0, min(float(given), 30.0)) if given else None
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


def _plain(cause: NoAnswer, timeout: urllib3.Timeout) -> str:
    """The innermost reason, without the pool's own decoration."""
    inner = list(_chain(cause))[-1]
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLEOFError):
        return "the TLS connection was cut off"
    # The library derives all that keeps a connection from coming about from this one.
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError) and isinstance(inner, TimeoutError):
        return f"no connection within {timeout.connect_timeout:g} s"
    if isinstance(cause, urllib3.exceptions.ReadTimeoutError):
        return f"no answer for {timeout.read_timeout:.3g} s"
    if isinstance(inner, http.client.RemoteDisconnected):
        return "the connection was closed before an answer"
    if isinstance(cause, urllib3.exceptions.ProtocolError) and inner is cause:
        return "the connection was closed in the middle of the answer"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return str(cause)


def _chain(cause: BaseException) -> t.Iterator[BaseException]:
    """An error, and from what other ones it comes."""
    inner: t.Optional[BaseException] = cause
    while inner is not None:
        yield inner
        below = inner.__cause__ or inner.__context__
        inner = below if isinstance(below, (OSError, *UNTRUSTED)) else None
