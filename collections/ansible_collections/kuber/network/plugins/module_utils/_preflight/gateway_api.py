# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read what of Gateway API is on the cluster, and find what of it others have in another form than it is wanted."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

GROUP = "gateway.networking.k8s.io"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLASSES = f"/apis/{GROUP}/v1/gatewayclasses"
VERSION = f"{GROUP}/bundle-version"
CHANNEL = f"{GROUP}/channel"
WANTED_CHANNEL = "standard"
# The field manager of the roles: what it has written is theirs, whatever has become of its labels.
MANAGER = "kuber.network"


@dataclasses.dataclass(frozen=True)
class GatewayApi:
    """What is there of Gateway API."""

    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Version and channel of each kind, by the name of its definition; empty if it says none."""
    controllers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The controllers of the GatewayClasses that others have made, by name."""


def read(client: Client) -> GatewayApi | KuberError:
    """Return what is there, or why it cannot be read."""
    try:
        definitions = [one for one in client.list(DEFINITIONS) if one["spec"].get("group") == GROUP]
        classes = client.list(CLASSES) if definitions else []
    except ApiError as exc:
        if exc.status == 403:
            return exc
        if exc.status != 404:
            raise
        # The kind is there, and not served yet or any longer.
        classes = []
    return GatewayApi(
        {one["metadata"]["name"]: _version(one) for one in definitions},
        {one["metadata"]["name"]: str(one["spec"].get("controllerName")) for one in classes if not _is_ours(one)},
    )


def _version(definition: Mapping[str, t.Any]) -> str:
    notes = definition["metadata"].get("annotations") or {}
    return " ".join(str(notes[key]) for key in (VERSION, CHANNEL) if key in notes)


def _is_ours(body: Mapping[str, t.Any]) -> bool:
    return any(one.get("manager") == MANAGER for one in body["metadata"].get("managedFields") or ())


def in_the_way(found: GatewayApi, version: str, class_name: str) -> Iterator[KuberError]:
    """Yield why Gateway API cannot be set up beside what others have."""
    wanted = f"v{version} {WANTED_CHANNEL}"
    others = {name: text for name, text in found.versions.items() if text != wanted}
    if others:
        yield KuberError(
            "The kinds of Gateway API are on this cluster in another version, and are not replaced, for others may use "
            "them",
            wanted=f"{wanted}, or none",
            found=", ".join(f"{text or 'no version'} ({', '.join(_having(others, text))})" for text in _each(others)),
            remedy="If no other program uses them, remove them; otherwise stay with `traffic_api: ingress`",
        )
    controller = found.controllers.get(class_name)
    if controller is not None:
        yield KuberError(
            f"GatewayClass {class_name} already exists, and belongs to another program",
            wanted="no GatewayClass of this name, or one that an earlier run has made",
            found=f"one for {controller}",
            remedy="Set gateway_api_class to another name",
        )


def _each(texts: Mapping[str, str]) -> list[str]:
    return sorted(set(texts.values()))


def _having(texts: Mapping[str, str], wanted: str) -> list[str]:
    return sorted(name.partition(".")[0] for name, text in texts.items() if text == wanted)
