# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Send requests at a steady rate, like users who do not know about the rollout."""

from __future__ import annotations

import concurrent.futures
import math
import threading
import time
import types
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._probes.web import HttpProbe
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import Response


class Requests:
    """Sends requests while its context is active, each on a new connection."""

    def __init__(self, url: str, *, rate: float, timeout: float, through: str = "") -> None:
        """``through`` is a port of this machine that leads to where the URL does."""
        self._probe = HttpProbe(url, timeout=timeout)
        if through:
            parts = urllib.parse.urlsplit(url)
            here = parts._replace(netloc=through).geturl()
            self._probe = HttpProbe(here, headers=(("Host", parts.netloc),), timeout=timeout)
        self._pause = 1 / rate
        self._ending = threading.Event()
        # Requests that hang must not delay the others, even if all of them hang.
        self._pool = concurrent.futures.ThreadPoolExecutor(math.ceil(rate * timeout) + 1)
        self._sent: list[concurrent.futures.Future[Response]] = []
        self._thread = threading.Thread(target=self._send, name=f"requests to {url}", daemon=True)

    def __enter__(self) -> Requests:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._pool.shutdown()

    @property
    def answers(self) -> list[Response]:
        """Return the finished requests, in the order of sending."""
        done = [future.result() for future in self._sent if future.done()]
        return sorted(done, key=lambda answer: answer.at)

    def ask(self) -> Response:
        """Send one request that is not counted."""
        at = time.monotonic()
        outcome = self._probe.attempt()
        return Response(at, outcome.ok, outcome.found)

    def _send(self) -> None:
        following = time.monotonic()
        while not self._ending.is_set():
            self._sent.append(self._pool.submit(self.ask))
            following += self._pause
            self._ending.wait(max(0.0, following - time.monotonic()))
