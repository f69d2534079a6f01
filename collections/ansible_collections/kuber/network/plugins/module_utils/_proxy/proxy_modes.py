# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The versions of Kubernetes and of Linux that support each mode of kube-proxy."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

EVER_AFTER = 10_000


@dataclasses.dataclass(frozen=True)
class Support:
    """The Kubernetes versions (second number of 1.x) that have a mode."""

    gate: str
    always: range
    gated: range
    """Versions in which the mode depends on the feature gate."""
    gate_on: range
    """Versions in which the gate is on by default."""
    instead: str


# IPVS: KEP-5495 (gate from 1.37, off by default from 1.40, code removed in 1.43).
# nftables: KEP-3866 (alpha in 1.29, gate on by default from 1.31, for good from 1.33).
SUPPORT = {
    "ipvs": Support(
        "KubeProxyIPVS", range(37), range(37, 43), range(37, 40), "nftables, or to iptables before Linux 5.13"
    ),
    "nftables": Support("NFTablesProxyMode", range(33, EVER_AFTER), range(29, 33), range(31, 33), "iptables"),
}
# kube-proxy refuses to start on older kernels (kubernetes/pkg/proxy/nftables/proxier.go).
OLDEST_KERNEL = {"nftables": (5, 13)}


def minor(version: str) -> int:
    """Return the minor number of a version such as v1.37.2."""
    found = re.match(r"v?1\.(\d+)", version)
    return int(found.group(1)) if found else 0


def unsupported(mode: str, version: str, gates: t.Mapping[str, t.Any]) -> t.Iterator[KuberError]:
    """Yield an error if this version of kube-proxy, with these feature gates, does not support the mode."""
    support, number = SUPPORT.get(mode), minor(version)
    if support is None or number in support.always:
        return
    gated = number in support.gated
    if gated and gates.get(support.gate, number in support.gate_on) is True:
        return
    yield KuberError(
        f"kube-proxy of Kubernetes {version} does not support mode {mode}",
        wanted=f"a version that supports it{f', or its feature gate {support.gate}' if gated else ''}",
        found=f"{version}{' with that gate off' if gated else ''}",
        remedy=f"Set kube_proxy_mode to {support.instead}"
        + (f", or kube_proxy_settings to {{featureGates: {{{support.gate}: true}}}}" if gated else ""),
    )


def old_kernels(mode: str, kernels: t.Mapping[str, str]) -> t.Iterator[KuberError]:
    """Yield an error for each node whose kernel is too old for the mode."""
    oldest = OLDEST_KERNEL.get(mode)
    for node, release in kernels.items():
        if oldest is not None and is_older(release, oldest):
            yield KuberError(
                f"The kernel of node {node} is too old for kube-proxy in mode {mode}",
                wanted=f"Linux {'.'.join(map(str, oldest))} or newer",
                found=f"Linux {release}",
                remedy="Set kube_proxy_mode to iptables",
            )


def is_older(release: str, oldest: tuple[int, ...]) -> bool:
    """Whether a release such as 5.10.0-28-amd64 is older; an unreadable one is not."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found.group(1)), int(found.group(2))) < oldest
