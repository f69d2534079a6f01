# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Evaluate nftables expressions: whether a rule matches a packet (``None``: unknown), and what it does with it."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import equal_shares
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import RuleAction

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.nftables import (
        NftablesTable,
        NftVerdict,
        Statement,
    )
    from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
    from ansible_collections.kuber.network.plugins.module_utils._trace.walk import Course

AFFINITY, EXTERNAL = "@affinity-", "external-"
ENDING = {"drop": "DROP", "reject": "REJECT", "accept": "ACCEPT"}
_PORTS = ("tcp", "udp", "sctp", "th")
_LOOKING = frozenset(("counter", "log", "mangle", "set", "masquerade"))


def judge(
    table: NftablesTable, scene: Scene, chain: str, rule: Sequence[Statement], _course: Course
) -> tuple[bool | None, list[RuleAction]]:
    """Evaluate the statements in order, up to the first that decides."""
    applies: bool | None = True
    for statement in rule:
        if "match" in statement:
            answer = _answer(table, scene, chain, statement["match"])
            applies = False if answer is False else applies if answer else None
        elif "notrack" in statement:
            return applies, [RuleAction("untrack", "notrack")]
        else:
            actions = _actions(table, scene, statement)
            if actions:
                return applies, actions
            if "vmap" in statement:
                applies = False
            elif not _LOOKING & set(statement):
                applies = None
        if applies is False:
            break
    return applies, [RuleAction("pass")]


def key_of(scene: Scene, expression: t.Any) -> tuple[str, ...] | None:
    """Return a packet's key for the lookup in a map."""
    parts = expression["concat"] if isinstance(expression, dict) and "concat" in expression else [expression]
    values = [_value(scene, part) for part in parts]
    return None if None in values else tuple(str(value) for value in values)


def _actions(table: NftablesTable, scene: Scene, statement: Statement) -> list[RuleAction]:
    sockets = nftables.destinations(statement)
    if sockets:
        return [RuleAction("end", "DNAT", socket, equal_shares(len(sockets))) for socket in sockets]
    verdicts = nftables.choices(statement)
    if verdicts is None:
        found = _looked_up(table, scene, statement["vmap"]) if "vmap" in statement else nftables.verdict(statement)
        verdicts = [found] if found else []
    return [dataclasses.replace(_action(one), share=equal_shares(len(verdicts))) for one in verdicts]


def _action(verdict: NftVerdict) -> RuleAction:
    if verdict.action in ENDING:
        return RuleAction("end", ENDING[verdict.action])
    return RuleAction("pass" if verdict.action == "continue" else verdict.action, verdict.target)


def _looked_up(table: NftablesTable, scene: Scene, vmap: t.Any) -> NftVerdict | None:
    key, data = key_of(scene, vmap["key"]), vmap["data"]
    if key is None or not isinstance(data, str):
        return None
    return table.maps.get(data.removeprefix("@"), {}).get(key)


def _answer(table: NftablesTable, scene: Scene, chain: str, match: t.Any) -> bool | None:
    left, right = match["left"], match["right"]
    if isinstance(right, str) and right.startswith(AFFINITY):
        # Clients of earlier connections.
        return bool(match["op"] == "!=")
    if isinstance(left, dict) and "concat" in left:
        key = key_of(scene, left)
        answer = None if key is None else _is_among(table, key, right)
    else:
        value = _value(scene, left)
        if value is None and _field(left) == "saddr" and chain.startswith(EXTERNAL):
            # kube-proxy compares with pods here, and clients from outside are not pods.
            value = "0.0.0.0"
        answer = None if value is None else _is_in(table, value, right)
    return not answer if match["op"] == "!=" and answer is not None else answer


def _field(expression: t.Any) -> str:
    return (
        str(expression["payload"].get("field", "")) if isinstance(expression, dict) and "payload" in expression else ""
    )


def _value(scene: Scene, expression: t.Any) -> str | None:
    """Return the packet's value; ``None`` if unknown."""
    packet = scene.packet
    if not isinstance(expression, dict):
        return None
    if "payload" in expression:
        field, protocol = _field(expression), expression["payload"].get("protocol")
        if field == "dport" and protocol in _PORTS:
            return str(packet.port) if protocol in ("th", packet.protocol.lower()) else ""
        return {"daddr": packet.address, "saddr": packet.source or None}.get(field)
    if "fib" in expression and expression["fib"].get("result") == "type":
        own = scene.to_node if "daddr" in expression["fib"]["flags"] else not packet.outside
        return "local" if own else "unicast"
    key = next(iter(expression.values())).get("key") if "meta" in expression or "ct" in expression else None
    if key == "iifname":
        # Pods' interfaces have other names, and packets from the node itself have none.
        return packet.interface or " "
    known = {"l4proto": packet.protocol.lower(), "nfproto": "ipv6" if ":" in packet.address else "ipv4"}
    return {**known, "state": "new"}.get(str(key))


def _is_among(table: NftablesTable, key: tuple[str, ...], right: t.Any) -> bool | None:
    if isinstance(right, str) and right.startswith("@"):
        return key in [nftables.element_key(one) for one in table.sets.get(right[1:], ())]
    return None


def _is_in(table: NftablesTable, value: str, right: t.Any) -> bool | None:
    if isinstance(right, str) and right.startswith("@"):
        return any(_is_in(table, value, one) for one in table.sets.get(right[1:], ()))
    if isinstance(right, list):
        return any(_is_in(table, value, one) for one in right)
    if isinstance(right, str):
        return value.startswith(right[:-1]) if right.endswith("*") else value == right
    if isinstance(right, dict):
        return _is_within(table, value, right)
    return value == str(right)


def _is_within(table: NftablesTable, value: str, right: dict[str, t.Any]) -> bool | None:
    if "set" in right:
        return _is_in(table, value, right["set"])
    if "elem" in right:
        return _is_in(table, value, right["elem"]["val"])
    if "prefix" in right:
        network = f"{right['prefix']['addr']}/{right['prefix']['len']}"
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    if "range" in right:
        return _between(value, *right["range"])
    return None


def _between(value: str, first: t.Any, last: t.Any) -> bool:
    if value.isdecimal():
        return int(first) <= int(value) <= int(last)
    ends = [ipaddress.ip_address(one) for one in (first, last)]
    return int(ends[0]) <= int(ipaddress.ip_address(value)) <= int(ends[1])


def texts(right: t.Any) -> list[str]:
    """Return the addresses of a rule in the usual notation."""
    if isinstance(right, list):
        return [text for one in right for text in texts(one)]
    if not isinstance(right, dict):
        return [str(right)]
    if "prefix" in right:
        return [f"{right['prefix']['addr']}/{right['prefix']['len']}"]
    if "range" in right:
        return ["-".join(str(one) for one in right["range"])]
    return texts(right.get("set") or right["elem"]["val"])
