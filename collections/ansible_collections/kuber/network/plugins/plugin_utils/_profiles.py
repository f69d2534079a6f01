# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read several minikube profiles, skipping stopped and broken ones, and convert profiles for a cache."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import socket
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._profile import (
    Profile,
    ProfileNode,
    Ssh,
    known_profiles,
    read_profile,
)

if t.TYPE_CHECKING:
    import pathlib  # pragma: no cover
    from collections.abc import Mapping, Sequence  # pragma: no cover

ALL = "all"
# The nodes are on this machine or one hop away.
CONTACT_SECONDS = 2.0
AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A skipped profile, and why."""

    name: str
    reason: str


def read_profiles(home: pathlib.Path, names: Sequence[str]) -> tuple[list[Profile], list[Skipped]]:
    """Return the named or all profiles that are complete and whose control plane is running, and the skipped ones."""
    known = known_profiles(home)
    wanted = known if ALL in names else list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            # An unknown name is a mistake, not a stopped cluster.
            read_profile(home, name)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda name: _examine(home, name), wanted))
    return (
        [answer for answer in answers if isinstance(answer, Profile)],
        [answer for answer in answers if isinstance(answer, Skipped)],
    )


def _examine(home: pathlib.Path, name: str) -> Profile | Skipped:
    try:
        profile = read_profile(home, name)
    except KuberError as exc:
        return Skipped(name, str(exc))
    first = next((node for node in profile.nodes if node.control_plane), profile.nodes[0])
    if first.problem:
        return Skipped(name, f"{first.problem}.")
    if first.ssh is not None:
        try:
            socket.create_connection((first.ssh.host, first.ssh.port), timeout=CONTACT_SECONDS).close()
        except OSError as exc:
            place = f"{first.ssh.host}:{first.ssh.port}"
            return Skipped(name, f"it is stopped: sshd of node {first.name} does not answer on {place} ({exc}).")
    return profile


def dump(profiles: Sequence[Profile]) -> list[dict[str, t.Any]]:
    """Convert profiles to plain data, for a cache."""
    return [dataclasses.asdict(profile) for profile in profiles]


def load(items: Sequence[Mapping[str, t.Any]]) -> list[Profile]:
    """Convert the data of ``dump`` back to profiles."""
    return [_load(item) for item in items]


def _load(item: Mapping[str, t.Any]) -> Profile:
    nodes = [ProfileNode(**{**node, "ssh": Ssh(**node["ssh"]) if node["ssh"] else None}) for node in item["nodes"]]
    return Profile(**{**item, "addons": tuple(item["addons"]), "nodes": tuple(nodes)})
