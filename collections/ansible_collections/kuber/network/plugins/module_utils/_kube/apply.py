# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Server-side apply of the objects of one stage."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import (
    applyset,
    fieldset,
    handover,
    ignore,
    leftovers,
    refusals,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.attempts import each, until_awake
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import CRD, Target
from ansible_collections.kuber.network.plugins.module_utils._kube.gone import see_off
from ansible_collections.kuber.network.plugins.module_utils._kube.handover import HandedOver
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError, is_asleep
from ansible_collections.kuber.network.plugins.module_utils._kube.live import Live, is_leaving, path_to, read
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import NAMESPACE, Item
from ansible_collections.kuber.network.plugins.module_utils._kube.recreate import Recreator
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.rehearsal import Rehearsal
from ansible_collections.kuber.network.plugins.module_utils._kube.repair import Repairer
from ansible_collections.kuber.network.plugins.module_utils._kube.shapes import Shapes
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import PARALLEL, Client
from ansible_collections.kuber.network.plugins.module_utils._kube.verdict import judge

APPLY = "application/apply-patch+yaml"
# In check mode nothing is on its way up that would be worth more patience.
CHECK_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Options:
    """How objects are applied."""

    field_manager: str = "kuber.network"
    force: bool = True
    check: bool = False
    parallel: int = PARALLEL
    recreate: tuple[Target, ...] = ()


class Applier:
    """Applies stage after stage; remembers what a dry run has left undone."""

    def __init__(self, client: Client, kinds: Kinds, options: Options, clock: Clock, progress: Progress) -> None:
        self._client = client
        self._kinds = kinds
        self._options = options
        self._clock = Clock(CHECK_SECONDS) if options.check else clock
        self._progress = progress
        self._live = Live(client)
        self._shapes = Shapes(client)
        self._proved: dict[Ref, Entry] = {}
        self._unsettled: set[tuple[str, str]] = set()
        self._inherited: dict[Ref, HandedOver] = {}
        self._successor = handover.Successor(client, options.field_manager)
        self._pending_namespaces: set[str] = set()
        self._recreator = Recreator(client, options.recreate, check=options.check, clock=self._clock, progress=progress)
        self._repairer = Repairer(client, options.field_manager, force=options.force)
        self._rehearsal = Rehearsal(
            kinds,
            self._recreator,
            dry_run=lambda item, live: self._patch(item, live, dry_run=True),
            read=lambda item: read(client, item),
        )

    def expect(self, items: t.Iterable[Item]) -> None:
        """Which items the stages will bring."""
        self._live.expect(items)

    def read(self) -> None:
        """Look for all that is to come, if what was seen may no longer hold."""
        self._live.refresh()

    def prove(self, items: t.Iterable[Item]) -> list[Item]:
        """Take note of what is as it should be; return the rest."""
        doubtful = []
        for item in items:
            before = self._live.peek(item)
            if before is None or not self._stands_firm(item) or not self._is_as_wanted(item, before):
                doubtful.append(item)
                # What a definition that is about to change makes of its objects is not known yet, and what is in a
                # namespace that is being deleted will go with it.
                if item.key == CRD or (item.key == NAMESPACE and before is not None and is_leaving(before)):
                    self._unsettled.add((item.key, item.ref.name))
                continue
            self._live.take(item)
            # The record of who manages what is most of a small object, and has served its purpose.
            before["metadata"].pop("managedFields", None)
            self._proved[item.ref] = Entry(item.ref, Action.UNCHANGED, after=before)
            self._take_note([self._proved[item.ref]])
        return doubtful

    def _stands_firm(self, item: Item) -> bool:
        """Whether its namespace and the definition of its kind stay as they are."""
        definition = item.resource.definition if item.resource is not None else None
        return self._unsettled.isdisjoint([(NAMESPACE, item.ref.namespace), (CRD, definition)])

    def rehearse(self, items: t.Sequence[Item]) -> list[KuberError]:
        """Why some of the items, none of which is as it should be, will be refused."""
        # One alone is not applied before another one is refused.
        if len(items) < 2 or self._options.check:
            return []
        candidates = self._rehearsal.candidates(items, self._live)
        return each(self._rehearse_one, candidates, parallel=self._options.parallel)[1]

    def _rehearse_one(self, item: Item) -> Entry:
        self._rehearsal.refuse(item, self._live.peek(item))
        return Entry(item.ref, Action.UNCHANGED)

    def apply(self, items: t.Sequence[Item]) -> tuple[list[Entry], list[KuberError]]:
        """What became of the items, and what kept the others from being applied."""
        # A thread is only worth its while for what is sent.
        doubtful = [item for item in items if item.ref not in self._proved]
        entries, errors = each(self._apply_one, doubtful, parallel=self._options.parallel)
        self._take_note(entries)
        done = self._proved | {entry.ref: entry for entry in entries}
        return [done[item.ref] for item in items if item.ref in done], errors

    def _take_note(self, entries: t.Iterable[Entry]) -> None:
        """Of what other objects depend on."""
        for entry in entries:
            key = kind_key(entry.ref.api_version, entry.ref.kind)
            if key == CRD and not entry.changed and entry.after is not None:
                self._shapes.note(entry.after)
            if key in (CRD, NAMESPACE) and entry.changed and not self._options.check:
                self._live.forget()
            if key == NAMESPACE and entry.action is Action.CREATED and self._options.check:
                self._pending_namespaces.add(entry.ref.name)

    def _apply_one(self, item: Item) -> Entry:
        missing = self._missing_ground(item)
        if missing:
            return Entry(item.ref, Action.CREATED, f"{missing} would be created before", after=item.body)
        before = self._live.take(item)
        if before is not None and is_leaving(before):
            if self._options.check:
                return Entry(item.ref, Action.CREATED, "it is being deleted, and would be made anew", after=item.body)
            see_off(self._client, [(item, before)], self._clock, self._progress)
            before = None
        while True:
            try:
                return self._settle(item, before)
            except ApiError as exc:
                if not refusals.is_outdated(exc) or self._clock.is_up:
                    raise refusals.explain(item, exc, seconds=self._clock.elapsed) from exc
                if exc.perhaps_done and before is not None:
                    # Whoever has changed the object may be we ourselves, and the answer was lost.
                    self._inherited.setdefault(item.ref, HandedOver(before))
            # What others have written since is not to be overwritten with what they wrote before.
            before = read(self._client, item)

    def _settle(self, item: Item, before: Body | None) -> Entry:
        if before is not None:
            applyset.refuse_other_member(item.ref, item.body, before)
        if before is not None and item.ref not in self._inherited and self._is_as_wanted(item, before):
            # The record of who manages what is most of a small object, and has served its purpose.
            before["metadata"].pop("managedFields", None)
            return Entry(item.ref, Action.UNCHANGED, after=before)
        try:
            after = self._send(item, before)
        except ApiError as exc:
            return self._otherwise(item, before, exc)
        return self._judged(item, before, after)

    def _judged(self, item: Item, before: Body | None, after: Body) -> Entry:
        handed_over = self._inherited.pop(item.ref, None) or HandedOver(before)
        return judge(item.ref, handed_over, after, self._options.field_manager, check=self._options.check)

    def _otherwise(self, item: Item, before: Body | None, error: ApiError) -> Entry:
        """Another way to what an apply has not done; raise when there is none."""
        if self._options.check and (is_asleep(error) or refusals.is_unpredictable(error)):
            return self._unpredicted(item, before, error)
        if before is not None and refusals.is_unreadable(error) and (live := self._migrated(item, before)):
            return self._settle(item, live) if not self._options.check else self._judged(item, before, live)
        if error.status != 422 or before is None:
            raise error
        live = before if self._options.check else read(self._client, item) or before
        repair = self._repairer.find(item, self._with_left(item, live), live, error)
        if repair is None:
            return self._recreator.instead(item, before, error, lambda: self._send(item, None))
        self._inherit(item, before, places=repair.places)
        if self._options.check:
            return self._judged(item, before, repair.after)
        self._successor.take_over(item, live, repair.places)
        # Where null is wanted, the server lets go of what is there only if it is not named.
        bare = dataclasses.replace(item, body=leftovers.without_nulls(item.body, repair.places))
        for step in [item] if bare == item else [bare, item]:
            after = self._patch(step, read(self._client, item) if item.left else live)
        return self._judged(item, before, after)

    def _migrated(self, item: Item, before: Body) -> Body | None:
        """The object when its records are in the version of the item; ``None`` if they are already."""
        new = handover.migrated(before)
        if new is None:
            return None
        self._inherit(item, before, migrated=new.names)
        if self._options.check:
            return self._repairer.predict(item, self._with_left(item, before), before, ())
        self._successor.migrate(item, before)
        return read(self._client, item)

    def _send(self, item: Item, before: Body | None) -> Body:
        return t.cast(
            "Body",
            until_awake(
                lambda: self._bring(item, before),
                item,
                clock=self._clock,
                progress=self._progress,
                passes=lambda error: is_asleep(error) or self._is_new_kind(item, error),
            ),
        )

    def _bring(self, item: Item, before: Body | None) -> Body:
        """What the object becomes, after a look at what others have left behind."""
        if before is None or not self._options.force:
            return self._patch(item, before)
        places = leftovers.renamed(self._with_left(item, before), before, self._options.field_manager)
        if self._options.check:
            taken, after = self._successor.predict(item, before, self._patch(item, before), places)
            self._inherit(item, before, taken=taken, places=places)
            return after
        taken = self._successor.take_over(item, before, places)
        self._inherit(item, before, taken=taken, places=places)
        # With the fields the version has changed, which the patch names if there are fields that are left to others.
        return self._patch(item, read(self._client, item) if taken and item.left else before)

    def _inherit(self, item: Item, before: Body | None, **more: t.Sequence[t.Any]) -> None:
        """Remember what was there before a hand-over: what comes after it may have to be tried again."""
        if any(more.values()):
            known = self._inherited.get(item.ref) or HandedOver(before)
            self._inherited[item.ref] = known.with_more(**more)

    def _is_as_wanted(self, item: Item, live: Body) -> bool:
        """Whether it is certain that the server, if asked, would change nothing."""
        if item.resource is None or is_leaving(live):
            return False
        if self._options.force and handover.left_behind(item.body, live):
            return False
        shape = self._shapes.of(item.resource)
        wanted = self._with_left(item, live)
        return fieldset.doubt(wanted, live, manager=self._options.field_manager, shape=shape) is None

    def _with_left(self, item: Item, live: Body) -> Body:
        """What is wanted, with what is left to others as it will be when their leftovers are ours."""
        if not item.left:
            return item.body
        manager = self._options.field_manager
        if self._options.force and (new := handover.takeover(item.body, live, manager)) is not None:
            live = live | {"metadata": live["metadata"] | {"managedFields": new.records}}
        return ignore.settled(item.body, live, item.left, manager)

    def _missing_ground(self, item: Item) -> str | None:
        """What an object stands on that only a real run would bring."""
        if not self._options.check or item.resource is None:
            return None
        if item.ref.namespace in self._pending_namespaces:
            return f"Namespace {item.ref.namespace}"
        if self._kinds.served(item.resource.api_version, item.resource.kind) is None:
            return f"CustomResourceDefinition of {item.resource.kind}"
        return None

    def _is_new_kind(self, item: Item, error: ApiError) -> bool:
        """Whether a kind is too new: it is served a moment after its definition says that it is established."""
        new = item.resource is not None and self._kinds.is_defined(item.resource)
        return new and error.status == 404 and refusals.missing_namespace(error) is None

    def _patch(self, item: Item, before: Body | None, *, dry_run: bool = False) -> Body:
        query = {
            "fieldManager": self._options.field_manager,
            "fieldValidation": "Strict",
            "force": self._options.force,
            "dryRun": "All" if dry_run or self._options.check else None,
        }
        body = item.body if before is None else self._with_left(item, before)
        if before is not None and item.left:
            body = body | {"metadata": body["metadata"] | {"resourceVersion": before["metadata"]["resourceVersion"]}}
        path = path_to(item)
        return t.cast("Body", self._client.request("PATCH", path, query=query, body=body, content_type=APPLY))

    def _unpredicted(self, item: Item, before: Body | None, error: ApiError) -> Entry:
        action = Action.CREATED if before is None else Action.CONFIGURED
        return Entry(item.ref, action, f"cannot be predicted: {error.message}", before=before, after=item.body)
