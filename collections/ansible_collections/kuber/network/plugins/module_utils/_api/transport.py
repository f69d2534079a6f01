# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Requests to one API server: a pool of connections, retries, errors that say what happened."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import re
import threading
import time
import typing as t
import urllib.parse

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api import connections
from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._api.connections import CutOffError, ServerGoneError
from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import (
    ApiError,
    is_worth_a_retry,
    retry_after,
)
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff, Clock, Progress

__all__ = ["ApiError", "Client", "ServerGoneError"]

# What Go's YAML breaks lines at, or takes for no part of a text, and halves of characters.
ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
USER_AGENT = "kuber.network"
JSON = "application/json"
PARALLEL = 8
PAGE = 500
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
CONNECT_SECONDS = 10.0
# A server that has never answered is more likely switched off or misspelt than restarting.
FIRST_CONTACT_SECONDS = 3.0
# Time that is up makes no request impossible, for one may still be needed to say why.
SHORTEST_SECONDS = 2.0
# A watch ends itself in time; one that is silent for longer has lost its connection.
WATCH_GRACE_SECONDS = 10.0
# So often one request is sent with credentials that were loaded again: helpers may need a moment to renew them, too.
RENEWALS = 3


@dataclasses.dataclass(frozen=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    headers: dict[str, str]
    is_repeatable: bool
    """Whether it does no more when it is done twice."""


class Client:
    """Talks to one API server; safe to use from several threads."""

    def __init__(
        self, load: t.Callable[[], _kubeconfig.Access], *, timeout: float = 30.0, parallel: int = PARALLEL
    ) -> None:
        self._load = load
        self._parallel = parallel
        self._timeout = timeout
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._answered = False
        self._clock: Clock | None = None
        self._progress: Progress | None = None
        self._requests: collections.Counter[str] = collections.Counter()
        self._warnings: dict[str, None] = {}
        self._connect(load())

    @classmethod
    def from_kubeconfig(
        cls,
        *,
        kubeconfig: str | None,
        context: str | None,
        environ: t.Mapping[str, str] | None = None,
        timeout: float = 30.0,
        parallel: int = PARALLEL,
    ) -> Client:
        """A client for a context; without ``environ``, the variables of this process count."""

        def load() -> _kubeconfig.Access:
            return _kubeconfig.load(kubeconfig=kubeconfig, context=context, environ=environ)

        return cls(load, timeout=timeout, parallel=parallel)

    def keep_to(self, clock: Clock, progress: Progress) -> None:
        """From now on repeat what may pass as long as ``clock`` allows, and tell of it."""
        self._clock = clock
        self._progress = progress

    @property
    def server(self) -> str:
        return self._access.server

    @property
    def access(self) -> _kubeconfig.Access:
        """Server and credentials, for what is not a plain request."""
        return self._access

    @property
    def context(self) -> str:
        return self._access.context

    @property
    def namespace(self) -> str:
        """The namespace of the context, "default" when it names none."""
        return self._access.namespace

    @property
    def requests(self) -> dict[str, int]:
        """How many requests were sent, by verb, repeated ones included; a watch is a verb of its own."""
        return dict(self._requests)

    @property
    def warnings(self) -> list[str]:
        """What the API server had to say beside its answers, each remark once."""
        return list(self._warnings)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: t.Mapping[str, t.Any] | None = None,
        body: object | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        patience: float | None = None,
    ) -> t.Any:
        """The parsed answer; raise ``ApiError`` when it is not a success.

        With ``patience``, what may pass is repeated for so many seconds only; with 0 the caller repeats it.
        """
        headers = {"Accept": accept}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = encoded(body)
        # POST might create a second object.
        repeatable = method in REPEATABLE or (query or {}).get("dryRun") == "All"
        request = _Request(method, self._url(path, query), data, headers, repeatable)
        return self._send(request, parse=whole, patience=patience)

    def get(self, path: str, **query: t.Any) -> t.Any:
        return self.request("GET", path, query=query)

    def find(self, path: str) -> t.Any:
        """The parsed answer, ``None`` when there is nothing at that path."""
        request = _Request("GET", self._url(path, None), None, {"Accept": JSON}, True)
        return self._send(request, parse=whole, may_be_absent=True)

    def list(
        self,
        path: str,
        *,
        keep: t.Callable[[dict[str, t.Any]], bool] = lambda body: True,
        accept: str = JSON,
        patience: float | None = None,
        **query: t.Any,
    ) -> list[dict[str, t.Any]]:
        """All objects below ``path`` that are worth to ``keep``, page by page, each with its apiVersion and kind."""
        for last_try in (False, True):
            try:
                return [body for body in self._pages(path, query, accept=accept, patience=patience) if keep(body)]
            except ApiError as exc:
                # The snapshot behind a continuation is gone after a few minutes: begin anew, once.
                if exc.status != 410 or last_try:
                    raise
        raise AssertionError("unreachable")

    def text(
        self, method: str, path: str, *, query: t.Mapping[str, t.Any] | None = None, patience: float | None = None
    ) -> str:
        """The answer as it is: what is behind the proxies to nodes, pods and services need not speak JSON.

        Errors of what is behind the proxy are not retried: only the caller knows whether they will pass.
        """
        request = _Request(method, self._url(path, query), None, {"Accept": "*/*"}, method in REPEATABLE)
        answer = self._send(request, parse=bytes, retry_refusals=False, patience=patience)
        return str(answer, errors="replace")

    @contextlib.contextmanager
    def watch(self, path: str, *, query: t.Mapping[str, t.Any], seconds: float) -> t.Iterator[urllib3.BaseHTTPResponse]:
        """An answer that goes on for so many seconds, as it comes in.

        It is not repeated when it breaks off: only the caller knows how far it has got.
        """
        request = _Request("GET", self._url(path, {**query, "watch": True}), None, {"Accept": JSON}, True)
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, self._timeout), read=seconds + WATCH_GRACE_SECONDS)
        answer = self._ask(request, self._streams, verb="WATCH", preload_content=False, timeout=timeout)
        try:
            yield answer
        except (urllib3.exceptions.HTTPError, CutOffError) as exc:
            raise self._gone(exc, timeout) from exc
        finally:
            # It may have been left before its end, so that the connection is of no more use.
            answer.close()

    def _pages(
        self, path: str, query: dict[str, t.Any], *, accept: str, patience: float | None
    ) -> t.Iterator[dict[str, t.Any]]:
        following = ""
        while True:
            part = {"limit": PAGE, "continue": following or None}
            page = self.request("GET", path, query=query | part, accept=accept, patience=patience)
            common = {"apiVersion": page["apiVersion"], "kind": page["kind"].removesuffix("List")}
            for item in page.get("items") or []:
                yield common | item
            following = page["metadata"].get("continue", "")
            if not following:
                return

    def _url(self, path: str, query: t.Mapping[str, t.Any] | None) -> str:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        if not given:
            return self._access.server + path
        words = {True: "true", False: "false"}
        text = {key: words[value] if isinstance(value, bool) else str(value) for key, value in given.items()}
        return f"{self._access.server}{path}?{urllib.parse.urlencode(text)}"

    def _connect(self, access: _kubeconfig.Access) -> None:
        self._access = access
        self._pool = connections.to(access, parallel=self._parallel, block=True)
        # Watches stay open for as long as they are needed: they must not keep a place from what is answered at once.
        self._streams = connections.to(access, parallel=self._parallel, block=False)

    def _send(
        self,
        request: _Request,
        *,
        parse: t.Callable[[bytes], t.Any],
        retry_refusals: bool = True,
        may_be_absent: bool = False,
        patience: float | None = None,
    ) -> t.Any:
        """Send until there is an answer that a repetition would not better, within the time limit; return it parsed."""
        started = time.monotonic()
        backoff = Backoff()
        renewals = 0
        perhaps_done = False
        while True:
            timeout = self._longest(started)
            access = self._access
            try:
                return self._parsed(request, parse, timeout, may_be_absent=may_be_absent)
            except ApiError as exc:
                exc.perhaps_done = perhaps_done
                if exc.status == 401 and renewals < RENEWALS:
                    # Tokens expire in long runs; the helper that made the first one makes the next.
                    renewals += 1
                    self._renew(access)
                    continue
                # With 429 the server says that it has not even looked at the request.
                repeatable = request.is_repeatable or exc.status == 429
                retry = retry_refusals and repeatable and is_worth_a_retry(exc)
                left, wait = self._left(started, patience), retry_after(exc) or backoff.pause
                failure: KuberError = exc
            except ServerGoneError as exc:
                perhaps_done |= not exc.never_sent
                retry = not exc.untrusted and (exc.never_sent or request.is_repeatable)
                # Who has taken the connection is there, however long the answer takes.
                first_contact = FIRST_CONTACT_SECONDS if exc.never_sent and not self._answered else None
                left, wait = self._left(started, first_contact if patience is None else patience), backoff.pause
                failure = exc
            if not retry or wait > left:
                raise failure
            if self._progress is not None:
                self._progress.tell(f"Waiting for the API server: {failure.found}")
            time.sleep(wait)
            backoff.lengthen()

    def _parsed(
        self, request: _Request, parse: t.Callable[[bytes], t.Any], timeout: urllib3.Timeout, *, may_be_absent: bool
    ) -> t.Any:
        also = (404,) if may_be_absent else ()
        answer = self._ask(request, self._pool, verb=request.method, timeout=timeout, also=also)
        try:
            parsed = parse(answer.data) if answer.status < 300 else None
        except CutOffError as exc:
            raise self._gone(exc, timeout) from exc
        self._answered = True
        return parsed

    def _renew(self, expired: _kubeconfig.Access) -> None:
        """Load the credentials again, unless another thread has just done it."""
        with self._renewing:
            if self._access is expired:
                self._connect(self._load())

    def _left(self, started: float, patience: float | None) -> float:
        """How many seconds a request may go on being repeated."""
        if patience is None and self._clock is not None:
            return self._clock.left
        return (self._timeout if patience is None else patience) - (time.monotonic() - started)

    def _ask(
        self,
        request: _Request,
        pool: urllib3.PoolManager,
        *,
        verb: str,
        timeout: urllib3.Timeout,
        also: t.Container[int] = (),
        **options: t.Any,
    ) -> urllib3.BaseHTTPResponse:
        """One answer that is a success, or has one of the other codes that are ``also`` welcome."""
        headers = urllib3.HTTPHeaderDict({"User-Agent": USER_AGENT})
        # One name may have several values, such as those of the groups of an impersonated user.
        headers.extend(self._access.headers)
        headers.extend(request.headers)
        with self._lock:
            self._requests[verb] += 1
        try:
            answer = pool.request(
                request.method,
                request.url,
                body=request.body,
                headers=headers,
                redirect=False,
                timeout=timeout,
                **options,
            )
            self._note(answer.headers.getlist("Warning"))
            if answer.status >= 300 and answer.status not in also:
                refusal = self._refusal(request, answer)
                self._answered = True
                raise refusal
        except (urllib3.exceptions.HTTPError, CutOffError) as exc:
            raise self._gone(exc, timeout) from exc
        return answer

    def _refusal(self, request: _Request, answer: urllib3.BaseHTTPResponse) -> ApiError:
        if answer.headers.get("Content-Type", "").startswith(JSON):
            # What is refused, and whether it may pass, stands in all of it.
            whole(answer.data)
        path = urllib.parse.urlsplit(request.url).path
        encrypted = self._access.tls is not None
        return ApiError(method=request.method, path=path, context=self.context, answer=answer, encrypted=encrypted)

    def _gone(self, cause: urllib3.exceptions.HTTPError | CutOffError, timeout: urllib3.Timeout) -> ServerGoneError:
        access = self._access
        return ServerGoneError(
            server=access.server, context=access.context, proxy=access.proxy, cause=cause, timeout=timeout
        )

    def _longest(self, started: float) -> urllib3.Timeout:
        """How long one request may take, also the last one before the time is up."""
        seconds = min(self._timeout, max(SHORTEST_SECONDS, self._left(started, None)))
        return urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds)

    def _note(self, remarks: t.Iterable[str]) -> None:
        # A remark comes as: 299 - "what is wrong" (RFC 7234, section 5.5).
        for remark in remarks:
            self._warnings.setdefault(remark.split(" ", 2)[-1].strip('"'))


def whole(answer: bytes) -> t.Any:
    """The object that an answer holds; what has been cut off on its way holds none."""
    try:
        parsed = json.loads(answer)
    except ValueError as exc:
        raise CutOffError(len(answer)) from exc
    if not isinstance(parsed, dict):
        raise CutOffError(len(answer))
    return parsed


def encoded(body: object) -> bytes:
    """An object in JSON that is YAML, too, which the API server takes an apply for.

    YAML has no surrogates, so that what is beyond U+FFFF stands there as it is. What Go's YAML takes for the end of a
    line, or for no text, is escaped.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
