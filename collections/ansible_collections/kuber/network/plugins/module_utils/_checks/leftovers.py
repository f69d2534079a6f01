# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check for leftovers of another mode of kube-proxy on a node, as ``node_iptables`` sees them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers, nft, node, node_read
from ansible_collections.kuber.network.plugins.module_utils._net.programs import by_hand
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable

    from ansible_collections.kuber.network.plugins.module_utils._net.node_read import NodeState

MODES = ("iptables", "ipvs", "nftables")


class Readings:
    """Readings of one node; each is shared by all probes, which run in sequence."""

    def __init__(self, read: Callable[[str], NodeState]) -> None:
        self._read = read
        self._state: NodeState | None = None
        self._served: set[LeftoversProbe] = set()

    def fresh(self, probe: LeftoversProbe) -> NodeState:
        if self._state is None or probe in self._served:
            self._state = self._read(probe.mode)
            self._served = set()
        self._served.add(probe)
        return self._state


@dataclasses.dataclass(frozen=True)
class View:
    """One kind of leftover."""

    asked: str
    parts: tuple[str, ...]
    """The parts of a node that could be unread."""
    find: Callable[[NodeState, str, str], tuple[str, ...]]
    """Returns what is left, for the running mode and the mode that left it."""
    effect: str = ""
    doubtful: Callable[[NodeState], tuple[str, ...]] = lambda _state: ()
    """Returns what may be kube-proxy's or another program's."""


def _chains(family: str) -> Callable[[NodeState, str, str], tuple[str, ...]]:
    def find(state: NodeState, mode: str, of: str) -> tuple[str, ...]:
        found = (
            (program, table.name, chain)
            for program, tables in state.rules.items()
            for table in tables.values()
            for chain in table.chains
            if program.family == family and leftovers.belongs_to(table.name, chain, of)
        )
        return tuple(
            f"{chain} ({program}, {table})"
            for program, table, chain in found
            if program.variant != state.variant or leftovers.is_leftover(table, chain, mode)
        )

    return find


def _owners(state: NodeState) -> ipvs.IpvsPlan:
    return ipvs.plan(state.ipvs, freed={}, proxy=state.proxy) if state.ipvs else ipvs.IpvsPlan()


def _servers(state: NodeState, _mode: str, _of: str) -> tuple[str, ...]:
    return tuple(map(str, _owners(state).servers))


def _doubtful(state: NodeState) -> tuple[str, ...]:
    return tuple(map(str, _owners(state).doubtful))


def _sets(state: NodeState, _mode: str, _of: str) -> tuple[str, ...]:
    return tuple(name for name in (state.ipvs.sets if state.ipvs else ()) if name in ipvs.SETS)


def _device(state: NodeState, _mode: str, _of: str) -> tuple[str, ...]:
    return (ipvs.DEVICE,) if state.ipvs and state.ipvs.device else ()


def _tables(state: NodeState, _mode: str, _of: str) -> tuple[str, ...]:
    return tuple(nft.lines(state.nftables))


VIEWS = {
    "ipv4": View("iptables-save", ("ipv4",), _chains("ipv4")),
    "ipv6": View("ip6tables-save", ("ipv6",), _chains("ipv6")),
    "device": View("ip -o link show", (node_read.DEVICE,), _device),
    "virtual_servers": View("cat /proc/net/ip_vs", (node_read.SERVERS,), _servers, node.STILL_ANSWER, _doubtful),
    "sets": View(by_hand(["ipset", "list", "-name"]), (node_read.SETS,), _sets),
    "tables": View(by_hand(["nft", "list", "tables"]), tuple(nft.TABLES), _tables),
}


@dataclasses.dataclass(frozen=True)
class LeftoversProbe(Probe):
    readings: Readings
    mode: str
    of: str
    name: str

    @property
    def serial(self) -> bool:
        return True

    @property
    def view(self) -> View:
        return VIEWS[self.name]

    @property
    def asked(self) -> str:
        return self.view.asked

    @property
    def wanted(self) -> str:
        return "none"

    def attempt(self) -> Outcome:
        state = self.readings.fresh(self)
        found = self.view.find(state, self.mode, self.of)
        if found:
            text = f"{len(found)} left: {', '.join(found)}"
            return Outcome(False, f"{text}. {self.view.effect}" if self.view.effect else text)
        unread = [state.unread[part] for part in self.view.parts if part in state.unread]
        if unread:
            return Outcome.not_checked("; ".join(unread))
        doubtful = self.view.doubtful(state)
        if doubtful:
            return Outcome(False, f"unknown owner: {', '.join(doubtful)}", unknown=True)
        return Outcome(True, "none")
