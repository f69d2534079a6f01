# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check this machine and the minikube profile on it: addons, tunnels, nodes, kernels, rights."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

# They create objects of the same names in the cluster, and minikube restores these at every start.
CLASHING_ADDONS = {
    "metallb": "it is MetalLB 0.9.6 in the same namespace",
    "ingress": "it is another ingress-nginx with the same names",
}
# IPVS schedulers are separate modules.
SCHEDULER = re.compile(r"ip_vs_")
# What the inventory says of a container without a published port.
STOPPED = "it is stopped"


@dataclasses.dataclass(frozen=True)
class NodeStatus:
    """A node, and why commands cannot be run on it (empty if they can)."""

    name: str
    problem: str
    kernel: str = ""
    missing: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)
    """What the kernel lacks, by mode of kube-proxy."""


def unknown_profile(profile: str, home: str, known: Sequence[str]) -> Iterator[KuberError]:
    """Yield an error for a profile that minikube does not have on this machine."""
    if profile and profile not in known:
        yield KuberError(
            f"minikube has no profile {profile}",
            wanted=f"{home}/profiles/{profile}/config.json",
            found=f"the profiles {', '.join(known)}" if known else "no profiles",
            remedy="Set KUBER_PROFILE to an existing one (and MINIKUBE_HOME to its directory), or run `minikube start`",
        )


def clashing_addons(addons: Sequence[str], profile: str) -> Iterator[KuberError]:
    """Yield an error for each enabled addon that installs the same as a role."""
    for addon in addons:
        if addon in CLASHING_ADDONS:
            yield KuberError(
                f"minikube's addon {addon} is enabled",
                wanted="this addon disabled",
                found=CLASHING_ADDONS[addon],
                remedy=f"Run `minikube --profile {profile or 'minikube'} addons disable {addon}`",
            )


def live_tunnels(pids: Sequence[int], profile: str) -> Iterator[KuberError]:
    """Yield an error if ``minikube tunnel`` runs: it writes its own address into every LoadBalancer service."""
    if pids:
        yield KuberError(
            "`minikube tunnel` is running; it replaces the addresses of all load balancers",
            wanted="no tunnel" + (f" of profile {profile}" if profile else ""),
            found="process " + ", ".join(str(pid) for pid in pids if pid) if any(pids) else "its lock is held",
            # It only tidies up after SIGINT, and Ctrl-C also reaches the ssh processes that it has started with sudo.
            remedy="Press Ctrl-C in its terminal; `kill` would leave its routes and connections behind",
        )


def are_stopped(nodes: Sequence[NodeStatus]) -> bool:
    """Say whether there are nodes, and the inventory found all of them stopped."""
    return bool(nodes) and all(STOPPED in node.problem for node in nodes)


def stopped_cluster(profile: str, nodes: Sequence[NodeStatus]) -> KuberError:
    """Return one error for a cluster that does not answer and all of whose nodes are stopped."""
    return KuberError(
        f"The cluster{profile and f' of profile {profile}'} is stopped, or this machine cannot reach it",
        wanted=f"{'node' if len(nodes) == 1 else 'nodes'} {', '.join(node.name for node in nodes)}, and the API server",
        found="; ".join(f"{node.name}: {node.problem.rstrip('.')}" for node in nodes),
        remedy=profile and f"Run `minikube start --profile {profile}` to start it",
    )


def unreachable_nodes(nodes: Sequence[NodeStatus]) -> Iterator[KuberError]:
    """Yield an error for each node on which commands cannot be run, with the connection's message."""
    for node in nodes:
        if node.problem:
            yield KuberError(
                f"Cannot run commands as root on node {node.name}",
                wanted="a shell as root",
                found=node.problem.rstrip("."),
            )


def lacking_kernels(nodes: Sequence[NodeStatus], mode: str, others: Sequence[str]) -> Iterator[KuberError]:
    """Yield an error for each node whose kernel does not support the mode; ``others`` are alternatives."""
    for node in nodes:
        missing = node.missing.get(mode) or ()
        instead = next((other for other in others if not node.missing.get(other)), None)
        if missing:
            yield KuberError(
                f"The kernel of node {node.name} does not support kube-proxy's mode {mode}",
                wanted="a kernel, or modules for it, with everything that the mode needs",
                found=f"Linux {node.kernel} without {', '.join(missing)}",
                remedy=_other_choice(missing, instead),
            )


def _other_choice(missing: Sequence[str], instead: str | None) -> str | None:
    if all(SCHEDULER.match(part) for part in missing):
        return "Set kube_proxy_scheduler to one that the kernel has, such as rr"
    return f"Set kube_proxy_mode to {instead}" if instead else None


def missing_root(*, user_id: int, may_become_root: bool) -> Iterator[KuberError]:
    """Yield an error if route and hosts file cannot be changed as root."""
    if user_id != 0 and not may_become_root:
        yield KuberError(
            "Cannot change this machine's route and hosts file",
            wanted="root, or sudo without a password, or its password (--ask-become-pass)",
            found=f"user id {user_id}",
            remedy="Otherwise set host_network_enabled=false to leave them alone, and change them by hand",
        )


def may_become_root() -> bool:
    """Whether this user is root, or may use sudo without a password."""
    return os.geteuid() == 0 or _output(["sudo", "-n", "true"]) is not None


def _output(argv: list[str]) -> str | None:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
