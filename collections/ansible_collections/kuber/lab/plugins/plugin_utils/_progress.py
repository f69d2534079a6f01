# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is said while something takes long."""

from __future__ import annotations

import time
import typing as t

from ansible.utils.display import Display

display = Display()

PROGRESS_SECONDS = 15


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Ticker:
    """Says something every so often, with how long it has been going on."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()

    def tell(self, what: t.Callable[[str], str]) -> None:
        now = time.monotonic()
        if now - self._last >= PROGRESS_SECONDS:
            self._last = now
            display.display(f"    {what(duration(now - self._started))}")
