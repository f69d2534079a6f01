# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that kube-proxy of Kubernetes 1.37 writes for Services, as iptables-save and ``nft --json`` print them.

After syncProxyRules of kubernetes/pkg/proxy/iptables/proxier.go and kubernetes/pkg/proxy/nftables/proxier.go.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import ipaddress
import json
import typing as t

PODS = "10.244.0.0/16"
REJECT = "REJECT --reject-with icmp-port-unreachable"
ANY = "any"


@dataclasses.dataclass(frozen=True)
class Pod:
    address: str
    port: int
    here: bool
    """On the node whose rules these are."""

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Service:
    """One port of one Service."""

    name: str
    protocol: str
    port: int
    address: str
    node_port: int = 0
    external: tuple[str, ...] = ()
    balancer: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    external_local: bool = False
    internal_local: bool = False
    sticky: bool = False
    pods: tuple[Pod, ...] = ()

    @property
    def local_pods(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.here)

    @property
    def outer(self) -> bool:
        return bool(self.node_port or self.external or self.balancer)

    @property
    def inner_pods(self) -> tuple[Pod, ...]:
        return self.local_pods if self.internal_local else self.pods

    @property
    def outer_pods(self) -> tuple[Pod, ...]:
        return self.local_pods if self.external_local else self.pods


@dataclasses.dataclass(frozen=True)
class Settings:
    """Of kube-proxy on one node."""

    node: str
    detect: str = "ClusterCIDR"
    """Or BridgeInterface, InterfaceNamePrefix, or none."""
    node_ports: tuple[str, ...] = (ANY,)
    """The addresses that admit node ports."""
    masquerade_all: bool = False

    @property
    def pods(self) -> str:
        """What tells packets of pods, in the words of iptables."""
        return {
            "ClusterCIDR": f"-s {PODS}",
            "BridgeInterface": "-i cni0",
            "InterfaceNamePrefix": "-i veth+",
        }.get(self.detect, "")


def _key(*parts: str, size: int) -> str:
    return base64.b32encode(hashlib.sha256("/".join(parts).encode()).digest()).decode()[:size]


def allowed(settings: Settings, service: Service) -> list[str]:
    """The networks of loadBalancerSourceRanges, and the balancer's own address if the node is among them."""
    inside = any(ipaddress.ip_address(settings.node) in ipaddress.ip_network(one) for one in service.ranges)
    return [*service.ranges, *(f"{one}/32" for one in service.balancer if inside)]


JUMPS = {
    "filter": (
        "-A INPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL",
        "-A INPUT -j KUBE-NODEPORTS",
        "-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES",
        "-A INPUT -j KUBE-FIREWALL",
        "-A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL",
        "-A FORWARD -j KUBE-FORWARD",
        "-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES",
        "-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES",
        "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL",
        "-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES",
        "-A OUTPUT -j KUBE-FIREWALL",
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
        "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
        "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ),
    "nat": (
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    ),
}
HOOKS = {"filter": ("INPUT", "FORWARD", "OUTPUT"), "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")}


class IptablesRules:
    """What kube-proxy writes in iptables mode."""

    def __init__(self, settings: Settings, services: t.Sequence[Service]) -> None:
        self.settings = settings
        self.lines = {table: list(jumps) for table, jumps in JUMPS.items()}
        for service in services:
            self._service(service)
        if settings.node_ports == (ANY,):
            self._add("nat", "KUBE-SERVICES", "-m addrtype --dst-type LOCAL", "KUBE-NODEPORTS")
        else:
            for address in settings.node_ports:
                self._add("nat", "KUBE-SERVICES", f"-d {address}/32", "KUBE-NODEPORTS")

    def text(self) -> str:
        parts = []
        for table, lines in self.lines.items():
            words = [line.split() for line in lines]
            own = {word for line in words for word in (line[1], line[line.index("-j") + 1]) if word.startswith("KUBE-")}
            chains = [*(f":{hook} ACCEPT [0:0]" for hook in HOOKS[table]), *(f":{one} - [0:0]" for one in sorted(own))]
            parts += [f"*{table}", *chains, *lines, "COMMIT"]
        return "\n".join([*parts, ""])

    def _add(self, table: str, chain: str, condition: str, target: str, comment: str = "") -> None:
        words = [f"-A {chain}", condition, f'-m comment --comment "{comment}"' if comment else "", f"-j {target}"]
        self.lines[table].append(" ".join(word for word in words if word))

    def _service(self, one: Service) -> None:
        key = _key(one.name, one.protocol, size=16)
        chains = {kind: f"KUBE-{kind}-{key}" for kind in ("SVC", "SVL", "EXT", "FW")}
        self._capture(one, chains)
        if one.pods and one.outer:
            self._external(one, chains)
        if one.pods and one.balancer and one.ranges:
            for network in allowed(self.settings, one):
                self._add("nat", chains["FW"], f"-s {network}", chains["EXT"], f"{one.name} loadbalancer IP")
        if one.inner_pods and (self.settings.masquerade_all or self.settings.pods):
            chain = chains["SVL" if one.internal_local else "SVC"]
            self._add("nat", chain, self._off_cluster(self._to(one, one.address)), "KUBE-MARK-MASQ")
        self._choose(one, chains["SVC"], one.pods)
        self._choose(one, chains["SVL"], one.local_pods)
        for pod in one.pods:
            self._endpoint(one, pod)

    def _off_cluster(self, to: str) -> str:
        """The condition for packets that are masqueraded; iptables-save prints -s before -d, and -i behind it."""
        if self.settings.masquerade_all:
            return to
        pods = f"! {self.settings.pods}"
        return f"{pods} {to}" if pods.startswith("! -s") else to.replace(" -p", f" {pods} -p", 1)

    @staticmethod
    def _to(one: Service, address: str) -> str:
        return f"-d {address}/32 -p {one.protocol} -m {one.protocol} --dport {one.port}"

    def _capture(self, one: Service, chains: dict[str, str]) -> None:
        """Which packets are for the Service, and which of them are turned away."""
        inner = chains["SVL" if one.internal_local else "SVC"]
        how = ("DROP", f"{one.name} has no local endpoints") if one.pods else (REJECT, f"{one.name} has no endpoints")
        if one.inner_pods:
            self._add("nat", "KUBE-SERVICES", self._to(one, one.address), inner, f"{one.name} cluster IP")
        else:
            self._add("filter", "KUBE-SERVICES", self._to(one, one.address), *how)
        for address in (*one.external, *one.balancer):
            shut = bool(one.ranges) and address in one.balancer
            if one.pods:
                self._add("nat", "KUBE-SERVICES", self._to(one, address), chains["FW" if shut else "EXT"])
            if one.pods and shut:
                self._add("filter", "KUBE-PROXY-FIREWALL", self._to(one, address), "DROP", "not accepted")
            if not one.outer_pods:
                self._add("filter", "KUBE-EXTERNAL-SERVICES", self._to(one, address), *how)
        if one.node_port:
            port = f"-p {one.protocol} -m {one.protocol} --dport {one.node_port}"
            if one.pods:
                self._add("nat", "KUBE-NODEPORTS", f"-d 127.0.0.0/8 {port}", chains["EXT"], one.name)
                self._add("nat", "KUBE-NODEPORTS", port, chains["EXT"], one.name)
            if not one.outer_pods:
                local = port.replace(" -m", " -m addrtype --dst-type LOCAL -m", 1)
                self._add("filter", "KUBE-EXTERNAL-SERVICES", local, *how)

    def _external(self, one: Service, chains: dict[str, str]) -> None:
        chain = chains["EXT"]
        if one.external_local:
            if self.settings.pods:
                self._add("nat", chain, self.settings.pods, chains["SVC"], f"pod traffic for {one.name}")
            self._add("nat", chain, "-m addrtype --src-type LOCAL", "KUBE-MARK-MASQ")
            self._add("nat", chain, "-m addrtype --src-type LOCAL", chains["SVC"])
        else:
            self._add("nat", chain, "", "KUBE-MARK-MASQ", f"masquerade traffic for {one.name}")
        if one.outer_pods:
            self._add("nat", chain, "", chains["SVL" if one.external_local else "SVC"])

    def _choose(self, one: Service, chain: str, pods: t.Sequence[Pod]) -> None:
        if one.sticky:
            for pod in pods:
                recent = f"-m recent --rcheck --seconds 10800 --reap {self._list(self._sep(one, pod))}"
                self._add("nat", chain, recent, self._sep(one, pod), f"{one.name} -> {pod}")
        for number, pod in enumerate(pods):
            left = len(pods) - number
            # Ten digits from kube-proxy, of which the kernel keeps 31 bits, and iptables-save prints eleven digits.
            kept = round(float(f"{1 / left:.10f}") * 2**31) / 2**31
            chance = f"-m statistic --mode random --probability {kept:.11f}" if left > 1 else ""
            self._add("nat", chain, chance, self._sep(one, pod), f"{one.name} -> {pod}")

    @staticmethod
    def _list(chain: str) -> str:
        return f"--name {chain} --mask 255.255.255.255 --rsource"

    @staticmethod
    def _sep(one: Service, pod: Pod) -> str:
        return f"KUBE-SEP-{_key(one.name, one.protocol, str(pod), size=16)}"

    def _endpoint(self, one: Service, pod: Pod) -> None:
        chain = self._sep(one, pod)
        self._add("nat", chain, f"-s {pod.address}/32", "KUBE-MARK-MASQ", one.name)
        recent = f"-m recent --set {self._list(chain)} " if one.sticky else ""
        protocol = f"-p {one.protocol} {recent}-m {one.protocol}"
        self._add("nat", chain, protocol, f"DNAT --to-destination {pod}", one.name)


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
        base = f"{_key(one.name, one.protocol, size=8)}-{one.name}/{one.protocol}/"
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
        key = _key(one.name, one.protocol, str(pod), size=8)
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
