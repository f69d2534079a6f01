# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check the address pool of load balancers: its ranges, the networks it must not overlap, the wanted addresses."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import in_use as _in_use

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.in_use import LocalNetworks
    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network


@dataclasses.dataclass(frozen=True)
class AddressRange:
    """A range of addresses, inclusive."""

    text: str
    first: Address
    last: Address

    @classmethod
    def parse(cls, text: str) -> AddressRange:
        """Parse ``first-last`` or ``network/bits``, the two forms that MetalLB accepts."""
        try:
            if "-" in text:
                first, last = (ipaddress.ip_address(end.strip()) for end in text.split("-"))
            else:
                network = ipaddress.ip_network(_with_bits(text))
                first, last = network[0], network[-1]
        except ValueError as exc:
            raise KuberError(
                "Invalid address range in the pool",
                wanted="first-last, such as 172.17.255.1-172.17.255.255, or network/bits",
                found=f"{text!r} ({exc})",
            ) from exc
        if first.version != last.version or int(first) > int(last):
            raise KuberError(
                "Empty address range in the pool",
                wanted="a last address that is not before the first",
                found=repr(text),
            )
        return cls(text, first, last)

    def __contains__(self, address: Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def overlaps(self, network: Network) -> bool:
        return (
            network.version == self.first.version
            and int(self.first) <= int(network[-1])
            and int(network[0]) <= int(self.last)
        )


def _with_bits(text: str) -> str:
    if "/" not in text:
        raise ValueError("not a range and not a network")
    return text.strip()


@dataclasses.dataclass(frozen=True)
class Taken:
    """A network that the pool must not overlap."""

    purpose: str
    network: Network


def parse_pool(texts: Iterable[str]) -> tuple[list[AddressRange], list[KuberError]]:
    """Return the valid ranges, and errors for the others."""
    ranges: list[AddressRange] = []
    findings: list[KuberError] = []
    for text in texts:
        try:
            ranges.append(AddressRange.parse(text))
        except KuberError as exc:
            findings.append(exc)
    return ranges, findings


def overlaps(ranges: Sequence[AddressRange], taken: Sequence[Taken]) -> Iterator[KuberError]:
    """Yield an error for each range that overlaps a network in use."""
    for pool in ranges:
        for item in taken:
            if pool.overlaps(item.network):
                yield KuberError(
                    f"The pool {pool.text} overlaps {item.purpose}",
                    wanted="unused addresses",
                    found=f"{item.purpose} is {item.network}",
                    remedy="Choose another range in metallb_pool_addresses",
                )


def in_use(
    ranges: Sequence[AddressRange],
    around: Sequence[LocalNetworks],
    nodes: Sequence[Address],
    services: Sequence[Address],
    *,
    has_route: bool,
) -> Iterator[KuberError]:
    """Yield ranges with addresses in use. ``has_route``: what the route would cut off is already reported."""
    for pool in ranges:
        found = [f"node {node}" for node in nodes if node in pool]
        for one in around:
            if not has_route:
                found += _in_use.own_addresses(one, pool.__contains__)
                found += _in_use.others(one, pool.__contains__, nodes)
            found += _in_use.name_servers(one, pool.__contains__, services)
        if found:
            yield KuberError(
                f"The pool {pool.text} contains addresses in use",
                wanted="unused addresses",
                found=", ".join(dict.fromkeys(found)),
                remedy="Choose another range in metallb_pool_addresses",
            )


def name_servers_cut_off(
    route: str, ranges: Sequence[AddressRange], around: Sequence[LocalNetworks], services: Sequence[Address]
) -> Iterator[KuberError]:
    """Yield an error if the route leads away name servers of this machine; those in the pool are already reported."""
    wanted = _network(route)

    def holds(address: Address) -> bool:
        return wanted is not None and address in wanted and not any(address in pool for pool in ranges)

    found = [text for one in around for text in _in_use.name_servers(one, holds, services)]
    if found:
        yield KuberError(
            f"The route to {route} would cut off addresses that this machine uses",
            wanted="a network in which nothing else has an address",
            found=", ".join(found),
            remedy="Choose another pool (metallb_pool_addresses, host_network_destination)",
        )


def wrong_addresses(addresses: Mapping[str, str], ranges: Sequence[AddressRange]) -> Iterator[KuberError]:
    """Yield an error for each wanted address that is outside the pool or used twice."""
    owners: dict[Address, str] = {}
    pool = ", ".join(item.text for item in ranges)
    for name, text in addresses.items():
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            yield KuberError(f"Invalid address for {name}", wanted=f"an address in {pool}", found=repr(text))
            continue
        if ranges and not any(address in item for item in ranges):
            yield KuberError(
                f"The address of {name} is outside the pool",
                wanted=f"an address in {pool}",
                found=text,
                remedy="Change the address, or metallb_pool_addresses",
            )
        other = owners.setdefault(address, name)
        if other != name:
            yield KuberError(f"{name} and {other} have the same address", wanted="different addresses", found=text)


def led_elsewhere(
    addresses: Mapping[str, str], route: str, around: Sequence[LocalNetworks], nodes: Sequence[Address]
) -> Iterator[KuberError]:
    """Yield an error for each wanted address that a more specific route of this machine leads elsewhere."""
    wanted = _network(route)
    for name, text in addresses.items():
        address = _address(text)
        if wanted is None or address is None or address not in wanted:
            continue
        inner = [one for part in around for one in part.routes if one.has_network and address in one.network]
        best = max(inner, key=lambda one: one.network.prefixlen, default=None)
        if best is None or best.network.prefixlen <= wanted.prefixlen or best.marked or best.leads_to(nodes):
            continue
        yield KuberError(
            f"Another route of this machine leads to {text}, the address of {name}",
            wanted=f"no route to a part of {wanted}",
            found=best.text(),
            remedy="Remove it, or choose another address, or another pool (metallb_pool_addresses)",
        )


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def uncovered(route: str, ranges: Sequence[AddressRange]) -> Iterator[KuberError]:
    """Yield an error for each range of the pool that this machine's route does not cover."""
    try:
        network = ipaddress.ip_network(route)
    except ValueError as exc:
        yield KuberError(
            "Invalid destination of the route",
            wanted="a network such as 172.17.255.0/24, without host bits",
            found=f"{route!r} ({exc})",
        )
        return
    for pool in ranges:
        if pool.first not in network or pool.last not in network:
            yield KuberError(
                f"The route of this machine does not cover the pool {pool.text}",
                wanted="a destination that contains the pool",
                found=route,
                remedy="Change host_network_destination, or metallb_pool_addresses",
            )
