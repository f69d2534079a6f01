# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Time limits, the lines that tell a waiting user what the time is spent on, and in the end what it was spent on."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import time
import typing as t

Say = t.Callable[[str], None]

PROGRESS_SECONDS = 10.0


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
