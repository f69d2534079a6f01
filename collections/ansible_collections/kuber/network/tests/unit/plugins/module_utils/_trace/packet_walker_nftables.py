# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet walker in a table of nftables."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.packet_walker import (
    DROP,
    REJECT,
    UNTOUCHED,
    Ended,
    Flow,
    Lots,
    every_way,
    is_in,
)


class Nftables:
    """One table as ``nft --json`` prints it."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, list[list[t.Any]]] = {}
        self.elements: dict[str, list[t.Any]] = {}
        self.hooks: list[tuple[str, int, str]] = []
        for item in json.loads(text)["nftables"]:
            for kind, body in item.items():
                if kind == "rule":
                    self.rules.setdefault(body["chain"], []).append(body["expr"])
                elif kind in ("set", "map"):
                    self.elements[body["name"]] = body.get("elem", [])
                elif kind == "chain" and "hook" in body:
                    self.hooks.append((body["hook"], body["prio"], body["name"]))

    def ends(self, flow: Flow) -> dict[str, float]:
        return every_way(lambda lots: self._walk(flow, lots))

    def _walk(self, flow: Flow, lots: Lots) -> str:
        walker = NftablesWalk(self, flow, lots)
        passed: list[str] = []
        while True:
            way = dict.fromkeys([flow.first, *flow.last(walker.sent.rpartition(":")[0] or flow.destination)])
            hook = next((one for one in way if one not in passed), None)
            if hook is None:
                return walker.sent or UNTOUCHED
            passed.append(hook)
            for _priority, chain in sorted((prio, name) for at, prio, name in self.hooks if at == hook.lower()):
                verdict = walker.base(chain)
                if verdict in (DROP, REJECT):
                    return verdict


class NftablesWalk:
    """One packet."""

    def __init__(self, rules: Nftables, flow: Flow, lots: Lots) -> None:
        self.rules, self.flow, self.lots, self.sent = rules, flow, lots, ""

    def base(self, chain: str) -> str:
        try:
            self.chain(chain)
        except Ended as end:
            return str(end)
        return ""

    def chain(self, chain: str) -> bool:
        """Whether the packet goes on behind the rule that has jumped here."""
        for rule in self.rules.rules.get(chain, []):
            for statement in rule:
                ((kind, body),) = statement.items()
                if kind == "match":
                    if not self.match(body):
                        break
                elif kind == "vmap":
                    found = self.choose(body)
                    if found is None:
                        break
                    if not self.verdict(found):
                        return False
                elif kind == "dnat":
                    self.dnat(body)
                elif kind not in ("mangle", "set", "counter") and not self.verdict(statement):
                    return False
        return True

    def verdict(self, statement: t.Any) -> bool:
        """Whether the packet stays in the chain."""
        ((kind, body),) = statement.items()
        if kind in (DROP, REJECT, "accept"):
            raise Ended(kind)
        if kind == "jump":
            self.chain(body["target"])
            return True
        assert kind == "goto", kind
        self.chain(body["target"])
        return False

    def dnat(self, body: t.Any) -> None:
        address, port = body["addr"], body.get("port")
        if isinstance(address, dict):
            address, port = self.choose(address["map"])["concat"]
        self.sent = f"{address}:{port}"
        raise Ended("accept")

    def choose(self, body: t.Any) -> t.Any:
        data = body["data"]
        pairs = data["set"] if isinstance(data, dict) else self.rules.elements[data[1:]]
        if "numgen" in body["key"]:
            count = body["key"]["numgen"]["mod"]
            number = self.lots.draw([1 / count] * count)
            return next(value for key, value in pairs if key == number)
        wanted = self.value(body["key"])
        return next((value for key, value in pairs if self.plain(key) == wanted), None)

    @staticmethod
    def plain(key: t.Any) -> t.Any:
        return NftablesWalk.plain(key["elem"]["val"]) if "elem" in key else [str(part) for part in key["concat"]]

    def value(self, expression: t.Any) -> t.Any:
        destination, port = self.flow.destination, str(self.flow.port)
        if self.sent:
            destination, _colon, port = self.sent.rpartition(":")
        if "concat" in expression:
            return [self.value(part) for part in expression["concat"]]
        if "payload" in expression:
            return {"saddr": self.flow.source, "daddr": destination, "dport": port}[expression["payload"]["field"]]
        if "fib" in expression:
            address = self.flow.source if expression["fib"]["flags"] == ["saddr"] else destination
            return "local" if address in self.flow.own else "unicast"
        if "ct" in expression:
            return {"state": "new"}[expression["ct"]["key"]]
        return {"l4proto": self.flow.protocol, "iifname": self.flow.interface}[expression["meta"]["key"]]

    def match(self, body: t.Any) -> bool:
        found = self.holds(body["right"], self.value(body["left"]))
        return found == (body["op"] in ("==", "in"))

    def holds(self, right: t.Any, value: str) -> bool:
        if isinstance(right, str) and right.startswith("@"):
            return any(self.holds(one, value) for one in self.rules.elements[right[1:]])
        if isinstance(right, str):
            return value.startswith(right[:-1]) if right.endswith("*") else value == right
        ((kind, inner),) = right.items()
        if kind == "set":
            return any(self.holds(one, value) for one in inner)
        assert kind == "prefix", kind
        return is_in(value, f"{inner['addr']}/{inner['len']}")
