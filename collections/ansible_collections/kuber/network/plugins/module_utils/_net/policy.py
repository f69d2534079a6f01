# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find out whether a policy routing rule takes precedence over the main table for an address."""

from __future__ import annotations

import ipaddress
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Mapping, Sequence

    Rule = Mapping[str, t.Any]
    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
    Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

MAIN = "main"
REFUSALS = ("unreachable", "prohibit", "blackhole")
# Selectors that an ordinary packet of a local program does not match when its route is looked up.
UNCOMMON = ("oif", "sport", "sport_start", "tos", "dsfield", "l3mdev")
# What clients ask load balancers for.
REQUESTS = (("tcp", 80), ("tcp", 443), ("tcp", 53), ("udp", 53))


def rival(
    rules: Sequence[Rule],
    destination: Network,
    address: Address,
    lookup: Callable[[str], Mapping[str, t.Any] | None],
    user_id: int,
    source: Address | None = None,
) -> str:
    """Return what takes precedence over the main table's route to ``destination``; empty if nothing does.

    ``lookup`` returns the route of a table that matches the address. ``source`` is the address that programs use
    there: the kernel looks a connection's route up twice, first without and then with it.
    """
    resume = 0
    for rule in sorted(rules, key=lambda one: int(one.get("priority", 0))):
        if int(rule.get("priority", 0)) < resume or not _applies(rule, address, user_id, source):
            continue
        if "goto" in rule:
            resume = int(rule["goto"])
        elif rule.get("action") in REFUSALS:
            return f"rule {rule['priority']} ({rule['action']})"
        elif rule.get("table") == MAIN:
            if destination.prefixlen > int(rule.get("suppress_prefixlen", rule.get("suppress_prefixlength", -1))):
                return ""
        elif "table" in rule:
            found = lookup(str(rule["table"]))
            if found is not None and found.get("type") != "throw" and not _suppressed(rule, found):
                return f"rule {rule['priority']}, table {rule['table']}: {_text(found)}"
    return "no rule looks up the main table"


def _text(found: Mapping[str, t.Any]) -> str:
    way = [f"{word} {found[key]}" for word, key in (("via", "gateway"), ("dev", "dev")) if key in found]
    return " ".join([found["dst"], *(way or [found.get("type", "")])])


def _suppressed(rule: Rule, found: Mapping[str, t.Any]) -> bool:
    limit = int(rule.get("suppress_prefixlen", rule.get("suppress_prefixlength", -1)))
    destination = "0.0.0.0/0" if found["dst"] == "default" else found["dst"]
    return ipaddress.ip_network(destination).prefixlen <= limit


def _applies(rule: Rule, address: Address, user_id: int, source: Address | None) -> bool:
    """Whether the rule matches what a program of this user sends to the address, without mark and bound socket."""
    fits = _fits(rule, address, user_id, source)
    return not fits if "not" in rule else fits


def _fits(rule: Rule, address: Address, user_id: int, source: Address | None) -> bool:
    if any(key in rule for key in UNCOMMON) or rule.get("iif", "lo") != "lo" or not _is_requested(rule):
        return False
    if rule.get("src", "all") not in ("all", "0.0.0.0", "::") and not _is_within(rule, "src", source):
        return False
    if "fwmark" in rule and int(str(rule["fwmark"]), 0) != 0:
        return False
    if "uid_start" in rule and not int(rule["uid_start"]) <= user_id <= int(rule["uid_end"]):
        return False
    return rule.get("dst", "all") == "all" or _is_within(rule, "dst", address)


def _is_within(rule: Rule, key: str, address: Address | None) -> bool:
    if address is None:
        return False
    bits = rule.get(f"{key}len", address.max_prefixlen)
    return address in ipaddress.ip_network(f"{rule[key]}/{bits}", strict=False)


def _is_requested(rule: Rule) -> bool:
    """Whether a rule for some protocols or ports is for those of load balancers."""
    protocol = rule.get("ipproto")
    first = rule.get("dport_start", rule.get("dport"))
    last = rule.get("dport_end", first)
    return any(
        protocol in (None, name) and (first is None or int(first) <= port <= int(last)) for name, port in REQUESTS
    )
