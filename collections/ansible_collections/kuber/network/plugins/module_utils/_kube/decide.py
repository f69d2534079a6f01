# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is to be done with each object of a set: a pure function of what is wanted, what is there, and what the server
says to it.

Check mode prints the decisions, a run carries them out (``act``). Nothing here talks to a server.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import (
    ApiError,
    is_webhook_unavailable,
    missing_right,
)
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import (
    applyset,
    fieldset,
    fieldsv1,
    ignore,
    leftovers,
    migration,
    rejections,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.changeset import Action, Entry, judge
from ansible_collections.kuber.network.plugins.module_utils._kube.migration import Migration
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import (
    Body,
    Item,
    Ref,
    Resource,
    annotation,
    is_leaving,
    mappings,
)
from ansible_collections.kuber.network.plugins.module_utils._kube.schema import Schema, schema_of
from ansible_collections.kuber.network.plugins.module_utils._kube.stages import stage_of
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import (
    CRD,
    NAMESPACE,
    PROTECTED,
    RECONCILE,
    SKIP,
)

APPLY = "application/apply-patch+yaml"
JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
PARALLEL = 8
# Up to so many new objects the server is asked about all. Of more, about one of each shape: the rest costs more than it
# finds.
FEW = 100
ROLES = frozenset({"ClusterRole", "Role"})
BINDINGS = frozenset({"ClusterRoleBinding", "RoleBinding"})


@dataclasses.dataclass(frozen=True)
class Options:
    """How objects are applied: which are left alone, and how those go that have to go."""

    field_manager: str = "kuber.network"
    force: bool = True
    check: bool = False
    parallel: int = PARALLEL
    recreate: tuple[Target, ...] = ()
    may_create: bool = True
    may_change: bool = True
    delete_options: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    predecessors: tuple[str, ...] = ()
    """Managers that have applied the objects before and do not come back."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One request that changes something."""

    method: str
    path: str
    body: Body | list[Body]
    query: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    content_type: str = JSON


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server says to an object in a dry run: what it becomes, or why it is refused.

    ``migration`` is what has to be taken over from others for that. ``replaceable`` says of a refused change that the
    object would be welcome if it were a new one.
    """

    after: Body | None = None
    rejection: ApiError | None = None
    migration: Migration = dataclasses.field(default_factory=lambda: Migration(None))
    replaceable: bool = False


@dataclasses.dataclass(frozen=True)
class Fact:
    """What is known of one object: what is wanted, what is there, and why that is not enough.

    Without a ``reason`` it is proved that applying it would change nothing. ``ground`` is what it stands on that is yet
    to be created. What is ``unread`` may be there or not, and what is ``unsettled`` has a kind that is about to change.
    """

    item: Item
    live: Body | None
    reason: str | None = None
    ground: str | None = None
    unread: bool = False
    unsettled: bool = False
    answer: Answer | None = None

    @property
    def before(self) -> Body | None:
        """What is there and stays there until the object is applied."""
        return None if self.live is None or is_leaving(self.live) else self.live


@dataclasses.dataclass(frozen=True)
class Decision:
    """What is to be done with one object, why, and what to send for it; nothing to send means that it stays as it is.

    ``entry`` is what becomes of it, as far as that is known before. An ``error`` that is ``certain`` will come whatever
    is done before. With ``vacate`` what is there has to be gone before the last request.
    """

    item: Item
    entry: Entry
    why: str
    send: tuple[Request, ...] = ()
    error: KuberError | None = None
    certain: bool = False
    vacate: Body | None = None
    fact: Fact | None = None

    @property
    def action(self) -> Action:
        return self.entry.action

    def dump(self) -> dict[str, t.Any]:
        return {
            "object": str(self.item.ref),
            "action": self.action.value,
            "why": self.why,
            "send": [dataclasses.asdict(one) for one in self.send],
        }

    def __str__(self) -> str:
        sent = ", then ".join(f"{one.method} {one.content_type}" for one in self.send) or "nothing to send"
        return f"{self.item.ref}: {self.action.value} ({self.why}; {sent})"


@dataclasses.dataclass(frozen=True)
class Seen:
    """What was read from the server: the objects, and the definitions of kinds that are not its own.

    Of what is not in ``live`` it is not known whether it is there. ``unserved`` are kinds that only the set defines.
    """

    live: t.Mapping[Ref, Body | None]
    definitions: t.Mapping[str, Body | None]
    unserved: frozenset[Resource] = frozenset()


def facts(items: t.Iterable[Item], seen: Seen, options: Options) -> list[Fact]:
    """What is known of the items, each proved to be as it should be, or with a reason to apply it."""
    found: dict[Ref, Fact] = {}
    spaces: dict[str, str] = {}
    kinds: set[str] = set()
    everything = list(items)
    # What others stand on comes first: namespaces and definitions.
    for item in sorted(everything, key=stage_of):
        fact = found[item.ref] = _fact(item, seen, options, spaces, kinds)
        if fact.reason is not None and item.key == CRD:
            kinds.add(item.ref.name)
        if item.key == NAMESPACE and not fact.unread and fact.before is None:
            spaces[item.ref.name] = f"Namespace {item.ref.name}"
    return [found[item.ref] for item in everything]


def _fact(item: Item, seen: Seen, options: Options, spaces: t.Mapping[str, str], kinds: t.Container[str]) -> Fact:
    live = seen.live.get(item.ref)
    if item.resource is None:
        return Fact(item, None, "its kind is not known", unread=True)
    if item.resource in seen.unserved:
        ground = f"CustomResourceDefinition of {item.ref.kind}"
        ground = spaces.get(item.ref.namespace) or ground
        return Fact(item, None, f"{ground} is not there yet", ground=ground, unsettled=True)
    if item.ref.namespace in spaces:
        ground = spaces[item.ref.namespace]
        return Fact(item, None, f"{ground} is not there yet", ground=ground)
    if item.ref not in seen.live:
        return Fact(item, None, "it could not be read", unread=True)
    unsettled = item.resource.definition in kinds
    if live is None:
        return Fact(item, None, "it is not there", unsettled=unsettled)
    reason = "the definition of its kind changes" if unsettled else why_apply(item, live, seen, options)
    return Fact(item, live, reason, unsettled=unsettled)


def why_apply(item: Item, live: Body, seen: Seen, options: Options) -> str | None:
    """What speaks against it that the server, if asked, would change nothing."""
    if is_leaving(live):
        return "it is being deleted"
    if options.force and (left := migration.legacy_records(item.body, live, options.predecessors)):
        return f"fields are left behind by {', '.join(migration.names(left))}"
    shape: Schema | None = schema_of(t.cast("Resource", item.resource), seen.definitions)
    return fieldset.why_not_noop(with_left(item, live, options), live, manager=options.field_manager, shape=shape)


def questions(known: t.Sequence[Fact], options: Options) -> list[Fact]:
    """What is worth asking the server about before anything is decided."""
    doubtful = [fact for fact in known if fact.reason is not None and _why_not(fact, options) is None]
    # Of a kind that is not there yet the server has nothing to say, and what is on its way out is not what will be.
    open_ = [one for one in doubtful if not (one.ground and one.unsettled) and (one.live is None or one.before)]
    if options.check:
        return open_
    there = [fact for fact in open_ if fact.live is not None]
    # One new object alone is not applied before another one is refused. What a changing kind makes of a new one is for
    # the server to say when it has changed.
    new = [fact for fact in open_ if fact.live is None and not fact.unsettled] if len(doubtful) > 1 else []
    if len(new) > FEW:
        new = list({(one.item.ref.api_version, one.item.ref.kind, _form(one.item.body)): one for one in new}.values())
    return [*there, *new]


def decide(known: t.Sequence[Fact], options: Options) -> list[Decision]:
    """What is to be done with each object."""
    doubtful = [fact for fact in known if fact.reason is not None]
    spaces = {fact.item.ref.name for fact in doubtful if fact.item.key == NAMESPACE}
    grants = [fact.item.body for fact in doubtful if _may_grant(fact)]
    return [_decision(fact, options, spaces, grants) for fact in known]


def deletions(items: t.Iterable[Item], seen: Seen, options: Options) -> list[Decision]:
    """The same for objects that are to go."""
    return [_deletion(item, seen.live.get(item.ref), options) for item in items]


def with_left(item: Item, live: Body, options: Options, places: t.Sequence[fieldsv1.Steps] = ()) -> Body:
    """What is wanted, with what is left to others as it will be when their leftovers are ours."""
    if not item.left:
        return item.body
    if options.force and (new := new_records(item, live, options, places)) is not None:
        live = _with_records(live, new.records)
    return ignore.settled(item.body, live, item.left, options.field_manager)


def new_records(
    item: Item, live: Body, options: Options, places: t.Sequence[fieldsv1.Steps]
) -> migration.NewRecords | None:
    """Who owns what after what is left behind has been handed over; ``None`` if nothing is."""
    manager, others = options.field_manager, options.predecessors
    return migration.migrated_records(item.body, live, manager, places, predecessors=others)


def application(item: Item, body: Body, options: Options) -> Request:
    """The apply of a body."""
    query = {"fieldManager": options.field_manager, "fieldValidation": "Strict", "force": options.force}
    return Request("PATCH", item.path, body, query, APPLY)


def body_for(item: Item, live: Body | None, options: Options, places: t.Sequence[fieldsv1.Steps] = ()) -> Body:
    """What to apply: fields that are left to others are sent back, and only to the object that they were read from."""
    if live is None or not item.left:
        return item.body
    body = with_left(item, live, options, places)
    return body | {"metadata": body["metadata"] | {"resourceVersion": live["metadata"]["resourceVersion"]}}


def _decision(fact: Fact, options: Options, spaces: t.Container[str], grants: t.Sequence[Body]) -> Decision:
    item, live, answer = fact.item, fact.before, fact.answer
    if fact.reason is None:
        entry = Entry(item.ref, Action.UNCHANGED, after=fact.live)
        return Decision(item, entry, "it is as it should be", fact=fact)
    if (why_not := _why_not(fact, options)) is not None:
        return Decision(item, Entry(item.ref, Action.UNCHANGED, why_not, after=fact.live), why_not, fact=fact)
    if live is not None and (error := _other_member(item, live)) is not None:
        return Decision(item, _expected(fact, fact.reason), fact.reason, error=error, certain=True)
    send = _requests(fact, options)
    if fact.ground is not None:
        return _on_new_ground(fact, send, spaces, grants)
    if answer is not None and answer.rejection is not None:
        return _after_rejection(fact, answer.rejection, options, send, spaces, grants)
    if answer is None or answer.after is None:
        return Decision(item, _expected(fact), fact.reason, send, vacate=_leaving(fact), fact=fact)
    entry = judge(item.ref, answer.migration, answer.after, options.field_manager, check=True)
    # A kind that changes may make more of an object than the server says now.
    needed = entry.changed or fact.unsettled
    return Decision(item, entry, fact.reason, send if needed else (), fact=fact)


def _why_not(fact: Fact, options: Options) -> str | None:
    """Why an object is left alone, whatever is wanted of it."""
    if any(body is not None and is_left_alone(body) for body in (fact.item.body, fact.live)):
        return f"has the annotation {RECONCILE}={SKIP}, and is left alone"
    if not options.may_create and fact.before is None and not fact.unread:
        return "is not there, and state=patched creates nothing"
    if not options.may_change and fact.before is not None:
        return "is there already, and existing=keep changes nothing"
    return None


def _after_rejection(
    fact: Fact,
    error: ApiError,
    options: Options,
    send: tuple[Request, ...],
    spaces: t.Container[str],
    grants: t.Sequence[Body],
) -> Decision:
    item, why = fact.item, str(fact.reason)
    if is_webhook_unavailable(error) or rejections.forbids_dry_run(error) or fact.unsettled:
        return Decision(item, _expected(fact, f"cannot be predicted: {error.message}"), why, send, fact=fact)
    if error.status == 422 and fact.before is not None and fact.answer is not None and fact.answer.replaceable:
        names = ", ".join(rejections.fields(error)) or "a field"
        if not _may_go(item, options):
            return Decision(item, _expected(fact), why, error=rejections.unchangeable(item, error, names))
        reason = f"{names} cannot be changed in place"
        entry = Entry(item.ref, Action.RECREATED, reason, before=fact.before, after=item.body)
        return Decision(item, entry, reason, _replacement(item, fact.before, options), vacate=fact.before, fact=fact)
    explained = rejections.explain(item, error, seconds=0)
    explained.__cause__ = error
    certain = _is_certain(error, spaces, grants)
    return Decision(item, _expected(fact), why, send, error=explained, certain=certain, fact=fact)


def _on_new_ground(
    fact: Fact, send: tuple[Request, ...], spaces: t.Container[str], grants: t.Sequence[Body]
) -> Decision:
    """What stands on something that is yet to be created: only what is wrong with it in itself is known by now."""
    rejection = fact.answer.rejection if fact.answer is not None else None
    error = None
    if rejection is not None and _is_certain(rejection, spaces, grants):
        error = rejections.explain(fact.item, rejection, seconds=0)
        error.__cause__ = rejection
    why = str(fact.reason)
    return Decision(fact.item, _expected(fact), why, send, error=error, certain=error is not None, fact=fact)


def _expected(fact: Fact, reason: str = "") -> Entry:
    """What becomes of an object that is applied, as far as that is known without the server."""
    if fact.live is not None and fact.before is None:
        reason = reason or "it is being deleted, and would be created again"
    if fact.ground is not None:
        reason = f"{fact.ground} would be created before"
    action = Action.CREATED if fact.before is None else Action.CONFIGURED
    return Entry(fact.item.ref, action, reason, before=fact.before, after=fact.item.body)


def _requests(fact: Fact, options: Options) -> tuple[Request, ...]:
    """What brings an object: the hand-over of what others have left behind, if any, and the apply."""
    item, live = fact.item, fact.before
    if live is None:
        return (application(item, item.body, options),)
    needed = fact.answer.migration if fact.answer is not None else Migration(live)
    migrated = migration.migrated(live) if needed.migrated else None
    records = None if migrated is None else migrated.records
    seen = live if records is None else _with_records(live, records)
    if options.force or needed.places:
        new = new_records(item, seen, options, needed.places)
        records = records if new is None else new.records
    send = [] if records is None else [Request("PATCH", item.path, migration.patch(live, records), {}, JSON_PATCH)]
    body = body_for(item, seen, options, needed.places)
    # Where null is wanted, the server lets go of what is there only if it is not named.
    bare = leftovers.without_nulls(body, needed.places)
    bodies = [body] if bare == body else [bare, body]
    return (*send, *(application(item, one, options) for one in bodies))


def _replacement(item: Item, live: Body, options: Options) -> tuple[Request, ...]:
    return _removal(item, live, options), application(item, item.body, options)


def _removal(item: Item, live: Body, options: Options) -> Request:
    # With "Foreground" an object goes after what it has brought along: a Deployment that is gone has no pods left. A
    # new one of the same name is somebody's who has made it meanwhile.
    how = {"propagationPolicy": "Foreground", **options.delete_options}
    body = {**how, "preconditions": {"uid": live["metadata"]["uid"]}}
    return Request("DELETE", item.path, body)


def _deletion(item: Item, live: Body | None, options: Options) -> Decision:
    if item.resource is None or live is None:
        reason = "is not there" if item.resource is not None else "its kind is not there"
        return Decision(item, Entry(item.ref, Action.UNCHANGED, reason), reason)
    if is_leaving(live):
        reason = "is being deleted already"
        return Decision(item, Entry(item.ref, Action.UNCHANGED, reason, before=live), reason)
    if is_left_alone(live):
        reason = f"has the annotation {RECONCILE}={SKIP}, and is left alone"
        return Decision(item, Entry(item.ref, Action.UNCHANGED, reason), reason)
    return Decision(item, Entry(item.ref, Action.DELETED, before=live), "it is there", (_removal(item, live, options),))


def is_left_alone(body: Body) -> bool:
    """Whether somebody has said on the object that no run shall touch it."""
    return bool(annotation(body, RECONCILE) == SKIP)


def _leaving(fact: Fact) -> Body | None:
    return fact.live if fact.live is not None and fact.before is None else None


def _with_records(live: Body, records: list[Body]) -> Body:
    return live | {"metadata": live["metadata"] | {"managedFields": records}}


def _other_member(item: Item, live: Body) -> KuberError | None:
    try:
        applyset.refuse_other_member(item.ref, item.body, live)
    except KuberError as exc:
        return exc
    return None


def _may_go(item: Item, options: Options) -> bool:
    return any(
        target.covers(item.ref) and (target.name is not None or item.key not in PROTECTED)
        for target in options.recreate
    )


def _is_certain(error: ApiError, spaces: t.Container[str], grants: t.Sequence[Body]) -> bool:
    """Whether an object will meet that rejection, too, when all that comes before it is there.

    What is wrong with an object itself counts, and a namespace or a right that is missing, unless the set brings it.
    What else an object may find in its way, such as a webhook, a quota or a neighbour that is not there yet, may have
    gone by then.
    """
    if namespace := rejections.missing_namespace(error):
        return namespace not in spaces
    if (user := missing_right(error)) is not None:
        return not any(_is_for(user, grant) for grant in grants)
    return rejections.is_about_the_object(error)


def _may_grant(fact: Fact) -> bool:
    """Whether an object may give somebody a right: a binding, or a change of a role that may be bound already."""
    kind = fact.item.key.removesuffix(".rbac.authorization.k8s.io")
    return kind in BINDINGS or (kind in ROLES and fact.live is not None)


def _is_for(user: str, grant: Body) -> bool:
    """Whether a role or a binding may be about that user; to which groups a user belongs is not known."""
    if not user or grant["kind"] in ROLES:
        return True
    names = {
        f"system:serviceaccount:{one.get('namespace')}:{one.get('name')}"
        if one.get("kind") == "ServiceAccount"
        else one.get("name")
        for one in mappings(grant.get("subjects"))
    }
    return user in names or any(one.get("kind") == "Group" for one in mappings(grant.get("subjects")))


def _form(value: t.Any) -> t.Hashable:
    """What has the same fields with values of the same types has the same form."""
    if isinstance(value, dict):
        return frozenset((name, _form(part)) for name, part in value.items())
    if isinstance(value, list):
        return ("list", frozenset(_form(part) for part in value))
    return type(value).__name__
