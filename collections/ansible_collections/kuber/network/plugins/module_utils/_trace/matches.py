# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Evaluate iptables rules: whether a rule matches a packet, and what it does with it.

Each option of a rule evaluates to true, false, or ``None`` if it depends on something that a trace does not know.
"""

from __future__ import annotations

import dataclasses
import fractions
import functools
import ipaddress
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import RuleAction

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import Rule
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet
    from ansible_collections.kuber.network.plugins.module_utils._trace.walk import Course

    Values = tuple[str, ...]

UNPRINTED = "[unsupported"
ENDING = ("ACCEPT", "DROP", "REJECT", "DNAT", "REDIRECT", "NETMAP", "TPROXY", "QUEUE", "NFQUEUE", "SNAT", "MASQUERADE")
# Chains of kube-proxy in which a source address matches pods, and not allowed clients.
POD_CHAINS = ("KUBE-EXT-", "KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-XLB-")
EVERY = ("all", "0")
NUMBERS = {"6": "tcp", "17": "udp", "132": "sctp"}
FIRST_PORT_OF_CLIENTS = 1024
SYN = {"SYN"}
KINDS = frozenset({"LOCAL", "UNICAST", "BROADCAST", "MULTICAST"})
LAST_BYTE = 255
OWN_SETS = "KUBE-"


@dataclasses.dataclass(frozen=True)
class Scene:
    """A packet at one of the hooks of a node."""

    packet: Packet
    to_node: bool
    """Whether its address is the node's own."""
    sets: Mapping[str, Sequence[str]] | None = None
    """The ipsets of the node; ``None`` if not read."""
    translated: bool = False
    outgoing: str | None = None
    """The interface on which it leaves the node; ``None`` if unknown."""


@dataclasses.dataclass(frozen=True)
class _Option:
    name: str
    values: Values
    negated: bool


def judge(scene: Scene, chain: str, rule: Rule, course: Course) -> tuple[bool | None, Sequence[RuleAction]]:
    options, _target, action = _read(rule)
    applies: bool | None = True
    for one in options:
        answer = _answer(scene, chain, one, course)
        if answer is False:
            return False, ()
        applies = applies and answer
    return applies, (action,)


def option(rule: Rule, name: str) -> str | None:
    """Return the value of an option, unless it is negated."""
    matches, target, _action = _read(rule)
    return next((" ".join(one.values) for one in (*matches, *target) if one.name == name and not one.negated), None)


@functools.lru_cache(maxsize=1 << 13)
def _read(rule: Rule) -> tuple[Sequence[_Option], Sequence[_Option], RuleAction]:
    """Return the options of a rule before and after its target, and its action."""
    found: list[_Option] = []
    negated, free = False, False
    for word, quoted in rule.tokens:
        if not free and not quoted and word == "!":
            negated = True
        elif not free and not quoted and word.startswith("-"):
            found.append(_Option(word, (), negated))
            negated, free = False, word in iptables.FREE_TEXT
        elif found:
            found[-1] = dataclasses.replace(found[-1], values=(*found[-1].values, word))
            free = False
    split = next((number for number, one in enumerate(found) if one.name in ("-j", "-g")), len(found))
    share = functools.reduce(lambda before, one: before * _chance(one), found[:split], fractions.Fraction(1))
    return found[:split], found[split:], dataclasses.replace(_do(found[split:]), share=share)


def _do(options: Sequence[_Option]) -> RuleAction:
    if not options:
        return RuleAction("pass")
    given = {one.name: " ".join(one.values) for one in options}
    goto, name = "-g" in given, options[0].values[0] if options[0].values else ""
    if name == "RETURN":
        return RuleAction("return")
    if name == "DNAT":
        return RuleAction("end", name, given.get("--to-destination", ""))
    if name in ENDING:
        return RuleAction("end", name)
    if name == "NOTRACK" or (name == "CT" and "--notrack" in given):
        return RuleAction("untrack", name)
    if name == "MARK" and "--set-xmark" in given:
        flip, _slash, clear = given["--set-xmark"].partition("/")
        return RuleAction("mark", name, clear=int(clear or "0xffffffff", 0), flip=int(flip, 0))
    # Targets such as LOG are jumps to a chain without rules.
    return RuleAction("goto" if goto else "jump", name)


def _chance(option: _Option) -> fractions.Fraction:
    if option.name == "--probability":
        return fractions.Fraction(option.values[0])
    return fractions.Fraction(1, int(option.values[0])) if option.name == "--every" else fractions.Fraction(1)


def _answer(scene: Scene, chain: str, option: _Option, course: Course) -> bool | None:
    if UNPRINTED in option.values:
        return None
    ask = _ASK.get(option.name)
    try:
        answer = (
            ask(scene, option.values, course, chain)
            if ask and (option.values or option.name in _WITHOUT_VALUE)
            else None
        )
    except ValueError:
        # A mask with gaps or another unusual form: what cannot be parsed is unknown.
        answer = None
    return not answer if option.negated and answer is not None else answer


def _module(_scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    """A module with known options matches by these; other modules are unknown."""
    return True if _MODULES.fullmatch(values[0]) else None


_address = functools.lru_cache(maxsize=1 << 10)(ipaddress.ip_address)


@functools.lru_cache(maxsize=1 << 13)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _source(scene: Scene, values: Values, _course: Course, chain: str) -> bool | None:
    network = _network(values[0])
    if scene.packet.source:
        return _address(scene.packet.source) in network
    if network.prefixlen == 0:
        return True
    return False if network.is_loopback or chain.startswith(POD_CHAINS) else None


def _destination(scene: Scene, values: Values, _course: Course, _chain: str) -> bool:
    return _address(scene.packet.address) in _network(values[0])


def _protocol(scene: Scene, values: Values, _course: Course, _chain: str) -> bool:
    return values[0] in EVERY or NUMBERS.get(values[0], values[0]) == scene.packet.protocol.lower()


def _interface(scene: Scene, values: Values, _course: Course, chain: str) -> bool | None:
    """Packets from the node itself have no incoming interface."""
    if scene.packet.outside and not scene.packet.interface:
        return False if chain.startswith(POD_CHAINS) or values[0] == "lo" else None
    return _is_interface(scene.packet.interface, values[0])


def _outgoing(scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    return None if scene.outgoing is None else _is_interface(scene.outgoing, values[0])


def _is_interface(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("+") else name == wanted


def _ports(scene: Scene, values: Values, _course: Course, _chain: str) -> bool:
    for part in values[0].split(","):
        first, colon, last = part.partition(":")
        if int(first or 0) <= scene.packet.port <= int((last or 65535) if colon else first):
            return True
    return False


def _any_ports(scene: Scene, values: Values, course: Course, chain: str) -> bool | None:
    return _ports(scene, values, course, chain) or _source_ports(scene, values, course, chain)


def _source_ports(_scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    """Clients use high ports; which one is unknown."""
    highest = max(int((last or 65535) if colon else first) for first, colon, last in _ranges(values[0]))
    return None if highest >= FIRST_PORT_OF_CLIENTS else False


def _ranges(text: str) -> list[tuple[str, str, str]]:
    return [part.partition(":") for part in text.split(",")]


def _source_range(scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    return _is_within(scene.packet.source, values[0]) if scene.packet.source else None


def _destination_range(scene: Scene, values: Values, _course: Course, _chain: str) -> bool:
    return _is_within(scene.packet.address, values[0])


def _is_within(address: str, text: str) -> bool:
    """Whether an address is in a range of module iprange; a single address is one, too."""
    first, _dash, last = text.partition("-")
    return int(_address(first)) <= int(_address(address)) <= int(_address(last or first))


def _inverted(scene: Scene, _values: Values, _course: Course, _chain: str) -> bool | None:
    """Of module rpfilter: the interface of a packet is that of the route back to its sender."""
    return None if scene.packet.outside and not scene.packet.interface else False


def _state(scene: Scene, values: Values, course: Course, _chain: str) -> bool:
    states = {"UNTRACKED"} if course.untracked else {"NEW", *(["DNAT"] if scene.translated else [])}
    return not states.isdisjoint(values[0].split(","))


def _mark(_scene: Scene, values: Values, course: Course, _chain: str) -> bool:
    value, _slash, mask = values[0].partition("/")
    return course.mark & int(mask or "0xffffffff", 0) == int(value, 0)


def _flags(_scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    """The first packet of a connection is a SYN."""
    if len(values) != 2:
        return None
    examined, wanted = (set() if part == "NONE" else set(part.split(",")) for part in values)
    return (SYN if "ALL" in examined else SYN & examined) == wanted


def _in_set(scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    if scene.sets is None or len(values) != 2 or not values[0].startswith(OWN_SETS):
        return None
    members = scene.sets.get(values[0], ())
    kinds = values[1].split(",")
    if kinds[-1:] == ["src"] and members and not scene.packet.source:
        key = _key(scene.packet, kinds[:-1])
        return None if any(member.startswith(f"{key},") for member in members) else False
    return any(_is_member(scene.packet, kinds, member) for member in members)


def _key(packet: Packet, kinds: Sequence[str]) -> str:
    return ",".join((packet.address, f"{packet.protocol.lower()}:{packet.port}")[: len(kinds)])


def _is_member(packet: Packet, kinds: Sequence[str], member: str) -> bool:
    """Whether a packet matches a member of a set: a port, or an address with port and possibly source."""
    if member.isdecimal():
        return kinds == ["dst"] and int(member) == packet.port
    if kinds[-1:] != ["src"]:
        return member == _key(packet, kinds)
    key, _comma, client = member.rpartition(",")
    if key != _key(packet, kinds[:-1]):
        return False
    return _address(packet.source) in _network(client)


_Ask = t.Callable[[Scene, "Values", "Course", str], "bool | None"]


def _known(value: bool | None) -> _Ask:
    return lambda _scene, _values, _course, _chain: value


def _source_kind(scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    return _is_kind("UNICAST" if scene.packet.outside else "LOCAL", values)


def _destination_kind(scene: Scene, values: Values, _course: Course, _chain: str) -> bool | None:
    address = _address(scene.packet.address)
    if scene.to_node:
        return _is_kind("LOCAL", values)
    if address.is_multicast:
        return _is_kind("MULTICAST", values)
    # Only the node knows its networks, and with them the addresses of broadcasts.
    return None if address.packed[-1] == LAST_BYTE else _is_kind("UNICAST", values)


def _is_kind(kind: str, values: Values) -> bool | None:
    kinds = set(values[0].split(",")) if len(values) == 1 else set()
    return kind in kinds if kinds and kinds <= KINDS else None


# Modules whose options are all listed below; nfacct only counts, and comment only explains.
_MODULES = re.compile(
    "addrtype|comment|conntrack|iprange|ipvs|mark|multiport|nfacct|physdev|recent|rpfilter|sctp|set|state|statistic"
    "|tcp|udp"
)
# Options that match nothing by themselves: they say how often, or by what name.
_TELLING = (
    "--comment",
    "--nfacct-name",
    "--mode",
    "--probability",
    "--every",
    "--packet",
    "--name",
    "--mask",
    "--seconds",
)
# Options without a value. A new client is in no list of recent clients, and what comes from
# another machine or from the node itself has no bridge port.
_BARE = {
    "--set": True,
    "--rcheck": False,
    "--update": False,
    "--remove": False,
    "--reap": True,
    "--rsource": True,
    "--syn": True,
    "--physdev-is-in": False,
    "--physdev-is-bridged": False,
    "--loose": True,
    "--validmark": True,
    "--accept-local": True,
}
_WITHOUT_VALUE = frozenset((*_BARE, "--invert"))
_ASK: Mapping[str, _Ask] = {
    "-m": _module,
    "-s": _source,
    "-d": _destination,
    "-p": _protocol,
    "-i": _interface,
    "-o": _outgoing,
    "--dport": _ports,
    "--dports": _ports,
    "--sport": _source_ports,
    "--sports": _source_ports,
    "--ports": _any_ports,
    "--src-range": _source_range,
    "--dst-range": _destination_range,
    "--invert": _inverted,
    "--ctstate": _state,
    "--state": _state,
    "--mark": _mark,
    "--tcp-flags": _flags,
    "--match-set": _in_set,
    "--vaddr": _destination,
    "--vproto": _protocol,
    "--vport": _ports,
    "--src-type": _source_kind,
    "--dst-type": _destination_kind,
    **dict.fromkeys(_TELLING, _known(True)),
    **{name: _known(answer) for name, answer in _BARE.items()},
}
