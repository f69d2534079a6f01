# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Doing things again or many at a time, within a time limit, and telling a waiting user what the time is spent on."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import threading
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, UnexpectedError

Say = t.Callable[[str], None]

PROGRESS_SECONDS = 10.0
# Seconds between two tries of the same thing.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0

_Thing = t.TypeVar("_Thing")
_Result = t.TypeVar("_Result")
_Error = t.TypeVar("_Error", bound=Exception)


class Clock:
    """Runs from its creation to its limit."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.elapsed)

    @property
    def is_up(self) -> bool:
        return self.elapsed >= self.limit


class Progress:
    """Passes on one line every so often, whoever asks and however often."""

    def __init__(self, say: Say, clock: Clock, *, interval: float = PROGRESS_SECONDS) -> None:
        self._say = say
        self._clock = clock
        self._interval = interval
        self._lock = threading.Lock()
        self._last = time.monotonic()

    def tell(self, what: str) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._last < self._interval:
                return
            self._last = now
        self._say(f"{what} ({self._clock.elapsed:.0f} s of at most {self._clock.limit:.0f} s)")


class Counted(t.Protocol):
    """What counts the requests that it sends."""

    @property
    def requests(self) -> dict[str, int]: ...


@dataclasses.dataclass(frozen=True)
class Stats:
    """``seconds`` has the whole under "total"; what is in none of the other phases is preparation."""

    requests: dict[str, int]
    seconds: dict[str, float]

    def dump(self) -> dict[str, t.Any]:
        return {
            "requests": dict(sorted(self.requests.items())),
            "seconds": {phase: round(seconds, 3) for phase, seconds in self.seconds.items()},
        }


class Meter:
    """Runs from its creation on."""

    def __init__(self, client: Counted) -> None:
        self._client = client
        self._started = time.monotonic()
        self._sent_before = collections.Counter(client.requests)
        self._seconds: dict[str, float] = collections.defaultdict(float)

    @contextlib.contextmanager
    def phase(self, name: str) -> t.Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] += time.monotonic() - started

    def read(self) -> Stats:
        sent = collections.Counter(self._client.requests) - self._sent_before
        return Stats(dict(sent), {**self._seconds, "total": time.monotonic() - self._started})


class Backoff:
    """The pauses before the next try: each twice as long as the one before, up to the longest."""

    def __init__(self, first: float | None = None) -> None:
        self._first = FIRST_PAUSE if first is None else first
        self.pause = self._first

    def begin_again(self) -> None:
        self.pause = self._first

    def lengthen(self) -> None:
        self.pause = min(self.pause * 2, LONGEST_PAUSE)


def retry(
    act: t.Callable[[], _Result],
    errors: type[_Error] | tuple[type[_Error], ...],
    *,
    passes: t.Callable[[_Error], bool] = lambda error: True,
    tries: int | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    tell: t.Callable[[_Error], None] = lambda error: None,
) -> _Result:
    """The result of ``act``, done again while it raises one of the ``errors``, and one that ``passes``.

    The last error is raised after so many ``tries``, or when the time of ``clock`` is up; each other one is passed to
    ``tell``. Without ``backoff`` there is no pause.
    """
    for number in itertools.count(1):
        try:
            return act()
        except errors as exc:
            pause = backoff.pause if backoff else 0.0
            if not passes(exc) or number == tries or (clock is not None and clock.left <= pause):
                raise
            tell(exc)
        if backoff is not None:
            time.sleep(pause)
            backoff.lengthen()
    raise AssertionError("unreachable")


def each(
    act: t.Callable[[_Thing], _Result], items: t.Sequence[_Thing], *, parallel: int
) -> tuple[list[_Result], list[KuberError]]:
    """Do ``act`` for all items at the same time; one failure does not stop the others."""
    if not items:
        return [], []
    entries: list[_Result] = []
    errors: list[KuberError] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=parallel) as pool:
        for future in [pool.submit(act, item) for item in items]:
            try:
                entries.append(future.result())
            except KuberError as exc:
                errors.append(exc)
            except Exception as exc:
                errors.append(UnexpectedError(exc))
    return entries, errors
