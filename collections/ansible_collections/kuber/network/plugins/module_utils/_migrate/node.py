# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read what on a node depends on the mode of kube-proxy; what cannot be read is kept with the reason."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    ipvs,
    kernel,
    leftovers,
    node_proxy,
    variants,
)
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import borrowed
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

RULES, NFT, SETS, SERVERS, FILES, PORTS, CONNTRACK = (
    "rules",
    "nft",
    "ipsets",
    "virtual servers",
    "files",
    "node ports",
    "conntrack",
)
# Asking takes a second for each socket that does not answer, all at the same time.
MOST_PORTS = 20
_SETTINGS = (
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_count",
    "net/netfilter/nf_conntrack_max",
)
# Where scripts and settings of a node are that somebody has put there.
_PLACES = ("/etc", "/opt", "/usr/local", "/root", "/home", "/var/spool/cron")
NAMES = r"KUBE-[A-Z0-9-]+|kube-ipvs0|ipvsadm|/proc/net/ip_vs|(127\.0\.0\.1|localhost):3[0-2][0-9]{3}"
_SEARCH = (
    f"timeout 20 find {' '.join(_PLACES)} -xdev -type f -size -256k -exec grep -IHnoE '{NAMES}' {{}} + 2>/dev/null; "
    "code=$?; [ $code != 124 ] || { echo 'it took longer than 20 s' >&2; exit 124; }"
)
_ASK = (
    "bash",
    "-c",
    'for socket; do timeout 1 bash -c "exec 3<>/dev/tcp/${socket%/*}/${socket##*/}" 2>/dev/null && echo "$socket" & '
    "done; wait",
    "bash",
)
_SET_MODULE = "/sys/module/ip_set"
_TABLES_OF_IPTABLES = frozenset({"filter", "nat", "mangle", "raw", "security"})
_CLOSING = ("drop", "reject")
_INWARD = ("input", "forward")


@dataclasses.dataclass(frozen=True)
class ForeignRule:
    """A rule of another program that names chains or sets of kube-proxy."""

    table: str
    rule: str
    chains: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class NodeFacts:
    """What is known about a node."""

    name: str
    problem: str = ""
    """Why it could not be checked; then nothing else is known."""
    release: str = ""
    missing: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    """What the kernel lacks, by mode."""
    nft: str = ""
    """The version of nft that kube-proxy has."""
    addresses: tuple[str, ...] = ()
    """The node's own addresses, without those of Services."""
    answers: tuple[str, ...] = ()
    """The sockets (ADDRESS/PORT) of node ports that the node could connect to."""
    asked: tuple[int, ...] = ()
    """The node ports that were asked for."""
    rules: tuple[ForeignRule, ...] = ()
    answers_ping: bool = False
    """Whether our own rule lets addresses of Services answer ping."""
    firewall: tuple[str, ...] = ()
    """What other programs drop or refuse on its way in or through."""
    sets: tuple[str, ...] = ()
    """The ipsets that are not kube-proxy's."""
    servers: tuple[str, ...] = ()
    """The virtual servers of IPVS that are not kube-proxy's."""
    excluded: tuple[str, ...] | None = None
    """The networks whose virtual servers kube-proxy leaves alone; None if unknown."""
    connections: int | None = None
    """How many connections IPVS knows; None without IPVS."""
    files: tuple[str, ...] = ()
    """Places in files that name something of kube-proxy's, as PATH:LINE:NAME."""
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """What could not be read, and why."""

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)

    @classmethod
    def load(cls, facts: Mapping[str, t.Any]) -> NodeFacts:
        """Read what ``dump`` returns, after Ansible has made lists of tuples."""
        known: dict[str, t.Any] = {key: _tuple(value) for key, value in facts.items()}
        known["rules"] = tuple(
            ForeignRule(**{key: _tuple(value) for key, value in one.items()}) for one in facts.get("rules", ())
        )
        return cls(**known)


def _tuple(value: t.Any) -> t.Any:
    return tuple(value) if isinstance(value, list) else value


def read(runner: Runner, name: str, ports: Sequence[int], *, scheduler: str) -> NodeFacts:
    """Read a node; ``ports`` are the node ports (TCP) to ask for on its addresses."""
    found = kernel.read(runner, scheduler=scheduler)
    done = run_all(runner, commands())
    facts = parse(name, done)
    facts = dataclasses.replace(
        facts,
        release=found.release,
        missing={mode: kernel.lacks(found, mode, scheduler=scheduler) for mode in proxy_config.MODES},
    )
    asked = tuple(sorted(ports)[:MOST_PORTS])
    # On 127.0.0.1 kube-proxy counts who asks, and this would count, too.
    outer = [one for one in facts.addresses if not ipaddress.ip_address(one).is_loopback]
    sockets = [f"{address}/{port}" for address in outer for port in asked]
    if not sockets:
        return facts
    answer = ask(runner, sockets)
    if answer.rc != 0:
        return dataclasses.replace(facts, unread={**facts.unread, PORTS: _why(answer)})
    return dataclasses.replace(facts, asked=asked, answers=tuple(sorted(answer.stdout.split())))


def ask(runner: Runner, sockets: Sequence[str]) -> Result:
    """Connect to sockets (ADDRESS/PORT) from the node; those that answer are printed."""
    return runner.run((*_ASK, *sockets), check=False)


def commands() -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {str(program): program.save for program in variants.PROGRAMS}
    return found | {
        NFT: borrowed(["nft", "--json", "list", "ruleset"]),
        "nft version": borrowed(["nft", "--version"]),
        SETS: borrowed(["ipset", "save"]),
        _SET_MODULE: ("test", "-e", _SET_MODULE),
        SERVERS: ("sh", "-c", "test ! -e /proc/net/ip_vs || cat /proc/net/ip_vs"),
        "connections": ("sh", "-c", "test ! -e /proc/net/ip_vs_conn || tail -n +2 /proc/net/ip_vs_conn | wc -l"),
        "addresses": ("ip", "-o", "address", "show"),
        CONNTRACK: ("grep", "-s", "", *(f"/proc/sys/{name}" for name in _SETTINGS)),
        FILES: ("sh", "-c", _SEARCH),
        "proxy": node_proxy.READ,
    }


def parse(name: str, done: Mapping[str, Result]) -> NodeFacts:
    """Conclude from the output of the commands."""
    unread: dict[str, str] = {}
    tables = dict(_tables(done, unread))
    ruleset = _ruleset(done[NFT], unread)
    sets = ipvs.parse_sets(done[SETS].stdout) if done[SETS].rc == 0 else {}
    if done[SETS].rc != 0 and done[_SET_MODULE].rc == 0:
        unread[SETS] = _why(done[SETS])
    proxy = node_proxy.parse(done["proxy"])
    if done[SERVERS].rc != 0:
        unread[SERVERS] = _why(done[SERVERS])
    if done[FILES].rc == 124:
        unread[FILES] = _why(done[FILES])
    settings = dict(_settings(done[CONNTRACK].stdout))
    if not settings:
        unread[CONNTRACK] = "the kernel shows no settings of conntrack"
    version = re.search(r"v(\d+(?:\.\d+)+)", done["nft version"].stdout)
    connections = done["connections"].stdout.strip()
    return NodeFacts(
        name=name,
        nft=version[1] if version else "",
        addresses=tuple(dict.fromkeys(own_addresses(done["addresses"].stdout))),
        rules=tuple(_foreign_rules(tables)),
        answers_ping=any(
            _is_ours(rule) for found in tables.values() for table in found.values() for rule in table.rules
        ),
        firewall=(*_closing_rules(tables), *_closing_chains(ruleset)),
        sets=tuple(one for one in sets if one not in ipvs.SETS),
        servers=tuple(_foreign_servers(done[SERVERS].stdout, done["addresses"].stdout, sets, proxy)),
        excluded=None if proxy.excluded is None else tuple(map(str, proxy.excluded)),
        connections=int(connections) if connections.isdecimal() else None,
        files=tuple(dict.fromkeys(done[FILES].stdout.splitlines())),
        settings=settings,
        unread=unread,
    )


def _why(result: Result) -> str:
    return result.stderr.strip().partition("\n")[0] or f"exit code {result.rc}"


def _tables(
    done: Mapping[str, Result], unread: dict[str, str]
) -> Iterator[tuple[str, Mapping[str, iptables.IptablesTable]]]:
    """Yield the tables of each iptables that answers; a node has at least one of the two variants."""
    failed: list[str] = []
    for program in variants.PROGRAMS:
        result = done[str(program)]
        if result.rc != 0:
            failed.append(f"{program}: {_why(result)}")
            continue
        tables = iptables.parse(result.stdout)
        hidden = [table.name for table in tables.values() if not table.shown]
        if hidden:
            unread[RULES] = f"{program} cannot print the table {', '.join(hidden)}"
        yield str(program), tables
    if len(failed) == len(variants.PROGRAMS):
        unread[RULES] = failed[0]


def _is_ours(rule: iptables.Rule) -> bool:
    return leftovers.ECHO_COMMENT in rule.comments


def _foreign_rules(found: Mapping[str, Mapping[str, iptables.IptablesTable]]) -> Iterator[ForeignRule]:
    for program, tables in found.items():
        for table in tables.values():
            for rule in table.rules:
                if leftovers.is_kube_proxys(table.name, rule.chain) or _is_ours(rule):
                    continue
                target = rule.target or ""
                # kube-proxy itself jumps to its chains from the built-in ones.
                named = leftovers.is_kube_proxys(table.name, target) and not table.is_built_in(rule.chain)
                sets = tuple(one for one in rule.sets if one in ipvs.SETS)
                if named or sets:
                    yield ForeignRule(table.name, f"{program} -t {table.name} {rule}", (target,) * named, sets)


def _closing_rules(found: Mapping[str, Mapping[str, iptables.IptablesTable]]) -> Iterator[str]:
    for program, tables in found.items():
        table = tables.get("filter")
        if table is None:
            continue
        for chain in ("INPUT", "FORWARD"):
            if table.chains.get(chain) == "DROP":
                yield f"{program}: policy DROP of {chain}"
        for rule in table.rules:
            if rule.target in ("DROP", "REJECT") and not rule.chain.startswith("KUBE-"):
                yield f"{program} {rule}"


def _ruleset(result: Result, unread: dict[str, str]) -> list[Mapping[str, t.Any]]:
    if result.rc == 0:
        try:
            return list(json.loads(result.stdout)["nftables"])
        except (ValueError, TypeError, KeyError):
            unread[NFT] = "nft printed no JSON"
    elif "does not exist" not in result.stderr:
        unread[NFT] = _why(result)
    return []


def _closing_chains(ruleset: Iterable[Mapping[str, t.Any]]) -> Iterator[str]:
    """Yield base chains of other tables that let packets in only on conditions."""
    chains: dict[tuple[str, str, str], Mapping[str, t.Any]] = {}
    closing: set[tuple[str, str, str]] = set()
    for item in ruleset:
        if "chain" in item:
            chain = item["chain"]
            key = (chain["family"], chain["table"], chain["name"])
            chains[key] = chain
            if chain.get("policy") == "drop":
                closing.add(key)
        elif "rule" in item:
            rule = item["rule"]
            if any(verdict in statement for statement in rule.get("expr", ()) for verdict in _CLOSING):
                closing.add((rule["family"], rule["table"], rule["chain"]))
    for family, table, name in sorted(closing):
        # iptables has written these, and they are read with it.
        of_iptables = family in ("ip", "ip6") and table in _TABLES_OF_IPTABLES
        hook = chains.get((family, table, name), {}).get("hook")
        if table != "kube-proxy" and not of_iptables and hook in (*_INWARD, None):
            yield f"nft: chain {name} of table {family} {table}"


def _foreign_servers(
    text: str, addresses: str, sets: Mapping[str, tuple[str, ...]], proxy: node_proxy.NodeProxy
) -> Iterator[str]:
    device, bound = ipvs.parse_device(addresses)
    state = ipvs.IpvsState(ipvs.parse_servers(text), sets, device, bound)
    found = ipvs.plan(state, freed={}, proxy=proxy)
    yield from (str(server) for server in (*found.foreign, *found.doubtful))


def own_addresses(text: str) -> Iterator[str]:
    """Yield the addresses that ``ip -o address show`` lists, without those of kube-ipvs0 and of single links."""
    for words in (line.split() for line in text.splitlines()):
        if len(words) < 4 or words[2] not in ("inet", "inet6") or words[1] == ipvs.DEVICE:
            continue
        address = ipaddress.ip_interface(words[3]).ip
        if not address.is_link_local:
            yield str(address)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for path, _colon, value in (line.strip().partition(":") for line in text.splitlines()):
        if value:
            yield path.rpartition("/")[2], value.strip()
