# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Look up a packet in kube-proxy's IPVS mode.

A Service's address is bound to the node (device kube-ipvs0), the ipsets let packets pass (KUBE-IPVS-FILTER of
kubernetes/pkg/proxy/ipvs/proxier.go rejects what is in none of them, KUBE-PROXY-FIREWALL clients that a load
balancer does not accept), and a virtual server sends them to a pod.
"""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._net.ipvs import DEVICE
from ansible_collections.kuber.network.plugins.module_utils._trace import hooks
from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import (
    RESTART,
    Lookup,
    RuleBackend,
    equal_shares,
    not_admitted,
    not_allowed,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import STOPS

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
    "sed": "sed: the pod with the shortest expected delay",
    "nq": "nq: an idle pod",
}
# A packet must be in one of these sets, or KUBE-IPVS-FILTER rejects it.
ADMITTING = (
    "KUBE-CLUSTER-IP",
    "KUBE-LOAD-BALANCER",
    "KUBE-EXTERNAL-IP",
    "KUBE-EXTERNAL-IP-LOCAL",
)
ALSO = ("KUBE-LOAD-BALANCER-LOCAL",)
LOOP_BACK = "KUBE-LOOP-BACK"
FIREWALL, RANGES, CLIENTS = "KUBE-LOAD-BALANCER-FW", "KUBE-LOAD-BALANCER-SOURCE-CIDR", "KUBE-LOAD-BALANCER-SOURCE-IP"
OWN = "KUBE-"
REMEDY = f"{RESTART} makes it write everything again; its log says why it had not"
# The rules that kube-proxy writes for its sets, assumed if iptables could not be read.
ASSUMED = iptables.parse(
    """*filter
:INPUT ACCEPT
-A INPUT -j KUBE-PROXY-FIREWALL
-A KUBE-PROXY-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-SOURCE-RANGES-FIREWALL
-A KUBE-SOURCE-RANGES-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN
-A KUBE-SOURCE-RANGES-FIREWALL -m set --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j RETURN
-A KUBE-SOURCE-RANGES-FIREWALL -j DROP
COMMIT
"""
)


@dataclasses.dataclass(frozen=True)
class IpvsTable:
    """The state of IPVS on a node."""

    servers: Mapping[str, Server]
    """Virtual servers by keys such as "tcp 10.96.0.1:443"."""
    sets: Mapping[str, Sequence[str]] | None
    """The ipsets; ``None`` if the node has no program to list them."""
    addresses: frozenset[str]
    """Addresses on kube-ipvs0."""
    tables: Mapping[str, Mapping[str, iptables.IptablesTable]] = dataclasses.field(default_factory=dict)
    """The iptables tables by family; empty if they could not be read."""


def look_up(table: IpvsTable, packet: Packet) -> Lookup:
    name = f"IPVS {packet}"
    server = table.servers.get(f"{packet.protocol.lower()} {packet.socket}")
    bound = packet.node_port or packet.address in table.addresses
    device = () if packet.node_port else (Fact(DEVICE, f"has {'' if bound else 'not '}{packet.address}"),)
    members = _memberships(table, packet)
    facts = (*device, *(Fact("ipset", f"{name} has {member}") for name, member in members))
    if server is None:
        return Lookup(name, facts, (), _no_server(table, packet))
    facts = (Fact("scheduler", _scheduler(server)), *facts)
    finding = Lookup(name, facts, _backends(table, server, packet))
    if not bound:
        what = f"{DEVICE} lacks {packet.address}, so the node does not accept packets for it"
        return dataclasses.replace(finding, trouble=Trouble(what, REMEDY))
    if table.sets is not None and not packet.node_port and not {name for name, _member in members} & set(ADMITTING):
        what = f"No ipset of kube-proxy contains {packet}, so chain KUBE-IPVS-FILTER rejects it"
        return dataclasses.replace(finding, trouble=Trouble(what, REMEDY))
    if not server.real:
        return dataclasses.replace(finding, refused="the virtual server has no real server")
    return _filtered(table, packet, finding)


def _filtered(table: IpvsTable, packet: Packet, finding: Lookup) -> Lookup:
    """Apply the iptables rules that a packet meets before IPVS."""
    family = "ipv6" if ":" in packet.address else "ipv4"
    tables = table.tables.get(family) or (ASSUMED if family == "ipv4" else {})
    if family not in table.tables:
        assumed = Fact("iptables", "not read: the chains that kube-proxy writes for its sets are assumed")
        finding = dataclasses.replace(finding, facts=(*finding.facts, assumed))
    journey = hooks.travel(tables, Scene(packet, to_node=True, sets=table.sets), strict=True)
    if journey.untracked:
        rule = " ".join(journey.untracked.rule.comments) or str(journey.untracked.rule)
        what = f"table raw keeps {packet} from connection tracking ({rule}), and IPVS has a virtual server for it: "
        return dataclasses.replace(finding, unknown=f"{what}it cannot be decided whether that or {hooks.CACHE} answers")
    step = next((one.path[-1] for one in journey.courses if one.end in STOPS or one.end == "DNAT"), None)
    if step is None:
        return dataclasses.replace(finding, unknown=hooks.unseen(tables) or journey.doubt)
    finding = dataclasses.replace(finding, refused=hooks.text(step) if step.action.target in STOPS else "")
    if step.chain.startswith(OWN) and _is_in_firewall(table, packet):
        return dataclasses.replace(finding, trouble=not_allowed(packet, _ranges(table, packet)), alike=True)
    return dataclasses.replace(finding, trouble=hooks.taken(step, packet))


def _is_in_firewall(table: IpvsTable, packet: Packet) -> bool:
    member = f"{packet.address},{packet.protocol.lower()}:{packet.port}"
    return member in (table.sets or {}).get(_family(FIREWALL, packet), ())


def _ranges(table: IpvsTable, packet: Packet) -> list[str]:
    """Return the clients that a load balancer accepts, without its own address."""
    key = f"{packet.address},{packet.protocol.lower()}:{packet.port},"
    members = [one for name in (RANGES, CLIENTS) for one in (table.sets or {}).get(_family(name, packet), ())]
    found = [one.removeprefix(key) for one in members if one.startswith(key)]
    return [one for one in found if one != packet.address]


def _no_server(table: IpvsTable, packet: Packet) -> Trouble:
    """Explain a missing virtual server; a node port may have one on other addresses of the node."""
    servers = [one.socket.rpartition(":") for one in table.servers.values() if one.protocol == packet.protocol]
    own = [address for address, _colon, port in servers if port == str(packet.port)]
    others = [address for address in own if address not in table.addresses]
    if packet.node_port and others:
        return not_admitted(packet, others)
    return Trouble(f"IPVS has no virtual server for {packet}", REMEDY)


def _memberships(table: IpvsTable, packet: Packet) -> list[tuple[str, str]]:
    """Return the sets that contain the packet, each with the member."""
    names: tuple[str, ...] = (*ADMITTING, *ALSO)
    member = f"{packet.address},{packet.protocol.lower()}:{packet.port}"
    if packet.node_port:
        names, member = (
            (f"KUBE-NODE-PORT-{packet.protocol}", f"KUBE-NODE-PORT-LOCAL-{packet.protocol}"),
            str(packet.port),
        )
    sets = table.sets or {}
    family = [_family(name, packet) for name in names]
    return [(name, member) for name in family if member in sets.get(name, ())]


def _family(name: str, packet: Packet) -> str:
    return (name.replace("KUBE-", "KUBE-6-", 1) if ":" in packet.address else name)[:31]


def _backends(table: IpvsTable, server: Server, packet: Packet) -> tuple[RuleBackend, ...]:
    weights = [_weight(one, server.scheduler) for one in server.real]
    total = sum(weights)
    shares = [fractions.Fraction(weight, total) if total else equal_shares(0) for weight in weights]
    return tuple(
        RuleBackend(one.socket, share, tuple(_facts(table, one, packet)))
        for one, share in zip(server.real, shares, strict=True)
    )


def _weight(one: RealServer, scheduler: str) -> int:
    """Return the effective weight: most schedulers only distinguish 0 from the rest."""
    return one.weight if scheduler in WEIGHTED else min(one.weight, 1)


def _facts(table: IpvsTable, one: RealServer, packet: Packet) -> t.Iterator[Fact]:
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
