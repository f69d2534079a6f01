# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes on machines as they are: with Docker, VPNs, routing daemons and policy routing, in namespaces of their own."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import pathlib
import subprocess
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._net import persistence, static_route
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._preflight import host
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

POOL = "172.17.255.0/24"
NODE, SECOND, AWAY = "192.168.49.2", "192.168.49.3", "192.168.58.2"
VIA = f"{POOL} via {NODE} dev br0 proto 107"
ON_LINK = f"{POOL} dev br0 proto 107 scope link"


class Machine(Runner):
    """A network namespace: a bridge to the nodes, an uplink, and what a test adds."""

    def __init__(self, name: str, root: pathlib.Path) -> None:
        self.name, self.root = name, root

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return LocalRunner().run(["ip", "netns", "exec", self.name, *argv], stdin=stdin, check=False)

    def ip(self, *lines: str) -> str:
        done = LocalRunner().run(["ip", "-n", self.name, "-batch", "-"], stdin="\n".join(lines) + "\n")
        return done.stdout

    def add(self, device: str, *addresses: str) -> None:
        """A device; a pair of veth stands for whatever it is, as kernels without other kinds of devices do, too."""
        peer = f"{device[:13]}-x"
        self.ip(f"link add {device} type veth peer name {peer}", f"link set {device} up", f"link set {peer} up")
        self.ip(*(f"address add {address} dev {device}" for address in addresses))

    def plan_change(self, *nodes: str, **params: t.Any) -> static_route.RouteChange:
        defaults = {key: option.get("default") for key, option in static_route.ARGUMENT_SPEC.items()}
        given = defaults | {"destination": POOL, "nodes": list(nodes)} | params
        return static_route.plan_change(given, self, self.root)

    def set(self, *nodes: str, **params: t.Any) -> bool:
        """Do it, and see that it is done once and for all."""
        change = self.plan_change(*nodes, **params)
        static_route.carry_out(change, self)
        again = self.plan_change(*nodes, **params)
        assert not again.needed, again
        assert again.route.before == again.route.after == change.route.after
        return change.needed

    def routes(self) -> list[str]:
        return [line.strip() for line in self.ip(f"route show to exact {POOL}").splitlines() if line.strip()]

    def table(self) -> str:
        """All of it, without what the kernel still finds out about new devices."""
        argv = ["ip", "-4", "-n", self.name, "route", "show", "table", "all"]
        return LocalRunner().run(argv).stdout.replace(" linkdown", "")

    def parked(self) -> bool:
        return "107107" in self.table()


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> t.Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = Machine(f"kuber-net-{os.getpid()}", tmp_path)
    subprocess.run(["ip", "netns", "add", made.name], check=True)
    try:
        made.ip("link set lo up")
        made.add("br0", "192.168.49.1/24")
        made.add("eth0", "10.0.0.9/24")
        made.ip("route add default via 10.0.0.1")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", made.name], check=True)


def test_one_node_is_the_next_hop_and_several_in_one_network_are_on_link(machine: Machine) -> None:
    assert machine.set(NODE)
    assert machine.routes() == [VIA]
    change = machine.plan_change(NODE, SECOND)
    assert change.route.steps == (f"route replace {POOL} dev br0 scope link proto 107",)
    assert machine.set(NODE, SECOND)
    assert machine.routes() == [ON_LINK]
    assert any("is on-link on br0" in note for note in machine.plan_change(NODE, SECOND).notes)
    assert machine.set(NODE)
    assert machine.routes() == [VIA]
    # A node beside it that this machine has no network with.
    machine.add("br2", "192.168.58.1/24")
    assert not machine.set(NODE, AWAY)
    assert machine.set(AWAY, NODE)
    assert machine.routes() == [f"{POOL} via {AWAY} dev br2 proto 107"]
    assert any("is routed to one node at a time" in note for note in machine.plan_change(AWAY, NODE).notes)


ODD = {
    "another family": f"route add {POOL} via inet6 fe80::1 dev br0 metric 30",
    "for a kind of service": f"route add {POOL} via 192.168.49.9 tos 0x10",
    "a nexthop object": f"route add {POOL} nhid 11 metric 20",
    "thrown": f"route add throw {POOL}",
    "prohibited": f"route add prohibit {POOL} metric 7",
    "two next hops": f"route add {POOL} nexthop via 192.168.49.8 weight 3 nexthop via 192.168.49.9",
}


@pytest.mark.parametrize("nodes", [(NODE,), (NODE, SECOND)], ids=["one node", "two nodes"])
@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
def test_odd_routes_on_the_way_to_the_nodes_are_corrected(machine: Machine, line: str, nodes: tuple[str, ...]) -> None:
    machine.ip("nexthop add id 11 via 192.168.49.9 dev br0", line)
    assert machine.set(*nodes)
    assert machine.routes() == [VIA if len(nodes) == 1 else ON_LINK]


def test_two_networks_of_one_device_are_not_one(machine: Machine) -> None:
    machine.ip("address add 192.168.58.1/24 dev br0")
    assert machine.set(NODE, AWAY)
    assert machine.routes() == [VIA]


def test_a_kernel_without_rules_is_asked_afterwards(machine: Machine) -> None:
    class Small(Machine):
        def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
            if "rule" in argv:
                return Result(argv, 2, "", "RTNETLINK answers: Operation not supported\nDump terminated\n")
            return super()._run(argv, stdin)

    assert Small(machine.name, machine.root).set(NODE)
    assert machine.routes() == [VIA]


@pytest.mark.parametrize("nodes", [(NODE,), (NODE, SECOND)])
def test_ours_goes_whatever_has_become_of_the_nodes(machine: Machine, nodes: tuple[str, ...]) -> None:
    machine.set(*nodes)
    file = machine.root / persistence.IF_UP / persistence.file_name(ipaddress.ip_network(POOL))
    file.parent.mkdir(parents=True)
    file.write_text(f"#!/bin/sh\n{persistence.HEADER}\n")
    machine.ip(f"route add {POOL} via 192.168.49.77 metric 50")
    # The cluster is gone and nobody knows its addresses, or it has others by now.
    assert (
        machine.plan_change(state="absent").route.steps
        == machine.plan_change("192.168.58.9", state="absent").route.steps
    )
    assert machine.set(state="absent")
    assert machine.routes() == [f"{POOL} via 192.168.49.77 dev br0 metric 50"]
    assert not file.exists()


def test_what_was_set_by_hand_goes_with_the_node_that_it_leads_to(machine: Machine) -> None:
    machine.ip(f"route add {POOL} via {NODE}")
    assert not machine.set(NODE)
    assert not machine.set(state="absent")
    assert machine.set(NODE, state="absent")
    assert machine.routes() == []


def test_a_network_of_docker_around_the_pool_is_only_a_note(machine: Machine) -> None:
    machine.add("docker0", "172.17.0.1/16")
    assert machine.set(NODE)
    assert machine.routes() == [VIA]
    (note,) = machine.plan_change(NODE).notes
    assert "172.17.0.0/16 of docker0 overlaps 172.17.255.0/24" in note


Setup = t.Callable[[Machine], None]


def no_gateway(destination: str, device: str, *addresses: str) -> Setup:
    def setup(machine: Machine) -> None:
        machine.ip("route del 192.168.49.0/24", "address del 192.168.49.1/24 dev br0", "route del default")
        machine.add(device, *addresses)
        machine.ip(f"route add {destination} dev {device}")

    return setup


def lan(machine: Machine) -> None:
    machine.add("lan", "172.17.252.9/22")
    machine.ip("route replace default via 172.17.255.254 dev lan")


def own_address(machine: Machine) -> None:
    machine.add("lan", "172.17.255.9/22")


def neighbour(machine: Machine) -> None:
    machine.add("docker0", "172.17.0.1/16")
    machine.ip("neighbour add 172.17.255.7 lladdr 02:42:ac:11:ff:07 dev docker0 nud reachable")


def dhcpcd(machine: Machine) -> None:
    """Which takes the kernel's route for its own."""
    machine.add("lan")
    machine.ip("address add 172.17.255.9/24 dev lan noprefixroute")
    machine.ip(f"route add {POOL} dev lan proto dhcp src 172.17.255.9")


def tailscale(machine: Machine) -> None:
    machine.add("tailscale0", "100.64.0.9/32")
    machine.ip("route add 172.17.0.0/16 dev tailscale0 table 52")
    machine.ip("rule add fwmark 0x80000/0xff0000 table main priority 5210", "rule add table 52 priority 5270")


def mullvad(machine: Machine) -> None:
    machine.add("wg-mullvad", "10.64.0.9/32")
    machine.ip("route add default dev wg-mullvad table 51820", "rule add not fwmark 0xca6c table 51820 priority 100")


def unreachable(machine: Machine) -> None:
    machine.ip("rule add to 172.16.0.0/12 unreachable priority 90")


def into_a_vpn(*rules: str) -> Setup:
    def setup(machine: Machine) -> None:
        machine.add("tun0", "10.8.0.6/24")
        machine.ip("route add default dev tun0 table 99", *(f"rule add {rule} table 99 priority 100" for rule in rules))

    return setup


def wireguard(machine: Machine) -> None:
    machine.add("wg0", "10.6.0.2/32")
    machine.ip(f"route add {POOL} dev wg0")


def bird(machine: Machine) -> None:
    machine.ip(f"route add {POOL} via 10.0.0.7 proto bird metric 32")


def frr(machine: Machine) -> None:
    machine.ip("nexthop add id 11 via 192.168.49.9 dev br0", f"route add {POOL} nhid 11 proto zebra metric 20")


def several(machine: Machine) -> None:
    machine.ip(f"route add {POOL} proto bird metric 9 nexthop via 10.0.0.7 weight 2 nexthop via 10.0.0.8 weight 1")
    machine.ip(f"route add {POOL} via 10.0.0.7 proto bird src 10.0.0.9 mtu 1300")


def openvpn(machine: Machine) -> None:
    machine.add("tun0", "10.8.0.6/24")
    machine.ip(f"route add {POOL} via 10.8.0.1 tos 0x10")


REFUSED: dict[str, tuple[Setup, str]] = {
    "default route into a VPN": (no_gateway("default", "wg0", "10.6.0.2/32"), "the route uses wg0.*has 10.6.0.2/32"),
    "private networks in a VPN": (no_gateway("192.168.0.0/16", "tun0"), "the route uses tun0.*has no network"),
    "no network at all": (lambda machine: machine.ip("link del br0", "route del default"), "Network is unreachable"),
    "behind the gateway": (lambda machine: machine.ip("link del br0"), "it is behind gateway 10.0.0.1"),
    "gateway of the LAN": (lan, "the gateway 172.17.255.254 of the route to default"),
    "own address": (own_address, "own address 172.17.255.9 on lan"),
    "a container": (neighbour, "the neighbour 172.17.255.7 .02:42:ac:11:ff:07. on docker0"),
    "own network by DHCP": (dhcpcd, "a network of this machine's own interface lan"),
    "tailscale": (tailscale, "would not be used.*rule 5270, table 52: 172.17.0.0/16 dev tailscale0"),
    "mullvad": (mullvad, "the route uses wg-mullvad"),
    "unreachable by rule": (unreachable, r"would not be used.*rule 90 \(unreachable\)"),
    "HTTP by rule": (into_a_vpn("ipproto tcp dport 80"), r"would not be used.*rule 100, table 99: default dev tun0"),
    "ports by rule": (into_a_vpn("dport 1-1023"), r"would not be used.*rule 100, table 99: default dev tun0"),
    # The kernel is asked about UDP where no protocol is given.
    "UDP by rule": (into_a_vpn("ipproto udp"), "the route uses tun0"),
    "by source": (into_a_vpn("from 192.168.49.0/24"), r"would not be used.*rule 100, table 99: default dev tun0"),
    "not to the LAN": (into_a_vpn("not to 10.0.0.0/24"), r"the route uses tun0"),
    "wireguard's route": (wireguard, "Another program has set a route.*dev wg0.*host_network_take_over"),
    "openvpn's route": (openvpn, "Another program has set a route.*via 10.8.0.1 dev tun0"),
    "bird's route": (bird, "Another program has set a route.*via 10.0.0.7 dev eth0 proto bird metric 32"),
    "FRR's route": (frr, "Another program has set a route.*via 192.168.49.9 dev br0 proto zebra metric 20"),
    "several of them": (several, "Another program has set a route.*over 2 next hops"),
}


@pytest.mark.parametrize("nodes", [(NODE,), (NODE, SECOND)], ids=["one node", "two nodes"])
@pytest.mark.parametrize(("setup", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_machines_that_are_refused(machine: Machine, setup: Setup, said: str, nodes: tuple[str, ...]) -> None:
    setup(machine)
    before = machine.table()
    with pytest.raises(KuberError, match=said):
        machine.plan_change(*nodes)
    assert machine.table() == before


@pytest.mark.parametrize("nodes", [(NODE,), (NODE, SECOND)], ids=["one node", "two nodes"])
@pytest.mark.parametrize("setup", [wireguard, openvpn, bird, frr, several])
def test_a_route_that_was_taken_over_is_given_back(machine: Machine, setup: Setup, nodes: tuple[str, ...]) -> None:
    setup(machine)
    before = machine.routes()
    assert machine.set(*nodes, take_over=True)
    assert machine.routes() == [VIA if len(nodes) == 1 else ON_LINK]
    # Whoever keeps it sets it again.
    setup_again = [line for line in before if line.startswith(POOL) and "nexthop" not in line and "nhid" not in line]
    machine.ip(*(f"route append {line}" for line in setup_again[:1]))
    assert machine.set(*nodes, take_over=True) == bool(setup_again)
    assert machine.set(state="absent")
    assert sorted(machine.routes()) == sorted(before)
    assert not machine.parked()


def odd(machine: Machine) -> None:
    machine.add("wg0", "10.6.0.2/32")
    machine.ip(f"route add {POOL} dev wg0 realms 5")


# What the message asks for, done to the machine or given as an option.
HELPS: dict[str, tuple[Setup, tuple[str, ...], dict[str, t.Any]]] = {
    "another pool": (lan, (), {"destination": "172.18.255.0/24"}),
    "own address": (own_address, ("address del 172.17.255.9/22 dev lan",), {}),
    "own network": (dhcpcd, (f"route del {POOL} dev lan", "address del 172.17.255.9/24 dev lan"), {}),
    "tailscale": (tailscale, (f"rule add to {POOL} table main priority 5000",), {}),
    "by rule": (unreachable, (f"rule add to {POOL} table main priority 80",), {}),
    "HTTP by rule": (into_a_vpn("ipproto tcp dport 80"), (f"rule add to {POOL} table main priority 80",), {}),
    "wireguard": (wireguard, ("link del wg0",), {}),
    "bird": (bird, (), {"take_over": True}),
    "what cannot be restored": (odd, (f"route del {POOL} dev wg0",), {"take_over": True}),
}


@pytest.mark.parametrize(("setup", "lines", "params"), HELPS.values(), ids=HELPS.keys())
def test_what_a_refusal_says_helps(
    machine: Machine, setup: Setup, lines: tuple[str, ...], params: dict[str, t.Any]
) -> None:
    setup(machine)
    with pytest.raises(KuberError):
        machine.plan_change(NODE, **({"take_over": True} if setup is odd else {}))
    machine.ip(*lines)
    assert machine.set(NODE, **params)


def test_a_route_whose_device_is_gone_is_not_given_back(machine: Machine) -> None:
    wireguard(machine)
    machine.set(NODE, take_over=True)
    machine.ip("link del wg0")
    assert machine.set(state="absent")
    assert (machine.routes(), machine.parked()) == ([], False)


def test_an_interrupted_run_is_completed(machine: Machine) -> None:
    several(machine)
    before = machine.routes()
    steps = machine.plan_change(NODE, take_over=True).route.steps
    for number in range(1, len(steps)):
        machine.ip(*steps[:number])
        assert machine.set(NODE, take_over=True)
        back = machine.plan_change(state="absent").route.steps
        machine.ip(*back[:number])
        machine.set(state="absent")
        assert sorted(machine.routes()) == sorted(before), number
        assert not machine.parked()


def test_rules_that_leave_our_route_alone(machine: Machine) -> None:
    """As wg-quick makes them: what the main table knows better than its default route stays there."""
    machine.add("wg0", "10.6.0.2/32")
    machine.ip("route add default dev wg0 table 51820", "rule add not fwmark 0xca6c table 51820 priority 32765")
    machine.ip("rule add table main suppress_prefixlength 0 priority 32764")
    machine.ip("rule add from 10.6.0.2 table 51820 priority 50", "rule add oif wg0 table 51820 priority 51")
    machine.ip("rule add fwmark 0x80000/0xff0000 unreachable priority 52", "rule add table 4711 priority 53")
    into_a_vpn("ipproto tcp dport 25", "dport 1000-2000", "ipproto icmp", "sport 80", "from 10.0.0.9")(machine)
    assert machine.set(NODE)


@pytest.mark.parametrize("rule", ["from 192.168.49.1", "ipproto tcp dport 80", "ipproto udp dport 50-60"])
def test_what_takes_some_packets_only_is_found_afterwards_too(machine: Machine, rule: str) -> None:
    assert machine.set(NODE)
    into_a_vpn(rule)(machine)
    with pytest.raises(KuberError, match=r"is not used.*tun0"):
        machine.plan_change(NODE)


def test_a_route_that_something_else_outdoes_is_no_success(machine: Machine) -> None:
    assert machine.set(NODE)
    tailscale(machine)
    with pytest.raises(KuberError, match=r"is not used.*172.17.255.1 dev tailscale0 \(table 52\)"):
        machine.plan_change(NODE)


def test_addresses_that_nodes_answer_for_are_not_in_use(machine: Machine) -> None:
    machine.set(NODE, SECOND)
    machine.ip(f"neighbour add {NODE} lladdr 02:42:c0:a8:31:02 dev br0 nud reachable")
    machine.ip("neighbour add 172.17.255.1 lladdr 02:42:c0:a8:31:02 dev br0 nud stale")
    machine.ip(f"route del {POOL}")
    assert machine.set(NODE)
    # What a node has answered for that is no more, while the route changes its form.
    machine.set(NODE, SECOND)
    machine.ip("neighbour add 172.17.255.4 lladdr 02:42:c0:a8:31:09 dev br0 nud stale")
    assert machine.set(NODE)
    machine.ip("neighbour del 172.17.255.4 dev br0")
    machine.ip("neighbour add 172.17.255.8 lladdr 02:42:c0:a8:31:08 dev br0 nud stale", f"route del {POOL}")
    with pytest.raises(KuberError, match=r"the neighbour 172\.17\.255\.8"):
        machine.plan_change(NODE)


class Weak(Machine):
    """Root of a container, which may look at routes and not change them."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        weak = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-all"]
        return super()._run((*weak, *argv), stdin)


def test_root_that_may_not_change_routes_is_found_out_beforehand(machine: Machine) -> None:
    weak = Weak(machine.name, machine.root)
    change = weak.plan_change(NODE)
    static_route.require_permission(change, machine)
    with pytest.raises(RootRequired, match="CAP_NET_ADMIN"):
        static_route.require_permission(change, weak)
    params = {key: option.get("default") for key, option in host.HOST_SPEC.items()}
    params |= {"route": POOL, "route_nodes": [NODE]}
    found = host.inspect(params, weak, rehearse=True)
    assert ["CAP_NET_ADMIN" in str(problem) for problem in found.problems] == [True]
    assert host.inspect(params, machine, rehearse=True).problems == ()
    assert machine.routes() == []
    # Nothing to do, so nothing to be allowed.
    machine.set(NODE)
    assert host.inspect(params, weak, rehearse=True).problems == ()


def test_the_node_itself_needs_no_route(machine: Machine) -> None:
    with pytest.raises(KuberError, match=r"driver none.*host_network_route_enabled=false"):
        machine.plan_change("192.168.49.1")


@dataclasses.dataclass
class Odd(Runner):
    """A machine whose ``ip`` says just this."""

    result: tuple[int, str, str]

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, *self.result)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ((127, "", "ip: No such file or directory"), "it is missing"),
        (
            (1, "", "ip: invalid option -- 'd'\nBusyBox v1.35.0 (Debian 1:1.35.0-4) multi-call binary.\n"),
            "BusyBox|invalid option",
        ),
        (
            (1, "", "ip: unrecognized option: j\nBusyBox v1.36.1 (2023-11-07 18:53:09 UTC) multi-call binary.\n"),
            "option: j",
        ),
        ((1, "", "ip: Unknown option 'j' (see \"ip --help\")\n"), "Unknown option"),
        ((1, "", "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n"), "Usage"),
        ((255, "", 'Option "-j" is unknown, try "ip -help".\n'), "is unknown"),
        ((0, "default via 10.0.0.1 dev eth0 \n", ""), "default via 10.0.0.1 dev eth0"),
        # iproute2 of Debian 9 and Ubuntu 18.04: JSON in part.
        ((0, '[{"dst":"default","via 10.0.0.1 dev eth0 onlink "}]\n', ""), "via 10.0.0.1 dev eth0"),
    ],
)
def test_a_program_that_cannot_be_used_is_named(result: tuple[int, str, str], said: str) -> None:
    defaults = {key: option.get("default") for key, option in static_route.ARGUMENT_SPEC.items()}
    with pytest.raises(KuberError, match=f"(?s)Cannot use the program `ip`.*({said}).*host_network_enabled=false"):
        static_route.plan_change(defaults | {"destination": POOL, "via": NODE}, Odd(result))
