# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Look at a folder, without a cluster: its parts, what is refused, what it claims, what of it is to be applied."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import hostile, parts, rows
from ansible_collections.kuber.network.plugins.module_utils._homework.hostile import Danger
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Claim
from ansible_collections.kuber.network.plugins.module_utils._homework.parts import Parts
from ansible_collections.kuber.network.plugins.module_utils._kube import documents
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import containers

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Collection

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade

# Rows that fail with a Deployment that the API server refuses for its strategy.
_STRATEGY = "4"


@dataclasses.dataclass(frozen=True)
class Look:
    """What a folder is found to be."""

    edition: str
    parts: Parts
    claims: dict[str, Claim]
    dangers: tuple[Danger, ...]
    """What is refused: nothing of the folder may be applied while there is any."""
    applied: tuple[Body, ...]
    """The objects to apply: without components, which roles install, and what no API server takes."""
    images: tuple[str, ...]


def look(upgraded: Upgrade, *, edition: str = "", allowed: Collection[str] = ()) -> Look:
    """Look at an upgraded folder; ``allowed`` has the words of dangers that are accepted."""
    unknown = sorted(set(allowed) - hostile.WORDS.keys())
    if unknown:
        wanted = ", ".join(sorted(hostile.WORDS))
        raise KuberError("Unknown words of what is allowed", wanted=wanted, found=", ".join(unknown))
    sound = [body for body in upgraded.objects() if not hostile.is_component(body)]
    rejected = [draft.body for draft in upgraded.drafts if draft.rejections and _is_well_formed(draft.body)]
    found = parts.find([*sound, *(body for body in rejected if not hostile.is_component(body))])
    chosen = edition or rows.edition(found)
    claims = rows.claims(rows.Folder(found, tuple(upgraded.not_upgradable())), chosen)
    applied = [body for body in sound if body is not found.kube_proxy]
    dangers = tuple(one for one in hostile.dangers(applied) if one.word not in allowed)
    if claims.get(_STRATEGY, Claim()).faults:
        applied = [_without_strategy(body) if body is found.web else body for body in applied]
    images = tuple(dict.fromkeys(str(one["image"]) for body in applied for one in containers(body)))
    return Look(chosen, found, claims, dangers, tuple(applied), images)


def _is_well_formed(body: Body) -> bool:
    try:
        documents.from_definition(body, "")
    except KuberError:
        return False
    return True


def _without_strategy(body: Body) -> Body:
    """Return a Deployment that the API server takes, so that the other rows can be looked at."""
    return body | {"spec": {key: value for key, value in body["spec"].items() if key != "strategy"}}
