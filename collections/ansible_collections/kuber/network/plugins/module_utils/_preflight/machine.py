# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""This machine and the minikube profile on it."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

# Each of them puts objects of the same names into the cluster, and minikube puts them back at every start.
CLASHING_ADDONS = {
    "metallb": "it is MetalLB 0.9.6 in the namespace that MetalLB wants for itself",
    "ingress": "it is another ingress-nginx of the same names",
}
# A scheduler of IPVS, which is a module of its own.
SCHEDULER = re.compile(r"ip_vs_")


@dataclasses.dataclass(frozen=True)
class Node:
    """A node, and why it cannot be worked on (empty when it can)."""

    name: str
    problem: str
    kernel: str = ""
    missing: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)
    """What the kernel lacks for each mode of kube-proxy."""


def unknown_profile(profile: str, home: str, known: Sequence[str]) -> Iterator[KuberError]:
    """A profile that minikube does not have on this machine."""
    if profile and profile not in known:
        yield KuberError(
            f"minikube has no profile {profile}",
            wanted=f"{home}/profiles/{profile}/config.json",
            found=f"the profiles {', '.join(known)}" if known else "no profiles at all",
            remedy="Name one that is there in KUBER_PROFILE (and its directory in MINIKUBE_HOME), or `minikube start`",
        )


def clashing_addons(addons: Sequence[str], profile: str) -> Iterator[KuberError]:
    """Addons of minikube that do what is done here."""
    for addon in addons:
        if addon in CLASHING_ADDONS:
            yield KuberError(
                f"minikube's addon {addon} is enabled",
                wanted="this addon disabled",
                found=CLASHING_ADDONS[addon],
                remedy=f"Run `minikube --profile {profile or 'minikube'} addons disable {addon}`",
            )


def live_tunnels(pids: Sequence[int], profile: str) -> Iterator[KuberError]:
    """``minikube tunnel`` writes its own address into every service of type LoadBalancer."""
    if pids:
        yield KuberError(
            "`minikube tunnel` is running; it takes the addresses of all load balancers over",
            wanted="no tunnel" + (f" of profile {profile}" if profile else ""),
            found="process " + ", ".join(str(pid) for pid in pids if pid) if any(pids) else "its lock is held",
            remedy="End it (`kill`, or Ctrl-C where it was started)",
        )


def unreachable_nodes(nodes: Sequence[Node]) -> Iterator[KuberError]:
    """Nodes on which no command can be run, with the connection's own words."""
    for node in nodes:
        if node.problem:
            yield KuberError(
                f"Node {node.name} cannot be worked on", wanted="a shell as root", found=node.problem.rstrip(".")
            )


def lacking_kernels(nodes: Sequence[Node], mode: str, others: Sequence[str]) -> Iterator[KuberError]:
    """Nodes whose kernel cannot run the mode; ``others`` are the modes that the cluster could have instead."""
    for node in nodes:
        missing = node.missing.get(mode) or ()
        instead = next((other for other in others if not node.missing.get(other)), None)
        if missing:
            yield KuberError(
                f"The kernel of node {node.name} cannot run kube-proxy in mode {mode}",
                wanted="a kernel, or modules for it, with all that the mode needs",
                found=f"Linux {node.kernel} without {', '.join(missing)}",
                remedy=_other_choice(missing, instead),
            )


def _other_choice(missing: Sequence[str], instead: str | None) -> str | None:
    if all(SCHEDULER.match(part) for part in missing):
        return "Set kube_proxy_scheduler to one that the kernel has, such as rr"
    return f"Set kube_proxy_mode to {instead}" if instead else None


def missing_root(*, user_id: int, may_become_root: bool) -> Iterator[KuberError]:
    """Route and hosts file belong to root."""
    if user_id != 0 and not may_become_root:
        yield KuberError(
            "This machine's route and hosts file cannot be changed",
            wanted="root, or sudo without a password, or its password (--ask-become-pass)",
            found=f"user id {user_id}",
            remedy="Or leave them alone with host_network_enabled=false, and set them by hand",
        )


def may_become_root() -> bool:
    """Whether this user is root, or sudo lets them in without a question."""
    return os.geteuid() == 0 or _output(["sudo", "-n", "true"]) is not None


def _output(argv: list[str]) -> str | None:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
