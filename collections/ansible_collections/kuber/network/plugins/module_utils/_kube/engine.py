# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Brings a set of objects to a cluster, or takes it away: what the module does, free of Ansible."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, UnexpectedError
from ansible_collections.kuber.network.plugins.module_utils._kube import documents as _documents
from ansible_collections.kuber.network.plugins.module_utils._kube import (
    guards,
    ignore,
    lint,
    queries,
    transformers,
    wellknown,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.act import Actor
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, ChangeSet, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import (
    Decision,
    Fact,
    Options,
    Seen,
    decide,
    deletions,
    facts,
    questions,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.deletion import wait_for_deletion
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.dryrun import Asker
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import METADATA_ONLY, Prune, Pruner, found_item
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read, read_all
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import Redactor
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, Ref, Resource, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.rejections import UnchangeableError
from ansible_collections.kuber.network.plugins.module_utils._kube.selectors import Selector
from ansible_collections.kuber.network.plugins.module_utils._kube.stages import Stage, in_order, stage_of, stages
from ansible_collections.kuber.network.plugins.module_utils._kube.wait import Goal, Waiter
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Meter, Progress, Say, Stats, each


@dataclasses.dataclass(frozen=True)
class Condition:
    """What shall be true of an object, in the set or not, before the task is done."""

    kind: str
    name: str
    query: str
    namespace: str | None = None
    api_version: str | None = None


@dataclasses.dataclass(frozen=True)
class Selection:
    """Objects that are known by their kind and labels only."""

    kind: str
    selector: Selector
    api_version: str | None = None


@dataclasses.dataclass(frozen=True)
class DesiredSet:
    """A set and all that the user has said about it."""

    documents: tuple[Document, ...]
    present: bool = True
    namespace: str | None = None
    exclude: tuple[transformers.Target, ...] = ()
    patches: tuple[transformers.Patch, ...] = ()
    images: tuple[transformers.Image, ...] = ()
    ignore: tuple[ignore.Rule, ...] = ()
    prune: Prune | None = None
    selection: Selection | None = None
    options: Options = dataclasses.field(default_factory=Options)
    wait: bool = True
    wait_timeout: float = 300.0
    wait_for: tuple[Condition, ...] = ()
    append_hash: bool = False
    return_live: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was done; with ``error`` it is what was done before the error."""

    changes: ChangeSet
    warnings: tuple[str, ...]
    stats: Stats
    error: KuberError | None = None
    decisions: tuple[Decision, ...] = ()
    """What was decided before anything was done."""
    live: t.Mapping[Ref, Body | None] = dataclasses.field(default_factory=dict)
    """The objects as they are in the end, if that is wanted."""

    @property
    def seconds(self) -> float:
        return self.stats.seconds["total"]


class Run:
    """One desired set on its way to one cluster."""

    def __init__(self, client: Client, desired: DesiredSet, say: Say) -> None:
        self._client = client
        self._desired = desired
        self._kinds = Kinds(client)
        self._clock = Clock(desired.wait_timeout)
        self._progress = Progress(say, self._clock)
        client.keep_to(self._clock, self._progress)
        self._changes = ChangeSet()
        self._applied: dict[Ref, Entry] = {}
        self._reached: set[Ref] = set()
        self._pruner: Pruner | None = None
        self._warnings: list[str] = []
        self._unchangeable: list[KuberError] = []
        self._decisions: list[Decision] = []
        self._meter = Meter(client)

    def execute(self) -> Outcome:
        """Raise an error that comes before anything is touched; a later one is part of the outcome."""
        remarks_before = len(self._client.warnings)
        items = self._prepare()
        errors: list[KuberError] = []
        with _kept_in(errors, items):
            (self._bring if self._desired.present else self._take_away)(items)
        errors = [*self._unchangeable, *errors]
        if self._pruner is not None and self._desired.present:
            self._changes += self._pruner.entries()
        remarks = self._client.warnings[remarks_before:]
        if remarks:
            self._warnings += map(Redactor(item.body for item in items), remarks)
        live: t.Mapping[Ref, Body | None] = {}
        late: list[KuberError] = []
        with _kept_in(late, items):
            live = self._in_the_end(items)
        errors = errors or late
        return Outcome(
            changes=self._changes,
            warnings=tuple(self._warnings),
            stats=self._meter.read(),
            error=together(errors) if errors else None,
            decisions=tuple(self._decisions),
            live=live,
        )

    def _in_the_end(self, items: list[Item]) -> t.Mapping[Ref, Body | None]:
        desired = self._desired
        if not (desired.return_live and desired.present):
            return {}
        if desired.options.check:
            return {entry.ref: entry.after for entry in self._changes.entries}
        return read_all(self._client, self._kinds, items).live

    def _prepare(self) -> list[Item]:
        desired = self._desired
        for condition in desired.wait_for:
            queries.check_condition(condition.query, f"The query of wait_for for {condition.kind} {condition.name}")
        chosen = transformers.leave_out(desired.documents, desired.exclude) if desired.exclude else desired.documents
        for document in chosen:
            if kind_key(document.ref.api_version, document.ref.kind) == wellknown.CRD:
                self._kinds.define(document.body)
        for condition in desired.wait_for if desired.present else ():
            self._subject(condition)
        placed = [self._placed(document) for document in chosen]
        edited = transformers.patch(placed, desired.patches) if desired.patches else placed
        if desired.images:
            edited = transformers.rename_images(edited, desired.images)
        _documents.refuse_duplicates(edited)
        if desired.present:
            self._warnings += lint.warnings(edited)
        cleaned = [Document(document.origin, _documents.cleaned(document.body)) for document in edited]
        if desired.ignore:
            ignore.refuse_no_field(cleaned, desired.ignore)
        for target in desired.options.recreate:
            transformers.refuse_no_match("recreate", target, cleaned)
        items = [self._item(document) for document in cleaned]
        if desired.selection is not None:
            known = {item.ref for item in items}
            items += [item for item in self._selected(desired.selection) if item.ref not in known]
        if desired.present:
            self._kinds.refuse_unknown(items)
        return self._with_members(items)

    def _with_members(self, items: list[Item]) -> list[Item]:
        desired = self._desired
        if desired.prune is None:
            return items
        namespace = desired.namespace or self._client.namespace
        self._pruner = Pruner(self._client, self._kinds, desired.prune, desired.options, namespace=namespace)
        return self._pruner.label_members(items)

    def _selected(self, selection: Selection) -> list[Item]:
        resource = find_kind(self._kinds, selection.kind, selection.api_version)
        namespace = (self._desired.namespace or self._client.namespace) if resource.namespaced else ""
        text = selection.selector.text
        found = self._client.list(resource.path(namespace=namespace), accept=METADATA_ONLY, labelSelector=text)
        return [found_item(resource, body, f"label_selectors {text}") for body in found]

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
        namespace = document.namespace or self._desired.namespace or self._client.namespace
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
        left = ignore.pointers_of(document, self._desired.ignore) if self._desired.ignore else ()
        if self._desired.append_hash:
            document = transformers.with_hash(document)
        return Item(document.ref, document.body, self._kinds.find(ref.api_version, ref.kind), document.origin, left)

    def _bring(self, items: list[Item]) -> None:
        desired = self._desired
        items = in_order(items)
        with self._meter.phase("read"):
            seen = read_all(self._client, self._kinds, items)
        self._decisions = self._decide(items, seen)
        actor = self._actor(seen)
        if self._pruner is not None:
            ground = self._pruner.parent_namespace(items)
            self._bring_stage(actor, ground, items)
            brought = [self._applied[item.ref] for item in ground if item.ref in self._applied]
            if any(entry.action is Action.CREATED for entry in brought):
                self._pruner.parent_lost()
            self._pruner.record_union(items)
        for stage in stages(items).values():
            self._bring_stage(actor, [item for item in stage if item.ref not in self._applied], items)
        if self._pruner is not None and not self._unchangeable:
            self._prune(self._pruner, items)
        if self._waits:
            self._wait_for(items)
        if desired.wait_for and not desired.options.check and not self._unchangeable:
            self._meet_conditions()

    def _decide(self, items: list[Item], seen: Seen) -> list[Decision]:
        """What is to be done; nothing is if anything is refused for what it is."""
        options = self._desired.options
        with self._meter.phase("prove"):
            known = facts(items, seen, options)
        with self._meter.phase("dry_run"):
            if asked := questions(known, options):
                asker = self._asker(seen)
                answered, errors = each(asker.ask, asked, parallel=options.parallel)
                self._take_note([], errors)
                answers = {fact.item.ref: fact for fact in answered}
                known = [answers.get(fact.item.ref, fact) for fact in known]
        decisions = decide(known, options)
        if not options.check:
            self._take_note([], [one.error for one in decisions if one.error is not None and one.certain])
        for decision in decisions:
            if not decision.send and decision.entry.after is not None:
                # The record of who manages what is most of a small object, and has served its purpose.
                decision.entry.after["metadata"].pop("managedFields", None)
        return decisions

    def _actor(self, seen: Seen) -> Actor:
        def ask(seen: Seen, fact: Fact) -> Fact:
            return self._asker(seen).ask(fact)

        return Actor(self._client, self._kinds, seen, self._desired.options, self._clock, self._progress, ask)

    def _asker(self, seen: Seen) -> Asker:
        return Asker(self._client, seen, self._desired.options, self._progress)

    @property
    def _waits(self) -> bool:
        return self._desired.wait and not self._desired.options.check

    def _bring_stage(self, actor: Actor, stage: list[Item], items: list[Item]) -> None:
        if not stage:
            return
        guarded = {}
        if self._waits and stage_of(stage[0]) is Stage.GUARDED:
            guarded = {item.ref: webhooks for item in stage if (webhooks := guards.guarding(item, items))}
        self._apply(actor, [item for item in stage if item.ref not in guarded])
        # What answers for the webhooks may need what has been sent until now, and nothing of what they guard. If it
        # cannot start, its own trouble is what to report.
        if guarded:
            self._wait_for(guards.answering((one for webhooks in guarded.values() for one in webhooks), items))
            self._apply(actor, [item for item in stage if item.ref in guarded])
        if stage_of(stage[0]) is Stage.GROUND and not self._desired.options.check:
            self._wait_for(stage)

    def _apply(self, actor: Actor, items: list[Item]) -> None:
        refs = {item.ref for item in items}
        with self._meter.phase("apply"):
            entries, errors = actor.act([one for one in self._decisions if one.item.ref in refs])
        self._applied |= {entry.ref: entry for entry in entries}
        # One object that cannot become what is wanted keeps nobody else from it.
        self._unchangeable += [error for error in errors if isinstance(error, UnchangeableError)]
        self._take_note(entries, [error for error in errors if not isinstance(error, UnchangeableError)])

    def _prune(self, pruner: Pruner, items: list[Item]) -> None:
        # Before the set is waited for: what is to become ready may need what the old one holds, such as an address.
        left, kept = pruner.leftovers(items)
        self._changes += kept
        self._delete([*stages(left).values()])
        pruner.record_final(items, kept)

    def _take_away(self, items: list[Item]) -> None:
        pruner = self._pruner
        if pruner is None:
            return self._delete([*stages(items).values()])
        left, kept = pruner.leftovers(items)
        self._changes += kept
        ground = pruner.parent_namespace(items)
        others = [item for item in [*items, *left] if item not in ground]
        return self._delete([ground, [pruner.item], *stages(others).values()])

    def _delete(self, piles: t.Sequence[list[Item]]) -> None:
        options = self._desired.options
        items = [item for stage in reversed(piles) for item in stage]
        with self._meter.phase("delete"):
            seen = read_all(self._client, self._kinds, items)
            missing = [item for item in items if item.ref not in seen.live]
            unread = [item for item in missing if item.resource is not None and item.resource not in seen.unserved]
            again, errors = each(lambda item: (item.ref, read(self._client, item)), unread, parallel=options.parallel)
        if errors:
            raise together(errors)
        decisions = deletions(items, dataclasses.replace(seen, live={**seen.live, **dict(again)}), options)
        if options.check:
            asker = self._asker(seen)
            decisions, errors = each(asker.ask_about_deletion, decisions, parallel=options.parallel)
            if errors:
                raise together(errors)
        self._decisions += decisions
        actor = self._actor(seen)
        for stage in reversed(piles):
            refs = {item.ref for item in stage}
            with self._meter.phase("delete"):
                self._delete_stage(actor, [one for one in decisions if one.item.ref in refs])

    def _delete_stage(self, actor: Actor, decisions: list[Decision]) -> None:
        entries, errors = actor.act(decisions)
        if self._waits:
            items = {one.item.ref: one.item for one in decisions}
            leaving = [(items[entry.ref], entry.before) for entry in entries if entry.before is not None]
            try:
                wait_for_deletion(self._client, leaving, self._clock, self._progress)
            except KuberError as exc:
                errors.append(exc)
        self._take_note(entries, errors)

    def _take_note(self, entries: t.Iterable[Entry], errors: t.Sequence[KuberError]) -> None:
        self._changes += entries
        if errors:
            raise together(errors)

    def _wait_for(self, items: t.Iterable[Item]) -> None:
        known = [item for item in items if item.ref in self._applied and item.ref not in self._reached]
        # What is only to be patched may not be there.
        mine = [item for item in known if self._applied[item.ref].after is not None]
        if not mine:
            return
        entries = [self._applied[item.ref] for item in mine]
        goals = [(Goal(item, changed=one.changed), one.after) for item, one in zip(mine, entries, strict=True)]
        with self._meter.phase("wait"):
            Waiter(self._client, self._clock, self._progress).wait(goals)
        self._reached |= {item.ref for item in mine}

    def _meet_conditions(self) -> None:
        goals = [Goal(self._subject(condition), condition.query) for condition in self._desired.wait_for]
        with self._meter.phase("wait"):
            seen = [(goal, read(self._client, goal.item)) for goal in goals]
            Waiter(self._client, self._clock, self._progress).wait(seen)

    def _subject(self, condition: Condition) -> Item:
        resource = find_kind(self._kinds, condition.kind, condition.api_version)
        namespace = ""
        if resource.namespaced:
            namespace = condition.namespace or self._desired.namespace or self._client.namespace
        ref = Ref(resource.kind, namespace, condition.name, resource.api_version)
        return Item(ref, {}, resource, "wait_for")


@contextlib.contextmanager
def _kept_in(errors: list[KuberError], items: t.Iterable[Item]) -> t.Iterator[None]:
    """Keep an error of the block, so that what was done is told with it."""
    try:
        yield
    except KuberError as exc:
        errors.append(exc)
    except Exception as exc:
        unexpected = UnexpectedError(exc)
        unexpected.rephrase(Redactor(item.body for item in items))
        errors.append(unexpected)


def together(errors: t.Sequence[KuberError]) -> KuberError:
    """One error that says what all say."""
    if len(errors) == 1:
        return errors[0]
    return KuberError(
        f"{len(errors)} objects failed",
        found="\n" + "\n".join(f"  {error}" for error in errors),
        changed=any(error.changed for error in errors),
    )


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
