# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The way of a packet through kube-proxy's IPVS mode.

An address of a Service is the node's own (device kube-ipvs0), the ipsets let it pass the rules (KUBE-IPVS-FILTER of
kubernetes/pkg/proxy/ipvs/proxier.go turns away what is in none of them), and a virtual server hands it to a pod.
"""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net.ipvs import DEVICE
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Backend, Finding, equal_shares

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.virtual_servers import RealServer, Server
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

WEIGHTED = frozenset({"wrr", "wlc", "sed", "nq", "fo", "ovf"})
SCHEDULERS = {
    "rr": "rr: the pods in turn",
    "wrr": "wrr: the pods in turn, by weight",
    "lc": "lc: the pod with the fewest connections",
    "wlc": "wlc: the pod with the fewest connections, by weight",
    "sh": "sh: always the same pod for a client",
    "dh": "dh: always the same pod for an address",
    "mh": "mh: always the same pod for a client",
    "sed": "sed: the pod that will be free first",
    "nq": "nq: a pod that has nothing to do",
}
# What a packet must be in one of, or the rules turn it away: KUBE-IPVS-FILTER.
ADMITTING = (
    "KUBE-CLUSTER-IP",
    "KUBE-LOAD-BALANCER",
    "KUBE-EXTERNAL-IP",
    "KUBE-EXTERNAL-IP-LOCAL",
)
ALSO = ("KUBE-LOAD-BALANCER-LOCAL",)
LOOP_BACK = "KUBE-LOOP-BACK"
REMEDY = (
    "`kubectl --namespace kube-system rollout restart daemonset/kube-proxy` makes it write everything anew; "
    "its log says why it did not"
)


@dataclasses.dataclass(frozen=True)
class Table:
    """What IPVS has on a node."""

    servers: Mapping[str, Server]
    """By keys such as "tcp 10.96.0.1:443"."""
    sets: Mapping[str, Sequence[str]] | None
    """``None`` when the node has no ipset that could be asked."""
    addresses: frozenset[str]
    """On kube-ipvs0."""


def look(table: Table, packet: Packet) -> Finding:
    name = f"IPVS {packet}"
    server = table.servers.get(f"{packet.protocol.lower()} {packet.socket}")
    bound = packet.node_port or packet.address in table.addresses
    device = () if packet.node_port else (Fact(DEVICE, f"has {'' if bound else 'not '}{packet.address}"),)
    members = _memberships(table, packet)
    facts = (*device, *(Fact("ipset", f"{name} has {member}") for name, member in members))
    if server is None:
        return Finding(name, facts, (), Trouble(f"IPVS has no virtual server for {packet}", REMEDY))
    facts = (Fact("scheduler", _scheduler(server)), *facts)
    finding = Finding(name, facts, _backends(table, server, packet))
    if not bound:
        what = f"{DEVICE} lacks {packet.address}, so the node does not take packets for it"
        return dataclasses.replace(finding, trouble=Trouble(what, REMEDY))
    if table.sets is not None and not packet.node_port and not {name for name, _member in members} & set(ADMITTING):
        what = f"No ipset of kube-proxy has {packet}, so chain KUBE-IPVS-FILTER turns it away"
        return dataclasses.replace(finding, trouble=Trouble(what, REMEDY))
    if not server.real:
        return dataclasses.replace(finding, refused="the virtual server has no real server")
    return finding


def _memberships(table: Table, packet: Packet) -> list[tuple[str, str]]:
    """The sets that know the packet, each with its member."""
    names: tuple[str, ...] = (*ADMITTING, *ALSO)
    member = f"{packet.address},{packet.protocol.lower()}:{packet.port}"
    if packet.node_port:
        names, member = (
            (f"KUBE-NODE-PORT-{packet.protocol}", f"KUBE-NODE-PORT-LOCAL-{packet.protocol}"),
            str(packet.port),
        )
    sets = table.sets or {}
    family = [(name.replace("KUBE-", "KUBE-6-", 1) if ":" in packet.address else name)[:31] for name in names]
    return [(name, member) for name in family if member in sets.get(name, ())]


def _backends(table: Table, server: Server, packet: Packet) -> tuple[Backend, ...]:
    weights = [_weight(one, server.scheduler) for one in server.real]
    total = sum(weights)
    shares = [fractions.Fraction(weight, total) if total else equal_shares(0) for weight in weights]
    return tuple(
        Backend(one.socket, share, tuple(_facts(table, one, packet)))
        for one, share in zip(server.real, shares, strict=True)
    )


def _weight(one: RealServer, scheduler: str) -> int:
    """What counts of a weight: most schedulers only ask whether it is nothing."""
    return one.weight if scheduler in WEIGHTED else min(one.weight, 1)


def _facts(table: Table, one: RealServer, packet: Packet) -> t.Iterator[Fact]:
    yield Fact("weight", str(one.weight))
    yield Fact("connections", f"{one.active} active, {one.inactive} inactive")
    address, _colon, port = one.socket.rpartition(":")
    address = address.strip("[]")
    member = f"{address},{packet.protocol.lower()}:{port},{address}"
    name = "KUBE-6-LOOP-BACK" if ":" in address else LOOP_BACK
    if table.sets is not None and member in table.sets.get(name, ()):
        yield Fact("ipset", f"{name} has {member}")


def _scheduler(server: Server) -> str:
    words = [SCHEDULERS.get(server.scheduler, server.scheduler)]
    if "persistent" in server.flags:
        seconds = server.flags[server.flags.index("persistent") + 1 :][:1]
        words.append(f"a client stays with its pod for {''.join(seconds)} s")
    return ", ".join(words)
