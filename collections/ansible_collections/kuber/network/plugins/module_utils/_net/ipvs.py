# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan the removal of what IPVS mode leaves outside of iptables: virtual servers, ipsets, and kube-ipvs0."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import virtual_servers

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.node_proxy import NodeProxy  # pragma: no cover

DEVICE = "kube-ipvs0"

# kubernetes/pkg/proxy/ipvs/proxier.go, ipsetInfo.
_SETS = (
    "KUBE-LOOP-BACK",
    "KUBE-CLUSTER-IP",
    "KUBE-EXTERNAL-IP",
    "KUBE-EXTERNAL-IP-LOCAL",
    "KUBE-LOAD-BALANCER",
    "KUBE-LOAD-BALANCER-FW",
    "KUBE-LOAD-BALANCER-LOCAL",
    "KUBE-LOAD-BALANCER-SOURCE-IP",
    "KUBE-LOAD-BALANCER-SOURCE-CIDR",
    "KUBE-NODE-PORT-TCP",
    "KUBE-NODE-PORT-LOCAL-TCP",
    "KUBE-NODE-PORT-UDP",
    "KUBE-NODE-PORT-LOCAL-UDP",
    "KUBE-NODE-PORT-SCTP-HASH",
    "KUBE-NODE-PORT-LOCAL-SCTP-HASH",
    "KUBE-HEALTH-CHECK-NODE-PORT",
    "KUBE-IPVS-IPS",
)
_LONGEST_NAME = 31
SETS = frozenset(_SETS) | {name.replace("KUBE-", "KUBE-6-", 1)[:_LONGEST_NAME] for name in _SETS}
ADDRESS_SETS = frozenset({"KUBE-IPVS-IPS", "KUBE-6-IPVS-IPS"})
# Before Kubernetes 1.26 only the sets whose members have a port existed.
SOCKET_SETS = re.compile(r"KUBE-(6-)?(CLUSTER-IP|EXTERNAL-IP|LOAD-BALANCER)$")
PORT_SETS = re.compile(r"KUBE-(6-)?NODE-PORT-(TCP|UDP|SCTP)(-HASH)?$")

SAVE = ("ipset", "save")

MARK = "FWM"
"""The protocol of a virtual server that is identified by a firewall mark; kube-proxy makes none of these."""
PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp"}
_PROTOCOL_NUMBER = re.compile(r",(\d+):(?=\d+(?:,|$))")

OPTIONS = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service"}


@dataclasses.dataclass(frozen=True, order=True)
class VirtualServer:
    """A virtual server of IPVS: a protocol with an address and port."""

    protocol: str
    address: str
    port: int
    """The number of the firewall mark, where there is no address."""

    def __str__(self) -> str:
        return f"{self.protocol} {self.socket}"

    @property
    def socket(self) -> str:
        if self.protocol == MARK:
            return str(self.port)
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def as_option(self) -> str:
        """The virtual server as arguments of ipvsadm."""
        return f"{OPTIONS[self.protocol]} {self.socket}"


@dataclasses.dataclass(frozen=True)
class IpvsState:
    """What there is on a node."""

    servers: tuple[VirtualServer, ...]
    sets: t.Mapping[str, tuple[str, ...]]
    device: bool
    addresses: frozenset[str]
    references: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    """For each set, how many rules and other sets use it, as counted by the kernel."""
    traces: bool = False
    """Whether settings or chains show that kube-proxy has run in IPVS mode since the last boot."""


@dataclasses.dataclass(frozen=True)
class IpvsPlan:
    """What to remove, and what stays."""

    servers: tuple[VirtualServer, ...] = ()
    sets: tuple[str, ...] = ()
    device: bool = False
    foreign: tuple[VirtualServer, ...] = ()
    """Virtual servers that are not kube-proxy's."""
    doubtful: tuple[VirtualServer, ...] = ()
    """Virtual servers that may or may not be kube-proxy's."""
    used_sets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.servers or self.sets or self.device)

    def lines(self) -> list[str]:
        """Return what to remove."""
        return [
            *(f"virtual server {server}" for server in self.servers),
            *(f"ipset {name}" for name in self.sets),
            *([f"device {DEVICE}"] if self.device else []),
        ]


def parse_servers(text: str) -> tuple[VirtualServer, ...]:
    """Read /proc/net/ip_vs."""
    found = []
    for server in virtual_servers.parse(text):
        address, _colon, port = server.socket.rpartition(":")
        found.append(VirtualServer(server.protocol, address.strip("[]"), int(port)))
    marks = re.findall(rf"^{MARK} +([0-9A-F]+) ", text, re.MULTILINE)
    return (*found, *(VirtualServer(MARK, "", int(mark, 16)) for mark in marks))


def named(member: str) -> str:
    """Return a member of a set with the name of its protocol; a node without /etc/protocols prints the number."""
    return _PROTOCOL_NUMBER.sub(lambda found: f",{PROTOCOLS.get(found[1], found[1])}:", member, count=1)


def parse_sets(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``ipset save``: names and members."""
    members: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 and words[0] == "create":
            members[words[1]] = []
        elif len(words) > 2 and words[0] == "add":
            members.setdefault(words[1], []).append(named(words[2]))
    return {name: tuple(found) for name, found in members.items()}


def parse_references(text: str) -> dict[str, int]:
    """Read ``ipset list -terse``: the number of references to each set."""
    pairs = re.findall(r"^Name: (\S+)$(?:\n(?!Name:).*)*?\nReferences: (\d+)$", text, re.MULTILINE)
    return {name: int(number) for name, number in pairs}


def parse_device(text: str) -> tuple[bool, frozenset[str]]:
    """Read ``ip -o address show`` and ``ip -o link show``: whether the device exists, and its addresses."""
    there = False
    addresses = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[1].rstrip(":") == DEVICE:
            there = True
            if len(words) > 3 and words[2] in ("inet", "inet6"):
                addresses.add(words[3].partition("/")[0])
    return there, frozenset(addresses)


def plan(state: IpvsState, *, freed: t.Mapping[str, int], proxy: NodeProxy) -> IpvsPlan:
    """Plan to remove what kube-proxy made; virtual servers of others and sets in use stay.

    ``freed`` is the number of references to each set that are removed before.
    """
    mine = [name for name in state.sets if name in SETS]
    used = [name for name in mine if state.references.get(name, 0) > freed.get(name, 0)]
    owner = _Owner(state, proxy)
    return IpvsPlan(
        servers=tuple(server for server in state.servers if owner.is_kube_proxys(server) is True),
        sets=tuple(name for name in mine if name not in used),
        device=state.device,
        foreign=tuple(server for server in state.servers if owner.is_kube_proxys(server) is False),
        doubtful=tuple(server for server in state.servers if owner.is_kube_proxys(server) is None),
        used_sets=tuple(used),
    )


class _Owner:
    """Distinguishes kube-proxy's virtual servers from others.

    kube-proxy's sets list every one of them. Without the sets, it is known that kube-proxy in IPVS mode removes all
    virtual servers but its own and those in excludeCIDRs (cleanLegacyService in kubernetes/pkg/proxy/ipvs/proxier.go).
    """

    def __init__(self, state: IpvsState, proxy: NodeProxy) -> None:
        self._proxy = proxy
        sets = {name: members for name, members in state.sets.items() if name in SETS}
        self._has_sets = bool(sets)
        self._was_here = bool(sets or state.device or state.traces)
        self._addresses = state.addresses | {one for name in ADDRESS_SETS for one in sets.get(name, ())}
        self._sockets = {one for name, members in sets.items() if SOCKET_SETS.match(name) for one in members}
        ports = ((PORT_SETS.match(name), members) for name, members in sets.items())
        self._ports = {(found[2], int(one.rpartition(":")[2])) for found, members in ports if found for one in members}

    def is_kube_proxys(self, server: VirtualServer) -> bool | None:
        """Whether the virtual server is kube-proxy's; ``None`` if unknown."""
        if server.protocol == MARK or self._proxy.leaves_alone(server.address):
            return False
        socket = f"{server.address},{server.protocol.lower()}:{server.port}"
        if (
            server.address in self._addresses
            or socket in self._sockets
            or (server.protocol, server.port) in self._ports
        ):
            return True
        if self._has_sets or not self._was_here:
            return False
        return None if self._proxy.excluded is None else True
