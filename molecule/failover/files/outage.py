# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request pages five times a second while a command runs, and report what users of each page saw.

    outage.py --limit SECONDS [--answer SECONDS] --page NAME=URL ... -- COMMAND ...

Each request has a connection of its own, and two seconds or what --answer says. It ends when every request of the last
five seconds has been answered and the command ended ten seconds ago, or after the limit. Prints a JSON object by name:
how many requests and how many of them failed, why, the longest time in seconds between two requests that were answered,
the time in seconds from the command's start to the last request that failed, and whether the very last request was
answered.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import itertools
import json
import subprocess
import sys
import time
import typing as t
import urllib.request

EVERY_SECONDS = 0.2
BEFORE_SECONDS = 2.0
AFTER_SECONDS = 10.0
CALM_SECONDS = 5.0

Answer = tuple[float, str]
"""When a request was sent, and why it failed; empty if it was answered."""


def ask(url: str, timeout: float) -> Answer:
    sent = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=timeout) as page:
            page.read()
    except OSError as exc:
        return sent, f"{type(exc).__name__}: {exc}"
    return sent, ""


@dataclasses.dataclass
class Page:
    """A page, and the requests for it."""

    name: str
    url: str
    requests: list[concurrent.futures.Future[Answer]] = dataclasses.field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> Page:
        name, _, url = text.partition("=")
        return cls(name, url)

    def answers(self) -> list[Answer]:
        return sorted(request.result() for request in self.requests if request.done())

    def is_calm(self, timeout: float) -> bool:
        since = time.monotonic() - timeout - CALM_SECONDS
        calm = [why for sent, why in self.answers() if sent > since]
        return bool(calm) and not any(calm)

    def report(self, command_started: float) -> dict[str, t.Any]:
        answers = self.answers()
        answered = [sent for sent, why in answers if not why]
        failed = [(sent, why) for sent, why in answers if why]
        end = answers[-1][0]
        gap = max((after - before for before, after in itertools.pairwise([*answered, end])), default=0.0)
        return {
            "asked": len(answers),
            "failed": len(failed),
            "reasons": sorted({why for _sent, why in failed}),
            "longest_gap_seconds": round(gap, 1),
            "all_answered_after_seconds": round(max((sent - command_started for sent, _why in failed), default=0.0), 1),
            "recovered": not answers[-1][1],
        }


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--answer", type=float, default=2.0)
    parser.add_argument("--page", type=Page.parse, action="append", required=True, dest="pages")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def main() -> int:
    options = parsed()
    pages: list[Page] = options.pages
    process: subprocess.Popen[bytes] | None = None
    began = ended = float("inf")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=32 * len(pages)) as pool:
        for number in itertools.count():
            for page in pages:
                page.requests.append(pool.submit(ask, page.url, options.answer))
            time.sleep(max(0.0, started + (number + 1) * EVERY_SECONDS - time.monotonic()))
            now = time.monotonic()
            if process is None and now > started + BEFORE_SECONDS:
                for page in pages:
                    whys = [why for _sent, why in page.answers()]
                    if not whys or any(whys):
                        sys.exit(f"{page.url} does not answer even before anything is done: {whys}")
                began = now
                process = subprocess.Popen(options.command, stdout=sys.stderr)
            if process is not None and ended == float("inf") and process.poll() is not None:
                ended = now
            if now > started + options.limit or (
                now > ended + AFTER_SECONDS and all(page.is_calm(options.answer) for page in pages)
            ):
                break
    print(json.dumps({page.name: page.report(began) for page in pages}))
    return process.returncode if process else 1


if __name__ == "__main__":
    sys.exit(main())
