# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trace agrees with a packet walker that knows nothing of it, on every flow through rule sets of kube-proxy's."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import random
import subprocess
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, nftables
from ansible_collections.kuber.network.plugins.module_utils._trace import rules_iptables, rules_nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Lookup, Packet
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import OBJECTS, SEEN
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.kube_proxy_iptables import IptablesRules
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.kube_proxy_nftables import NftablesRules
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.kube_proxy_rules import (
    ANY,
    Pod,
    Service,
    Settings,
)
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.packet_walker import (
    UNTOUCHED,
    Flow,
    Iptables,
)
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.packet_walker_nftables import Nftables

NODE, SECOND, BRIDGE = "192.168.49.2", "172.18.0.2", "10.244.0.1"
OWN = frozenset({"127.0.0.1", NODE, SECOND, BRIDGE})
# Who asks, and where that comes in: machines outside, pods of this node and of another one, and the node itself.
SENDERS = (
    ("192.168.49.1", "eth0"),
    ("203.0.113.9", "eth0"),
    ("10.244.0.9", "veth9a"),
    ("10.244.0.9", "cni0"),
    ("10.244.1.7", "eth0"),
    (NODE, ""),
)
RANGES = ((), (), ("192.168.49.0/24",), ("10.0.0.0/8", "203.0.113.0/29"), ("203.0.113.9/32",))
CLUSTERS = 6
SERVICES = 6
FEWEST_FLOWS = 600
Walker = t.Union[Iptables, Nftables]


def settings(chance: random.Random) -> Settings:
    return Settings(
        NODE,
        chance.choice(["ClusterCIDR", "BridgeInterface", "InterfaceNamePrefix", "none"]),
        chance.choice([(ANY,), (NODE,), (SECOND,), (NODE, SECOND)]),
        chance.random() < 0.2,
    )


def services(chance: random.Random) -> list[Service]:
    """Ports of Services of all kinds; some share an address, as those of a load balancer may."""
    made = []
    for number in range(SERVICES):
        here, elsewhere = chance.choice([0, 0, 1, 2, 3]), chance.choice([0, 0, 1, 2])
        pods = [Pod(f"10.244.0.{20 + 10 * number + one}", 8000, True) for one in range(here)]
        pods += [Pod(f"10.244.1.{20 + 10 * number + one}", 8000, False) for one in range(elsewhere)]
        kind = chance.choice(["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer"])
        made.append(
            Service(
                name=f"default/web-{number}:http",
                protocol=chance.choice(["tcp", "udp"]),
                port=80 + number,
                address=f"10.96.0.{10 + number}",
                node_port=0 if kind == "ClusterIP" else 30080 + number,
                external=chance.choice([(), ("198.51.100.4",), (SECOND,)]),
                balancer=(f"172.17.255.{chance.choice([1, 1 + number])}",) if kind == "LoadBalancer" else (),
                ranges=chance.choice(RANGES),
                external_local=chance.random() < 0.5,
                internal_local=chance.random() < 0.3,
                sticky=chance.random() < 0.3,
                pods=tuple(pods),
            )
        )
    return made


def flows(made: t.Iterable[Service]) -> list[Flow]:
    found = {}
    for one in made:
        places = [(address, one.port) for address in (one.address, *one.external, *one.balancer)]
        places += [(address, one.node_port) for address in (NODE, SECOND, BRIDGE) if one.node_port]
        # A port that no Service has, at the address of one.
        places.append((one.address, 9))
        for (address, port), (source, interface) in itertools.product(places, SENDERS):
            found[Flow(one.protocol, source, address, port, interface, OWN)] = None
    return list(found)


def packet(flow: Flow) -> Packet:
    return Packet(
        flow.protocol.upper(),
        flow.destination,
        flow.port,
        outside=bool(flow.interface),
        node_port=flow.destination in flow.own,
        source=flow.source,
        interface=flow.interface,
    )


def ends(finding: Lookup) -> dict[str, float]:
    """What the trace says, in the words of the packet walker."""
    assert not finding.unknown
    found = {one.socket: float(one.share) for one in finding.backends}
    rest = 1 - sum(one.share for one in finding.backends)
    if rest:
        assert finding.trouble or finding.refused
        found[finding.refused.partition(":")[0].lower() or UNTOUCHED] = float(rest)
    return found


def rounded(shares: dict[str, float]) -> dict[str, float]:
    return {place: round(share, 6) for place, share in shares.items()}


def in_iptables(text: str) -> tuple[Walker, t.Callable[[Packet], Lookup]]:
    tables = iptables.parse(text)
    return Iptables(text), lambda one: rules_iptables.look_up(tables, one, OWN)


def in_nftables(text: str) -> tuple[Walker, t.Callable[[Packet], Lookup]]:
    table = nftables.parse(text)
    return Nftables(text), lambda one: rules_nftables.look_up(table, one, OWN)


MODES = {"iptables": (in_iptables, IptablesRules), "nftables": (in_nftables, NftablesRules)}


def compare(walker: Walker, look: t.Callable[[Packet], Lookup], wanted: t.Iterable[Flow]) -> list[dict[str, float]]:
    """Every end of every flow."""
    found = []
    for flow in wanted:
        expected = rounded(walker.ends(flow))
        assert rounded(ends(look(packet(flow)))) == expected, flow
        found.append(expected)
    return found


@pytest.mark.parametrize("mode", list(MODES))
def test_the_trace_and_the_packet_walker_agree_on_every_flow(mode: str) -> None:
    read, write = MODES[mode]
    found = []
    for seed in range(CLUSTERS):
        chance = random.Random(seed)
        setup, made = settings(chance), services(chance)
        found += compare(*read(write(setup, made).text()), flows(made))
    assert len(found) >= FEWEST_FLOWS
    # The flows are of all kinds, so that agreement says something.
    kinds = {place if place in (UNTOUCHED, "drop", "reject") else "pod" for one in found for place in one}
    assert kinds == {UNTOUCHED, "drop", "reject", "pod"}
    assert len([one for one in found if len(one) > 2]) > 100


BALANCED = Service(
    "default/web:http",
    "tcp",
    80,
    "10.96.0.10",
    node_port=30080,
    external=("198.51.100.4",),
    balancer=("172.17.255.1",),
    ranges=("192.168.49.0/24",),
    external_local=True,
    pods=(Pod("10.244.0.5", 8000, True), Pod("10.244.0.6", 8000, True), Pod("10.244.1.5", 8000, False)),
)


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("detect", ["ClusterCIDR", "BridgeInterface", "InterfaceNamePrefix", "none"])
@pytest.mark.parametrize("policy", list(itertools.product([True, False], repeat=3)))
def test_each_setting_for_each_policy(mode: str, detect: str, policy: tuple[bool, bool, bool]) -> None:
    read, write = MODES[mode]
    external, internal, sticky = policy
    service = dataclasses.replace(BALANCED, external_local=external, internal_local=internal, sticky=sticky)
    compare(*read(write(Settings(NODE, detect), [service]).text()), flows([service]))


LINES = IptablesRules(Settings(NODE), [BALANCED]).text().splitlines(keepends=True)


@pytest.mark.parametrize("lost", [line for line in LINES if line.startswith("-A")])
def test_a_rule_set_that_has_lost_a_line_is_walked_alike(lost: str) -> None:
    """Whatever is missing: a jump, a rule of a chain, the last of those that choose."""
    compare(*in_iptables("".join(line for line in LINES if line != lost)), flows([BALANCED]))


def in_a_namespace(script: str, rules: str, home: pathlib.Path) -> str:
    """What a program prints of rules that it has loaded, in a network namespace of its own."""
    (home / "rules").write_text(rules)
    argv = ["unshare", "--net", "sh", "-ec", script, "sh", str(home / "rules")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"rules cannot be loaded here: {done.stderr.strip()[:200]}")
    return done.stdout


def parts(text: str) -> list[str]:
    """Rules, chains and elements by themselves, without what each table or program numbers."""
    found = []
    for item in json.loads(text)["nftables"]:
        ((kind, body),) = item.items()
        elements = body.pop("elem", [])
        body.pop("handle", None)
        if kind != "metainfo":
            found += [json.dumps(one, sort_keys=True) for one in (item, *elements)]
    return sorted(set(found))


def test_the_programs_print_the_rules_as_they_are_written(tmp_path: pathlib.Path) -> None:
    made = [
        BALANCED,
        dataclasses.replace(BALANCED, name="default/other", port=81, node_port=30081, sticky=True, pods=()),
    ]
    made.append(dataclasses.replace(BALANCED, name="default/sticky", port=82, node_port=30082, sticky=True))
    for detect in ("ClusterCIDR", "InterfaceNamePrefix"):
        text = IptablesRules(Settings(NODE, detect, (NODE,)), made).text()
        printed = in_a_namespace('iptables-nft-restore < "$1"; iptables-nft-save', text, tmp_path)
        assert [line for line in sorted(printed.splitlines()) if line.startswith("-A")] == sorted(
            line for line in text.splitlines() if line.startswith("-A")
        )
        text = NftablesRules(Settings(NODE, detect, (NODE,)), made).text()
        printed = in_a_namespace('nft -j -f "$1"; nft --json list table ip kube-proxy', text, tmp_path)
        assert parts(printed) == parts(text)


def seen_flows(own: frozenset[str], pods: str) -> list[Flow]:
    """To all addresses of a recorded cluster's Services, from outside, from the node and from a pod."""
    found = []
    for service in OBJECTS["services"]:
        spec = service["spec"]
        balancer = (service.get("status") or {}).get("loadBalancer", {}).get("ingress") or []
        for port in spec.get("ports") or ():
            places = [
                (one, port["port"]) for one in [spec["clusterIP"], *(one["ip"] for one in balancer)] if one != "None"
            ]
            places += [("192.168.99.134", port["nodePort"])] if port.get("nodePort") else []
            for (address, number), (source, interface) in itertools.product(
                places, [("192.168.99.1", "lab0"), ("192.168.99.134", ""), (pods, "veth1")]
            ):
                found.append(Flow(port.get("protocol", "TCP").lower(), source, address, number, interface, own))
    return found


@pytest.mark.parametrize(("name", "read"), [("iptables", in_iptables), ("nftables.json", in_nftables)])
def test_both_agree_on_recorded_rules(name: str, read: t.Any) -> None:
    wanted = seen_flows(OWN | {"192.168.99.134"}, "10.244.0.200")
    found = compare(*read((SEEN / name).read_text()), wanted)
    assert len(found) > 60
    assert all(place.startswith(("10.244.0.", "192.168.99.134:8443")) for one in found for place in one)
