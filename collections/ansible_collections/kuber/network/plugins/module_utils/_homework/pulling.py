# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find out which images of a folder the cluster cannot pull: a pod that has each as a container and runs none."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import parts
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Collection, Iterable

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

NAME, NAMESPACE = "kuber-network-homework-images", "default"
# Reasons for which a container waits without its image.
_MISSING = frozenset({"ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff", "InvalidImageName"})
# What follows the name of an image.
_TAG = re.compile(r"@|:(?=[^/]*$)")
_SETTINGS = ("IfNotPresent", "Always")


@dataclasses.dataclass(frozen=True)
class Pulls:
    """The images that the cluster does not have and cannot pull."""

    missing: frozenset[str] = frozenset()
    not_pulled: frozenset[str] = frozenset()
    """Those that it has, and cannot pull again as imagePullPolicy: Always demands."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.not_pulled)


def pod(bodies: Iterable[Body], *, besides: Collection[str] = ()) -> Body | None:
    """Return the pod that pulls the images of these objects, ``None`` without any.

    Images whose names without tag are in ``besides`` are not pulled.
    """
    wanted: dict[tuple[str, str], None] = {}
    for body in bodies:
        for kind in ("initContainers", "containers"):
            for container in parts.containers(body, kind):
                image = str(container.get("image") or "")
                if image and _TAG.split(image)[0] not in besides:
                    wanted[image, _SETTINGS[0]] = None
                    if pulls_always(container):
                        wanted[image, _SETTINGS[1]] = None
    if not wanted:
        return None
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [
                # A program that no image has: nothing of the folder is run for this.
                {"name": f"image-{number}", "image": image, "imagePullPolicy": policy, "command": ["/-nothing-"]}
                for number, (image, policy) in enumerate(wanted)
            ],
        },
    }


def pulls_always(container: Body) -> bool:
    """Whether the kubelet asks the registry even if the node has the image."""
    policy = container.get("imagePullPolicy")
    if policy:
        return bool(policy == "Always")
    name = str(container.get("image") or "").rpartition("/")[2]
    return "@" not in name and name.partition(":")[2] in ("", "latest")


def read(live: Body | None) -> Pulls:
    """Return what the live pod says; what it has not found out is not counted as missing."""
    found: dict[str, set[str]] = {policy: set() for policy in _SETTINGS}
    statuses = mappings(below(live, "status", "containerStatuses"))
    failed = {str(one.get("name")) for one in statuses if below(one, "state", "waiting", "reason") in _MISSING}
    for container in mappings(below(live, "spec", "containers")):
        if container.get("name") in failed:
            found[str(container.get("imagePullPolicy"))].add(str(container.get("image")))
    missing, again = (frozenset(found[policy]) for policy in _SETTINGS)
    return Pulls(missing, again - missing)
