# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a fault campaign is run and counted.

Without KUBER_SOAK each campaign has its short form: one seed, short stalls. KUBER_SOAK=N gives every kind of fault N
seeds and stalls of 30 seconds, and prints what has been counted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import typing as t

SOAK = int(os.environ.get("KUBER_SOAK") or 0)
SEEDS = range(SOAK or 1)
RATE = 0.3


@dataclasses.dataclass
class Figures:
    """What became of the runs of one campaign."""

    runs: int = 0
    injected: int = 0
    converged: int = 0
    refused: int = 0
    longest: float = 0.0

    @contextlib.contextmanager
    def run(self) -> t.Iterator[None]:
        """Count what converges, and what ends in an error that is raised."""
        self.runs += 1
        started = time.monotonic()
        try:
            yield
        except Exception:
            self.refused += 1
            raise
        else:
            self.converged += 1
        finally:
            self.longest = max(self.longest, time.monotonic() - started)

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.injected} faults injected, {self.converged} converged,"
            f" {self.refused} ended in a clear error, longest {self.longest:.1f} s"
        )
