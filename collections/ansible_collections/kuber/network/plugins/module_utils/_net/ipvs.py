# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What kube-proxy's IPVS mode leaves beside iptables: virtual servers, ipsets, and a device full of addresses."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import virtual_servers

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
ADDRESS_SETS = ("KUBE-IPVS-IPS", "KUBE-6-IPVS-IPS")
PORT_SETS = re.compile(r"KUBE-(6-)?NODE-PORT-(TCP|UDP|SCTP-HASH)$")

PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp"}
_PROTOCOL_NUMBER = re.compile(r",(\d+):(?=\d+(?:,|$))")

OPTIONS = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service"}


@dataclasses.dataclass(frozen=True, order=True)
class VirtualServer:
    """An address and port that IPVS balances."""

    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{OPTIONS[self.protocol]} {host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class State:
    """What there is on a node."""

    servers: tuple[VirtualServer, ...]
    sets: t.Mapping[str, tuple[str, ...]]
    device: bool
    addresses: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to go."""

    servers: tuple[VirtualServer, ...] = ()
    sets: tuple[str, ...] = ()
    device: bool = False
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.servers or self.sets or self.device)

    def lines(self) -> list[str]:
        """What is to go, as arguments of the commands that remove it."""
        return [
            *(f"ipvsadm -D {server}" for server in self.servers),
            *(f"ipset destroy {name}" for name in self.sets),
            *([f"ip link delete {DEVICE}"] if self.device else []),
        ]


def parse_servers(text: str) -> tuple[VirtualServer, ...]:
    """Read /proc/net/ip_vs."""
    found = []
    for server in virtual_servers.parse(text):
        address, _colon, port = server.socket.rpartition(":")
        found.append(VirtualServer(server.protocol, address.strip("[]"), int(port)))
    return tuple(found)


def named(member: str) -> str:
    """A member of a set with the name of its protocol; a node without /etc/protocols prints the number."""
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


def parse_device(text: str) -> tuple[bool, frozenset[str]]:
    """Read ``ip -o address show`` and ``ip -o link show``: whether the device is there, and its addresses."""
    there = False
    addresses = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[1].rstrip(":") == DEVICE:
            there = True
            if len(words) > 3 and words[2] in ("inet", "inet6"):
                addresses.add(words[3].partition("/")[0])
    return there, frozenset(addresses)


def plan(state: State, *, sets_in_use: t.Collection[str]) -> Plan:
    """Take away what kube-proxy made; virtual servers and sets of others stay."""
    mine = [name for name in state.sets if name in SETS]
    kept = [name for name in mine if name in sets_in_use]
    return Plan(
        servers=tuple(server for server in state.servers if _is_service(server, state)),
        sets=tuple(name for name in mine if name not in kept),
        device=state.device,
        warnings=tuple(
            f"Set {name} is a leftover of kube-proxy, but it stays, because a rule that stays uses it" for name in kept
        ),
    )


def _is_service(server: VirtualServer, state: State) -> bool:
    bound = {member for name in ADDRESS_SETS for member in state.sets.get(name, ())}
    if server.address in state.addresses or server.address in bound:
        return True
    ports = [member for name, members in state.sets.items() if PORT_SETS.match(name) for member in members]
    return any(_port(member) == server.port for member in ports)


def _port(member: str) -> int:
    """The port of ``30080`` (bitmap:port) or of ``10.0.0.1,sctp:30080`` (hash:ip,port)."""
    return int(member.rpartition(":")[2])
