# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that nothing is left: what is there is named, and what could not be checked is neither good nor bad."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._checks.leftovers import VIEWS, LeftoversProbe, Readings
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, ipvs
from ansible_collections.kuber.network.plugins.module_utils._net.node_proxy import NodeProxy
from ansible_collections.kuber.network.plugins.module_utils._net.node_read import NodeState
from ansible_collections.kuber.network.plugins.module_utils._net.variants import Program

NFT, LEGACY = Program("ipv4", "nft"), Program("ipv4", "legacy")
CHAINS = "*nat\n:PREROUTING ACCEPT\n:KUBE-SVC-A - \n:KUBE-SERVICES -\n:KUBE-LOAD-BALANCER -\n:MINE -\nCOMMIT\n"
OTHERS = ipvs.VirtualServer("TCP", "203.0.113.9", 80)
EMPTY = NodeState(
    proxy=NodeProxy("iptables", excluded=(ipaddress.ip_network("203.0.113.0/24"),)),
    variant="nft",
    rules={NFT: iptables.parse("*nat\n:PREROUTING ACCEPT\n:MINE -\nCOMMIT\n")},
    ipvs=ipvs.IpvsState((OTHERS,), {"MINE": ()}, False, frozenset(), traces=True),
    nftables={},
    sysctls={},
)
FULL = dataclasses.replace(
    EMPTY,
    rules={NFT: iptables.parse(CHAINS), LEGACY: iptables.parse(CHAINS)},
    ipvs=ipvs.IpvsState(
        (OTHERS, ipvs.VirtualServer("TCP", "10.107.87.29", 80), ipvs.VirtualServer("UDP", "fd00::1", 53)),
        {"MINE": (), "KUBE-CLUSTER-IP": (), "KUBE-IPVS-IPS": ("10.107.87.29", "fd00::1")},
        True,
        frozenset(),
    ),
    nftables={"ip": "table ip kube-proxy {}"},
)


def probe(state: NodeState, view: str, *, mode: str = "iptables", of: str = "ipvs") -> LeftoversProbe:
    return LeftoversProbe(Readings(lambda _mode: state), mode, of, view)


@pytest.mark.parametrize("view", VIEWS)
def test_a_clean_node_is_clean_whatever_others_have(view: str) -> None:
    outcome = probe(EMPTY, view).attempt()
    assert (outcome.ok, outcome.found) == (True, "none")


@pytest.mark.parametrize(
    ("view", "of", "found"),
    [
        # The running mode's own are no leftovers, but in the kind of iptables that it does not use.
        ("ipv4", "iptables", "2 left: KUBE-SVC-A (iptables-legacy, nat), KUBE-SERVICES (iptables-legacy, nat)"),
        ("ipv4", "ipvs", "3 left: KUBE-LOAD-BALANCER (iptables-nft, nat), KUBE-SERVICES (iptables-legacy, nat), "),
        ("device", "ipvs", "1 left: kube-ipvs0"),
        (
            "virtual_servers",
            "ipvs",
            "2 left: TCP 10.107.87.29:80, UDP [fd00::1]:53. They still answer, even for deleted Service",
        ),
        ("sets", "ipvs", "2 left: KUBE-CLUSTER-IP, KUBE-IPVS-IPS"),
        ("tables", "nftables", "1 left: table ip kube-proxy"),
    ],
)
def test_what_is_left_is_named_in_plain_words(view: str, of: str, found: str) -> None:
    outcome = probe(FULL, view, of=of).attempt()
    assert (outcome.ok, outcome.unknown) == (False, False)
    assert outcome.found.startswith(found)
    assert "203.0.113.9" not in outcome.found


@pytest.mark.parametrize(
    ("view", "part"),
    [("ipv4", "ipv4"), ("device", "device"), ("virtual_servers", "servers"), ("sets", "sets"), ("tables", "ip6")],
)
def test_what_could_not_be_looked_at_is_not_good(view: str, part: str) -> None:
    state = dataclasses.replace(EMPTY, unread={part: "nobody has the program"})
    outcome = probe(state, view).attempt()
    assert (outcome.ok, outcome.unknown, outcome.found) == (False, True, "not checked: nobody has the program")
    # What was seen all the same is bad.
    assert probe(dataclasses.replace(FULL, unread=state.unread), view).attempt().unknown is False


def test_virtual_servers_of_unknown_owners_are_neither_good_nor_bad() -> None:
    state = dataclasses.replace(EMPTY, proxy=NodeProxy("iptables", excluded=None))
    outcome = probe(state, "virtual_servers").attempt()
    assert (outcome.ok, outcome.unknown) == (False, True)
    assert outcome.found == "unknown owner: TCP 203.0.113.9:80"


@pytest.mark.parametrize("view", VIEWS.values())
def test_what_is_asked_can_be_typed_on_a_node_of_minikube(view: t.Any) -> None:
    assert view.asked.split()[0] in ("iptables-save", "ip6tables-save", "ip", "cat", "nsenter")


def test_a_node_is_read_once_for_all_and_again_for_each_further_try() -> None:
    readings: list[str] = []

    def read(mode: str) -> NodeState:
        readings.append(mode)
        return EMPTY

    shared = Readings(read)
    first, second = (LeftoversProbe(shared, "iptables", "ipvs", view) for view in ("sets", "device"))
    for one in (first, second):
        one.attempt()
    assert readings == ["iptables"]
    for one in (first, second):
        one.attempt()
    assert readings == ["iptables"] * 2
