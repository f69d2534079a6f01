# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run checks in parallel until all of them pass or the time is up."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._checks.model import Check, CheckResult
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, UnaskedError, shortened

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Sequence

    Progress = Callable[[Sequence[Check], float], None]

WORKERS = 16
PROGRESS_EVERY = 10.0
# For so long is waited for what may never come, and whose absence proves nothing.
UNKNOWN_AFTER = 20.0


def run_checks(checks: Sequence[Check], *, timeout: float, interval: float, progress: Progress) -> list[CheckResult]:
    """Run all checks once, then the failed ones again until ``timeout``; return one result per check, in order.

    Checks that cannot be made are not repeated, and those whose failure would prove nothing not for long.
    """
    outcomes: dict[int, Outcome] = {}
    began = reported = time.monotonic()
    pending = list(range(len(checks)))
    with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        while pending:
            outcomes.update(_round(pool, checks, pending))
            pending = [index for index in pending if not (outcomes[index].ok or outcomes[index].unknown)]
            now = time.monotonic()
            proving = [index for index in pending if not checks[index].probe.conclude(outcomes[index]).unknown]
            limit = timeout if proving else min(timeout, UNKNOWN_AFTER)
            if not pending or now - began + interval > limit:
                break
            if now - reported >= PROGRESS_EVERY:
                reported = now
                progress([checks[index] for index in pending], now - began)
            time.sleep(interval)
    return [CheckResult.of(check, check.probe.conclude(outcomes[index])) for index, check in enumerate(checks)]


def _round(pool: concurrent.futures.Executor, checks: Sequence[Check], pending: Sequence[int]) -> dict[int, Outcome]:
    futures = {index: pool.submit(_attempt, checks[index]) for index in pending if not checks[index].probe.serial}
    done = {index: _attempt(checks[index]) for index in pending if checks[index].probe.serial}
    return done | {index: future.result() for index, future in futures.items()}


def _attempt(check: Check) -> Outcome:
    try:
        return check.probe.attempt()
    except UnaskedError as exc:
        return Outcome.not_checked(shortened(str(exc), 160))
    except KuberError as exc:
        return Outcome(False, shortened(exc.found or exc.problem, 160))
