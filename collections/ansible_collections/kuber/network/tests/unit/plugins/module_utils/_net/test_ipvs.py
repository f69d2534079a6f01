# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._net import ipvs
from ansible_collections.kuber.network.plugins.module_utils._net.node_proxy import NodeProxy

DUMPS = pathlib.Path(__file__).parent / "dumps"
HEADER = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
"""
LINKS = "1: lo: <LOOPBACK,UP> mtu 65536\\    link/loopback\n8: kube-ipvs0: <BROADCAST,NOARP> mtu 1500 state DOWN\n"
ADDRESSES = """1: lo    inet 127.0.0.1/8 scope host lo
8: kube-ipvs0    inet 10.96.0.1/32 scope global kube-ipvs0
8: kube-ipvs0    inet6 fd00::1/128 scope global
"""


def test_virtual_servers_are_read_as_the_kernel_prints_them() -> None:
    text = HEADER + (
        "TCP  0A600001:01BB rr \n  -> C0A86386:20FB      Masq    1      0          0\n"
        "UDP  0A60000A:0035 rr persistent 10800\n"
        "TCP  [fd00:0000:0000:0000:0000:0000:0000:0001]:0050 rr\n"
        "FWM  00000001 rr\n"
    )
    found = ipvs.parse_servers(text)
    assert [str(server) for server in found] == ["TCP 10.96.0.1:443", "UDP 10.96.0.10:53", "TCP [fd00::1]:80", "FWM 1"]
    assert [server.as_option for server in found[:3]] == ["-t 10.96.0.1:443", "-u 10.96.0.10:53", "-t [fd00::1]:80"]


@given(
    address=st.ip_addresses(),
    port=st.integers(1, 65535),
    protocol=st.sampled_from(sorted(ipvs.OPTIONS)),
)
def test_every_address_is_read(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, protocol: str
) -> None:
    printed = f"[{address.exploded}]" if address.version == 6 else f"{int(address):08X}"
    found = ipvs.parse_servers(f"{HEADER}{protocol}  {printed}:{port:04X} rr\n")
    assert found == (ipvs.VirtualServer(protocol, str(address), port),)


def test_all_sets_of_a_node_in_ipvs_mode_are_known() -> None:
    found = ipvs.parse_sets((DUMPS / "ipvs.ipset").read_text())
    assert set(found) == ipvs.SETS
    assert found["KUBE-LOAD-BALANCER"]
    assert found["KUBE-IPVS-IPS"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1: lo    inet 127.0.0.1/8 scope host lo\n", (False, frozenset())),
        (LINKS, (True, frozenset())),
        (LINKS + ADDRESSES, (True, frozenset({"10.96.0.1", "fd00::1"}))),
    ],
)
def test_the_device_is_found_with_its_addresses(text: str, expected: object) -> None:
    assert ipvs.parse_device(text) == expected


def server(address: str, port: int = 80, protocol: str = "TCP") -> ipvs.VirtualServer:
    return ipvs.VirtualServer(protocol, address, port)


NODE = "192.168.99.134"
SERVERS = (server("10.96.0.1"), server("203.0.113.9"), server(NODE, 30080), server("", 7, ipvs.MARK))


def proxy(*excluded: str, says: bool = True) -> NodeProxy:
    return NodeProxy("iptables", excluded=tuple(ipaddress.ip_network(one) for one in excluded) if says else None)


def plan(state: ipvs.IpvsState, of: NodeProxy | None = None, **freed: int) -> ipvs.IpvsPlan:
    return ipvs.plan(
        state, freed={name.replace("_", "-"): number for name, number in freed.items()}, proxy=of or proxy()
    )


@pytest.mark.parametrize(
    ("sets", "addresses", "gone"),
    [
        ({"KUBE-LOOP-BACK": ()}, {"10.96.0.1"}, ["TCP 10.96.0.1:80"]),
        # The device has been deleted by hand, or by a run that was interrupted.
        ({"KUBE-IPVS-IPS": ("10.96.0.1",)}, set(), ["TCP 10.96.0.1:80"]),
        # Before Kubernetes 1.26.
        ({"KUBE-CLUSTER-IP": ("10.96.0.1,tcp:80",)}, set(), ["TCP 10.96.0.1:80"]),
        ({"KUBE-CLUSTER-IP": ("10.96.0.1,udp:80",)}, set(), []),
        ({"KUBE-NODE-PORT-TCP": ("30080",)}, set(), [f"TCP {NODE}:30080"]),
        ({"KUBE-NODE-PORT-UDP": ("30080",)}, set(), []),
        # Somebody has added them since; kube-proxy's sets do not know them.
        ({"KUBE-CLUSTER-IP": ()}, set(), []),
        # kube-proxy has never run in IPVS mode here.
        ({"MINE": ("10.96.0.1",)}, set(), []),
    ],
)
def test_virtual_servers_of_others_stay(sets: dict[str, tuple[str, ...]], addresses: set[str], gone: list[str]) -> None:
    wanted = plan(ipvs.IpvsState(SERVERS, sets, False, frozenset(addresses)))
    assert [str(found) for found in wanted.servers] == gone
    assert {*wanted.servers, *wanted.foreign} == set(SERVERS)


def test_sctp_of_a_node_port_is_known_by_the_name_of_its_set() -> None:
    servers = (server(NODE, 30080, "SCTP"), server(NODE, 30080))
    sets = {"KUBE-NODE-PORT-SCTP-HASH": (f"{NODE},sctp:30080",)}
    assert plan(ipvs.IpvsState(servers, sets, False, frozenset())).servers == servers[:1]


def test_without_sets_all_but_the_excluded_networks_are_kube_proxys() -> None:
    """kube-proxy in IPVS mode has removed the others."""
    state = ipvs.IpvsState(SERVERS, {}, False, frozenset(), traces=True)
    assert plan(state).foreign == SERVERS[3:]
    wanted = plan(state, proxy("203.0.113.0/24", "fd00::/64"))
    assert (wanted.servers, wanted.foreign) == ((SERVERS[0], SERVERS[2]), (SERVERS[1], SERVERS[3]))
    # It may have left some to others, and does not say so.
    unsure = plan(state, proxy(says=False))
    assert (unsure.servers, unsure.doubtful) == ((), SERVERS[:3])


def test_an_excluded_network_wins_over_everything() -> None:
    state = ipvs.IpvsState(SERVERS, {"KUBE-IPVS-IPS": ("10.96.0.1", "203.0.113.9")}, True, frozenset({"203.0.113.9"}))
    assert plan(state, proxy("203.0.113.9/32")).servers == SERVERS[:1]


def test_sets_of_others_and_sets_in_use_stay() -> None:
    sets = {"MINE": (), "KUBE-CLUSTER-IP": (), "KUBE-LOOP-BACK": (), "KUBE-6-LOAD-BALANCER-SOURCE-CID": ()}
    references = {"MINE": 1, "KUBE-CLUSTER-IP": 2, "KUBE-LOOP-BACK": 3}
    state = ipvs.IpvsState((), sets, True, frozenset(), references)
    wanted = plan(state, KUBE_CLUSTER_IP=2, KUBE_LOOP_BACK=2)
    assert wanted.lines() == [
        "ipset KUBE-CLUSTER-IP",
        "ipset KUBE-6-LOAD-BALANCER-SOURCE-CID",
        "device kube-ipvs0",
    ]
    assert wanted.used_sets == ("KUBE-LOOP-BACK",)


def test_nothing_is_planned_where_nothing_is_left() -> None:
    assert not plan(ipvs.IpvsState((server("203.0.113.9"),), {"MINE": ()}, False, frozenset()))


def test_members_are_read_where_ipset_has_no_names_of_protocols() -> None:
    text = "create A hash:ip,port family inet\nadd A 10.108.65.32,6:80\nadd A fd00::6,17:53\nadd A 10.0.0.6,132:17\n"
    assert ipvs.parse_sets(text)["A"] == ("10.108.65.32,tcp:80", "fd00::6,udp:53", "10.0.0.6,sctp:17")
    others = "create B hash:ip,port,ip\nadd B 10.0.0.3,tcp:17,10.0.0.3\ncreate C bitmap:port\nadd C 6\n"
    assert ipvs.parse_sets(others) == {"B": ("10.0.0.3,tcp:17,10.0.0.3",), "C": ("6",)}


def test_references_are_read() -> None:
    text = (
        "Name: A\nType: hash:ip\nRevision: 5\nSize in memory: 200\nReferences: 2\nNumber of entries: 0\n\n"
        "Name: B\nType: list:set\nReferences: 0\n"
    )
    assert ipvs.parse_references(text) == {"A": 2, "B": 0}
