# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Brings a set of objects to a cluster, or takes it away: what the module does, free of Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, UnexpectedError
from ansible_collections.kuber.network.plugins.module_utils._kube import documents as _documents
from ansible_collections.kuber.network.plugins.module_utils._kube import edits, guards, ignore, plan, probes, queries
from ansible_collections.kuber.network.plugins.module_utils._kube.apply import Applier, Options
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, ChangeSet, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress, Say
from ansible_collections.kuber.network.plugins.module_utils._kube.delete import Deleter
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds, Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.live import read
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune, Pruner
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.refusals import UnchangeableError
from ansible_collections.kuber.network.plugins.module_utils._kube.rehearsal import together
from ansible_collections.kuber.network.plugins.module_utils._kube.stats import Meter, Stats
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube.veil import Veil
from ansible_collections.kuber.network.plugins.module_utils._kube.wait import Goal, Waiter


@dataclasses.dataclass(frozen=True)
class Condition:
    """What shall be true of an object, in the set or not, before the task is done."""

    kind: str
    name: str
    query: str
    namespace: str | None = None
    api_version: str | None = None


@dataclasses.dataclass(frozen=True)
class Wish:
    """A set and all that the user has said about it."""

    documents: tuple[Document, ...]
    present: bool = True
    namespace: str | None = None
    exclude: tuple[edits.Target, ...] = ()
    patches: tuple[tuple[edits.Target, t.Any], ...] = ()
    images: tuple[edits.Image, ...] = ()
    ignore: tuple[ignore.Rule, ...] = ()
    prune: Prune | None = None
    options: Options = dataclasses.field(default_factory=Options)
    wait: bool = True
    wait_timeout: float = 300.0
    wait_for: tuple[Condition, ...] = ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was done; with ``error`` it is what was done before the error."""

    changes: ChangeSet
    warnings: tuple[str, ...]
    stats: Stats
    error: KuberError | None = None

    @property
    def seconds(self) -> float:
        return self.stats.seconds["total"]


class Run:
    """One wish on its way to one cluster."""

    def __init__(self, client: Client, wish: Wish, say: Say) -> None:
        self._client = client
        self._wish = wish
        self._kinds = Kinds(client)
        self._clock = Clock(wish.wait_timeout)
        self._progress = Progress(say, self._clock)
        client.keep_to(self._clock, self._progress)
        self._changes = ChangeSet()
        self._applied: dict[Ref, Entry] = {}
        self._reached: set[Ref] = set()
        self._pruner: Pruner | None = None
        self._warnings: list[str] = []
        self._unchangeable: list[KuberError] = []
        self._meter = Meter(client)

    def execute(self) -> Outcome:
        """Do what is wished; an error before anything is touched is raised, a later one is part of the outcome."""
        remarks_before = len(self._client.warnings)
        items = self._prepare()
        errors: list[KuberError] = []
        try:
            (self._bring if self._wish.present else self._take_away)(items)
        except KuberError as exc:
            errors.append(exc)
        except Exception as exc:
            unexpected = UnexpectedError(exc)
            unexpected.rephrase(Veil(item.body for item in items))
            errors.append(unexpected)
        errors = [*self._unchangeable, *errors]
        if self._pruner is not None and self._wish.present:
            self._changes += self._pruner.entries()
        return Outcome(
            changes=self._changes,
            warnings=(*self._warnings, *map(Veil(item.body for item in items), self._client.warnings[remarks_before:])),
            stats=self._meter.read(),
            error=together(errors) if errors else None,
        )

    def _prepare(self) -> list[Item]:
        wish = self._wish
        for condition in wish.wait_for:
            queries.check_condition(condition.query, f"The query of wait_for for {condition.kind} {condition.name}")
        chosen = edits.leave_out(wish.documents, wish.exclude)
        for document in chosen:
            if kind_key(document.ref.api_version, document.ref.kind) == edits.CRD:
                self._kinds.define(document.body)
        for condition in wish.wait_for if wish.present else ():
            self._subject(condition)
        placed = [self._placed(document) for document in chosen]
        edited = edits.rename_images(edits.patch(placed, wish.patches), wish.images)
        for document in edited:
            _documents.check(document)
        _documents.refuse_duplicates(edited)
        if wish.present:
            self._warnings += [*probes.warnings(edited), *edits.warnings(edited)]
        cleaned = [Document(document.origin, edits.cleaned(document.body)) for document in edited]
        ignore.refuse_no_field(cleaned, wish.ignore)
        for target in wish.options.recreate:
            edits.refuse_no_match("recreate", target, cleaned)
        items = [self._item(document) for document in cleaned]
        if wish.present:
            plan.refuse_unknown(items, self._kinds)
        return self._enlisted(items)

    def _enlisted(self, items: list[Item]) -> list[Item]:
        wish = self._wish
        if wish.prune is None:
            return items
        namespace = wish.namespace or self._client.namespace
        self._pruner = Pruner(self._client, self._kinds, wish.prune, wish.options, namespace=namespace)
        return self._pruner.enlist(items)

    def _placed(self, document: Document) -> Document:
        """The document in its namespace, or in none if its kind has none."""
        ref = document.ref
        resource = self._kinds.find(ref.api_version, ref.kind)
        if resource is None:
            return document
        if not resource.namespaced:
            return self._without_namespace(document) if ref.namespace else document
        if ref.namespace:
            return document
        namespace = self._wish.namespace or self._client.namespace
        metadata = {**document.body["metadata"], "namespace": namespace}
        return Document(document.origin, {**document.body, "metadata": metadata})

    def _without_namespace(self, document: Document) -> Document:
        """As kubectl and the API server do with objects of kinds that have no namespaces."""
        ref = document.ref
        self._warnings.append(
            f"{ref.kind} {ref.name} ({document.origin}) is applied without metadata.namespace ({ref.namespace}): "
            f"kind {ref.kind} has no namespaces"
        )
        metadata = {key: value for key, value in document.body["metadata"].items() if key != "namespace"}
        return Document(document.origin, {**document.body, "metadata": metadata})

    def _item(self, document: Document) -> Item:
        ref = document.ref
        left = ignore.pointers_of(document, self._wish.ignore)
        return Item(ref, document.body, self._kinds.find(ref.api_version, ref.kind), document.origin, left)

    def _bring(self, items: list[Item]) -> None:
        wish = self._wish
        applier = Applier(self._client, self._kinds, wish.options, self._clock, self._progress)
        applier.expect(items)
        stages = plan.stages(items)
        self._rehearse(applier, stages)
        if self._pruner is not None:
            ground = self._pruner.ground(items)
            self._bring_stage(applier, ground, items)
            brought = [self._applied[item.ref] for item in ground if item.ref in self._applied]
            if any(entry.action is Action.CREATED for entry in brought):
                self._pruner.lose()
            self._pruner.widen(items)
        for stage in stages:
            self._bring_stage(applier, [item for item in stage if item.ref not in self._applied], items)
        if self._pruner is not None and not self._unchangeable:
            self._prune(self._pruner, items)
        if self._waits:
            self._wait_for(items)
        if wish.wait_for and not wish.options.check and not self._unchangeable:
            self._meet_conditions()

    def _rehearse(self, applier: Applier, stages: list[list[Item]]) -> None:
        """Nothing is sent if anything is refused for what it is."""
        with self._meter.phase("read"):
            applier.read()
        with self._meter.phase("prove"):
            # Stage by stage, for what proves a custom resource is its definition.
            doubtful = [item for stage in stages for item in applier.prove(stage)]
        with self._meter.phase("rehearse"):
            self._take_note([], applier.rehearse(doubtful))

    @property
    def _waits(self) -> bool:
        return self._wish.wait and not self._wish.options.check

    def _bring_stage(self, applier: Applier, stage: list[Item], items: list[Item]) -> None:
        if not stage:
            return
        guarded = {}
        if self._waits and plan.stage_of(stage[0]) == plan.GUARDED_STAGE:
            guarded = {item.ref: webhooks for item in stage if (webhooks := guards.guarding(item, items))}
        self._apply(applier, [item for item in stage if item.ref not in guarded])
        # What answers for the webhooks may need what has been sent until now, and nothing of what they guard. If it
        # cannot start, its own trouble is what to report.
        self._wait_for(guards.answering((one for webhooks in guarded.values() for one in webhooks), items))
        self._apply(applier, [item for item in stage if item.ref in guarded])
        if plan.stage_of(stage[0]) == 0 and not self._wish.options.check:
            self._wait_for(stage)

    def _apply(self, applier: Applier, items: list[Item]) -> None:
        if not items:
            return
        with self._meter.phase("read"):
            applier.read()
        with self._meter.phase("apply"):
            entries, errors = applier.apply(items)
        self._applied |= {entry.ref: entry for entry in entries}
        # One object that cannot become what is wanted keeps nobody else from it.
        self._unchangeable += [error for error in errors if isinstance(error, UnchangeableError)]
        self._take_note(entries, [error for error in errors if not isinstance(error, UnchangeableError)])

    def _prune(self, pruner: Pruner, items: list[Item]) -> None:
        # Before the set is waited for: what is to become ready may need what the old one holds, such as an address.
        left, kept = pruner.leftovers(items)
        self._changes += kept
        self._delete(plan.stages(left))
        pruner.narrow(items, kept)

    def _take_away(self, items: list[Item]) -> None:
        pruner = self._pruner
        if pruner is None:
            return self._delete(plan.stages(items))
        left, kept = pruner.leftovers(items)
        self._changes += kept
        ground = pruner.ground(items)
        others = [item for item in [*items, *left] if item not in ground]
        return self._delete([ground, [pruner.item], *plan.stages(others)])

    def _delete(self, stages: t.Sequence[list[Item]]) -> None:
        deleter = Deleter(
            self._client, self._wish.options, wait=self._wish.wait, clock=self._clock, progress=self._progress
        )
        for stage in reversed(stages):
            with self._meter.phase("delete"):
                entries, errors = deleter.delete(stage)
            self._take_note(entries, errors)

    def _take_note(self, entries: t.Iterable[Entry], errors: t.Sequence[KuberError]) -> None:
        self._changes += entries
        if errors:
            raise together(errors)

    def _wait_for(self, items: t.Iterable[Item]) -> None:
        mine = [item for item in items if item.ref in self._applied and item.ref not in self._reached]
        if not mine:
            return
        entries = [self._applied[item.ref] for item in mine]
        goals = [(Goal(item, changed=one.changed), one.after) for item, one in zip(mine, entries, strict=True)]
        with self._meter.phase("wait"):
            Waiter(self._client, self._clock, self._progress).wait(goals)
        self._reached |= {item.ref for item in mine}

    def _meet_conditions(self) -> None:
        goals = [Goal(self._subject(condition), condition.query) for condition in self._wish.wait_for]
        with self._meter.phase("wait"):
            seen = [(goal, read(self._client, goal.item)) for goal in goals]
            Waiter(self._client, self._clock, self._progress).wait(seen)

    def _subject(self, condition: Condition) -> Item:
        resource = find_kind(self._kinds, condition.kind, condition.api_version)
        namespace = ""
        if resource.namespaced:
            namespace = condition.namespace or self._wish.namespace or self._client.namespace
        ref = Ref(resource.kind, namespace, condition.name, resource.api_version)
        return Item(ref, {}, resource, "wait_for")


def find_kind(kinds: Kinds, kind: str, api_version: str | None) -> Resource:
    """The kind a user means; refuse one that the server does not know."""
    found = kinds.find(api_version, kind) if api_version else kinds.find_by_kind(kind)
    if found is None:
        raise KuberError(
            f"The API server does not know kind {kind}" + (f" of {api_version}" if api_version else ""),
            found=kinds.why_unknown(api_version) if api_version else None,
            remedy="Correct the kind (it is written as in manifests: Service, not services) or api_version",
        )
    return found
