# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Parse a table as printed by ``nft --json list table``: chains with rules, maps and sets with elements."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

Statement = dict[str, t.Any]
VERDICTS = ("goto", "jump", "drop", "accept", "return", "reject", "continue")


@dataclasses.dataclass(frozen=True)
class NftVerdict:
    """The verdict of a rule or an element: an action and, for jumps, its target."""

    action: str
    target: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.target}".rstrip()


@dataclasses.dataclass(frozen=True)
class Base:
    """The hook of a base chain; chains of lower priority come first."""

    hook: str
    priority: int
    drops: bool
    """Whether the policy is drop."""


@dataclasses.dataclass(frozen=True)
class NftablesTable:
    """The content of one table."""

    chains: t.Mapping[str, tuple[tuple[Statement, ...], ...]]
    """The rules of each chain, each as its statements in order."""
    maps: t.Mapping[str, t.Mapping[tuple[str, ...], NftVerdict]]
    """The elements of each verdict map."""
    sets: t.Mapping[str, tuple[t.Any, ...]] = dataclasses.field(default_factory=dict)
    """The elements of each set, as nft prints them."""
    bases: t.Mapping[str, Base] = dataclasses.field(default_factory=dict)
    """The base chains."""


def parse(text: str) -> NftablesTable:
    try:
        items = list(json.loads(text)["nftables"])
    except (ValueError, TypeError, KeyError) as exc:
        raise KuberError("Cannot read the output of nft", wanted="JSON", found=text[:80]) from exc
    chains: dict[str, list[tuple[Statement, ...]]] = {}
    maps: dict[str, dict[tuple[str, ...], NftVerdict]] = {}
    sets: dict[str, tuple[t.Any, ...]] = {}
    bases: dict[str, Base] = {}
    for item in items:
        if "chain" in item:
            chain = item["chain"]
            chains.setdefault(chain["name"], [])
            if "hook" in chain:
                bases[chain["name"]] = Base(chain["hook"], int(chain["prio"]), chain.get("policy") == "drop")
        elif "set" in item:
            sets[item["set"]["name"]] = tuple(item["set"].get("elem") or ())
        elif "rule" in item:
            chains.setdefault(item["rule"]["chain"], []).append(tuple(item["rule"]["expr"]))
        elif "map" in item:
            maps[item["map"]["name"]] = dict(_elements(item["map"].get("elem") or ()))
    return NftablesTable({name: tuple(rules) for name, rules in chains.items()}, maps, sets, bases)


def verdict(value: t.Any) -> NftVerdict | None:
    """Return the verdict of a statement such as ``{"goto": {"target": "x"}}``; ``None`` for other statements."""
    if isinstance(value, dict):
        for action in VERDICTS:
            if action in value:
                return NftVerdict(action, (value[action] or {}).get("target", ""))
    return None


def choices(statement: Statement) -> list[NftVerdict] | None:
    """Return the verdicts among which ``numgen random mod N vmap`` chooses evenly."""
    chosen = statement.get("vmap")
    if not isinstance(chosen, dict) or not _is_random(chosen.get("key")):
        return None
    return [found for _number, found in _elements(chosen["data"].get("set") or ())]


def destinations(statement: Statement) -> list[str] | None:
    """Return the sockets of a ``dnat to``; with a map, it chooses evenly among them."""
    dnat = statement.get("dnat")
    if not isinstance(dnat, dict):
        return None
    address = dnat.get("addr")
    chosen = address.get("map") if isinstance(address, dict) else None
    if chosen is None:
        return [_socket(address, dnat.get("port", ""))]
    pairs = [value["concat"] for _number, value in chosen["data"]["set"]] if _is_random(chosen.get("key")) else []
    return [_socket(*pair) for pair in pairs]


def _is_random(key: t.Any) -> bool:
    return isinstance(key, dict) and key.get("numgen", {}).get("mode") == "random"


def _socket(address: t.Any, port: t.Any) -> str:
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


def _elements(raw: t.Iterable[t.Any]) -> t.Iterator[tuple[tuple[str, ...], NftVerdict]]:
    for key, value in raw:
        found = verdict(value)
        if found is not None:
            yield element_key(key), found


def element_key(key: t.Any) -> tuple[str, ...]:
    """Return an element's key, without a comment or counter around it."""
    if isinstance(key, dict) and "elem" in key:
        key = key["elem"]["val"]
    if isinstance(key, dict) and "concat" in key:
        return tuple(str(part) for part in key["concat"])
    return (str(key),)
