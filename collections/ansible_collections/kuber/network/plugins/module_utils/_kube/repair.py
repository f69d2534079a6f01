# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Repairing an object that an apply alone does not repair, for the server refuses it beside what others have left.

An edit may have given an item of a list another key, or chosen another of several fields that exclude each other, such
as the sources of a volume. An apply puts ours beside theirs. What has to go is found by dry runs: first what the
rejection is about, then what else others have set; in the end each part that may stay does.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube import leftovers, rejections
from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import Steps
from ansible_collections.kuber.network.plugins.module_utils._kube.leftovers import Extra
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item

MERGE_PATCH = "application/merge-patch+json"
_INDEX = re.compile(r"\[[^\]]*\]")


@dataclasses.dataclass(frozen=True)
class Repair:
    """The places that have to go, and what the object becomes without them, as a dry run has it."""

    places: tuple[Steps, ...]
    after: Body


class Repairer:
    """Looks for the smallest part of an object that has to go so that what is wanted can be applied."""

    def __init__(self, client: Client, manager: str, *, force: bool) -> None:
        self._client = client
        self._manager = manager
        self._force = force

    def find(self, item: Item, wanted: Body, live: Body, rejection: ApiError) -> Repair | None:
        """``None`` if the server does not take the object whatever goes."""
        if not rejections.is_about_the_object(rejection):
            return None
        extras = leftovers.extras(wanted, live, self._manager)
        if not self._force:
            extras = [one for one in extras if not one.owners]
        fields = set(rejections.fields(rejection))
        tried: list[Extra] = []
        for chosen in (_named, _beside, _foreign):
            while (some := [one for one in extras if chosen(one, fields)]) and some != tried:
                tried = some
                answer = self._dry_run(item, wanted, live, some)
                if not isinstance(answer, ApiError):
                    return self._smallest(item, wanted, live, some, answer)
                fields |= set(rejections.fields(answer))
        return None

    def _smallest(self, item: Item, wanted: Body, live: Body, places: list[Extra], after: Body) -> Repair:
        for one in list(places):
            rest = [other for other in places if other is not one]
            answer = self._dry_run(item, wanted, live, rest) if rest else None
            if isinstance(answer, dict):
                places, after = rest, answer
        return Repair(tuple(one.steps for one in places), after)

    def predict(self, item: Item, wanted: Body, live: Body, places: t.Sequence[Steps]) -> Body:
        """What the object becomes when ``wanted`` is applied and the ``places`` go."""
        after = leftovers.merged(wanted, live, self._manager, places)
        query = {"dryRun": "All", "fieldManager": self._manager, "fieldValidation": "Strict"}
        change = difference(live, after)
        return t.cast(
            "Body",
            self._client.request("PATCH", item.path, query=query, body=change, content_type=MERGE_PATCH),
        )

    def _dry_run(self, item: Item, wanted: Body, live: Body, places: t.Sequence[Extra]) -> Body | ApiError:
        try:
            return self.predict(item, wanted, live, [one.steps for one in places])
        except ApiError as exc:
            return exc


def difference(before: t.Any, after: t.Any) -> t.Any:
    """The JSON merge patch (RFC 7386) from one to the other."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    gone = dict.fromkeys(before.keys() - after.keys())
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return gone | {name: difference(before.get(name), value) for name, value in changed.items()}


def _names(field: str) -> tuple[str, ...]:
    """The fields on the way to one that a rejection names."""
    return tuple(_INDEX.sub("", field).split("."))


def _named(extra: Extra, fields: t.Iterable[str]) -> bool:
    """Whether a rejection is about a place, what is in it, what it is in, or what others have set beside."""
    return any(
        _holds(extra.names, names) or _holds(names, extra.names) or (extra.owners and _is_beside(extra.names, names))
        for names in map(_names, fields)
    )


def _beside(extra: Extra, fields: t.Iterable[str]) -> bool:
    """The same, and what stands beside and nobody owns."""
    fields = list(fields)
    return _named(extra, fields) or any(_is_beside(extra.names, names) for names in map(_names, fields))


def _foreign(extra: Extra, fields: t.Iterable[str]) -> bool:
    """The same, and all that others have set, but for labels and annotations."""
    return _beside(extra, fields) or (bool(extra.owners) and extra.names[0] != "metadata")


def _holds(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return other[: len(one)] == one


def _is_beside(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a place is in the mapping in which another one is."""
    return len(other) > 1 and one[: len(other) - 1] == other[:-1]
