# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that cannot be read in full are unknown, and no fault of kube-proxy."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import iptables
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Kind, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.on_a_node import (
    HERE,
    LB,
    follow,
    in_iptables,
    in_ipvs,
    in_nftables,
    items,
    plain,
    rules_hop,
    said,
    shares,
)

UNPRINTED = [
    "DNAT [unsupported revision]",
    "DNAT --to-destination :0 --persistent --to-destination 0.0.0.0 --persistent",
]


@pytest.mark.parametrize("how", UNPRINTED)
def test_dnat_that_iptables_cannot_print_is_read_from_the_comment(lab: t.Any, how: str) -> None:
    text = re.sub(r"DNAT --to-destination 10\S+", how, plain())
    root = follow(lab, in_iptables(text), LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert "this iptables cannot print the rule of KUBE-SEP-" in said(root)
    assert "restart" not in said(root)
    assert [hop.health for hop in walk(root) if hop.kind is Kind.POD] == [Health.OK] * 3
    assert all(abs(share - 1 / 3) < 1e-6 for share in shares(root).values())


@pytest.mark.parametrize("how", UNPRINTED)
def test_without_a_comment_the_address_stays_unknown(lab: t.Any, how: str) -> None:
    text = re.sub(r" -> 10[^\"]*", "", re.sub(r"DNAT --to-destination 10\S+", how, plain()))
    root = follow(lab, in_iptables(text), LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert first_broken(root) is None


@pytest.mark.parametrize(
    "line",
    [
        "# Table `nat' is incompatible, use 'nft' tool.",
        "# Table `nat' contains incompatible base-chains, use 'nft' tool to list them.",
    ],
)
def test_a_table_that_iptables_does_not_show_is_unknown(lab: t.Any, line: str) -> None:
    text = re.sub(r"\*nat\n(?:.*\n)*?COMMIT", line, plain())
    assert "*nat" not in text
    for shown in (text, f"{line}\n{plain()}"):
        root = follow(lab, in_iptables(shown), LB)
        assert rules_hop(root).health is Health.UNKNOWN
        assert "iptables-save cannot print all of table nat" in said(root)
        assert "restart" not in said(root)


@pytest.mark.parametrize("table", ["raw", "mangle", "nat", "filter"])
@pytest.mark.parametrize("mode", ["iptables", "nftables", "ipvs"])
def test_each_table_on_the_way_counts_in_each_mode(lab: t.Any, mode: str, table: str) -> None:
    line = f"# Table `{table}' is incompatible, use 'nft' tool.\n"
    nodes = {
        "iptables": in_iptables(line + plain()),
        "nftables": in_nftables(items(), dataclasses.replace(HERE, iptables={"ipv4": iptables.parse(line)})),
        "ipvs": in_ipvs({}, line),
    }
    root = follow(lab, nodes[mode], LB)
    assert rules_hop(root).health is Health.UNKNOWN
    assert f"use `nft list table ip {table}`" in said(root)
    assert first_broken(root) is None


def test_a_family_whose_rules_were_not_read_is_unknown() -> None:
    found = in_iptables(plain()).look(Packet("TCP", "fd00::1", 80, outside=True))
    assert "ipv6" in found.unknown
    assert found.trouble is None
