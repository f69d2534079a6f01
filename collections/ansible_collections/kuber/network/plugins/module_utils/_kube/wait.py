# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Waiting for a whole set to become ready, and saying why when it does not."""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

import jmespath
import jmespath.exceptions

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import diagnosis, readiness
from ansible_collections.kuber.network.plugins.module_utils._kube.apply import is_leaving, read
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import State, Verdict
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

FIRST_POLL_SECONDS = 0.1
POLL_SECONDS = 1.0
# Looking at pods costs requests: every so often is enough.
DIAGNOSE_SECONDS = 5.0
# What is stuck for this long without a break is taken to stay so. Images that are being loaded, a Secret that a
# controller on a slow machine makes after its own start, a first crash while a neighbour starts: these pass sooner.
PATIENCE_SECONDS = 120.0
# Without a readiness probe a container that ends at once is ready for a moment.
CONFIRM_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class Goal:
    """An object and what must be true of it: to be ready or, with ``query``, what the query says."""

    item: Item
    query: str | None = None

    def judge(self, live: Body | None) -> Verdict:
        if live is None:
            return Verdict(State.PENDING, "it does not exist")
        if is_leaving(live):
            return Verdict(State.PENDING, "it is being deleted")
        if self.query is None:
            return readiness.verdict(live)
        try:
            found = jmespath.search(self.query, live)
        except jmespath.exceptions.JMESPathError as exc:
            # Such as length(status.addresses) while there is no status.
            return Verdict(State.PENDING, f"`{self.query}` has no value: {str(exc).splitlines()[0]}")
        if found not in (None, False, "", [], {}):
            return readiness.READY
        return Verdict(State.PENDING, f"`{self.query}` is {json.dumps(found)}")


@dataclasses.dataclass
class _Pending:
    goal: Goal
    live: Body | None
    verdict: Verdict
    stuck_since: float | None = None
    ready_since: float | None = None


class Waiter:
    """Watches over goals until all are reached."""

    def __init__(self, client: Client, clock: Clock, progress: Progress) -> None:
        self._client = client
        self._clock = clock
        self._progress = progress
        self._diagnosed = time.monotonic()

    def wait(self, goals: t.Iterable[tuple[Goal, Body | None]]) -> None:
        """Return when every goal is reached, each given with its object as last seen; raise when one cannot be."""
        pending = [_Pending(goal, live, goal.judge(live)) for goal, live in goals]
        pause = FIRST_POLL_SECONDS
        while True:
            pending = [one for one in pending if one.verdict.state is not State.READY]
            if not pending:
                return
            failed = [one for one in pending if one.verdict.state is State.FAILED or self._is_hopeless(one)]
            if failed or self._clock.is_up:
                raise self._error(failed or pending, given_up=bool(failed))
            self._progress.tell(
                "Waiting for " + "; ".join(f"{one.goal.item.ref}: {one.verdict.text}" for one in pending)
            )
            time.sleep(pause)
            pause = min(pause * 2, POLL_SECONDS)
            self._look(pending)

    def _look(self, pending: list[_Pending]) -> None:
        diagnose = time.monotonic() - self._diagnosed >= DIAGNOSE_SECONDS
        if diagnose:
            self._diagnosed = time.monotonic()
        for one in pending:
            before = one.live
            one.live = read(self._client, one.goal.item)
            one.verdict = readiness.READY if _has_finished(before, one.live) else _confirmed(one)
            if one.verdict.state is State.PENDING and one.goal.query is None and one.live is not None:
                self._note_stuck(one, diagnose=diagnose)

    def _note_stuck(self, one: _Pending, *, diagnose: bool) -> None:
        if one.live is None or not diagnose:
            return
        trouble = diagnosis.stuck(self._client, one.live)
        if trouble is None:
            one.stuck_since = None
        else:
            one.stuck_since = one.stuck_since or time.monotonic()

    def _is_hopeless(self, one: _Pending) -> bool:
        if one.verdict.state is State.STUCK and one.stuck_since is None:
            one.stuck_since = time.monotonic()
        return one.stuck_since is not None and time.monotonic() - one.stuck_since >= PATIENCE_SECONDS

    def _error(self, unready: list[_Pending], *, given_up: bool) -> KuberError:
        names = ", ".join(str(one.goal.item.ref) for one in unready)
        verb = "are" if len(unready) > 1 else "is"
        seconds = f"{self._clock.elapsed:.0f} s"
        problem = f"{names} {verb} not ready after {seconds}"
        if given_up:
            problem = f"{names} will not become ready, given up after {seconds}"
        lines = [line for one in unready for line in self._explain(one)]
        remedy = "Mend what it says and run again" + ("" if given_up else "; a larger wait_timeout helps what is slow")
        return KuberError(problem, found="\n".join(["", *lines]), remedy=remedy)

    def _explain(self, one: _Pending) -> list[str]:
        details = diagnosis.explain(self._client, one.live) if one.live is not None else []
        return [f"  {one.goal.item.ref}: {one.verdict.text}", *(f"    {detail}" for detail in details)]


def check_query(query: str, name: str) -> None:
    """Refuse what is no JMESPath before anything is touched."""
    try:
        jmespath.compile(query)
    except jmespath.exceptions.JMESPathError as exc:
        first_line = str(exc).splitlines()[0]
        raise KuberError(f"{name} is no JMESPath expression", found=f"{query} ({first_line})") from exc


def _confirmed(one: _Pending) -> Verdict:
    """The verdict on what was not ready a moment ago, with doubt where nothing but a running process speaks for it."""
    verdict = one.goal.judge(one.live)
    if verdict.state is not State.READY:
        one.ready_since = None
        return verdict
    one.ready_since = one.ready_since or time.monotonic()
    proved = one.goal.query is not None or one.live is None or not readiness.is_doubtful(one.live)
    if proved or time.monotonic() - one.ready_since >= CONFIRM_SECONDS:
        return verdict
    return Verdict(State.PENDING, "its pods have just started and have no readiness probe")


def _has_finished(before: Body | None, now: Body | None) -> bool:
    """Whether a Job that cleans up behind itself is gone because it is done."""
    return now is None and before is not None and (before.get("spec") or {}).get("ttlSecondsAfterFinished") is not None
