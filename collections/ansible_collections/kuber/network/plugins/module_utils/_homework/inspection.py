# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Inspect a folder, without a cluster: its parts, what is refused, what it claims, what of it is to be applied."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import hostile, parts, rows, stand_ins
from ansible_collections.kuber.network.plugins.module_utils._homework.hostile import Danger
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Claim, Message
from ansible_collections.kuber.network.plugins.module_utils._homework.parts import Parts
from ansible_collections.kuber.network.plugins.module_utils._homework.pulling import Pulls
from ansible_collections.kuber.network.plugins.module_utils._kube import documents
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import containers
from ansible_collections.kuber.network.plugins.module_utils._upgrade import namespaces

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Collection

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade

NO_PULLS = Pulls()
# Namespaces of components that folders leave to `kubectl apply -f https://...`, and that no role sets up for them.
NOT_SET_UP = namespaces.COMPONENTS.keys() - hostile.COMPONENT_NAMESPACES


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What a folder is found to be."""

    edition: str
    parts: Parts
    """The parts as they are applied."""
    claims: dict[str, Claim]
    dangers: tuple[Danger, ...]
    """What is refused: nothing of the folder may be applied while there is any."""
    applied: tuple[Body, ...]
    """The objects to apply: without components, which roles install, what belongs to a component that is neither in the
    folder nor installed by a role, and what no API server takes."""
    images: tuple[str, ...]
    notes: tuple[Message, ...] = ()
    """Images that cannot be pulled, and what answers in their place."""


def inspect(
    upgraded: Upgrade,
    *,
    edition: str = "",
    allowed: Collection[str] = (),
    pulls: Pulls = NO_PULLS,
    stand_in: str = "",
) -> Inspection:
    """Inspect an upgraded folder.

    ``allowed`` has the words of dangers that are accepted. ``stand_in`` is the image that answers in the place of those
    that the cluster cannot pull, if any.
    """
    unknown = sorted(set(allowed) - hostile.WORDS.keys())
    if unknown:
        wanted = ", ".join(sorted(hostile.WORDS))
        raise KuberError("Unknown value in the option allow", wanted=wanted, found=", ".join(unknown))
    sound = [body for body in upgraded.objects() if not hostile.is_component(body)]
    rejected = [draft.body for draft in upgraded.drafts if draft.rejections and _is_well_formed(draft.body)]
    found = parts.find([*sound, *(body for body in rejected if not hostile.is_component(body))])
    chosen = edition or rows.edition(found)
    claims = rows.claims(rows.Folder(found, tuple(upgraded.not_upgradable())), chosen)
    without = NOT_SET_UP - {body["metadata"]["name"] for body in sound if body["kind"] == "Namespace"}
    applied = [
        body for body in sound if body is not found.kube_proxy and body["metadata"].get("namespace") not in without
    ]
    dangers = tuple(one for one in hostile.dangers(applied) if one.word not in allowed)
    if claims.get(rows.STRATEGY, Claim()).faults:
        applied = [_without_strategy(body) if body is found.web else body for body in applied]
    images = tuple(dict.fromkeys(str(one["image"]) for body in applied for one in containers(body)))
    notes = tuple(stand_ins.missing(pulls))
    if stand_in:
        replaced = stand_ins.replace(found, applied, pulls, stand_in)
        applied, notes = list(replaced.bodies), (*notes, *replaced.notes)
        found = parts.find([*applied, *(body for body in rejected if not hostile.is_component(body))])
    return Inspection(chosen, found, claims, dangers, tuple(applied), images, notes)


def _is_well_formed(body: Body) -> bool:
    try:
        documents.from_definition(body, "")
    except KuberError:
        return False
    return True


def _without_strategy(body: Body) -> Body:
    """Return a Deployment that the API server takes, so that the other rows can be checked."""
    return body | {"spec": {key: value for key, value in body["spec"].items() if key != "strategy"}}
