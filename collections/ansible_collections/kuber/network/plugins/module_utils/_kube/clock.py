# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Time limits, and the lines that tell a waiting user what the time is spent on."""

from __future__ import annotations

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
