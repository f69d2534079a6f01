# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of kube-proxy's nftables mode, as ``nft --json`` prints them."""

from __future__ import annotations

import ipaddress
import json
import typing as t

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.kube_proxy_rules import (
    ANY,
    PODS,
    Pod,
    Service,
    Settings,
    allowed,
    key_of,
)

SADDR, DADDR = ({"payload": {"protocol": "ip", "field": field}} for field in ("saddr", "daddr"))
PROTOCOL, PORT = {"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}
UNREACHABLE = {"reject": {"type": "icmp", "expr": "port-unreachable"}}
NEW = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": "new"}}
MARK = {"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"|": [{"meta": {"key": "mark"}}, 16384]}}}
FROM_NODE = {"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["saddr"]}}, "right": "local"}}
BASES = (
    ("filter-prerouting-pre-dnat", "prerouting", -110, ("firewall-check",)),
    ("filter-output-pre-dnat", "output", -110, ("firewall-check",)),
    ("filter-input", "input", 0, ("nodeport-endpoints-check", "service-endpoints-check")),
    ("filter-forward", "forward", 0, ("service-endpoints-check", "cluster-ips-check")),
    ("filter-output", "output", 0, ("service-endpoints-check", "cluster-ips-check")),
    ("nat-prerouting", "prerouting", -100, ("services",)),
    ("nat-output", "output", -100, ("services",)),
)


TO_PORT = ["inet_proto", "inet_service"]
TYPES = {
    "no-endpoint-services": ["ipv4_addr", *TO_PORT],
    "no-endpoint-nodeports": TO_PORT,
    "firewall-ips": ["ipv4_addr", *TO_PORT],
    "service-ips": ["ipv4_addr", *TO_PORT],
    "service-nodeports": TO_PORT,
}


def _kind(name: str) -> dict[str, t.Any]:
    lasting = {"size": 65535, "flags": ["timeout"], "timeout": 10800} if name.startswith("affinity") else {}
    return {"type": "ipv4_addr", **lasting}


def _prefix(network: str) -> t.Any:
    address, _slash, length = network.partition("/")
    return address if length in ("", "32") else {"prefix": {"addr": address, "len": int(length)}}


def _match(left: t.Any, right: t.Any, operator: str = "==") -> t.Any:
    return {"match": {"op": operator, "left": left, "right": right}}


def _vmap(name: str, *key: t.Any) -> t.Any:
    return {"vmap": {"key": {"concat": list(key)}, "data": f"@{name}"}}


def _goto(chain: str) -> t.Any:
    return {"goto": {"target": chain}}


class NftablesRules:
    """What kube-proxy writes in nftables mode."""

    def __init__(self, settings: Settings, services: t.Sequence[Service]) -> None:
        self.settings = settings
        self.chains: list[t.Any] = []
        self.rules: list[t.Any] = []
        self.sets: dict[str, list[t.Any]] = {
            "cluster-ips": [],
            "nodeport-ips": [one for one in settings.node_ports if one != ANY],
        }
        self.maps: dict[str, list[t.Any]] = {name: [] for name in TYPES}
        self._frame()
        for service in services:
            self._service(service)

    def text(self) -> str:
        of = {"family": "ip", "table": "kube-proxy"}
        sets = [
            {"set": {**of, "name": name, **_kind(name), **({"elem": found} if found else {})}}
            for name, found in self.sets.items()
        ]
        maps = [
            {"map": {**of, "name": name, "type": TYPES[name], "map": "verdict", **({"elem": found} if found else {})}}
            for name, found in self.maps.items()
        ]
        table = {"table": {"family": "ip", "name": "kube-proxy"}}
        named = {one["rule"]["chain"] for one in self.rules} - {base[0] for base in BASES}
        chains = [*self.chains, *({"chain": {**of, "name": name}} for name in sorted(named))]
        return json.dumps({"nftables": [table, *sets, *chains, *maps, *self.rules]})

    def _rule(self, chain: str, *expression: t.Any) -> None:
        self.rules.append({"rule": {"family": "ip", "table": "kube-proxy", "chain": chain, "expr": list(expression)}})

    def _frame(self) -> None:
        for name, hook, priority, targets in BASES:
            body = {"name": name, "type": name.partition("-")[0], "hook": hook, "prio": priority, "policy": "accept"}
            self.chains.append({"chain": {"family": "ip", "table": "kube-proxy", **body}})
            for target in targets:
                self._rule(name, *([] if name.startswith("nat") else [NEW]), {"jump": {"target": target}})
        key = (DADDR, PROTOCOL, PORT)
        if self.settings.node_ports == (ANY,):
            home = _match(DADDR, _prefix("127.0.0.0/8"), "!=")
            ports = [_match({"fib": {"result": "type", "flags": ["daddr"]}}, "local"), home]
            checked = [home]
        else:
            ports = checked = [_match(DADDR, "@nodeport-ips")]
        self._rule("nodeport-endpoints-check", *checked, _vmap("no-endpoint-nodeports", PROTOCOL, PORT))
        self._rule("service-endpoints-check", _vmap("no-endpoint-services", *key))
        self._rule("firewall-check", _vmap("firewall-ips", *key))
        self._rule("cluster-ips-check", _match(DADDR, "@cluster-ips"), UNREACHABLE)
        self._rule("cluster-ips-check", _match(DADDR, _prefix("10.96.0.0/12")), {"drop": None})
        self._rule("reject-chain", UNREACHABLE)
        if self.settings.masquerade_all or self.settings.pods:
            others = [] if self.settings.masquerade_all else [self._pods("!=")]
            self._rule("services", _match(DADDR, "@cluster-ips"), *others, MARK)
        self._rule("services", _vmap("service-ips", *key))
        self._rule("services", *ports, _vmap("service-nodeports", PROTOCOL, PORT))

    def _pods(self, operator: str = "==") -> t.Any:
        if self.settings.detect == "ClusterCIDR":
            return _match(SADDR, _prefix(PODS), operator)
        name = {"BridgeInterface": "cni0", "InterfaceNamePrefix": "veth*"}[self.settings.detect]
        return _match({"meta": {"key": "iifname"}}, name, operator)

    def _service(self, one: Service) -> None:
        base = f"{key_of(one.name, one.protocol, size=8)}-{one.name}/{one.protocol}/"
        chains = {kind: f"{kind}-{base}" for kind in ("service", "local", "external", "firewall")}
        self.sets["cluster-ips"].append(one.address)
        none = {"drop": None} if one.pods else _goto("reject-chain")
        inner = chains["local" if one.internal_local else "service"]
        self._serve(one, one.address, inner if one.inner_pods else "", none if not one.inner_pods else None)
        for address in (*one.external, *one.balancer):
            refused = none if not one.outer_pods else None
            self._serve(one, address, chains["external"] if one.pods else "", refused)
        if one.ranges:
            for address in one.balancer:
                key = {"concat": [address, one.protocol, one.port]}
                self.maps["firewall-ips"].append([key, _goto(chains["firewall"])])
        if one.node_port:
            key = {"concat": [one.protocol, one.node_port]}
            if one.pods:
                self.maps["service-nodeports"].append([key, _goto(chains["external"])])
            if not one.outer_pods:
                self.maps["no-endpoint-nodeports"].append([{"elem": {"val": key, "comment": one.name}}, none])
        self._chains(one, chains)

    def _serve(self, one: Service, address: str, chain: str, refused: t.Any) -> None:
        key = {"concat": [address, one.protocol, one.port]}
        if chain:
            self.maps["service-ips"].append([key, _goto(chain)])
        if refused:
            self.maps["no-endpoint-services"].append([{"elem": {"val": key, "comment": one.name}}, refused])

    def _chains(self, one: Service, chains: dict[str, str]) -> None:
        external = chains["external"]
        if one.pods and one.outer and one.external_local:
            if self.settings.pods:
                self._rule(external, self._pods(), _goto(chains["service"]))
            self._rule(external, FROM_NODE, MARK)
            self._rule(external, FROM_NODE, _goto(chains["service"]))
        elif one.pods and one.outer:
            self._rule(external, MARK)
        if one.outer_pods and one.outer:
            self._rule(external, _goto(chains["local" if one.external_local else "service"]))
        if one.balancer and one.ranges:
            # nft prints the elements of a set in their order.
            ranges = sorted(allowed(self.settings, one), key=ipaddress.ip_network)
            networks = [_prefix(network) for network in ranges]
            right = {"set": networks} if len(networks) > 1 else networks[0]
            self._rule(chains["firewall"], _match(SADDR, right, "!="), {"drop": None})
        self._choose(one, chains["service"], one.pods)
        self._choose(one, chains["local"], one.local_pods)
        for pod in one.pods if one.sticky else ():
            name = self._endpoint(one, pod)
            self.sets[name.replace("endpoint", "affinity")] = []
            self._rule(
                name, {"set": {"op": "update", "elem": SADDR, "set": f"@{name.replace('endpoint', 'affinity')}"}}
            )
            self._rule(name, _match(PROTOCOL, one.protocol), {"dnat": {"addr": pod.address, "port": pod.port}})

    @staticmethod
    def _endpoint(one: Service, pod: Pod) -> str:
        key = key_of(one.name, one.protocol, str(pod), size=8)
        return f"endpoint-{key}-{one.name}/{one.protocol}/__{pod.address}/{pod.port}"

    def _choose(self, one: Service, chain: str, pods: t.Sequence[Pod]) -> None:
        if not pods:
            return
        numbers = {"numgen": {"mode": "random", "mod": len(pods), "offset": 0}}
        if one.sticky:
            places = [self._endpoint(one, pod) for pod in pods]
            for place in places:
                self._rule(chain, _match(SADDR, f"@{place.replace('endpoint', 'affinity')}"), _goto(place))
            pairs = [[number, _goto(place)] for number, place in enumerate(places)]
            self._rule(chain, {"vmap": {"key": numbers, "data": {"set": pairs}}})
            return
        to: t.Any = {"addr": pods[0].address, "port": pods[0].port}
        if len(pods) > 1:
            sockets = [[number, {"concat": [pod.address, pod.port]}] for number, pod in enumerate(pods)]
            to = {"family": "ip", "addr": {"map": {"key": numbers, "data": {"set": sockets}}}}
        self._rule(chain, _match(PROTOCOL, one.protocol), {"dnat": to})
