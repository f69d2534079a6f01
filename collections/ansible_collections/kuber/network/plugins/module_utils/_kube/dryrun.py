# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the server says to an object in a dry run, before anything is decided."""

from __future__ import annotations

import dataclasses
import functools

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube import decide, leftovers, migration, rejections
from ansible_collections.kuber.network.plugins.module_utils._kube.act import send
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Answer, Fact, Options, Request, Seen
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read, read_again
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item
from ansible_collections.kuber.network.plugins.module_utils._kube.repair import Repairer
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress

# In check mode nothing is on its way up that would be worth more patience, and a run asks once more when it sends.
CHECK_SECONDS = 10.0
# Whoever writes to an object at the same time comes first, so often.
ATTEMPTS = 5
DRY_RUN = {"dryRun": "All"}


class Asker:
    """Asks about objects, and looks for a way around what is refused."""

    def __init__(self, client: Client, seen: Seen, options: Options, progress: Progress) -> None:
        self._client = client
        self._seen = seen
        self._options = options
        self._clock = Clock(CHECK_SECONDS if options.check else 0)
        self._send = functools.partial(send, client, clock=self._clock, progress=progress)
        self._repairer = Repairer(client, options.field_manager, force=options.force)

    def ask(self, fact: Fact) -> Fact:
        """The fact with the server's answer; what was read too long ago is read again."""
        for _attempt in range(ATTEMPTS):
            try:
                if fact.unread:
                    fact = self._looked_at(fact)
                if fact.reason is None or (fact.live is not None and fact.before is None):
                    return fact
                return dataclasses.replace(fact, answer=self._answer(fact.item, fact.before))
            except ApiError as exc:
                fact = dataclasses.replace(fact, answer=Answer(rejection=exc), unread=rejections.is_outdated(exc))
                if not fact.unread:
                    break
        return fact

    def ask_about_deletion(self, decision: decide.Decision) -> decide.Decision:
        """The decision with the server's objection to it, if it has any."""
        try:
            for request in decision.send:
                self._send(decision.item, _dry(request))
        except ApiError as exc:
            # A new one of the same name is somebody's who has made it meanwhile.
            if exc.status != 404 and not rejections.is_outdated(exc):
                error = rejections.explain(decision.item, exc, seconds=self._clock.elapsed)
                return dataclasses.replace(decision, error=error, certain=True)
        return decision

    def _looked_at(self, fact: Fact) -> Fact:
        """The fact with the object as it is now."""
        (new,) = decide.facts([fact.item], read_again(self._client, self._seen, fact.item), self._options)
        return dataclasses.replace(new, unsettled=fact.unsettled, reason=fact.reason if fact.unsettled else new.reason)

    def _answer(self, item: Item, live: Body | None) -> Answer:
        try:
            return self._applied(item, live)
        except ApiError as exc:
            if live is not None and rejections.is_unreadable(exc) and (new := migration.migrated(live)) is not None:
                after = self._repairer.predict(item, self._wanted(item, live), live, ())
                return Answer(after, migration=Migration(live, migrated=new.names))
            if exc.status != 422 or live is None:
                raise
            repair = self._repairer.find(item, self._wanted(item, live), live, exc)
            if repair is not None:
                return Answer(repair.after, migration=Migration(live, places=repair.places))
            return Answer(rejection=exc, replaceable=self._is_welcome(item))

    def _applied(self, item: Item, live: Body | None) -> Answer:
        """What an apply makes of the object, after a look at what others have left behind."""
        body = decide.body_for(item, live, self._options)
        after = self._send(item, _dry(decide.application(item, body, self._options)))
        if live is None or not self._options.force:
            return Answer(after, migration=Migration(live))
        places = leftovers.renamed(self._wanted(item, live), live, self._options.field_manager)
        new = decide.new_records(item, live, self._options, places)
        if new is None:
            return Answer(after, migration=Migration(live))
        pruned = new.applied_to(after, self._options.field_manager)
        if pruned != after:
            after = self._filled_in(item, pruned)
        return Answer(after, migration=Migration(live, taken=new.names, places=tuple(places)))

    def _filled_in(self, item: Item, body: Body) -> Body:
        """``body`` with what the server puts in the place of what is gone but needed."""
        query = {"fieldManager": self._options.field_manager}
        for _attempt in range(ATTEMPTS):
            try:
                return self._send(item, _dry(Request("PUT", item.path, body, query)))
            except ApiError as exc:
                if exc.status != 409 or (live := read(self._client, item)) is None:
                    break
                # A controller has written the status meanwhile.
                body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        return body

    def _is_welcome(self, item: Item) -> bool:
        """Whether the server would take the object if it were not there: then it says that one of that name is."""
        try:
            self._send(item, _dry(Request("POST", item.collection, item.body, {"fieldValidation": "Strict"})))
        except ApiError as exc:
            return exc.status == 409 and exc.reason == "AlreadyExists"
        return False

    def _wanted(self, item: Item, live: Body) -> Body:
        return decide.with_left(item, live, self._options)


def _dry(request: Request) -> Request:
    """The same request, which changes nothing."""
    body = request.body
    if request.method == "DELETE" and isinstance(body, dict):
        return dataclasses.replace(request, body=body | {"dryRun": ["All"]})
    return dataclasses.replace(request, query={**request.query, **DRY_RUN})
