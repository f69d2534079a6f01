# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Server-side apply of the objects of one stage."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import drift, fieldset, handover, refusals
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import CRD
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError, is_asleep
from ansible_collections.kuber.network.plugins.module_utils._kube.live import Live, path_to, read
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import NAMESPACE, Item
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.shapes import Shapes
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import PARALLEL, Client

APPLY = "application/apply-patch+yaml"
RETRY_SECONDS = 1.0
POLL_SECONDS = 0.5
# In check mode nothing is on its way up that would be worth more patience.
CHECK_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Options:
    """How objects are applied."""

    field_manager: str = "kuber.network"
    force: bool = True
    check: bool = False


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
        self._successor = handover.Successor(client, options.field_manager)
        self._pending_namespaces: set[str] = set()

    def expect(self, items: t.Iterable[Item]) -> None:
        """Which items the stages will bring."""
        self._live.expect(items)

    def read(self) -> None:
        """Look for all that is to come, if what was seen may no longer hold."""
        self._live.refresh()

    def apply(self, items: t.Sequence[Item]) -> tuple[list[Entry], list[KuberError]]:
        """What became of the items, and what kept the others from being applied."""
        entries, errors = each(self._apply_one, items)
        self._take_note(entries)
        return entries, errors

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
        if before is not None and is_leaving(before) and not self._options.check:
            wait_until_gone(self._client, item, self._clock, self._progress)
            before = None
        if before is not None and self._is_as_wanted(item, before):
            # The record of who manages what is most of a small object, and has served its purpose.
            before["metadata"].pop("managedFields", None)
            return Entry(item.ref, Action.UNCHANGED, after=before)
        try:
            taken, after = until_awake(
                lambda: self._bring(item, before),
                item,
                clock=self._clock,
                progress=self._progress,
                passes=lambda error: is_asleep(error) or self._is_new_kind(item, error),
            )
        except ApiError as exc:
            if self._options.check and (is_asleep(exc) or refusals.is_unpredictable(exc)):
                return self._unpredicted(item, before, exc)
            raise refusals.explain(item, exc, seconds=self._clock.elapsed) from exc
        return judge(item.ref, before, after, self._options, taken)

    def _bring(self, item: Item, before: Body | None) -> tuple[tuple[str, ...], Body]:
        """What the object becomes, after a look at what others have left behind."""
        if before is None or not self._options.force:
            return (), self._patch(item)
        if self._options.check:
            return self._successor.predict(item, before, self._patch(item))
        return self._successor.take_over(item, before), self._patch(item)

    def _is_as_wanted(self, item: Item, live: Body) -> bool:
        """Whether it is certain that the server, if asked, would change nothing."""
        if item.resource is None or is_leaving(live):
            return False
        if self._options.force and handover.left_behind(item.body, live):
            return False
        shape = self._shapes.of(item.resource)
        return fieldset.doubt(item.body, live, manager=self._options.field_manager, shape=shape) is None

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
        return error.status == 404 and item.resource is not None and self._kinds.is_defined(item.resource)

    def _patch(self, item: Item) -> Body:
        query = {
            "fieldManager": self._options.field_manager,
            "fieldValidation": "Strict",
            "force": self._options.force,
            "dryRun": "All" if self._options.check else None,
        }
        path = path_to(item)
        return t.cast("Body", self._client.request("PATCH", path, query=query, body=item.body, content_type=APPLY))

    def _unpredicted(self, item: Item, before: Body | None, error: ApiError) -> Entry:
        action = Action.CREATED if before is None else Action.CONFIGURED
        return Entry(item.ref, action, f"cannot be predicted: {error.message}", before=before, after=item.body)


def judge(ref: Ref, before: Body | None, after: Body, options: Options, taken: t.Sequence[str] = ()) -> Entry:
    """Whether an apply has changed, or in a dry run would change, anything; ``taken`` over from whom."""
    if before is None:
        return Entry(ref, Action.CREATED, after=after)
    unmoved = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
    if unmoved and not options.check:
        return Entry(ref, Action.UNCHANGED, after=after)
    fields = drift.fields(before, after, options.field_manager)
    # A controller that writes the status in between moves the version too; an apply that does something leaves
    # its trace, with the time, in the manager's own record.
    if not fields and not taken and _own_records(before, options) == _own_records(after, options):
        return Entry(ref, Action.UNCHANGED, after=after)
    reasons = [drift.summary(fields) if fields else f"fields are now managed by {options.field_manager}"]
    if taken:
        reasons.append(f"taken over from {', '.join(taken)}")
    return Entry(ref, Action.CONFIGURED, "; ".join(reasons), before=before, after=after, fields=fields)


def each(act: t.Callable[[Item], Entry], items: t.Sequence[Item]) -> tuple[list[Entry], list[KuberError]]:
    """Do ``act`` for all items at the same time; one failure does not stop the others."""
    entries: list[Entry] = []
    errors: list[KuberError] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        for future in [pool.submit(act, item) for item in items]:
            try:
                entries.append(future.result())
            except KuberError as exc:
                errors.append(exc)
    return entries, errors


def until_awake(
    send: t.Callable[[], t.Any],
    item: Item,
    *,
    clock: Clock,
    progress: Progress,
    passes: t.Callable[[ApiError], bool] = is_asleep,
) -> t.Any:
    """The answer to ``send``, repeated as long as there is time and its error is one that ``passes``."""
    while True:
        try:
            return send()
        except ApiError as exc:
            if clock.is_up or not passes(exc):
                raise
            progress.tell(f"Waiting for what answers for {item.ref}: {exc.message}")
        time.sleep(RETRY_SECONDS)


def is_leaving(body: Body) -> bool:
    return "deletionTimestamp" in body["metadata"]


def wait_until_gone(client: Client, item: Item, clock: Clock, progress: Progress) -> None:
    while (live := read(client, item)) is not None:
        if clock.is_up:
            held = live["metadata"].get("finalizers") or (live.get("spec") or {}).get("finalizers") or []
            raise KuberError(
                f"{item.ref} is still there {clock.elapsed:.0f} s after its deletion was asked for",
                found=f"finalizers {', '.join(held)}" if held else "no finalizer that holds it",
                remedy="Look for the controller that should take the finalizer off, or give it more wait_timeout",
            )
        progress.tell(f"Waiting until {item.ref} is gone")
        time.sleep(POLL_SECONDS)


def _own_records(body: Body, options: Options) -> list[Body]:
    records = body["metadata"].get("managedFields") or []
    return [one for one in records if (one.get("manager"), one.get("operation")) == (options.field_manager, "Apply")]
