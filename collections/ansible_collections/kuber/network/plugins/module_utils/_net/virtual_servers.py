# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Parse the IPVS table as printed by ``ipvsadm -Ln`` or ``/proc/net/ip_vs``."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

PROTOCOLS = ("TCP", "UDP", "SCTP")


@dataclasses.dataclass(frozen=True)
class RealServer:
    """One of the backends of a virtual server."""

    socket: str
    weight: int
    active: int
    """Open connections."""
    inactive: int
    """Closing connections; for UDP, all."""


@dataclasses.dataclass(frozen=True)
class Server:
    """A virtual server of IPVS: a protocol with an address and port."""

    protocol: str
    socket: str
    scheduler: str
    flags: tuple[str, ...]
    real: tuple[RealServer, ...]

    @property
    def key(self) -> str:
        """The protocol and socket, such as "tcp 10.96.0.1:443"."""
        return f"{self.protocol.lower()} {self.socket}"

    @property
    def backends(self) -> frozenset[str]:
        """The backends that get new connections. kube-proxy gives a deleted pod the weight 0, and keeps it until its
        connections have ended (kubernetes/pkg/proxy/ipvs/graceful_termination.go)."""
        return frozenset(one.socket for one in self.real if one.weight)


def parse(text: str) -> tuple[Server, ...]:
    servers: list[Server] = []
    mine = False
    for words in (line.split() for line in text.splitlines()):
        if len(words) < 3:
            continue
        if words[0] in PROTOCOLS:
            servers.append(Server(words[0], _socket(words[1]), words[2], tuple(words[3:]), ()))
            mine = True
        elif words[0] == "->" and mine:
            counts = [int(word) for word in words[3:6] if word.isdecimal()]
            real = RealServer(_socket(words[1]), *(*counts, 0, 0, 0)[:3])
            servers[-1] = dataclasses.replace(servers[-1], real=(*servers[-1].real, real))
        elif words[0] == "FWM":
            # Identified by a firewall mark instead of an address: kube-proxy makes none of these.
            mine = False
    return tuple(servers)


def _socket(text: str) -> str:
    address, _colon, port = text.rpartition(":")
    if re.fullmatch(r"[0-9A-F]{8}", address):
        # /proc/net/ip_vs writes IPv4 addresses and all ports in hexadecimal.
        return f"{ipaddress.IPv4Address(int(address, 16))}:{int(port, 16)}"
    if address.startswith("[") and re.fullmatch(r"[0-9A-F]{4}", port) and len(address) == 41:
        return f"[{ipaddress.IPv6Address(address[1:-1])}]:{int(port, 16)}"
    return text
