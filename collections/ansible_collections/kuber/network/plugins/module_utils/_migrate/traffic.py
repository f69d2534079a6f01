# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run traffic in a process of its own while other tasks switch something, and leave what was seen in a file.

It ends when it is asked to, when the playbook that has started it is gone, or after its limit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import sys
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate.flows import open_flows, wait_for_first
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.module_utils._rollout.requests import Requests

READY, PROBLEM, STOP, SEEN, MARKS = "ready", "problem", "stop", "seen.json", "marks"
LIMIT_SECONDS = 7200.0
POLL_SECONDS = 0.1
FIRST_SECONDS = 15.0
AFTERWARDS_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Order:
    """What to ask for, and how often."""

    directory: str
    playbook: int
    """The process of the playbook; when that is gone, the traffic ends and leaves nothing."""
    url: str
    server: str
    """The name server to ask over UDP, ADDRESS or ADDRESS:PORT; empty for none."""
    rate: float
    timeout: float
    connections: int


def run(order: Order) -> int:
    """Ask until the end; return the exit code of the process."""
    directory = pathlib.Path(order.directory)
    requests = Requests(order.url, rate=order.rate, timeout=order.timeout)
    first = requests.ask()
    if not first.ok:
        return _refuse(directory, f"{order.url} does not answer: {first.found}")
    flows = open_flows(order.url, order.server, connections=order.connections, rate=order.rate, timeout=order.timeout)
    with contextlib.ExitStack() as stack:
        for flow in flows:
            stack.enter_context(flow)
        problem = wait_for_first(flows, FIRST_SECONDS)
        if problem:
            return _refuse(directory, problem)
        stack.enter_context(requests)
        (directory / READY).touch()
        if not _wait(directory, order.playbook):
            shutil.rmtree(directory, ignore_errors=True)
            return 1
        time.sleep(AFTERWARDS_SECONDS)
    seen = {
        "requests": [dataclasses.asdict(one) for one in requests.answers],
        "exchanges": [dataclasses.asdict(one) for flow in flows for one in flow.exchanges],
    }
    files.replace(directory / SEEN, json.dumps(seen).encode())
    return 0


def _refuse(directory: pathlib.Path, problem: str) -> int:
    files.replace(directory / PROBLEM, problem.encode())
    return 1


def _wait(directory: pathlib.Path, playbook: int) -> bool:
    """Wait until the end is asked for; false if the playbook that would ask for it has ended, or the time is up."""
    limit = time.monotonic() + LIMIT_SECONDS
    while not (directory / STOP).exists():
        if time.monotonic() > limit or not _is_alive(playbook) or not directory.exists():
            return False
        time.sleep(POLL_SECONDS)
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def mark(directory: pathlib.Path, what: str) -> None:
    """Note that something happens now."""
    with (directory / MARKS).open("a") as marks:
        marks.write(json.dumps([time.monotonic(), what]) + "\n")


def read(directory: pathlib.Path) -> dict[str, t.Any]:
    """Return what was seen, and the marks."""
    seen: dict[str, t.Any] = json.loads((directory / SEEN).read_text())
    path = directory / MARKS
    lines = path.read_text().splitlines() if path.exists() else []
    return seen | {"marks": [json.loads(line) for line in lines]}


if __name__ == "__main__":
    raise SystemExit(run(Order(**json.loads(sys.argv[1]))))
