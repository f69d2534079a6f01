# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the rules of a node do with a packet: the common part of the three modes of kube-proxy."""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._checks.services import socket_text
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Sequence

LOGS = "`kubectl --namespace kube-system logs daemonset/kube-proxy`"
RESTART = "`kubectl --namespace kube-system rollout restart daemonset/kube-proxy`"


@dataclasses.dataclass(frozen=True)
class Packet:
    """The first packet of a request, as the node sees it."""

    protocol: str
    """TCP or UDP."""
    address: str
    port: int
    outside: bool
    """It comes from another machine, not from the node itself."""
    local: bool = False
    """Only pods of this node may have it (a traffic policy is Local)."""
    node_port: bool = False
    """Its address is the node's own."""
    source: str = ""
    """The address that it comes from; empty if that is not known."""
    interface: str = ""
    """The interface of the node that it comes in through; empty if that is not known, or if there is none."""

    @property
    def socket(self) -> str:
        return socket_text(self.address, self.port)

    @property
    def sender(self) -> str:
        """The sender's address in a sentence."""
        who = "your address" if self.outside else "the node's address"
        return f"{who} {self.source}" if self.source else who

    def __str__(self) -> str:
        return f"{self.protocol} {self.socket}"


@dataclasses.dataclass(frozen=True)
class Backend:
    """Where the rules send a packet to, how often, and by which rule."""

    socket: str
    share: fractions.Fraction
    facts: tuple[Fact, ...] = ()


@dataclasses.dataclass(frozen=True)
class Finding:
    """What the rules do with a packet."""

    name: str
    facts: tuple[Fact, ...] = ()
    backends: tuple[Backend, ...] = ()
    trouble: Trouble | None = None
    refused: str = ""
    """How packets are turned away, such as "DROP: default/web has no local endpoints"."""
    unknown: str = ""
    """What could not be read or judged, so that nothing can be said for sure."""
    alike: bool = False
    """The trouble is the same on every node: it comes from the Service, and not from what a node has lost."""
    cache: str = ""
    """What of the node itself answers instead of the pods, such as "NodeLocal DNSCache"."""


def merged(backends: Iterable[Backend]) -> tuple[Backend, ...]:
    """Each socket once, with the sum of its shares."""
    found: dict[str, Backend] = {}
    for backend in backends:
        before = found.get(backend.socket)
        share = backend.share + (before.share if before else 0)
        found[backend.socket] = dataclasses.replace(before or backend, share=share)
    return tuple(found.values())


def equal_shares(count: int) -> fractions.Fraction:
    return fractions.Fraction(1, count) if count else fractions.Fraction(0)


def missing(what: str) -> Trouble:
    """kube-proxy has not written something, and all rules could be read."""
    return Trouble(
        f"{what}: kube-proxy has not written it", f"Look at {LOGS}; {RESTART} makes it write all rules again"
    )


def unhooked(what: str, chain: str) -> Trouble:
    """kube-proxy's rules are there, and no packet comes to them."""
    return Trouble(
        f"Nothing leads to {chain}: {what}",
        f"Something has removed the jumps of kube-proxy (a firewall that was reloaded, a flush); {RESTART} makes it "
        "write them again",
    )


def not_allowed(packet: Packet, ranges: Sequence[str]) -> Trouble:
    """A load balancer's address is only for some clients."""
    return Trouble(
        f"The node drops the packets: {packet.sender} is not in {', '.join(ranges) or 'any range'} "
        "(loadBalancerSourceRanges of the Service)",
        "Add the address to spec.loadBalancerSourceRanges of the Service, or ask from an address that is in it",
    )


def not_admitted(packet: Packet, addresses: Sequence[str]) -> Trouble:
    """Node ports are open on some addresses of a node only."""
    there = ", ".join(addresses)
    return Trouble(
        f"Node ports are not admitted on {packet.address}, "
        + (f"only on {there} (nodePortAddresses of kube-proxy)" if there else "nor on any other address of the node"),
        (f"Ask {there}, or put" if there else "Put")
        + " the network of the address into nodePortAddresses in ConfigMap kube-system/kube-proxy, and restart "
        f"kube-proxy: {RESTART}",
    )
