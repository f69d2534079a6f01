# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the live rules of one node in kube-proxy's mode, and probe whether pods accept connections."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    ipvs,
    leftovers,
    nftables,
    node_proxy,
    node_read,
    variants,
    virtual_servers,
)
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND, borrowed
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError
from ansible_collections.kuber.network.plugins.module_utils._trace import (
    node_routes,
    rules_iptables,
    rules_ipvs,
    rules_nftables,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Lookup

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable as Iptables
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

    Rules = t.Union[Mapping[str, Mapping[str, Iptables]], rules_ipvs.IpvsTable, Mapping[str, nftables.NftablesTable]]

DEFAULT_MODE = "iptables"
NAMES = {"ipvs": "IPVS", "iptables": "iptables", "nftables": "nftables"}
FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
NFT = "nft --json list table {} kube-proxy"
PATIENCE = "1"
# A connection has a time; telnet, because that sends nothing, whatever protocol the pod speaks.
CURL = (
    "curl",
    "-sZ",
    "--connect-timeout",
    PATIENCE,
    "--max-time",
    PATIENCE,
    "-w",
    "%{url_effective} %{time_connect}\\n",
)
ANSWER = re.compile(r"^telnet://(\S+?)/? ([0-9.,]+)$", re.MULTILINE)
ADDRESSES = ("ip", "-o", "address", "show")
ROUTES = {"ipv4": ("ip", "-4", "route", "show"), "ipv6": ("ip", "-6", "route", "show")}
OWN_ADDRESS = re.compile(r"\binet6? ([0-9a-fA-F.:]+)")
SOURCE, DEVICE = re.compile(r"\bsrc (\S+)"), re.compile(r"\bdev (\S+)")
DEAF = "it refuses connections or does not answer"


@dataclasses.dataclass(frozen=True)
class ProxyStatus:
    """kube-proxy on one node: its running mode and its configured mode."""

    running: str | None
    configured: str

    @property
    def mode(self) -> str:
        return self.running or self.configured

    @property
    def remark(self) -> str:
        if self.running is None:
            return f"kube-proxy does not answer (configured: {NAMES.get(self.configured, self.configured)})"
        remark = f"kube-proxy in {NAMES.get(self.running, self.running)} mode"
        differs = f" (configured: {NAMES.get(self.configured, self.configured)}, not yet in effect)"
        return remark + (differs if self.running != self.configured else "")


@dataclasses.dataclass(frozen=True)
class NodeNetwork:
    """The network of a node around kube-proxy's rules."""

    addresses: frozenset[str] | None = None
    """The node's own addresses; ``None`` if they could not be read."""
    source: str = ""
    """The address that the node itself uses as a client."""
    interface: str = ""
    """The interface on which the client machine's packets arrive."""
    iptables: Mapping[str, Mapping[str, Iptables]] = dataclasses.field(default_factory=dict)
    """Other programs' iptables rules beside the nftables mode, by family."""
    routes: Mapping[str, node_routes.NodeRoutes] = dataclasses.field(default_factory=dict)
    """The node's routes, by family, as far as they could be read."""


@dataclasses.dataclass(frozen=True)
class TracedNode:
    """One node with its rules."""

    name: str
    proxy: ProxyStatus | None
    rules: Rules | None = None
    problem: str = ""
    """Why the rules could not be read; empty if they were."""
    place: NodeNetwork = NodeNetwork()

    @property
    def title(self) -> str:
        return f"{self.name}, {self.proxy.remark}" if self.proxy else self.name

    def look(self, packet: Packet) -> Lookup:
        family = "ipv6" if ":" in packet.address else "ipv4"
        if self.proxy is None or self.rules is None:
            return Lookup(f"rules for {packet}")
        if isinstance(self.rules, rules_ipvs.IpvsTable):
            return rules_ipvs.look_up(self.rules, packet)
        part = self.rules.get(family)
        if part is None:
            return Lookup(f"rules for {packet}", unknown=f"the node has no program that prints its rules for {family}")
        routes = self.place.routes.get(family)
        if isinstance(part, nftables.NftablesTable):
            tables = self.place.iptables.get(family, {})
            return rules_nftables.look_up(part, packet, self.place.addresses, tables, routes)
        return rules_iptables.look_up(part, packet, self.place.addresses, routes)


def read_proxy(client: Client, name: str, runner: Runner) -> ProxyStatus:
    try:
        state = kube_proxy.read(client)
    except NoProxyError:
        # Without a DaemonSet it may be part of another program of the node, as in k3s.
        found = node_proxy.parse(runner.run(node_proxy.READ, check=False))
        if found.mode is None:
            raise
        return ProxyStatus(found.mode, found.mode)
    running = next((pod.mode for pod in state.pods if pod.node == name), None)
    return ProxyStatus(running, state.document.config.get("mode") or DEFAULT_MODE)


def read(client: Client, runner: Runner, name: str, *, address: str = "", sender: str = "") -> TracedNode:
    """Read the rules of the running mode for a packet to an address; ``sender`` is another machine.

    A cluster without kube-proxy has no rules to explain.
    """
    proxy = None
    try:
        proxy = read_proxy(client, name, runner)
        reader = READERS.get(proxy.mode)
        if reader is None:
            raise KuberError(f"Cannot trace the rules of kube-proxy's mode {proxy.mode!r}")
        rules = reader(runner)
    except KuberError as exc:
        return TracedNode(name, proxy, None, str(exc))
    beside = _read_beside(runner) if proxy.mode == "nftables" else {}
    return TracedNode(name, proxy, rules, place=read_place(runner, address, sender, beside))


def read_place(
    runner: Runner, address: str, sender: str, beside: Mapping[str, Mapping[str, Iptables]] | None = None
) -> NodeNetwork:
    """Read the node's own addresses, and its routes to both ends of a packet."""
    ends = {"to": address, "from": sender}
    commands = {name: ("ip", "route", "get", one) for name, one in ends.items() if one}
    done = run_all(runner, {"addresses": ADDRESSES, **ROUTES, **commands})
    routes = {name: done[name].stdout if name in done and done[name].rc == 0 else "" for name in ends}
    own = frozenset(OWN_ADDRESS.findall(done["addresses"].stdout)) if done["addresses"].rc == 0 else None
    source, device = SOURCE.search(routes["to"]), DEVICE.search(routes["from"])
    tables = {
        family: node_routes.parse(done[family].stdout, int(family[-1])) for family in ROUTES if done[family].rc == 0
    }
    return NodeNetwork(own, source[1] if source else "", device[1] if device else "", beside or {}, tables)


def _read_iptables(runner: Runner) -> Rules:
    return _tables(runner, "iptables")


def _tables(runner: Runner, mode: str) -> dict[str, dict[str, Iptables]]:
    """Return the tables of the variant that kube-proxy uses, with table raw of the other one."""
    commands = {str(program): program.save for program in variants.PROGRAMS}
    done = run_all(runner, {**commands, **{path: ["cat", path] for path in node_read.LEGACY_TABLES.values()}})
    unread: dict[str, str] = {}
    dumps = {
        program: text
        for program in variants.PROGRAMS
        if (text := node_read.rules_of(done, program, unread)) is not None
    }
    variant, texts = variants.choose(runner, dumps, mode=mode, asked=variants.AUTO)
    found = {program.family: iptables.parse(text) for program, text in texts.items() if program.variant == variant}
    for program, text in dumps.items():
        if program.variant != variant and program.family in found:
            _add_raw(found[program.family], iptables.parse(text))
    # Without any rule of kube-proxy in them, its rules may be in the variant that could not be read.
    return {family: tables for family, tables in found.items() if family not in unread or _has_proxys(tables)}


def _has_proxys(tables: Mapping[str, Iptables]) -> bool:
    return any(leftovers.is_kube_proxys(table.name, chain) for table in tables.values() for chain in table.chains)


def _add_raw(tables: dict[str, Iptables], others: Mapping[str, Iptables]) -> None:
    if "raw" in others:
        first = tables.get("raw", iptables.IptablesTable("raw", {}, ()))
        raw = others["raw"]
        tables["raw"] = iptables.IptablesTable(
            "raw", {**raw.chains, **first.chains}, (*first.rules, *raw.rules), first.shown and raw.shown
        )


def _read_beside(runner: Runner, mode: str = "nftables") -> Mapping[str, Mapping[str, Iptables]]:
    """Return the iptables tables; none if the node has no iptables, or the variant in use is unclear."""
    try:
        return _tables(runner, mode)
    except KuberError:
        return {}


def _read_ipvs(runner: Runner) -> Rules:
    commands = {
        "servers": ("cat", "/proc/net/ip_vs"),
        "addresses": ADDRESSES,
        "sets": borrowed(ipvs.SAVE),
    }
    done = run_all(runner, commands)
    if done["servers"].rc == NOT_FOUND:
        raise KuberError(
            "The virtual servers of IPVS cannot be read",
            wanted="the program cat where commands are run",
            found=done["servers"].stderr.strip() or "it is not there",
            remedy="Read the node through a pod of an image with a shell (pod_image, trace_pod_image)",
        )
    sets = _first(done, "sets")
    return rules_ipvs.IpvsTable(
        servers={server.key: server for server in virtual_servers.parse(done["servers"].stdout)},
        sets=None if sets is None else ipvs.parse_sets(sets),
        addresses=ipvs.parse_device(done["addresses"].stdout)[1],
        tables=_read_beside(runner, "ipvs"),
    )


def _read_nftables(runner: Runner) -> Rules:
    # Nodes may lack nft, or have an older one; the container of kube-proxy always has the one that wrote the table.
    done = run_all(runner, {family: borrowed(NFT.format(word).split()) for family, word in FAMILIES.items()})
    texts = {family: _first(done, family) for family in FAMILIES}
    if texts["ipv4"] is None and texts["ipv6"] is None:
        raise KuberError(
            "Cannot read the rules of kube-proxy's nftables mode",
            wanted=f"`{NFT.format('ip')}` on the node or in the container of kube-proxy",
            found="no such table, or no program nft",
        )
    return {family: nftables.parse(text) if text else nftables.NftablesTable({}, {}) for family, text in texts.items()}


READERS: t.Mapping[str, t.Callable[[Runner], Rules]] = {
    "iptables": _read_iptables,
    "ipvs": _read_ipvs,
    "nftables": _read_nftables,
}


def _first(done: Mapping[str, Result], names: str) -> str | None:
    """Return the output of the first program that is installed and prints something."""
    return next((one.stdout for name, one in done.items() if name.startswith(names) and one.rc == 0), None)


def try_sockets(runner: Runner, sockets: Iterable[str]) -> dict[str, str]:
    """Probe sockets from the node; return for each why it does not accept connections, empty if it does."""
    wanted = list(dict.fromkeys(sockets))
    if not wanted:
        return {}
    done = runner.run(
        [*CURL, *(word for one in wanted for word in ("-o", "/dev/null", f"telnet://{one}"))], check=False
    )
    times = dict(ANSWER.findall(done.stdout))
    return {one: "" if float(times[one].replace(",", ".")) else DEAF for one in wanted if one in times}
