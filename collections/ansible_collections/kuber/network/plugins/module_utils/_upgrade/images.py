# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Report images that can no longer be pulled, or whose programs do not work with current servers."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import containers

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft


@dataclasses.dataclass(frozen=True)
class Gone:
    """Images whose names begin with ``pattern``, what is wrong with them, and what to use instead."""

    pattern: re.Pattern[str]
    problem: str
    remedy: str
    link: str


_DOCKER_HUB = r"(?:docker\.io/|index\.docker\.io/)?"
TABLE: tuple[Gone, ...] = (
    Gone(
        re.compile(r"k8s\.gcr\.io/"),
        "the registry k8s.gcr.io has been frozen since April 2023 and may be switched off",
        "Use the image from registry.k8s.io",
        "https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/",
    ),
    Gone(
        re.compile(r"gcr\.io/google[_-]containers/"),
        "the registry gcr.io/google-containers is an alias of k8s.gcr.io, which has been frozen since April 2023",
        "Use the image from registry.k8s.io",
        "https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/",
    ),
    Gone(
        re.compile(r"quay\.io/kubernetes-ingress-controller/"),
        "its controllers watch Ingress in an API version that Kubernetes 1.22 removed",
        "Install a current controller instead",
        "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#ingress-v122",
    ),
    Gone(
        re.compile(_DOCKER_HUB + r"metallb/(?:controller|speaker):v0\.[0-9]\."),
        "MetalLB before 0.10 has its images on Docker Hub and reads its pools from a ConfigMap",
        "Install a current MetalLB instead",
        "https://metallb.io/configuration/migration_to_crds/",
    ),
    Gone(
        re.compile(r"(?:quay\.io/)?metallb/(?:controller|speaker):v0\.1[0-2]\."),
        "MetalLB before 0.13 reads its pools from a ConfigMap",
        "Install a current MetalLB instead",
        "https://metallb.io/configuration/migration_to_crds/",
    ),
    Gone(
        re.compile(_DOCKER_HUB + r"bitnami/"),
        "Bitnami has moved its versioned images to docker.io/bitnamilegacy, where they are no longer updated",
        "Use another image, or the one in bitnamilegacy",
        "https://github.com/bitnami/containers/issues/83267",
    ),
)


def remark(draft: Draft) -> None:
    seen = set()
    for container in containers(draft.body):
        image = container.get("image")
        if not isinstance(image, str) or image in seen:
            continue
        seen.add(image)
        for gone in TABLE:
            if gone.pattern.match(image):
                draft.remark(f"Image {image}: {gone.problem}", gone.remedy, gone.link)
