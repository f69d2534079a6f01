# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The live objects of some collections, kept up to date by one watch for each of them.

A watch lists its collection once and then follows it from that version on, as in
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. What breaks off (a server
that restarts, a connection that is lost, a version that is too old) is taken up again until the user of it has enough.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import types
import typing as t

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api.connections import ServerGoneError
from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import (
    ApiError,
    is_worth_a_retry,
    retry_after,
)
from ansible_collections.kuber.network.plugins.module_utils._api.transport import PAGE, Client, whole
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff

Body = dict[str, t.Any]

# After so long a watch is begun anew from where it was: a connection that has died without a word costs no more.
WATCH_SECONDS = 30
# What cannot be watched is listed again and again.
POLL_SECONDS = 2.0
# A watch ends at once when it is told to; one that waits for a server that hangs takes longer, and holds nothing.
JOIN_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class Collection:
    """The objects of a kind in a namespace; with ``name`` only the one of that name."""

    path: str
    name: str | None = None

    @property
    def query(self) -> dict[str, t.Any]:
        return {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}


@dataclasses.dataclass(frozen=True)
class News:
    """What a watch has learnt: objects by name, ``None`` for those that are gone."""

    path: str
    objects: t.Mapping[str, Body | None] = dataclasses.field(default_factory=dict)
    whole: bool = False
    """Whether these are all objects that there are."""
    error: KuberError | None = None
    """Why there is no news, as long as that is so."""
    final: bool = False
    """Whether there will never be any again."""


class Watches:
    """Watches over collections from entering its context until leaving it."""

    def __init__(self, client: Client, collections: t.Iterable[Collection]) -> None:
        self._queue: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._watches = [_Watch(client, one, self._queue.put) for one in collections]
        self._objects: dict[str, dict[str, Body]] = {}
        self._errors: dict[str, KuberError] = {}

    def __enter__(self) -> Watches:
        for watch in self._watches:
            watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        for watch in self._watches:
            watch.end()
        for watch in self._watches:
            watch.join(JOIN_SECONDS)

    @property
    def error(self) -> KuberError | None:
        """Why what is known may be old, if it may be."""
        return next(iter(self._errors.values()), None)

    def is_known(self, path: str) -> bool:
        """Whether the collection has been seen at all."""
        return path in self._objects

    def find(self, path: str, name: str) -> Body | None:
        return self._objects.get(path, {}).get(name)

    def all(self, path: str) -> list[Body]:
        return list(self._objects.get(path, {}).values())

    def news(self, seconds: float) -> set[str]:
        """The paths of what has changed, after at most so many seconds; empty when nothing has."""
        paths: set[str] = set()
        with contextlib.suppress(queue.Empty):
            paths.add(self._take(self._queue.get(timeout=seconds)))
            while True:
                paths.add(self._take(self._queue.get_nowait()))
        return paths

    def _take(self, news: News) -> str:
        if news.error is not None:
            if news.final:
                raise news.error
            self._errors[news.path] = news.error
            return news.path
        self._errors.pop(news.path, None)
        if news.whole:
            self._objects[news.path] = {}
        known = self._objects.setdefault(news.path, {})
        for name, body in news.objects.items():
            if body is None:
                known.pop(name, None)
            else:
                known[name] = body
        return news.path


class _Watch(threading.Thread):
    """Follows one collection and tells what it learns."""

    def __init__(self, client: Client, collection: Collection, tell: t.Callable[[News], None]) -> None:
        super().__init__(name=f"watch {collection.path}", daemon=True)
        self._client = client
        self._collection = collection
        self._tell = tell
        self._ending = threading.Event()
        self._answer: urllib3.BaseHTTPResponse | None = None

    def end(self) -> None:
        self._ending.set()
        answer = self._answer
        if answer is not None:
            # It may just have ended by itself.
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                answer.shutdown()

    def run(self) -> None:
        try:
            self._follow_for_ever()
        except Exception as exc:
            if not self._ending.is_set():
                error = exc if isinstance(exc, KuberError) else KuberError(f"The {self.name} has failed: {exc!r}")
                self._tell(News(self._collection.path, error=error, final=True))

    def _follow_for_ever(self) -> None:
        version: str | None = None
        backoff = Backoff()
        while not self._ending.is_set():
            listing = version is None
            try:
                version = self._list() if version is None else self._follow(version)
            except ServerGoneError as exc:
                if exc.untrusted:
                    raise
                self._tell(News(self._collection.path, error=exc))
                wait = backoff.pause
            except ApiError as exc:
                wait = self._judge(exc, listing=listing) or backoff.pause
                version = None
            else:
                if not listing:
                    backoff.begin_again()
                wait = 0 if version else backoff.pause
            if wait:
                self._ending.wait(wait)
                backoff.lengthen()

    def _judge(self, error: ApiError, *, listing: bool) -> float | None:
        """After how many seconds to list anew, ``None`` for soon; raise what stays."""
        if error.status == 404:
            # The kind is not served yet, or not any more: there is none of it.
            self._tell(News(self._collection.path, whole=True))
            return POLL_SECONDS
        if not listing and error.status in (401, 410):
            # The credentials have expired, or the version has: listing renews both.
            return None
        if not listing and error.status in (403, 405):
            return POLL_SECONDS
        if not is_worth_a_retry(error):
            raise error
        self._tell(News(self._collection.path, error=error))
        return retry_after(error)

    def _list(self) -> str:
        """Tell all objects there are; return the version from which on to follow them."""
        objects: dict[str, Body | None] = {}
        following = None
        while True:
            query = {**self._collection.query, "limit": PAGE, "continue": following}
            page = self._client.request("GET", self._collection.path, query=query, patience=0)
            common = {"apiVersion": page["apiVersion"], "kind": page["kind"].removesuffix("List")}
            objects |= {item["metadata"]["name"]: common | item for item in page.get("items") or []}
            following = page["metadata"].get("continue") or None
            if following is None:
                self._tell(News(self._collection.path, objects, whole=True))
                return str(page["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str | None:
        """Tell what changes; return the version that was reached, ``None`` if the server does not know it any more."""
        query = {
            **self._collection.query,
            "resourceVersion": version,
            "allowWatchBookmarks": True,
            "timeoutSeconds": WATCH_SECONDS,
        }
        reached: str | None = version
        with self._client.watch(self._collection.path, query=query, seconds=WATCH_SECONDS) as answer:
            self._answer = answer
            self._tell(News(self._collection.path))
            for event in () if self._ending.is_set() else _events(answer):
                if event["type"] == "ERROR":
                    reached = None
                    break
                reached = self._hear(event)
        return reached

    def _hear(self, event: dict[str, t.Any]) -> str:
        body = event["object"]
        if event["type"] != "BOOKMARK":
            live = None if event["type"] == "DELETED" else body
            self._tell(News(self._collection.path, {body["metadata"]["name"]: live}))
        return str(body["metadata"]["resourceVersion"])


def _events(answer: urllib3.BaseHTTPResponse) -> t.Iterator[dict[str, t.Any]]:
    """The events of a watch as they come in, one a line."""
    rest = b""
    for chunk in answer.stream():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (whole(line) for line in lines if line)
