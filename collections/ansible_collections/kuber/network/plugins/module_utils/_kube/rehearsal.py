# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the server will say to a set, asked before the first object of it is sent."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import applyset, refusals
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import CRD
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError, missing_right
from ansible_collections.kuber.network.plugins.module_utils._kube.live import Live, is_leaving
from ansible_collections.kuber.network.plugins.module_utils._kube.plan import NAMESPACE, Item
from ansible_collections.kuber.network.plugins.module_utils._kube.recreate import Recreator
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Ref, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.veil import Veil

# Up to so many new objects are all rehearsed. Of more, one of each shape: the rest costs more than it finds.
FEW = 100
ROLES = frozenset({"ClusterRole", "Role"})
BINDINGS = frozenset({"ClusterRoleBinding", "RoleBinding"})


class Rehearsal:
    """Looks for objects that will be refused whatever comes before them.

    What is wrong with an object itself counts, and a namespace or a right that is missing, unless the set brings it.
    What else an object may find in its way, such as a webhook, a quota or a neighbour that is not there yet, may have
    gone by then.
    """

    def __init__(
        self,
        kinds: Kinds,
        recreator: Recreator,
        dry_run: t.Callable[[Item, Body | None], Body],
        read: t.Callable[[Item], Body | None],
    ) -> None:
        self._kinds = kinds
        self._recreator = recreator
        self._dry_run = dry_run
        self._read = read
        self._unread: set[Ref] = set()
        self._namespaces: set[str] = set()
        self._grants: list[Body] = []

    def candidates(self, items: t.Sequence[Item], live: Live) -> list[Item]:
        """Those of the items, none of which is as it should be, that are worth asking the server about by now."""
        new_kinds = {item.ref.name for item in items if item.key == CRD}
        known = [item for item in items if self._is_known(item, new_kinds)]
        # What the user may not read: sending it would fail, too.
        self._unread = {item.ref for item in known if not live.found(item)}
        self._namespaces = {item.ref.name for item in items if item.key == NAMESPACE}
        self._grants = [item.body for item in items if _may_grant(item, live)]
        new = [item for item in known if live.peek(item) is None]
        if len(new) > FEW:
            new = list({(item.ref.api_version, item.ref.kind, _shape(item.body)): item for item in new}.values())
        return [item for item in known if live.peek(item) is not None] + new

    def refuse(self, item: Item, before: Body | None) -> None:
        """Raise what will be raised when the item is sent."""
        try:
            if item.ref in self._unread:
                before = self._read(item)
            if before is not None:
                if is_leaving(before):
                    return
                applyset.refuse_other_member(item.ref, item.body, before)
            self._dry_run(item, before)
        except ApiError as exc:
            exc.rephrase(Veil([item.body]))
            if not self._is_certain(exc):
                return
            if exc.status == 422 and before is not None and self._recreator.is_about_the_change(item):
                # Whether that can be repaired in place is found out when its turn comes, and is no reason to keep the
                # rest of the set from being applied.
                return
            raise refusals.explain(item, exc, seconds=0) from exc

    def _is_certain(self, error: ApiError) -> bool:
        """Whether the item will meet that refusal, too, when all that comes before it is there."""
        if namespace := refusals.missing_namespace(error):
            return namespace not in self._namespaces
        if (user := missing_right(error)) is not None:
            return not any(_is_for(user, grant) for grant in self._grants)
        return refusals.is_about_the_object(error)

    def _is_known(self, item: Item, new_kinds: t.Container[str]) -> bool:
        """Whether the schema that the server has of the kind is the one it will have."""
        if item.resource is None or self._kinds.served(item.resource.api_version, item.resource.kind) is None:
            return False
        return item.resource.definition not in new_kinds


def _may_grant(item: Item, live: Live) -> bool:
    """Whether an item may give somebody a right: a binding, or a change of a role that may be bound already."""
    kind = item.key.removesuffix(".rbac.authorization.k8s.io")
    return kind in BINDINGS or (kind in ROLES and live.peek(item) is not None)


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


def _shape(value: t.Any) -> t.Hashable:
    """What has the same fields with values of the same types has the same shape."""
    if isinstance(value, dict):
        return frozenset((name, _shape(part)) for name, part in value.items())
    if isinstance(value, list):
        return ("list", frozenset(_shape(part) for part in value))
    return type(value).__name__


def together(errors: t.Sequence[KuberError]) -> KuberError:
    """One error that says what all say."""
    if len(errors) == 1:
        return errors[0]
    return KuberError(
        f"{len(errors)} objects failed",
        found="\n" + "\n".join(f"  {error}" for error in errors),
        changed=any(error.changed for error in errors),
    )
