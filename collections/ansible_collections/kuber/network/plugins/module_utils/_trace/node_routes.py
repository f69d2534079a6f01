# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The main routing table of a node, as ``ip route show`` prints it: the interface on which a packet leaves."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_ROUTE = re.compile(r"^(?:unicast |local )?(default|[0-9a-f.:]+(?:/\d+)?) (.*)$")
_DEVICE = re.compile(r"\bdev (\S+)")
DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}


@dataclasses.dataclass(frozen=True)
class NodeRoutes:
    """Destinations with their interfaces."""

    routes: tuple[tuple[Network, str], ...] = ()

    def device(self, address: str) -> str | None:
        """Return the interface of the most specific route; ``None`` without one, or if it has several."""
        wanted = ipaddress.ip_address(address)
        found = [(network.prefixlen, device) for network, device in self.routes if wanted in network]
        return max(found, key=lambda one: one[0])[1] or None if found else None


def parse(text: str, version: int) -> NodeRoutes:
    return NodeRoutes(tuple(_routes(text, version)))


def _routes(text: str, version: int) -> Iterator[tuple[Network, str]]:
    for line in text.splitlines():
        found = _ROUTE.match(line)
        if found is None:
            # A further next hop of the line before, or a destination that no packet is sent to.
            continue
        device = _DEVICE.search(found[2])
        destination = DEFAULT[version] if found[1] == "default" else found[1]
        yield ipaddress.ip_network(destination), device[1] if device else ""
