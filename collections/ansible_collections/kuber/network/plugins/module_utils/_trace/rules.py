# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The result of looking up a packet in a node's rules: the common part of kube-proxy's three modes."""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._proxy.services import socket_text
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
    """Whether it comes from another machine, not from the node itself."""
    local: bool = False
    """Whether only pods of this node may get it (traffic policy Local)."""
    node_port: bool = False
    """Whether its address is the node's own."""
    source: str = ""
    """The source address; empty if unknown."""
    interface: str = ""
    """The node's interface on which it arrives; empty if unknown or none."""

    @property
    def socket(self) -> str:
        return socket_text(self.address, self.port)

    @property
    def sender(self) -> str:
        """The sender's address, for a sentence."""
        who = "your address" if self.outside else "the node's address"
        return f"{who} {self.source}" if self.source else who

    def __str__(self) -> str:
        return f"{self.protocol} {self.socket}"


@dataclasses.dataclass(frozen=True)
class RuleBackend:
    """A destination of the rules: its share of the packets, and the rule that leads there."""

    socket: str
    share: fractions.Fraction
    facts: tuple[Fact, ...] = ()


@dataclasses.dataclass(frozen=True)
class Lookup:
    """The result of a lookup: what the rules do with a packet."""

    name: str
    facts: tuple[Fact, ...] = ()
    backends: tuple[RuleBackend, ...] = ()
    trouble: Trouble | None = None
    refused: str = ""
    """How packets are rejected, such as "DROP: default/web has no local endpoints"."""
    unknown: str = ""
    """What could not be read or evaluated, so that the result is uncertain."""
    alike: bool = False
    """Whether the trouble is the same on every node: it comes from the Service, not from one node."""
    cache: str = ""
    """The program on the node that answers instead of the pods, such as "NodeLocal DNSCache"."""


def merged(backends: Iterable[RuleBackend]) -> tuple[RuleBackend, ...]:
    """Return each socket once, with the sum of its shares."""
    found: dict[str, RuleBackend] = {}
    for backend in backends:
        before = found.get(backend.socket)
        share = backend.share + (before.share if before else 0)
        found[backend.socket] = dataclasses.replace(before or backend, share=share)
    return tuple(found.values())


def equal_shares(count: int) -> fractions.Fraction:
    return fractions.Fraction(1, count) if count else fractions.Fraction(0)


def missing(what: str) -> Trouble:
    """Explain that kube-proxy has not written a rule, although all rules could be read."""
    return Trouble(f"{what}: kube-proxy has not written it", f"See {LOGS}; {RESTART} makes it write all rules again")


def unhooked(what: str, chain: str) -> Trouble:
    """Explain that kube-proxy's rules exist, but nothing jumps to them."""
    return Trouble(
        f"Nothing jumps to {chain}: {what}",
        f"Something has removed kube-proxy's jumps (a firewall reload, a flush); {RESTART} makes it write them again",
    )


def not_allowed(packet: Packet, ranges: Sequence[str]) -> Trouble:
    """Explain that a load balancer accepts only some clients."""
    return Trouble(
        f"The node drops the packets: {packet.sender} is not in {', '.join(ranges) or 'any range'} "
        "(loadBalancerSourceRanges of the Service)",
        "Add the address to spec.loadBalancerSourceRanges of the Service, or connect from an address within them",
    )


def not_admitted(packet: Packet, addresses: Sequence[str]) -> Trouble:
    """Explain that node ports are open on some addresses of a node only."""
    there = ", ".join(addresses)
    return Trouble(
        f"Node ports are not open on {packet.address}, "
        + (f"only on {there} (nodePortAddresses of kube-proxy)" if there else "or on any other address of the node"),
        (f"Use {there}, or add" if there else "Add")
        + " the network of the address to nodePortAddresses in ConfigMap kube-system/kube-proxy, and restart "
        f"kube-proxy: {RESTART}",
    )
