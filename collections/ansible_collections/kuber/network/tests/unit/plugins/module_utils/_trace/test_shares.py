# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arithmetic of shares: whatever the number of pods, all requests go somewhere, and evenly."""

from __future__ import annotations

import dataclasses
import decimal
import fractions
import ipaddress
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._net.virtual_servers import RealServer, Server
from ansible_collections.kuber.network.plugins.module_utils._trace import matches, rules_iptables, rules_ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace.model import percent
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet, RuleBackend, merged

CHANCES = st.fractions(0, 1, max_denominator=1000)
ADDRESS = "10.96.7.7"
WEB = Packet("TCP", ADDRESS, 80, outside=False)
JUMPS = ["-A PREROUTING -j KUBE-SERVICES", "-A OUTPUT -j KUBE-SERVICES"]


@given(st.lists(st.decimals(0, 1, places=10), max_size=30))
def test_a_row_of_rules_hands_out_all_and_no_more(chances: list[decimal.Decimal]) -> None:
    pods = [f"10.244.0.{number}" for number in range(len(chances) + 1)]
    found = rules_iptables.look_up(tables(pods, chances=[f"{chance:f}" for chance in chances]), WEB)
    assert sum(backend.share for backend in found.backends) == 1
    assert all(0 < backend.share <= 1 for backend in found.backends)


@settings(max_examples=30)
@given(st.integers(1, 120), st.booleans())
def test_the_chains_of_a_service_lead_evenly_to_all_of_its_pods(count: int, external: bool) -> None:
    pods = [str(ipaddress.ip_address("10.244.0.2") + number) for number in range(count)]
    packet = dataclasses.replace(WEB, outside=external)
    found = rules_iptables.look_up(tables(pods, external=external), packet)
    assert found.trouble is None
    assert [backend.socket for backend in found.backends] == [f"{pod}:8000" for pod in pods]
    assert sum(backend.share for backend in found.backends) == 1
    even = fractions.Fraction(1, count)
    assert all(abs(backend.share - even) < fractions.Fraction(1, 10**6) for backend in found.backends)


def tables(
    pods: list[str], *, external: bool = False, chances: list[str] | None = None
) -> dict[str, iptables.IptablesTable]:
    """As kube-proxy writes them, read as iptables-save prints them."""
    first = "KUBE-EXT-X" if external else "KUBE-SVC-X"
    # probability(n) of pkg/proxy/iptables/proxier.go: ten digits of 1/n, for the n that are left.
    each = chances if chances is not None else [f"{1 / left:.10f}" for left in range(len(pods), 1, -1)]
    lines = [
        *JUMPS,
        f'-A KUBE-SERVICES -d {ADDRESS}/32 -p tcp -m comment --comment "a/b" -m tcp --dport 80 -j {first}',
        "-A KUBE-EXT-X -m comment --comment masquerade -j KUBE-MARK-MASQ",
        '-A KUBE-EXT-X -s 10.244.0.0/16 -m comment --comment "pod traffic" -j KUBE-SVC-Y',
        "-A KUBE-EXT-X -m addrtype --src-type LOCAL -j KUBE-SVC-Y",
        "-A KUBE-EXT-X -j KUBE-SVC-X",
        f"-A KUBE-SVC-X ! -s 10.244.0.0/16 -d {ADDRESS}/32 -p tcp -m tcp --dport 80 -j KUBE-MARK-MASQ",
    ]
    for number, pod in enumerate(pods):
        chance = f"-m statistic --mode random --probability {each[number]} " if number < len(each) else ""
        lines.append(f"-A KUBE-SVC-X {chance}-j KUBE-SEP-{number}")
        lines.append(f"-A KUBE-SEP-{number} -s {pod}/32 -j KUBE-MARK-MASQ")
        lines.append(f"-A KUBE-SEP-{number} -p tcp -m tcp -j DNAT --to-destination {pod}:8000")
    return iptables.parse("\n".join(["*nat", ":KUBE-SERVICES - [0:0]", *lines, "COMMIT", ""]))


def test_a_way_that_turns_in_circles_ends() -> None:
    lines = [
        *JUMPS,
        f"-A KUBE-SERVICES -d {ADDRESS}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A",
        "-A KUBE-SVC-A -j KUBE-SVC-B",
        "-A KUBE-SVC-B -j KUBE-SVC-A",
    ]
    found = rules_iptables.look_up(iptables.parse("\n".join(["*nat", *lines, "COMMIT"])), WEB)
    assert found.backends == ()


@given(
    weights=st.lists(st.integers(0, 100), max_size=40),
    scheduler=st.sampled_from([*rules_ipvs.SCHEDULERS, *rules_ipvs.WEIGHTED]),
)
def test_the_shares_of_ipvs_are_all_or_nothing(weights: list[int], scheduler: str) -> None:
    real = tuple(RealServer(f"10.244.0.{number}:80", weight, 0, 0) for number, weight in enumerate(weights, 1))
    server = Server("TCP", f"{ADDRESS}:80", scheduler, (), real)
    table = rules_ipvs.IpvsTable({server.key: server}, None, frozenset({ADDRESS}))
    found = rules_ipvs.look_up(table, Packet("TCP", ADDRESS, 80, outside=False))
    assert sum(backend.share for backend in found.backends) == (1 if any(weights) else 0)
    assert all((backend.share > 0) == (one.weight > 0) for backend, one in zip(found.backends, real, strict=True))


@given(st.lists(st.tuples(st.sampled_from("abc"), CHANCES), max_size=20))
def test_merging_loses_nothing(parts: list[tuple[str, fractions.Fraction]]) -> None:
    found = merged(RuleBackend(socket, share) for socket, share in parts)
    assert sum(backend.share for backend in found) == sum(share for _socket, share in parts)
    assert len({backend.socket for backend in found}) == len(found)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (fractions.Fraction(0), "0 %"),
        (fractions.Fraction(1), "100 %"),
        (fractions.Fraction(1, 3), "33.3 %"),
        (fractions.Fraction("0.33333333349"), "33.3 %"),
        (fractions.Fraction(1, 2), "50 %"),
        (fractions.Fraction(1, 100000), "under 0.1 %"),
        (fractions.Fraction(99999, 100000), "over 99.9 %"),
    ],
)
def test_shares_are_written_for_people(share: fractions.Fraction, text: t.Any) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("scheduler", "counts"), [("rr", 1), ("lc", 1), ("wrr", 5), ("wlc", 5), ("sed", 5), ("nq", 5)])
def test_weights_count_for_the_schedulers_that_go_by_them(scheduler: str, counts: int) -> None:
    assert rules_ipvs._weight(RealServer("10.244.0.1:80", 5, 0, 0), scheduler) == counts


def test_what_a_rule_excludes_is_no_value_of_it() -> None:
    rule = iptables.Rule("KUBE-SVC-A", "! -s 10.244.0.0/16 -d 10.96.0.1/32 -j KUBE-MARK-MASQ")
    assert (matches.option(rule, "-s"), matches.option(rule, "-d")) == (None, "10.96.0.1/32")
