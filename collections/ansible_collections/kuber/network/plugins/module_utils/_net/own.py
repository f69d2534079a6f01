# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The machine's own addresses, and which of its networks another address is in."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# kube-proxy in mode IPVS adds service addresses to this device: they are not the machine's own.
SERVICE_DEVICES = ("kube-ipvs0",)


@dataclasses.dataclass(frozen=True)
class OwnAddress:
    """An address of this machine."""

    device: str
    address: Address
    network: Network
    """The network behind the device."""

    @property
    def place(self) -> Network:
        """The network of the address itself; for a point-to-point address this is not the network of its peer."""
        return self.network if self.address in self.network else ipaddress.ip_network(self.address)


def load(items: Iterable[Mapping[str, t.Any]]) -> tuple[OwnAddress, ...]:
    """Read the objects of ``ip -j address``."""
    return tuple(_addresses(items))


def _addresses(items: Iterable[Mapping[str, t.Any]]) -> Iterator[OwnAddress]:
    for item in items:
        for info in item.get("addr_info", ()):
            if "local" in info and item.get("ifname") not in SERVICE_DEVICES:
                # For a point-to-point address the prefix belongs to the peer, which "address" names.
                other = info.get("address", info["local"])
                network = ipaddress.ip_network(f"{other}/{info['prefixlen']}", strict=False)
                yield OwnAddress(item["ifname"], ipaddress.ip_address(info["local"]), network)


def beside(own: Iterable[OwnAddress], address: Address, device: str) -> OwnAddress | None:
    """Return our address on the device whose network contains the given one; ``None`` if it is not a neighbour."""
    return next((one for one in own if one.device == device and address in one.network), None)


def is_own(own: Iterable[OwnAddress], address: Address) -> bool:
    return any(one.address == address for one in own)


def shared(own: Iterable[OwnAddress], addresses: Sequence[Address], device: str) -> OwnAddress | None:
    """Return our address on the device whose network contains all the given ones."""
    return next((one for one in own if one.device == device and all(it in one.network for it in addresses)), None)
