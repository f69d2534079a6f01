# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The machine's own addresses, and what they say about neighbours: the one question behind every route."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# kube-proxy in mode IPVS puts the addresses of services on it: they are not the machine's own.
SERVICE_DEVICES = ("kube-ipvs0",)


@dataclasses.dataclass(frozen=True)
class OwnAddress:
    """An address of this machine."""

    device: str
    address: Address
    network: Network
    """The addresses that are on the other side of the device."""

    @property
    def place(self) -> Network:
        """What the address itself lies in; with a point-to-point address that is not the network of the other side."""
        return self.network if self.address in self.network else ipaddress.ip_network(self.address)


def load(items: Iterable[Mapping[str, t.Any]]) -> tuple[OwnAddress, ...]:
    """Read the objects of ``ip -j address``."""
    return tuple(_addresses(items))


def _addresses(items: Iterable[Mapping[str, t.Any]]) -> Iterator[OwnAddress]:
    for item in items:
        for info in item.get("addr_info", ()):
            if "local" in info and item.get("ifname") not in SERVICE_DEVICES:
                # With a point-to-point address the prefix belongs to the other end, which "address" names.
                other = info.get("address", info["local"])
                network = ipaddress.ip_network(f"{other}/{info['prefixlen']}", strict=False)
                yield OwnAddress(item["ifname"], ipaddress.ip_address(info["local"]), network)


def beside(own: Iterable[OwnAddress], address: Address, device: str) -> OwnAddress | None:
    """The address of ours on that device whose network holds the given one; without it, it is no neighbour there."""
    return next((one for one in own if one.device == device and address in one.network), None)


def is_own(own: Iterable[OwnAddress], address: Address) -> bool:
    return any(one.address == address for one in own)


def shared(own: Iterable[OwnAddress], addresses: Sequence[Address], device: str) -> OwnAddress | None:
    """The address of ours on that device whose network holds all the given ones."""
    return next((one for one in own if one.device == device and all(it in one.network for it in addresses)), None)
