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
    from collections.abc import Iterable


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

    @property
    def socket(self) -> str:
        return socket_text(self.address, self.port)

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
    """How packets are turned away, when kube-proxy has written that no pod can take them."""


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
