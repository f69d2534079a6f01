# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask for a page ten times a second while a command runs, and say how long nobody was answered.

    outage.py URL LIMIT_SECONDS COMMAND ...

Each request has a connection and two seconds of its own. It ends when every request of the last five seconds has been
answered and the command has ended ten seconds ago, or after LIMIT_SECONDS. Prints as JSON how many requests there were,
how many failed and why, and the longest time in seconds from one request that was answered to the next.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import subprocess
import sys
import time
import urllib.request

EVERY_SECONDS = 0.1
ANSWER_SECONDS = 2.0
BEFORE_SECONDS = 2.0
AFTER_SECONDS = 10.0
CALM_SECONDS = 5.0

Answer = tuple[float, str]
"""When a request was sent, and why it failed; empty if it was answered."""


def ask(url: str) -> Answer:
    sent = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as page:
            page.read()
    except OSError as exc:
        return sent, f"{type(exc).__name__}: {exc}"
    return sent, ""


def is_over(answers: list[Answer], ended: float) -> bool:
    now = time.monotonic()
    calm = [why for sent, why in answers if sent > now - ANSWER_SECONDS - CALM_SECONDS]
    return now > ended + AFTER_SECONDS and bool(calm) and not any(calm)


def main() -> int:
    url, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    requests: list[concurrent.futures.Future[Answer]] = []
    process: subprocess.Popen[bytes] | None = None
    ended = float("inf")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=64) as pool:
        for number in itertools.count():
            requests.append(pool.submit(ask, url))
            time.sleep(max(0.0, started + (number + 1) * EVERY_SECONDS - time.monotonic()))
            if process is None and time.monotonic() > started + BEFORE_SECONDS:
                whys = [request.result()[1] for request in requests if request.done()]
                if not whys or any(whys):
                    sys.exit(f"{url} does not answer even before anything is done: {whys}")
                process = subprocess.Popen(command, stdout=sys.stderr)
            if process is not None and ended == float("inf") and process.poll() is not None:
                ended = time.monotonic()
            answers = [request.result() for request in requests if request.done()]
            if is_over(answers, ended) or time.monotonic() > started + limit:
                break
    answers = sorted(request.result() for request in requests)
    answered = [sent for sent, why in answers if not why]
    failed = [why for _sent, why in answers if why]
    gap = max((after - before for before, after in itertools.pairwise(answered)), default=limit)
    print(
        json.dumps(
            {
                "asked": len(answers),
                "failed": len(failed),
                "reasons": sorted(set(failed)),
                "longest_gap_seconds": round(gap, 1),
                "recovered": bool(answers) and not answers[-1][1],
            }
        )
    )
    return process.returncode if process else 1


if __name__ == "__main__":
    sys.exit(main())
