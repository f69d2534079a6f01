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
UNCOMMON = ("oif", "ipproto", "sport", "dport", "tos", "dsfield", "l3mdev")


def rival(
    rules: Sequence[Rule],
    destination: Network,
    address: Address,
    lookup: Callable[[str], Mapping[str, t.Any] | None],
    user_id: int,
) -> str:
    """Return what takes precedence over the main table's route to ``destination``; empty if nothing does.

    ``lookup`` returns the route of a table that matches the address.
    """
    resume = 0
    for rule in sorted(rules, key=lambda one: int(one.get("priority", 0))):
        if int(rule.get("priority", 0)) < resume or not _applies(rule, address, user_id):
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


def _applies(rule: Rule, address: Address, user_id: int) -> bool:
    """Whether the rule matches what a program of this user sends to the address, without mark and bound socket."""
    fits = _fits(rule, address, user_id)
    return not fits if "not" in rule else fits


def _fits(rule: Rule, address: Address, user_id: int) -> bool:
    if any(rule.get(key) for key in UNCOMMON) or rule.get("iif", "lo") != "lo":
        return False
    if rule.get("src", "all") not in ("all", "0.0.0.0", "::"):
        return False
    if "fwmark" in rule and int(str(rule["fwmark"]), 0) != 0:
        return False
    if "uid_start" in rule and not int(rule["uid_start"]) <= user_id <= int(rule["uid_end"]):
        return False
    if rule.get("dst", "all") == "all":
        return True
    return address in ipaddress.ip_network(f"{rule['dst']}/{rule.get('dstlen', address.max_prefixlen)}", strict=False)
