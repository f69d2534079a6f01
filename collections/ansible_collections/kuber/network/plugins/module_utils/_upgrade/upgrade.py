# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade a set of objects: each object alone, then what the set as a whole lacks."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import documents
from ansible_collections.kuber.network.plugins.module_utils._upgrade import (
    images,
    ingress,
    metallb,
    namespaces,
    reading,
    services,
    texts,
    versions,
)
from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Added, Draft
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import FieldChange, Finding

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.reading import Read


@dataclasses.dataclass(frozen=True)
class Upgrade:
    """The result of upgrading a set."""

    drafts: tuple[Draft, ...]
    namespaces: tuple[Added, ...]
    findings: tuple[Finding, ...]
    """Findings about files that could not be read."""
    remarks: tuple[Finding, ...]

    def objects(self) -> list[Body]:
        """Return the objects that can be applied, Namespaces first."""
        found = [one.body for one in self.namespaces]
        for draft in self.drafts:
            if not draft.replaced and not draft.rejections:
                found.append(draft.body)
            found += [one.body for one in draft.added]
        return found

    def changes(self) -> list[FieldChange]:
        found = [_added(one, "") for one in self.namespaces]
        for draft in self.drafts:
            found += draft.changes
            if draft.replaced:
                reason = draft.added[0].reason
                found.append(FieldChange(draft.name, draft.part.origin, "", draft.part.body, None, reason))
            found += [_added(one, draft.part.origin) for one in draft.added]
        return found

    def not_upgradable(self) -> list[Finding]:
        return [*self.findings, *(one for draft in self.drafts for one in draft.rejections)]

    def all_remarks(self) -> list[Finding]:
        return [*self.remarks, *(one for draft in self.drafts for one in draft.remarks)]

    def comparisons(self) -> Iterator[tuple[str, Body | None, Body | None]]:
        """Yield each changed object: its name, old and new."""
        for one in self.namespaces:
            yield _added(one, "").object, None, one.body
        for draft in self.drafts:
            if draft.replaced or draft.edits:
                after = None if draft.replaced else _without_record(draft.body)
                yield draft.name, _without_record(draft.part.body), after
            for one in draft.added:
                yield _added(one, "").object, None, one.body

    def dump(self) -> dict[str, t.Any]:
        return {
            "objects": self.objects(),
            "changes": [one.dump() for one in self.changes()],
            "not_upgradable": [one.dump() for one in self.not_upgradable()],
            "remarks": [one.dump() for one in self.all_remarks()],
        }


def _without_record(body: Body) -> Body:
    """Return the object without managedFields, which ``kubectl get`` prints."""
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return body | {"metadata": metadata}


def _added(one: Added, origin: str) -> FieldChange:
    metadata = one.body["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return FieldChange(f"{one.body['kind']} {place}{metadata['name']}", origin, "", None, one.body, one.reason)


def upgrade(read: Read, *, ingress_class: str = "nginx") -> Upgrade:
    """Upgrade a set."""
    drafts = [Draft(part) for part in read.parts]
    for draft in drafts:
        texts.quote(draft)
        _check(draft)
        if not draft.rejections:
            versions.upgrade(draft)
    sound = [draft for draft in drafts if not draft.rejections]
    known = services.Services(draft.body for draft in sound)
    has_default = ingress.has_default_class(draft.body for draft in sound)
    for draft in sound:
        metallb.upgrade(draft)
        services.upgrade(draft)
        ingress.upgrade(draft, known, ingress_class=ingress_class, has_default=has_default)
        images.remark(draft)
    metallb.advertise(draft for draft in sound if not draft.rejections)
    wanted = [body for draft in sound for body in (draft.body, *(one.body for one in draft.added))]
    added, remarks = namespaces.missing(wanted)
    return Upgrade(tuple(drafts), tuple(added), read.findings, (*read.remarks, *remarks, *_repeated(sound)))


def _check(draft: Draft) -> None:
    try:
        documents.from_definition(draft.body, draft.part.origin)
    except KuberError as exc:
        draft.reject(reading.sentence(exc), "Correct the document")
        return
    namespace = draft.ref.namespace
    if namespace and not namespaces.NAME.fullmatch(namespace):
        draft.reject(f"metadata.namespace is not a valid name: {namespace!r}", "Correct the document")


def _repeated(drafts: Iterable[Draft]) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], Draft] = {}
    for draft in drafts:
        ref = draft.ref
        first = seen.setdefault((ref.group, ref.kind, ref.namespace, ref.name), draft)
        if first is not draft:
            problem = f"{draft.name} is in this set twice, first in {first.part.origin}"
            yield Finding(draft.name, draft.part.origin, problem, "Keep one of them, or rename one")
