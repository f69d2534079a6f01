# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program from its start to its end: how long, how much memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import subprocess
import threading
import time
import typing as t

MIB = 1024 * 1024
SAMPLE_SECONDS = 0.1
LOG_END = 3000


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a program took; ``peak_mib`` is the largest process', ``sum_mib`` all processes' together."""

    seconds: float
    peak_mib: float
    sum_mib: float | None = None


class FailedError(Exception):
    """A program has not done what it should."""


def run(
    argv: t.Sequence[str],
    *,
    env: t.Mapping[str, str],
    log: pathlib.Path,
    codes: t.Collection[int] = (0,),
    sample_memory: bool = False,
) -> Usage:
    """Run one program to its end; its output goes to ``log``."""
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env))
        with Sampler(process.pid) if sample_memory else contextlib.nullcontext() as sampler:
            status, usage = os.wait4(process.pid, 0)[1:]
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        end = log.read_text(errors="replace")[-LOG_END:]
        raise FailedError(f"{' '.join(argv)} ended with {process.returncode}:\n{end}")
    return Usage(seconds, usage.ru_maxrss / 1024, sampler.most / MIB if sampler else None)


class Sampler:
    """Looks again and again how much memory a process and its children hold together, pages they share counted once."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.most = max(self.most, sum(proportional_set_size(pid) for pid in family(self._pid)))


def family(pid: int) -> t.Iterator[int]:
    """A process and all below it that are still there."""
    yield pid
    # A process may end while it is looked at.
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def proportional_set_size(pid: int) -> int:
    """Bytes of memory, of pages that several processes share only the part."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
