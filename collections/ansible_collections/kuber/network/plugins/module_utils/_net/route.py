# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Routes: what is wanted, what the kernel has, and whose it is."""

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
"""Stands in every route that we set: the kernel keeps it, and nothing else uses the number. So a route is known as ours
by what it is, wherever it leads."""

UNICAST = ("", "unicast")
"""Other types (blackhole, unreachable, prohibit...) never lead to the node."""

BY_HAND = ("", "boot", "static")
"""What `ip route add` puts into a route, and what network managers do for routes that somebody has written down."""

DEFAULT_METRIC = {4: 0, 6: 1024}
"""What the kernel gives a route for which nobody named a metric."""

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
"""What a route can be made of again."""

INCIDENTAL = ("table", "flags", "nh_info", "nexthops", "pref", "cache", "uid")
"""What is shown of a route and does not have to be said, or is said otherwise."""


class NoNeighbourError(KuberError):
    """A next hop that is no other machine in a network of this one."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The route that is to be: through a next hop, or on-link, as if the destination were a network of the device."""

    destination: Network
    via: Address | None = None
    device: str = ""
    near: Network | None = None
    """Where this machine's own address on the device lies, by which the device is known again after a restart."""

    def words(self) -> list[str]:
        """Without our mark, as people read it."""
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
            "The destination is no network",
            wanted="a network such as 172.17.255.0/24, without host bits",
            found=f"{text!r} ({exc})",
        ) from exc
    if network.prefixlen == 0:
        raise KuberError(
            "The destination is the default route",
            wanted="the network of a pool of addresses",
            found=str(network),
            remedy="A default route is not this module's business",
        )
    return network


def parse_hop(text: str, destination: Network) -> Address:
    """An address of a node, and how it fits to the destination."""
    try:
        hop = ipaddress.ip_address(text)
    except ValueError as exc:
        raise KuberError(
            "The next hop is no address", wanted="an address such as 192.168.99.134", found=repr(text)
        ) from exc
    if hop.version != destination.version:
        raise KuberError(
            "Destination and next hop are of different families",
            wanted=f"an IPv{destination.version} address as next hop of {destination}",
            found=str(hop),
        )
    if hop in destination:
        raise KuberError(
            f"The next hop lies inside the destination {destination}, so nothing would lead to it",
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
    """Of a nexthop object, which routing daemons use; 0 is none."""
    devices: tuple[str, ...] = ()
    item: Mapping[str, t.Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """All that ``ip`` said of it."""
    source: str = dataclasses.field(default="", compare=False)
    """The address that this machine sends from; no part of what makes a route this one."""

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
        """The destination as a network; ``ip`` leaves out the length of a host route."""
        return ipaddress.ip_network(self.destination)

    @property
    def marked(self) -> bool:
        """Whether we have set it."""
        return self.protocol == PROTOCOL

    def leads_as(self, wanted: Wanted) -> bool:
        """Whether packets take the wanted way, whoever has set the route."""
        if self.kind not in UNICAST or self.hops != 1 or self.tos:
            return False
        if wanted.device and self.device and self.device != wanted.device:
            return False
        if wanted.via is None:
            return bool(self.device) and not self.gateway
        return bool(self.gateway) and ipaddress.ip_address(self.gateway) == wanted.via

    def leads_to(self, hops: Sequence[Address]) -> bool:
        """Whether it was made by hand and leads to one of the addresses."""
        if self.kind not in UNICAST or self.hops != 1 or self.protocol not in BY_HAND:
            return False
        return bool(self.gateway) and ipaddress.ip_address(self.gateway) in hops

    def is_foreign(self, wanted: Wanted) -> bool:
        """Whether something else keeps it: a VPN, a routing daemon, another network of this machine.

        What was set by hand on the very way to the nodes, or leads nowhere at all, has only gone stale.
        """
        if self.marked or self.leads_as(wanted):
            return False
        if self.protocol not in BY_HAND:
            return True
        return self.kind in UNICAST and any(device != wanted.device for device in self.devices)

    def arguments(self) -> list[str]:
        """What names exactly this route to ``ip route del``."""
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
        """What makes exactly this route again, in any table; refuse one of which not everything is understood."""
        unknown = sorted(self.item.keys() - {*REPEATABLE, *INCIDENTAL})
        metrics = {name: value for part in self.item.get("metrics", ()) for name, value in part.items()}
        unknown += [name for name, value in metrics.items() if not isinstance(value, (int, str))]
        if unknown:
            raise KuberError(
                f"The route {self.text()} could not be given back as it is",
                wanted=f"a route made of {', '.join(REPEATABLE)}",
                found=f"it has {', '.join(unknown)}, too",
                remedy="Take it away by hand, or end what sets it",
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
        """The route as people read it."""
        words = [] if self.kind in UNICAST else [self.kind]
        words += [self.destination, *(["tos", self.tos] if self.tos else [])]
        words += self._way() if self.hops == 1 and self.kind in UNICAST else []
        words += ["proto", self.protocol] if self.protocol not in (*BY_HAND, PROTOCOL) else []
        ordinary = (0, DEFAULT_METRIC[6 if ":" in self.destination else 4])
        words += ["metric", str(self.metric)] if self.metric not in ordinary else []
        return " ".join(words) + ("" if self.hops == 1 else f" over {self.hops} next hops")


def _plain(network: Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
