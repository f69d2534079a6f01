# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an API server says when it refuses."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:
    import urllib3

# The server is busy, restarting or on its way up.
PASSING = frozenset({429, 502, 503, 504})
# 500 is what the server says of anything that it did not expect. These pass, between two leaders, with a slow disk or
# in a restart: the cause at the end of the message is one of the connection to etcd. What the user has written, such as
# a field or an object with the name "timeout", stands before it.
PASSING_INTERNAL = re.compile(
    r"""(?:^|:[ ]|=[ ]|")(?:
        etcdserver:[ ](?:leader[ ]changed|no[ ]leader|not[ ]leader|server[ ]stopped|too[ ]many[ ]requests
            |unhealthy[ ]cluster|request[ ]timed[ ]out[^:"]*)
        |(?:[a-z ]+[ ])?timed[ ]out
        |(?:i/o|tls[ ]handshake)[ ]timeout
        |connection[ ]refused|connection[ ]reset(?:[ ]by[ ]peer)?
        |context[ ]deadline[ ]exceeded|the[ ]client[ ]connection[ ]is[ ]closing|transport[ ]is[ ]closing
        |(?:unexpected[ ])?eof
    )"?$""",
    re.IGNORECASE | re.VERBOSE,
)
# 500 is also what the server answers to an object that cannot be read (apimachinery, managedfields/internal).
MALFORMED = re.compile(r"failed to (?:create typed patch object|convert new (?:typed )?object|convert to unversioned) ")
# What etcd, or the connection to it, does not take.
TOO_LARGE = re.compile(r"etcdserver: request is too large|trying to send message larger than max")
# How an authorizer, and the guard of roles, says that a user lacks a right. Much else is forbidden, too: by a quota, a
# policy, or because a namespace is on its way out.
MISSING_RIGHT = re.compile(
    r"(?:^|: )User \"(?P<user>[^\"]*)\" cannot \S+ (?:resource|path) |is attempting to grant RBAC permissions"
)

WAIT = "The API server is busy or restarting: see its log, and run again when `kubectl get --raw /readyz` says ok"
LOG = "The API server calls this an error of its own: see its log"
UNENCRYPTED = "Credentials are sent over https only: change server in the kubeconfig to begin with https://"
REMEDIES = {
    401: "The credentials of context {context} are not valid (any more): renew them, or name another context",
    403: "Give the user of context {context} this permission, or name a context whose user has it",
}

# What a connection to a webhook, or to what is behind a proxy, says while the other side is not there (yet).
UNAVAILABLE = re.compile(
    r"""connection\ refused|connection\ reset|no\ endpoints\ available|no\ route\ to\ host|network\ is\ unreachable
        |no\ such\ host|i/o\ timeout|tls\ handshake\ timeout|context\ deadline\ exceeded|client\.timeout\ exceeded
        |request\ canceled|\bx509:|\btls:|\beof\b|the\ server\ is\ currently\ unable\ to\ handle\ the\ request
        |the\ server\ could\ not\ find\ the\ requested\ resource|server\ gave\ http\ response\ to\ https\ client
        |service\ unavailable|unable\ to\ load\ root\ certificates""",
    re.IGNORECASE | re.VERBOSE,
)
WEBHOOK_CALL = re.compile(r"failed calling webhook|failed to call webhook|conversion webhook for")
# What somebody has named stands in quotes, or in front of what became of it.
NAMED = re.compile(r"\b(?:webhook|Get|Post|Put|Patch|Delete) \"[^\"]*\"|conversion webhook for .*?, Kind=\S+")


class ApiError(KuberError):
    """The API server answered, and the answer is no."""

    def __init__(
        self, *, method: str, path: str, context: str, answer: urllib3.BaseHTTPResponse, encrypted: bool = True
    ) -> None:
        status = _parse(answer.data)
        self.status = answer.status
        self.reason: str = status.get("reason") or answer.reason or ""
        self.message: str = status.get("message") or answer.data.decode(errors="replace").strip()[:2000]
        details = status.get("details")
        self.details: dict[str, t.Any] = details if isinstance(details, dict) else {}
        self.headers = dict(answer.headers)
        self.perhaps_done = False
        """Whether an earlier try of the same request got no answer, so that what it asks for may be done already."""
        self.context = context
        remedy = _remedy(self) if encrypted or self.status != 401 else UNENCRYPTED
        super().__init__(
            f"The API server of context {context} refused {method} {path}",
            found=f"{self.status} {self.reason}, {self.message}",
            remedy=remedy.format(context=context) if remedy else None,
        )

    @property
    def causes(self) -> list[dict[str, t.Any]]:
        """What the server gives as causes, in a form of its own."""
        causes = self.details.get("causes")
        return [one for one in causes if isinstance(one, dict)] if isinstance(causes, list) else []

    def rephrase(self, edit: t.Callable[[str], str]) -> None:
        """Edit what the server has said."""
        self.message = edit(self.message)
        for cause in self.causes:
            cause["message"] = edit(cause.get("message") or "")
        super().rephrase(edit)


def _remedy(error: ApiError) -> str | None:
    if error.status == 403 and missing_right(error) is None:
        return None
    if is_worth_a_retry(error):
        return WAIT
    own = error.status == 500 and not (is_malformed(error) or is_too_large(error) or "webhook" in error.message)
    return LOG if own else REMEDIES.get(error.status)


def is_worth_a_retry(error: ApiError) -> bool:
    """Whether the same request may well succeed in a moment, as far as the server itself is concerned."""
    # Waking webhooks are waited for by the engine, which says so; here it would look like a hanging request.
    if is_webhook_unavailable(error):
        return False
    if error.status != 500:
        return error.status in PASSING
    return not is_malformed(error) and bool(PASSING_INTERNAL.search(error.message))


def is_malformed(error: ApiError) -> bool:
    """Whether the server could not read the object, and calls that an error of its own."""
    return error.status == 500 and bool(MALFORMED.match(error.message))


def is_too_large(error: ApiError) -> bool:
    return error.status == 413 or (error.status == 500 and bool(TOO_LARGE.search(error.message)))


def missing_right(error: ApiError) -> str | None:
    """The name of the user who lacks a right; empty if the server does not say it."""
    found = MISSING_RIGHT.search(error.message) if error.status == 403 else None
    return None if found is None else found["user"] or ""


def retry_after(error: ApiError) -> float | None:
    """How long the server asks us to wait."""
    given = error.headers.get("Retry-After") or error.details.get("retryAfterSeconds")
    try:
        return max(0.0, min(float(given), 30.0)) if given else None
    except (TypeError, ValueError):
        return None


def is_webhook_unavailable(error: ApiError) -> bool:
    """Whether a webhook could not be asked, told apart from one that was asked and said no."""
    if not WEBHOOK_CALL.search(error.message):
        return False
    return bool(UNAVAILABLE.search(NAMED.sub("", error.message)))


def _parse(data: bytes) -> dict[str, t.Any]:
    try:
        parsed = json.loads(data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) and parsed.get("kind") == "Status" else {}
