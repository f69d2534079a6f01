# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The pool of addresses for load balancers: what it covers and what it must not touch."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import in_use as _in_use

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.in_use import Surroundings
    from ansible_collections.kuber.network.plugins.module_utils._net.own import Address, Network


@dataclasses.dataclass(frozen=True)
class AddressRange:
    """A range of addresses, both ends included."""

    text: str
    first: Address
    last: Address

    @classmethod
    def parse(cls, text: str) -> AddressRange:
        """Read ``first-last`` or ``network/bits``, the two forms that MetalLB knows."""
        try:
            if "-" in text:
                first, last = (ipaddress.ip_address(end.strip()) for end in text.split("-"))
            else:
                network = ipaddress.ip_network(_with_bits(text))
                first, last = network[0], network[-1]
        except ValueError as exc:
            raise KuberError(
                "The pool is no range of addresses",
                wanted="first-last, such as 172.17.255.1-172.17.255.255, or network/bits",
                found=f"{text!r} ({exc})",
            ) from exc
        if first.version != last.version or int(first) > int(last):
            raise KuberError(
                "The pool's range is empty",
                wanted="a first address and a last one that does not come before it",
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
        raise ValueError("neither a range nor a network")
    return text.strip()


@dataclasses.dataclass(frozen=True)
class Taken:
    """A network that the pool must keep clear of."""

    purpose: str
    network: Network


def parse_pool(texts: Iterable[str]) -> tuple[list[AddressRange], list[KuberError]]:
    """All ranges that can be read, and why the others cannot."""
    ranges: list[AddressRange] = []
    findings: list[KuberError] = []
    for text in texts:
        try:
            ranges.append(AddressRange.parse(text))
        except KuberError as exc:
            findings.append(exc)
    return ranges, findings


def overlaps(ranges: Sequence[AddressRange], taken: Sequence[Taken]) -> Iterator[KuberError]:
    """The ranges that collide with networks in use."""
    for pool in ranges:
        for item in taken:
            if pool.overlaps(item.network):
                yield KuberError(
                    f"The pool {pool.text} overlaps {item.purpose}",
                    wanted="addresses that nothing else uses",
                    found=f"{item.purpose} is {item.network}",
                    remedy="Choose another range in metallb_pool_addresses",
                )


def in_use(
    ranges: Sequence[AddressRange],
    around: Sequence[Surroundings],
    nodes: Sequence[Address],
    services: Sequence[Address],
    *,
    has_route: bool,
) -> Iterator[KuberError]:
    """The ranges that hold addresses of others. ``has_route``: what the route would cut off has been found already."""
    for pool in ranges:
        found = [f"node {node}" for node in nodes if node in pool]
        for one in around:
            if not has_route:
                found += _in_use.own_addresses(one, pool.__contains__)
                found += _in_use.others(one, pool.__contains__, nodes)
            found += _in_use.name_servers(one, pool.__contains__, services)
        if found:
            yield KuberError(
                f"The pool {pool.text} holds addresses that are in use",
                wanted="addresses that nothing else uses",
                found=", ".join(dict.fromkeys(found)),
                remedy="Choose another range in metallb_pool_addresses",
            )


def wrong_addresses(addresses: Mapping[str, str], ranges: Sequence[AddressRange]) -> Iterator[KuberError]:
    """Wanted addresses that the pool cannot give, or cannot give twice."""
    owners: dict[Address, str] = {}
    pool = ", ".join(item.text for item in ranges)
    for name, text in addresses.items():
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            yield KuberError(f"The address of {name} is no address", wanted=f"one out of {pool}", found=repr(text))
            continue
        if ranges and not any(address in item for item in ranges):
            yield KuberError(
                f"The address of {name} lies outside the pool",
                wanted=f"one out of {pool}",
                found=text,
                remedy="Change the address, or metallb_pool_addresses",
            )
        other = owners.setdefault(address, name)
        if other != name:
            yield KuberError(
                f"{name} and {other} are given the same address", wanted="an address of their own", found=text
            )


def uncovered(route: str, ranges: Sequence[AddressRange]) -> Iterator[KuberError]:
    """Ranges of the pool to which the route of this machine does not lead."""
    try:
        network = ipaddress.ip_network(route)
    except ValueError as exc:
        yield KuberError(
            "The route's destination is no network",
            wanted="a network such as 172.17.255.0/24, without host bits",
            found=f"{route!r} ({exc})",
        )
        return
    for pool in ranges:
        if pool.first not in network or pool.last not in network:
            yield KuberError(
                f"The route of this machine does not lead to all of the pool {pool.text}",
                wanted="a destination that contains the pool",
                found=route,
                remedy="Change host_network_destination, or metallb_pool_addresses",
            )
