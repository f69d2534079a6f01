# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users who send requests all the time: traffic.py PATHS REPORT

PATHS is a JSON object of names with ``url`` (http:// or udp:// for a name server), ``headers`` and a regular expression
for the answer (``says``). REPORT is rewritten every second: for each path the number of requests, and the failed ones
with their time and their result. Ends with SIGTERM.
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
# A busy node is slow, above all the dashboard, which asks the API server; a broken path never answers.
ANSWER_SECONDS = 20.0


class Path:
    """One path of requests, with the results so far."""

    def __init__(self, url: str, says: str, headers: t.Mapping[str, str] | None = None) -> None:
        self.requests = 0
        self.failed: list[dict[str, t.Any]] = []
        self._url = urllib.parse.urlsplit(url)
        self._headers = dict(headers or {})
        self._says = re.compile(says)

    def send(self) -> None:
        started = time.time()
        try:
            found = self._name() if self._url.scheme == "udp" else self._page()
        except (OSError, dns.exception.DNSException) as exc:
            found, fine = f"{type(exc).__name__}: {exc}", False
        else:
            fine = bool(self._says.search(found))
        self.requests += 1
        if not fine:
            self.failed.append({"at": started, "seconds": round(time.time() - started, 1), "found": found[:200]})

    def send_repeatedly(self, ending: threading.Event) -> None:
        while not ending.wait(PAUSE_SECONDS):
            self.send()

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
    paths = {name: Path(**path) for name, path in json.loads(sys.argv[1]).items()}
    report = pathlib.Path(sys.argv[2])
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    threads = [threading.Thread(target=path.send_repeatedly, args=[ending], daemon=True) for path in paths.values()]
    for thread in threads:
        thread.start()
    while not ending.wait(1):
        written = report.with_suffix(".new")
        results = {name: {"requests": path.requests, "failed": list(path.failed)} for name, path in paths.items()}
        written.write_text(json.dumps({"pid": os.getpid(), "at": time.time(), "paths": results}))
        written.replace(report)


if __name__ == "__main__":
    main()
