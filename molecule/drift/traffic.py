# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users who go their ways all the time: traffic.py WAYS REPORT

WAYS is a JSON object of names with ``url`` (http:// or udp:// for a name server), ``headers`` and what the answer has
to match (``says``). REPORT is written anew every second: for each way how often it was gone, and what the failed
attempts met, with when. Ends when told to.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import sys
import threading
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

import dns.exception
import dns.resolver

PAUSE_SECONDS = 0.5
# A busy node is slow, above all the dashboard, which asks the API server; what leads nowhere never answers.
ANSWER_SECONDS = 20.0


class Way:
    """One way, gone again and again."""

    def __init__(self, url: str, says: str, headers: t.Mapping[str, str] | None = None) -> None:
        self.asked = 0
        self.failed: list[dict[str, t.Any]] = []
        self._url = urllib.parse.urlsplit(url)
        self._headers = dict(headers or {})
        self._says = re.compile(says)

    def go(self) -> None:
        started = time.time()
        try:
            found = self._name() if self._url.scheme == "udp" else self._page()
        except (OSError, dns.exception.DNSException) as exc:
            found, fine = f"{type(exc).__name__}: {exc}", False
        else:
            fine = bool(self._says.search(found))
        self.asked += 1
        if not fine:
            self.failed.append({"at": started, "seconds": round(time.time() - started, 1), "found": found[:200]})

    def go_on(self, ending: threading.Event) -> None:
        while not ending.wait(PAUSE_SECONDS):
            self.go()

    def _page(self) -> str:
        request = urllib.request.Request(self._url.geturl(), headers=self._headers)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return str(answer.read().decode(errors="replace"))

    def _name(self) -> str:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [self._url.hostname or ""]
        answer = resolver.resolve(self._url.path.strip("/"), "A", lifetime=ANSWER_SECONDS)
        return " ".join(record.to_text() for record in answer)


def main() -> None:
    ways = {name: Way(**way) for name, way in json.loads(sys.argv[1]).items()}
    report = pathlib.Path(sys.argv[2])
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    threads = [threading.Thread(target=way.go_on, args=[ending], daemon=True) for way in ways.values()]
    for thread in threads:
        thread.start()
    while not ending.wait(1):
        written = report.with_suffix(".new")
        told = {name: {"asked": way.asked, "failed": list(way.failed)} for name, way in ways.items()}
        written.write_text(json.dumps({"pid": os.getpid(), "at": time.time(), "ways": told}))
        written.replace(report)


if __name__ == "__main__":
    main()
