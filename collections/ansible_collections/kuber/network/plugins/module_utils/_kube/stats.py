# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What a run takes: requests by verb, seconds by phase."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client


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

    def __init__(self, client: Client) -> None:
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
