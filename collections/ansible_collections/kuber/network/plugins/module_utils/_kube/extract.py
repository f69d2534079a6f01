# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What of a live value a manager owns, as the server's records (FieldsV1) have it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.fieldsv1 import DEFAULT_KEYS, NOTHING, own_record
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

Fields = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Place:
    """One place of a live object: its value, what is ours of it, and what the records of all managers say of it.

    ``own`` is ``None`` where nothing is ours. A record without parts stands for the whole of what is there.
    """

    value: t.Any
    own: Fields | None
    records: tuple[Fields, ...]

    @classmethod
    def root(cls, live: Body, manager: str) -> Place:
        """All of ``live`` as seen by the one who applies as ``manager``."""
        records = live["metadata"].get("managedFields") or []
        mine = own_record(live, manager)
        if mine is None:
            return cls(live, None, _fields(records))
        if mine.get("apiVersion") != live["apiVersion"]:
            # In another version fields may have other names: what is there is better sent back than dropped.
            return cls(live, {}, ({},))
        return cls(live, mine.get("fieldsV1") or {}, _fields(records))

    @property
    def is_atomic(self) -> bool:
        """Whether its parts have no owners of their own."""
        filled = isinstance(self.value, dict | list) and bool(self.value)
        return filled and bool(self.records) and not any(_has_parts(record) for record in self.records)

    def field(self, name: str) -> Place:
        value = self.value.get(name, NOTHING) if isinstance(self.value, dict) else NOTHING
        return Place(value, {}, ({},)) if self.is_atomic else self._part(value, f"f:{name}")

    def entry(self, wanted: list[t.Any], number: int) -> Place:
        """What corresponds to entry ``number`` of ``wanted`` in the live list, which may have others before it."""
        values = self.value if isinstance(self.value, list) else []
        keys = {tuple(sorted(json.loads(part[2:]))) for record in self.records for part in record if part[:2] == "k:"}
        if keys:
            found = next((value for value in values if _same_keys(wanted[number], value, keys)), NOTHING)
            return self._part(found, self._key_of(found))
        if any(part[:2] == "v:" for record in self.records for part in record):
            found = wanted[number] if wanted[number] in values else NOTHING
            return self._part(found, next((part for part in self._parts("v:") if json.loads(part[2:]) == found), ""))
        # A list without keys belongs to one owner as a whole: whoever applies it must repeat what is there.
        return Place(values[number] if len(values) == len(wanted) else NOTHING, {}, ({},))

    def owned(self) -> t.Any:
        """The part of the value that is ours, ``NOTHING`` if there is none."""
        if self.value is NOTHING or self.own is None:
            return NOTHING
        if not isinstance(self.value, dict | list) or self.is_atomic:
            return self.value
        if isinstance(self.value, dict):
            parts = ((name, self.field(name).owned()) for name in self.value)
            return {name: part for name, part in parts if part is not NOTHING}
        parts_of_list = (self._part(value, self._key_of(value)).owned() for value in self.value)
        return [part for part in parts_of_list if part is not NOTHING]

    def _part(self, value: t.Any, part: str) -> Place:
        records = tuple(record[part] for record in self.records if part in record)
        return Place(value, (self.own or {}).get(part), records)

    def _key_of(self, value: t.Any) -> str:
        """Under which name the records have an entry of a list."""
        for part in self._parts("k:"):
            keys = json.loads(part[2:])
            if isinstance(value, dict) and all(value.get(name) == given for name, given in keys.items()):
                return part
        return next((part for part in self._parts("v:") if json.loads(part[2:]) == value), "")

    def _parts(self, prefix: str) -> t.Iterator[str]:
        return (part for record in self.records for part in record if part.startswith(prefix))


def _fields(records: t.Iterable[Body]) -> tuple[Fields, ...]:
    return tuple(one["fieldsV1"] for one in records if one.get("fieldsV1"))


def _has_parts(record: Fields) -> bool:
    return any(part != "." for part in record)


def _same_keys(wanted: t.Any, live: t.Any, keys: t.Iterable[tuple[str, ...]]) -> bool:
    if not isinstance(wanted, dict) or not isinstance(live, dict):
        return False
    return any(
        all(wanted.get(name, DEFAULT_KEYS.get(name)) == live.get(name, DEFAULT_KEYS.get(name)) for name in names)
        for names in keys
    )
