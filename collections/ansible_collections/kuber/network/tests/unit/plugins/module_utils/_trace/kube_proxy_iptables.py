# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of kube-proxy's iptables mode, as iptables-save prints them."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.kube_proxy_rules import (
    ANY,
    Pod,
    Service,
    Settings,
    allowed,
    key_of,
)

REJECT = "REJECT --reject-with icmp-port-unreachable"
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
        key = key_of(one.name, one.protocol, size=16)
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
        return f"KUBE-SEP-{key_of(one.name, one.protocol, str(pod), size=16)}"

    def _endpoint(self, one: Service, pod: Pod) -> None:
        chain = self._sep(one, pod)
        self._add("nat", chain, f"-s {pod.address}/32", "KUBE-MARK-MASQ", one.name)
        recent = f"-m recent --set {self._list(chain)} " if one.sticky else ""
        protocol = f"-p {one.protocol} {recent}-m {one.protocol}"
        self._add("nat", chain, protocol, f"DNAT --to-destination {pod}", one.name)
