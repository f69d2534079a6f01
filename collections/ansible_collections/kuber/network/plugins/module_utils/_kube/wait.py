# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Waiting for a whole set to become ready, and saying why when it does not."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._api.watch import Collection, Watches
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import diagnosis, queries, readiness
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, below, is_leaving
from ansible_collections.kuber.network.plugins.module_utils._kube.related import RelatedObjects
from ansible_collections.kuber.network.plugins.module_utils._kube.status import READY, State, Verdict
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress

# News wakes the waiter up; so often it looks at its clocks besides.
TICK_SECONDS = 0.5
# Looking at pods costs requests, two for each namespace: every so often is enough.
DIAGNOSE_SECONDS = 5.0
# Without a readiness probe a container that ends at once is ready for a moment; MetalLB judges a moment later.
CONFIRM_SECONDS = 2.0
# How many objects a line of progress names, and how many the final word explains.
NAMED = 3
EXPLAINED = 10
EXPLAIN_SECONDS = 5.0


@dataclasses.dataclass(frozen=True)
class Goal:
    """An object and what must be true of it: to be ready or, with ``query``, what the query says."""

    item: Item
    query: str | None = None
    changed: bool = False
    """Whether it was changed a moment ago, so that others may not have seen it yet."""

    def judge(self, live: Body | None, neighbours: t.Sequence[Body] = ()) -> Verdict:
        if live is None:
            return Verdict(State.PENDING, "it does not exist")
        if is_leaving(live):
            return Verdict(State.PENDING, "it is being deleted")
        if self.query is None:
            return readiness.verdict(live, neighbours)
        shortfall = queries.judge(self.query, live)
        return READY if shortfall is None else Verdict(State.PENDING, shortfall)


@dataclasses.dataclass
class _Pending:
    goal: Goal
    live: Body | None
    neighbours: list[Body]
    verdict: Verdict
    stuck: diagnosis.Stuck | None = None
    stuck_since: float | None = None
    ready_since: float | None = None

    @property
    def collection(self) -> Collection:
        item = self.goal.item
        return Collection(item.collection, item.ref.name)

    @property
    def neighbours_path(self) -> str | None:
        """Where what decides along is, if anything does."""
        if self.live is None or self.goal.query is not None:
            return None
        found = readiness.neighbours(self.live)
        return found.path(self.live) if found else None

    @property
    def is_judged_late(self) -> bool:
        found = readiness.neighbours(self.live) if self.live is not None else None
        return found is not None and found.late

    def note(self, trouble: diagnosis.Stuck | None) -> None:
        """Remember since when it has been stuck without a break, whatever the trouble."""
        self.stuck = trouble
        self.stuck_since = None if trouble is None else self.stuck_since or time.monotonic()

    @property
    def is_hopeless(self) -> bool:
        if self.verdict.state is State.FAILED:
            return True
        return (
            self.stuck is not None
            and self.stuck_since is not None
            and time.monotonic() - self.stuck_since >= self.stuck.patience
        )

    def __str__(self) -> str:
        return f"{self.goal.item.ref}: {self.verdict.text}"

    def with_trouble(self) -> str:
        """The same, and what is known to be in its way."""
        return f"{self} ({self.stuck.text})" if self.stuck and self.stuck.text != self.verdict.text else str(self)


class Waiter:
    """Watches over goals until all are reached."""

    def __init__(self, client: Client, clock: Clock, progress: Progress) -> None:
        self._client = client
        self._clock = clock
        self._progress = progress
        self._diagnosed = time.monotonic()

    def wait(self, goals: t.Iterable[tuple[Goal, Body | None]]) -> None:
        """Return when every goal is reached, each given with its object as last seen; raise when one cannot be."""
        pending = self._first_look(goals)
        if not pending:
            return
        with Watches(self._client, _collections(pending)) as watches:
            total = len(pending)
            while pending := [one for one in pending if one.verdict is not READY]:
                hopeless = [one for one in pending if one.is_hopeless]
                if hopeless or self._clock.is_up:
                    raise self._error(hopeless or pending, watches.error, given_up=bool(hopeless))
                self._progress.tell(_line(pending, total, watches.error))
                self._look(pending, watches)

    def _first_look(self, goals: t.Iterable[tuple[Goal, Body | None]]) -> list[_Pending]:
        """What is not reached yet, as far as that can be said at once."""
        found = [_Pending(goal, live, [], goal.judge(live)) for goal, live in goals]
        known: dict[str, list[Body]] = {}
        for one in found:
            if (path := one.neighbours_path) is not None and (one.verdict is not READY or one.is_judged_late):
                if path not in known:
                    known[path] = self._list_if_any(path)
                one.neighbours = known[path]
                one.verdict = _confirmed(one)
        return [one for one in found if one.verdict is not READY]

    def _list_if_any(self, path: str) -> list[Body]:
        try:
            return self._client.list(path)
        except ApiError as exc:
            if exc.status == 404:
                return []
            raise

    def _look(self, pending: list[_Pending], watches: Watches) -> None:
        """Take in what is new, as soon as something is or the clocks want to be looked at."""
        paths = watches.news(min(TICK_SECONDS, self._clock.left))
        for one in pending:
            before, was_stuck = one.live, one.verdict.state is State.STUCK
            if watches.is_known(one.collection.path):
                one.live = watches.find(one.collection.path, one.goal.item.ref.name)
            if _has_finished(before, one.live):
                one.verdict = READY
            elif one.live is not before or one.neighbours_path in paths or one.ready_since is not None:
                if (path := one.neighbours_path) is not None and watches.is_known(path):
                    one.neighbours = watches.all(path)
                one.verdict = _confirmed(one)
            if was_stuck and one.verdict.state is not State.STUCK:
                one.note(None)
        if watches.error is None:
            self._diagnose(pending)

    def _diagnose(self, pending: list[_Pending]) -> None:
        """Note what keeps an object from becoming ready; what stands around it is looked at every so often."""
        look_around = time.monotonic() - self._diagnosed >= DIAGNOSE_SECONDS
        around = RelatedObjects(self._client, patience=0)
        for one in pending:
            if one.verdict.state is State.STUCK:
                one.note(diagnosis.Stuck(one.verdict.text, one.verdict.patience))
            elif look_around and one.goal.query is None and one.live is not None:
                # It is asked again soon; an answer that does not come is no reason to give up.
                with contextlib.suppress(KuberError):
                    one.note(diagnosis.stuck(around, one.live))
        if look_around:
            self._diagnosed = time.monotonic()

    def _error(self, unready: list[_Pending], silence: KuberError | None, *, given_up: bool) -> KuberError:
        names = _enumeration([str(one.goal.item.ref) for one in unready], EXPLAINED)
        verb = "are" if len(unready) > 1 else "is"
        seconds = f"{self._clock.elapsed:.0f} s"
        problem = f"{names} {verb} not ready after {seconds}"
        if given_up:
            problem = f"{names} will not become ready, given up after {seconds}"
        if silence is not None:
            lines = [f"  {one.with_trouble()}" for one in unready[:EXPLAINED]]
            lines.append(f"  {silence.problem}: {silence.found}")
            return KuberError(problem, found="\n".join(["", *lines]), remedy=silence.remedy)
        around = RelatedObjects(self._client, patience=EXPLAIN_SECONDS)
        told = [(one, self._explain(around, one)) for one in unready[:EXPLAINED]]
        lines = [line for one, found in told for line in (f"  {one}", *(f"    {text}" for text in found.lines))]
        advice = list(dict.fromkeys(text for _one, found in told for text in found.advice))
        remedy = ". ".join(advice) or "Mend what it says and run again"
        if not advice and not given_up:
            remedy += "; a larger wait_timeout helps what is slow"
        return KuberError(problem, found="\n".join(["", *lines]), remedy=remedy)

    def _explain(self, around: RelatedObjects, one: _Pending) -> diagnosis.Explanation:
        return diagnosis.Explanation() if one.live is None else diagnosis.explain(around, one.live, str(one))


def _collections(pending: t.Iterable[_Pending]) -> list[Collection]:
    """One for each kind and namespace, narrowed down to one object where there is only one."""
    names: dict[str, set[str | None]] = {}
    for one in pending:
        names.setdefault(one.collection.path, set()).add(one.collection.name)
        if (path := one.neighbours_path) is not None:
            names.setdefault(path, set()).add(None)
    return [Collection(path, next(iter(wanted)) if len(wanted) == 1 else None) for path, wanted in names.items()]


def _line(pending: list[_Pending], total: int, silence: KuberError | None) -> str:
    """Such as "Waiting for 7 of 30 objects: Deployment default/web: 0 of 3 pods are available; and 6 more"."""
    if silence is not None:
        return f"Waiting for the API server, then for {len(pending)} of {total} objects: {silence.found}"
    what = "" if total == 1 else f"{len(pending)} of {total} objects: "
    return f"Waiting for {what}{_enumeration([one.with_trouble() for one in pending], NAMED, '; ')}"


def _enumeration(texts: list[str], most: int, separator: str = ", ") -> str:
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return separator.join(texts[:most] + more)


def _confirmed(one: _Pending) -> Verdict:
    """The verdict, with doubt where it may be too early for it."""
    verdict = one.goal.judge(one.live, one.neighbours)
    doubt = _doubt(one)
    if verdict is not READY or doubt is None:
        one.ready_since = None
        return verdict
    one.ready_since = one.ready_since or time.monotonic()
    return READY if time.monotonic() - one.ready_since >= CONFIRM_SECONDS else Verdict(State.PENDING, doubt)


def _doubt(one: _Pending) -> str | None:
    if one.goal.query is not None or one.live is None:
        return None
    if one.neighbours and one.is_judged_late and one.goal.changed:
        return "it has just changed and may not have been judged yet"
    if readiness.is_doubtful(one.live):
        return "its pods have just started and have no readiness probe"
    return None


def _has_finished(before: Body | None, now: Body | None) -> bool:
    """Whether a Job that cleans up behind itself is gone because it is done."""
    return now is None and before is not None and below(before, "spec", "ttlSecondsAfterFinished") is not None
