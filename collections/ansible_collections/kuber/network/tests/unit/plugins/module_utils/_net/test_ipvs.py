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
    assert [str(server) for server in ipvs.parse_servers(text)] == [
        "-t 10.96.0.1:443",
        "-u 10.96.0.10:53",
        "-t [fd00::1]:80",
    ]


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


@pytest.mark.parametrize(
    ("sets", "addresses", "gone"),
    [
        ({}, {"10.96.0.1"}, ["-t 10.96.0.1:80"]),
        # The device has been deleted by hand, or by a run that was interrupted.
        ({"KUBE-IPVS-IPS": ("10.96.0.1",)}, set(), ["-t 10.96.0.1:80"]),
        ({"KUBE-NODE-PORT-TCP": ("30080",)}, set(), ["-t 192.168.99.134:30080"]),
        ({"KUBE-NODE-PORT-SCTP-HASH": ("192.168.99.134,sctp:30080",)}, set(), ["-t 192.168.99.134:30080"]),
        ({"MINE": ("10.96.0.1",)}, set(), []),
    ],
)
def test_virtual_servers_of_others_stay(sets: dict[str, tuple[str, ...]], addresses: set[str], gone: list[str]) -> None:
    servers = (server("10.96.0.1"), server("203.0.113.9"), server("192.168.99.134", 30080))
    wanted = ipvs.plan(ipvs.State(servers, sets, False, frozenset(addresses)), sets_in_use=())
    assert [str(found) for found in wanted.servers] == gone


def test_sets_of_others_and_sets_in_use_stay() -> None:
    sets = {"MINE": (), "KUBE-CLUSTER-IP": (), "KUBE-LOOP-BACK": (), "KUBE-6-LOAD-BALANCER-SOURCE-CID": ()}
    wanted = ipvs.plan(ipvs.State((), sets, True, frozenset()), sets_in_use={"KUBE-LOOP-BACK", "MINE"})
    assert wanted.lines() == [
        "ipset destroy KUBE-CLUSTER-IP",
        "ipset destroy KUBE-6-LOAD-BALANCER-SOURCE-CID",
        "ip link delete kube-ipvs0",
    ]
    assert ["KUBE-LOOP-BACK" in warning for warning in wanted.warnings] == [True]


def test_nothing_is_planned_where_nothing_is_left() -> None:
    assert not ipvs.plan(ipvs.State((server("203.0.113.9"),), {"MINE": ()}, False, frozenset()), sets_in_use=())
