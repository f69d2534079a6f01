# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Carries out what was decided, many objects at the same time."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError, is_webhook_unavailable
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, after_change
from ansible_collections.kuber.network.plugins.module_utils._kube import decide, rejections
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry, judge
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Decision, Fact, Options, Request, Seen
from ansible_collections.kuber.network.plugins.module_utils._kube.deletion import wait_for_deletion
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read_again
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import Redactor
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff, Clock, Progress, each, retry

# The server goes by the new definition of a kind a moment after it has taken it.
SETTLED_SECONDS = 5.0

# What the server says to an object in a dry run.
Ask = t.Callable[[Seen, Fact], Fact]


def send(
    client: Client,
    item: Item,
    request: Request,
    *,
    clock: Clock,
    progress: Progress,
    passes: t.Callable[[ApiError], bool] = lambda error: False,
) -> Body:
    """The answer to a request about an object; repeated until ``clock`` is up while a webhook is not available.

    What else ``passes`` is repeated, too. Errors do not show what is secret in the object.
    """

    def may_pass(error: ApiError) -> bool:
        error.rephrase(Redactor([item.body]))
        return is_webhook_unavailable(error) or passes(error)

    answer = retry(
        lambda: client.request(
            request.method, request.path, query=request.query, body=request.body, content_type=request.content_type
        ),
        ApiError,
        passes=may_pass,
        clock=clock,
        backoff=Backoff(),
        tell=lambda error: progress.tell(f"Waiting for what answers for {item.ref}: {error.message}"),
    )
    return t.cast("Body", answer)


class Actor:
    """Sends what the decisions say; what has changed since is looked at, and decided, again."""

    def __init__(
        self, client: Client, kinds: Kinds, seen: Seen, options: Options, clock: Clock, progress: Progress, ask: Ask
    ) -> None:
        self._client = client
        self._kinds = kinds
        self._seen = seen
        self._options = options
        self._clock = clock
        self._progress = progress
        self._ask = ask
        self._send = functools.partial(send, client, clock=clock, progress=progress)

    def act(self, decisions: t.Sequence[Decision]) -> tuple[list[Entry], list[KuberError]]:
        """What became of the objects, and what kept the others from becoming what is wanted."""
        # A thread is only worth its while for what is sent.
        busy = [one for one in decisions if one.send or one.error]
        entries, errors = each(self._act_on, busy, parallel=self._options.parallel)
        done = {entry.ref: entry for entry in entries}
        idle = {one.item.ref: one.entry for one in decisions if not (one.send or one.error)}
        everything = idle | done
        return [everything[one.item.ref] for one in decisions if one.item.ref in everything], errors

    def _act_on(self, decision: Decision) -> Entry:
        if self._options.check:
            if decision.error is not None:
                raise decision.error
            return decision.entry
        if decision.error is not None and (decision.certain or not decision.send):
            raise decision.error
        if decision.fact is not None and decision.fact.unread:
            decision = self._decided_again(decision)
        history: Migration | None = None
        while True:
            journey = _Journey(decision, history)
            try:
                return self._carry_out(journey)
            except ApiError as exc:
                history = journey.history(perhaps_done=exc.perhaps_done)
                decision = self._otherwise(decision, exc)

    def _carry_out(self, journey: _Journey) -> Entry:
        decision = journey.decision
        if not decision.send and journey.known is None:
            return decision.entry
        answer = decision.fact.live if decision.fact is not None else None
        if decision.vacate is not None and decision.send[0].method != "DELETE":
            wait_for_deletion(self._client, [(decision.item, decision.vacate)], self._clock, self._progress)
        for number, request in enumerate(decision.send):
            try:
                now = _following(request, answer) if number else request
                answer = self._send(decision.item, now, passes=self._may_pass(decision))
            except ApiError as exc:
                if request.method != "DELETE" or exc.status != 404:
                    raise
            journey.sent += 1
            if request.method == "DELETE" and decision.vacate is not None:
                return self._replace(decision)
        return self._judged(journey, answer)

    def _replace(self, decision: Decision) -> Entry:
        """Wait for the end of the old object, and create the new one."""
        entry, item = decision.entry, decision.item
        with after_change():
            wait_for_deletion(self._client, [(item, t.cast("Body", decision.vacate))], self._clock, self._progress)
            try:
                after = self._send(item, decision.send[-1], passes=self._may_pass(decision))
            except ApiError as exc:
                raise rejections.explain(item, exc, seconds=self._clock.elapsed) from exc
            return dataclasses.replace(entry, after=after)

    def _judged(self, journey: _Journey, after: Body | None) -> Entry:
        decision = journey.decision
        if decision.entry.action is Action.DELETED or after is None:
            return decision.entry
        before = journey.history() or Migration(None)
        return judge(decision.item.ref, before, after, self._options.field_manager, check=False)

    def _may_pass(self, decision: Decision) -> t.Callable[[ApiError], bool]:
        """What of the server's rejections ends soon: those of a kind that is new, or about to change."""
        item, started = decision.item, time.monotonic()

        def passes(error: ApiError) -> bool:
            behind = _is_behind(decision, error) and time.monotonic() - started < SETTLED_SECONDS
            return behind or self._is_new_kind(item, error)

        return passes

    def _otherwise(self, decision: Decision, error: ApiError) -> Decision:
        """What to do instead of what the server has just refused; raise when there is nothing."""
        item = decision.item
        if decision.action is Action.DELETED:
            # A new one of the same name is somebody's who has made it meanwhile.
            if rejections.is_outdated(error):
                return dataclasses.replace(decision, send=())
        elif rejections.is_outdated(error) and decision.action is not Action.RECREATED and not self._clock.is_up:
            # What was to be replaced is not touched again when it has turned out to be somebody's new one.
            return self._decided_again(decision)
        elif (error.status == 422 or rejections.is_unreadable(error)) and _is_news(decision, error):
            return self._decided_again(decision, ask=True)
        raise rejections.explain(item, error, seconds=self._clock.elapsed) from error

    def _decided_again(self, outdated: Decision, *, ask: bool = False) -> Decision:
        """The decision on the object as it is now."""
        item = outdated.item
        seen = read_again(self._client, self._seen, item)
        if outdated.fact is not None and outdated.fact.unsettled:
            # What was known of its kind no longer holds.
            seen = dataclasses.replace(seen, definitions={})
        (fact,) = decide.facts([item], seen, self._options)
        if ask or (fact.before is not None and fact.reason is not None):
            fact = self._ask(seen, fact)
        (decision,) = decide.decide([fact], self._options)
        if decision.error is not None and (decision.certain or not decision.send):
            raise decision.error
        return decision

    def _is_new_kind(self, item: Item, error: ApiError) -> bool:
        """Whether a kind is too new: it is served a moment after its definition says that it is established."""
        new = item.resource is not None and self._kinds.is_defined(item.resource)
        return new and error.status == 404 and rejections.missing_namespace(error) is None


@dataclasses.dataclass
class _Journey:
    """One decision on its way to the server, with what was there before another one that was outdated."""

    decision: Decision
    known: Migration | None
    sent: int = 0

    def history(self, *, perhaps_done: bool = True) -> Migration | None:
        """What was there before the first request that has, or may have, changed anything."""
        fact = self.decision.fact
        if not self.sent and not perhaps_done:
            return self.known
        before = fact.before if fact is not None else None
        migration = fact.answer.migration if fact is not None and fact.answer is not None else Migration(before)
        if self.known is None:
            return dataclasses.replace(migration, before=before)
        return self.known.with_more(taken=migration.taken, places=migration.places, migrated=migration.migrated)


def _following(request: Request, answer: Body | None) -> Request:
    """A request that is about what the one before it has made of the object."""
    body = request.body
    if answer is None or not isinstance(body, dict) or "resourceVersion" not in body["metadata"]:
        return request
    version = {"resourceVersion": answer["metadata"]["resourceVersion"]}
    return dataclasses.replace(request, body=body | {"metadata": body["metadata"] | version})


def _is_behind(decision: Decision, error: ApiError) -> bool:
    """Whether the server may not know yet what has become of a kind."""
    return decision.fact is not None and decision.fact.unsettled and rejections.is_about_the_object(error)


def _is_news(decision: Decision, error: ApiError) -> bool:
    """Whether a rejection is one that was not known when the decision was taken."""
    fact: Fact | None = decision.fact
    if fact is None or fact.live is None:
        return False
    return fact.answer is None or fact.answer.rejection is None or fact.answer.rejection.status != error.status
