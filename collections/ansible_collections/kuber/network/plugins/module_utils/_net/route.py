# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The wanted route, the kernel's routes, and which of them are ours."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

PROTOCOL = "107"
"""The protocol number of our routes. The kernel keeps it and nothing else uses it, so it identifies our routes,
wherever they lead."""

UNICAST = ("", "unicast")
"""Other types (blackhole, unreachable, prohibit...) never reach the node."""

BY_HAND = ("", "boot", "static")
"""The protocols of routes from `ip route add`, and from network managers for configured static routes."""

DEFAULT_METRIC = {4: 0, 6: 1024}
"""The kernel's default metric."""

REPEATABLE = (
    "type",
    "dst",
    "tos",
    "nhid",
    "gateway",
    "via",
    "dev",
    "protocol",
    "scope",
    "prefsrc",
    "metric",
    "metrics",
)
"""The attributes from which a route can be restored."""

INCIDENTAL = ("table", "flags", "nh_info", "nexthops", "pref", "cache", "uid")
"""Attributes that `ip` prints and that are not needed to restore a route."""


class NoNeighbourError(KuberError):
    """A next hop that is not another machine in a network of this one."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The wanted route: through a next hop, or on-link, as if the destination were a network of the device."""

    destination: Network
    via: Address | None = None
    device: str = ""
    near: Network | None = None
    """The network of this machine's address on the device, which identifies the device after a restart."""

    def words(self) -> list[str]:
        """Return the route for people, without our protocol number."""
        way = ["via", str(self.via)] if self.via else []
        return [_plain(self.destination), *way, *(["dev", self.device] if self.device else [])]

    def command(self) -> str:
        scope = [] if self.via or self.destination.version == 6 else ["scope", "link"]
        return " ".join([*self.words(), *scope, "proto", PROTOCOL])

    def text(self) -> str:
        return " ".join(self.words())


def parse_destination(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as exc:
        raise KuberError(
            "Invalid destination",
            wanted="a network such as 172.17.255.0/24, without host bits",
            found=f"{text!r} ({exc})",
        ) from exc
    if network.prefixlen == 0:
        raise KuberError(
            "This module does not manage default routes",
            wanted="the network of an address pool",
            found=str(network),
        )
    return network


def parse_hop(text: str, destination: Network) -> Address:
    """Return a node's address, checked against the destination."""
    try:
        hop = ipaddress.ip_address(text)
    except ValueError as exc:
        raise KuberError("Invalid next hop", wanted="an address such as 192.168.99.134", found=repr(text)) from exc
    if hop.version != destination.version:
        raise KuberError(
            "Destination and next hop have different address families",
            wanted=f"an IPv{destination.version} address as next hop of {destination}",
            found=str(hop),
        )
    if hop in destination:
        raise KuberError(
            f"The next hop is inside the destination {destination}, so it would be unreachable",
            wanted="an address outside the destination",
            found=str(hop),
            remedy="Choose a destination that does not contain the node's own network",
        )
    return hop


@dataclasses.dataclass(frozen=True)
class Route:
    """One line of ``ip route``."""

    destination: str
    gateway: str = ""
    device: str = ""
    metric: int = 0
    protocol: str = ""
    kind: str = ""
    hops: int = 1
    tos: str = ""
    object_id: int = 0
    """The number of a nexthop object, which routing daemons use; 0 is none."""
    devices: tuple[str, ...] = ()
    item: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Everything that ``ip`` printed about it."""
    source: str = dataclasses.field(default="", compare=False)
    """The source address; not part of the route's identity."""

    @classmethod
    def load(cls, item: Mapping[str, t.Any]) -> Route:
        """Read one object of ``ip -j route``."""
        gateway = item.get("gateway") or item.get("via", {}).get("host", "")
        nexthops = item.get("nexthops", ())
        devices = [item.get("dev", ""), *(hop.get("dev", "") for hop in nexthops)]
        return cls(
            destination=item["dst"],
            gateway=gateway,
            device=item.get("dev", ""),
            metric=int(item.get("metric", 0)),
            protocol=str(item.get("protocol", "")),
            kind=item.get("type", ""),
            hops=max(1, len(nexthops)),
            tos=str(item.get("tos", "")),
            object_id=int(item.get("nhid", 0)),
            devices=tuple(dict.fromkeys(device for device in devices if device)),
            item=item,
            source=item.get("prefsrc", ""),
        )

    @property
    def network(self) -> Network:
        """The destination as a network; ``ip`` omits the prefix length of a host route."""
        return ipaddress.ip_network(self.destination)

    @property
    def marked(self) -> bool:
        """Whether the route is ours."""
        return self.protocol == PROTOCOL

    @property
    def has_network(self) -> bool:
        """Whether it is a route of the main table to a network; those of the machine's own addresses are in another."""
        return self.item.get("table", "main") == "main" and self.destination != "default"

    def leads_as(self, wanted: Wanted) -> bool:
        """Whether the route sends packets where the wanted one does, whoever set it."""
        if self.kind not in UNICAST or self.hops != 1 or self.tos:
            return False
        if wanted.device and self.device and self.device != wanted.device:
            return False
        if wanted.via is None:
            return bool(self.device) and not self.gateway
        return bool(self.gateway) and ipaddress.ip_address(self.gateway) == wanted.via

    def leads_to(self, hops: Sequence[Address]) -> bool:
        """Whether the route was set by hand and leads to one of the addresses."""
        if self.kind not in UNICAST or self.hops != 1 or self.protocol not in BY_HAND:
            return False
        return bool(self.gateway) and ipaddress.ip_address(self.gateway) in hops

    def is_foreign(self, wanted: Wanted) -> bool:
        """Whether another program maintains the route: a VPN, a routing daemon, another network of this machine.

        A route that was set by hand and leads to the nodes' network, or nowhere, is merely stale.
        """
        if self.marked or self.leads_as(wanted):
            return False
        if self.protocol not in BY_HAND:
            return True
        return self.kind in UNICAST and any(device != wanted.device for device in self.devices)

    def arguments(self) -> list[str]:
        """Return the arguments of ``ip route del`` that identify exactly this route."""
        words = [] if self.kind in UNICAST else [self.kind]
        words.append(self.destination)
        words += ["tos", self.tos] if self.tos else []
        if self.object_id:
            words += ["nhid", str(self.object_id)]
        elif self.hops == 1 and self.kind in UNICAST:
            words += self._way()
        words += ["proto", self.protocol] if self.protocol else []
        return words + (["metric", str(self.metric)] if self.metric else [])

    def _way(self) -> list[str]:
        family = ["inet6"] if ":" in self.gateway and ":" not in self.destination else []
        way = ["via", *family, self.gateway] if self.gateway else []
        return way + (["dev", self.device] if self.device else [])

    def again(self, table: str = "main") -> list[str]:
        """Return the arguments that restore exactly this route in any table; raise if it has unknown attributes."""
        unknown = sorted(self.item.keys() - {*REPEATABLE, *INCIDENTAL})
        metrics = {name: value for part in self.item.get("metrics", ()) for name, value in part.items()}
        unknown += [name for name, value in metrics.items() if not isinstance(value, (int, str))]
        if unknown:
            raise KuberError(
                f"The route {self.text()} could not be restored later",
                wanted=f"a route with no other attributes than {', '.join(REPEATABLE)}",
                found=f"it also has {', '.join(unknown)}",
                remedy="Remove it by hand, or stop the program that sets it",
            )
        words = [*self.arguments(), "table", table]
        if self.hops > 1 and not self.object_id:
            for hop in self.item.get("nexthops", ()):
                way = dataclasses.replace(self, gateway=hop.get("gateway", ""), device=hop.get("dev", ""))._way()
                words += ["nexthop", *way, "weight", str(hop.get("weight", 1))]
            return words
        for key, word in (("scope", "scope"), ("prefsrc", "src")):
            words += [word, str(self.item[key])] if key in self.item and not self.object_id else []
        return words + [str(word) for pair in metrics.items() for word in pair]

    def text(self) -> str:
        """Return the route for people."""
        words = [] if self.kind in UNICAST else [self.kind]
        words += [self.destination, *(["tos", self.tos] if self.tos else [])]
        words += self._way() if self.hops == 1 and self.kind in UNICAST else []
        words += ["proto", self.protocol] if self.protocol not in (*BY_HAND, PROTOCOL) else []
        ordinary = (0, DEFAULT_METRIC[6 if ":" in self.destination else 4])
        words += ["metric", str(self.metric)] if self.metric not in ordinary else []
        return " ".join(words) + ("" if self.hops == 1 else f" over {self.hops} next hops")


def _plain(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
