# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Images that the nodes' processors cannot run."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping

# Of those that the settings name by default. All others of them are made for amd64 and arm64.
ONLY_FOR: dict[str, tuple[str, ...]] = {"austinsky/example-go-httpd-alpine": ("amd64",)}


def repository(image: str) -> str:
    """The name of an image without registry of Docker Hub, tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return (head + slash + last.partition(":")[0]).removeprefix("docker.io/")


def without(images: Mapping[str, str], architectures: Mapping[str, str]) -> Iterator[str]:
    """What to say about settings whose image is known not to be there for a node; ``architectures`` is by node."""
    found: dict[tuple[str, str], list[str]] = {}
    for setting, image in images.items():
        known = ONLY_FOR.get(repository(image))
        for architecture in sorted(set(architectures.values())):
            if known and architecture not in known:
                found.setdefault((image, architecture), []).append(setting)
    for (image, architecture), settings in found.items():
        nodes = ", ".join(sorted(node for node, its in architectures.items() if its == architecture))
        made_for = ONLY_FOR[repository(image)]
        yield (
            f"The image {image} is made for {', '.join(made_for)} only, and {nodes} is {architecture}: its pods end "
            "with 'exec format error', unless the node emulates the other processor. Set "
            f"{' and '.join(settings)} to an image for {architecture} that serves the files in /app"
        )
