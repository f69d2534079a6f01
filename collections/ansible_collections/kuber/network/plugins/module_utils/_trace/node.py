# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The live rules of one node, read in the mode that kube-proxy runs in, and whether pods take connections."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._checks.ipvs import NOT_FOUND, VIEWS
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, kube_proxy, nftables, virtual_servers
from ansible_collections.kuber.network.plugins.module_utils._net import node as _node
from ansible_collections.kuber.network.plugins.module_utils._trace import rules_iptables, rules_ipvs, rules_nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Finding

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import Table as Iptables
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

    Rules = t.Union[Mapping[str, Mapping[str, Iptables]], rules_ipvs.Table, Mapping[str, nftables.Table]]

DEFAULT_MODE = "iptables"
NAMES = {"ipvs": "IPVS", "iptables": "iptables", "nftables": "nftables"}
FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
# Nodes need no nft of their own; the container of kube-proxy always has one.
NFT_OF_KUBE_PROXY = 'nsenter --mount --target "$(pidof -s kube-proxy)" nft --json list table {} kube-proxy'
PATIENCE = "1"
# Connected is who has a time; telnet, since it says nothing by itself, whatever the pod speaks.
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
DEAF = "it refuses connections, or does not answer"


@dataclasses.dataclass(frozen=True)
class Proxy:
    """kube-proxy on one node: the mode it runs in, and the one that is configured."""

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
        differs = f" (configured: {NAMES.get(self.configured, self.configured)}, not read yet)"
        return remark + (differs if self.running != self.configured else "")


@dataclasses.dataclass(frozen=True)
class Node:
    """One node with its rules."""

    name: str
    proxy: Proxy | None
    rules: Rules | None = None
    problem: str = ""
    """Why the rules could not be read."""

    @property
    def title(self) -> str:
        return f"{self.name}, {self.proxy.remark}" if self.proxy else self.name

    def look(self, packet: Packet) -> Finding:
        family = "ipv6" if ":" in packet.address else "ipv4"
        if self.proxy is None or self.rules is None:
            return Finding(f"rules for {packet}")
        if isinstance(self.rules, rules_ipvs.Table):
            return rules_ipvs.look(self.rules, packet)
        part = self.rules.get(family)
        if isinstance(part, nftables.Table):
            return rules_nftables.look(part, packet)
        return rules_iptables.look(part or {}, packet)


def read_proxy(client: Client, name: str) -> Proxy:
    state = kube_proxy.read(client)
    running = next((pod.mode for pod in state.pods if pod.node == name), None)
    return Proxy(running, state.config.get("mode") or DEFAULT_MODE)


def read(client: Client, runner: Runner, name: str) -> Node:
    """The rules of the mode that runs; a cluster without kube-proxy has none that could be explained."""
    proxy = None
    try:
        proxy = read_proxy(client, name)
        reader = READERS.get(proxy.mode)
        if reader is None:
            raise KuberError(f"kube-proxy has mode {proxy.mode!r}, whose rules are not known here")
        return Node(name, proxy, reader(runner))
    except KuberError as exc:
        return Node(name, proxy, None, str(exc))


def _read_iptables(runner: Runner) -> Rules:
    return _node.read(runner, mode="iptables").families


def _read_ipvs(runner: Runner) -> Rules:
    servers = _first(runner, VIEWS["virtual_servers"].commands)
    sets = _first(runner, VIEWS["address_sets"].commands)
    addresses = runner.run(["ip", "-o", "address", "show"]).stdout
    return rules_ipvs.Table(
        servers={server.key: server for server in virtual_servers.parse(servers or "")},
        sets=None if sets is None else ipvs.parse_sets(sets),
        addresses=ipvs.parse_device(addresses)[1],
    )


def _read_nftables(runner: Runner) -> Rules:
    found = {}
    for family, word in FAMILIES.items():
        own = ("nft", "--json", "list", "table", word, "kube-proxy")
        text = _first(runner, (own, ("sh", "-c", NFT_OF_KUBE_PROXY.format(word))))
        if text is not None:
            found[family] = nftables.parse(text)
    return found


READERS: t.Mapping[str, t.Callable[[Runner], Rules]] = {
    "iptables": _read_iptables,
    "ipvs": _read_ipvs,
    "nftables": _read_nftables,
}


def _first(runner: Runner, commands: Iterable[tuple[str, ...]]) -> str | None:
    """What the first program says that is installed."""
    for argv in commands:
        done = runner.run(argv, check=False)
        if done.rc == 0:
            return done.stdout
        if done.rc != NOT_FOUND:
            break
    return None


def try_sockets(runner: Runner, sockets: Iterable[str]) -> dict[str, str]:
    """For each address and port, what keeps it from taking connections from the node; empty if nothing does."""
    wanted = list(dict.fromkeys(sockets))
    if not wanted:
        return {}
    done = runner.run(
        [*CURL, *(word for one in wanted for word in ("-o", "/dev/null", f"telnet://{one}"))], check=False
    )
    times = dict(ANSWER.findall(done.stdout))
    return {one: "" if float(times[one].replace(",", ".")) else DEAF for one in wanted if one in times}
