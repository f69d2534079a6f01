# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, leftovers

DUMPS = pathlib.Path(__file__).parent / "dumps"
FAMILIES = ("ipv4", "ipv6")
# What runs now, by the dump that was taken then.
DUMP_MODES = {"iptables": "iptables", "iptables_to_ipvs": "ipvs", "ipvs_to_iptables": "iptables", "ipvs": "ipvs"}


def tables(dump: str, family: str) -> dict[str, iptables.IptablesTable]:
    return iptables.parse((DUMPS / f"{dump}.{family}").read_text())


def reconcile(before: t.Mapping[str, iptables.IptablesTable], **wanted: t.Any) -> dict[str, iptables.IptablesTable]:
    options = {"family": "ipv4", "echo_reply": False} | wanted
    return iptables.apply(before, leftovers.plan(before, **options).changes)


def chains(found: t.Mapping[str, iptables.IptablesTable]) -> set[tuple[str, str]]:
    return {(table.name, chain) for table in found.values() for chain in table.chains}


# What is printed by iptables-save after the switch and the removal, apart from what belongs to nobody's mode.
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("dump", "kube_chains"),
    [
        (
            "iptables_to_ipvs",
            {
                ("filter", "KUBE-FORWARD"),
                ("filter", "KUBE-IPVS-FILTER"),
                ("filter", "KUBE-IPVS-OUT-FILTER"),
                ("filter", "KUBE-NODE-PORT"),
                ("filter", "KUBE-PROXY-FIREWALL"),
                ("filter", "KUBE-SOURCE-RANGES-FIREWALL"),
                ("nat", "KUBE-LOAD-BALANCER"),
                ("nat", "KUBE-MARK-MASQ"),
                ("nat", "KUBE-NODE-PORT"),
                ("nat", "KUBE-POSTROUTING"),
                ("nat", "KUBE-SERVICES"),
            },
        ),
        (
            "ipvs_to_iptables",
            {
                ("filter", "KUBE-EXTERNAL-SERVICES"),
                ("filter", "KUBE-FORWARD"),
                ("filter", "KUBE-NODEPORTS"),
                ("filter", "KUBE-PROXY-CANARY"),
                ("filter", "KUBE-PROXY-FIREWALL"),
                ("filter", "KUBE-SERVICES"),
                ("mangle", "KUBE-PROXY-CANARY"),
                ("nat", "KUBE-MARK-MASQ"),
                ("nat", "KUBE-NODEPORTS"),
                ("nat", "KUBE-POSTROUTING"),
                ("nat", "KUBE-PROXY-CANARY"),
                ("nat", "KUBE-SERVICES"),
            },
        ),
    ],
)
def test_only_chains_of_the_running_mode_remain(dump: str, kube_chains: set[tuple[str, str]], family: str) -> None:
    after = reconcile(tables(dump, family), family=family, mode=DUMP_MODES[dump])
    kubelets = ("KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT")
    services = ("KUBE-SVC-", "KUBE-SEP-") if DUMP_MODES[dump] == "iptables" else ()
    found = {
        (table, chain)
        for table, chain in chains(after)
        if chain.startswith("KUBE-") and chain not in kubelets and not chain.startswith(services or "none")
    }
    assert found == kube_chains


def test_the_other_modes_jumps_go_and_the_running_modes_stay() -> None:
    after = reconcile(tables("iptables_to_ipvs", "ipv4"), mode="ipvs")
    assert [str(rule) for rule in after["filter"].rules if rule.chain in ("INPUT", "FORWARD", "OUTPUT")] == [
        '-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER',
        '-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL',
        '-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT',
        "-A INPUT -j KUBE-FIREWALL",
        '-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL',
        '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        '-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER',
        "-A OUTPUT -j KUBE-FIREWALL",
    ]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dump", ["iptables", "ipvs"])
def test_nothing_is_done_where_nothing_is_left(dump: str, family: str) -> None:
    wanted = leftovers.plan(tables(dump, family), family=family, mode=DUMP_MODES[dump], echo_reply=False)
    assert wanted == leftovers.RulesPlan((), ())


@pytest.mark.parametrize("dump", DUMP_MODES)
def test_nftables_mode_needs_no_chain_of_kube_proxy(dump: str) -> None:
    after = reconcile(tables(dump, "ipv4"), mode="nftables")
    before = tables(dump, "ipv4")
    kubelets = ("KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT")
    assert chains(after) == {
        (table, chain) for table, chain in chains(before) if not chain.startswith("KUBE-") or chain in kubelets
    }


def test_what_is_removed_is_said_so_that_it_can_be_brought_back() -> None:
    before = tables("iptables_to_ipvs", "ipv6")
    changes = leftovers.plan(before, family="ipv6", mode="ipvs", echo_reply=False).changes
    removed = iptables.removed_lines(before, changes)
    assert "-t nat -N KUBE-NODEPORTS" in removed
    jump = '-t filter -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS'
    assert jump in removed
    assert iptables.added_lines(changes) == []


FOREIGN = """*filter
:INPUT ACCEPT [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:MINE - [0:0]
-A INPUT -j MINE
-A MINE -m comment --comment "to -j KUBE-PROXY-CANARY and back" -j RETURN
-A MINE -p tcp -g KUBE-NODEPORTS
-A KUBE-NODEPORTS -j KUBE-PROXY-CANARY
COMMIT
"""


def test_a_chain_that_somebody_else_uses_stays_with_all_that_it_uses() -> None:
    before = iptables.parse(FOREIGN)
    wanted = leftovers.plan(before, family="ipv4", mode="ipvs", echo_reply=False)
    assert wanted.changes == ()
    assert len(wanted.warnings) == 1
    assert "-A MINE -p tcp -g KUBE-NODEPORTS" in wanted.warnings[0]


def test_words_in_a_comment_are_no_options() -> None:
    before = iptables.parse(FOREIGN.replace("-A MINE -p tcp -g KUBE-NODEPORTS\n", ""))
    after = reconcile(before, mode="ipvs")
    assert chains(after) == {("filter", "INPUT"), ("filter", "MINE")}


OF_OLD_MODES = {
    "nat": ("KUBE-FIREWALL", "KUBE-PORTALS-HOST", "KUBE-PORTALS-CONTAINER", "KUBE-NODEPORT-HOST", "KUBE-XLB-AAAA"),
    "filter": ("KUBE-NODEPORT-NON-LOCAL", "KUBE-EXTERNAL-SERVICES"),
}
OF_OTHERS = {
    # The kubelet's, those of host ports, and of kube-router's policies.
    "nat": ("KUBE-MARK-DROP", "KUBE-KUBELET-CANARY", "KUBE-HOSTPORTS", "KUBE-HP-AAAA"),
    "filter": ("KUBE-FIREWALL", "KUBE-ROUTER-INPUT", "KUBE-NWPLCY-AAAA", "KUBE-POD-FW-AAAA"),
}


@pytest.mark.parametrize("mode", ["ipvs", "nftables"])
def test_chains_of_old_modes_go_and_those_of_others_with_such_names_stay(mode: str) -> None:
    lines = []
    for table, hook in (("nat", "PREROUTING"), ("filter", "INPUT")):
        chains_of = (*OF_OLD_MODES[table], *OF_OTHERS[table])
        lines += [f"*{table}", f":{hook} ACCEPT", *(f":{one} -" for one in chains_of)]
        lines += [
            *(f"-A {hook} -j {one}" for one in chains_of),
            *(f"-A {one} -j RETURN" for one in chains_of),
            "COMMIT",
        ]
    # In mode IPVS kube-proxy up to 1.25 had KUBE-FIREWALL in table nat.
    kept = {("nat", "KUBE-FIREWALL")} if mode == "ipvs" else set()
    kept |= {(table, one) for table, some in OF_OTHERS.items() for one in some}
    after = reconcile(iptables.parse("\n".join([*lines, ""])), mode=mode)
    assert {(table, one) for table, one in chains(after) if one.startswith("KUBE-")} == kept
    assert [rule.target for rule in after["nat"].rules if rule.chain == "PREROUTING"][-4:] == list(OF_OTHERS["nat"])


ECHO = str(leftovers.echo_rule("ipv4"))
REJECT = "-A INPUT -j KUBE-IPVS-FILTER"


@pytest.mark.parametrize(
    ("rules", "mode", "echo_reply", "expected"),
    [
        ([], "ipvs", True, [ECHO]),
        ([REJECT], "ipvs", True, [ECHO, REJECT]),
        ([ECHO, REJECT], "ipvs", True, None),
        (["-A INPUT -j ACCEPT", ECHO, REJECT], "ipvs", True, None),
        ([REJECT, ECHO], "ipvs", True, [ECHO, REJECT]),
        ([ECHO, REJECT, ECHO], "ipvs", True, [ECHO, REJECT]),
        ([ECHO.replace("type 8", "type 0"), REJECT], "ipvs", True, [ECHO, REJECT]),
        ([ECHO.replace("ACCEPT", "DROP"), REJECT], "ipvs", True, [ECHO, REJECT]),
        ([ECHO, REJECT], "ipvs", False, [REJECT]),
        ([REJECT], "ipvs", False, None),
        (["-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT", REJECT], "ipvs", False, None),
        ([ECHO], "iptables", True, []),
        ([ECHO], "nftables", True, []),
        ([], "iptables", True, None),
    ],
)
def test_the_rule_for_ping_is_there_once_and_where_it_works(
    rules: list[str], mode: str, echo_reply: bool, expected: list[str] | None
) -> None:
    lines = ["*filter", ":INPUT ACCEPT [0:0]", ":KUBE-IPVS-FILTER - [0:0]" * (mode == "ipvs"), *rules, "COMMIT"]
    before = iptables.parse("\n".join(lines))
    wanted = leftovers.plan(before, family="ipv4", mode=mode, echo_reply=echo_reply)
    after = iptables.apply(before, wanted.changes)
    assert [str(rule) for rule in after["filter"].rules] == (rules if expected is None else expected)
    assert bool(wanted.changes) == (expected is not None)


def test_the_rule_for_ping_needs_no_table_to_be_there() -> None:
    wanted = leftovers.plan({}, family="ipv6", mode="ipvs", echo_reply=True)
    assert iptables.restore_input(wanted.changes).splitlines() == [
        "*filter",
        '-I INPUT 1 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m comment --comment "kuber.network: service addresses '
        'answer ping" -j ACCEPT',
        "COMMIT",
    ]


# Names of chains of all owners; those of kube-proxy come from the tables themselves.
KUBE = sorted({chain for mode in leftovers.CHAINS.values() for some in mode.values() for chain in some})
SERVICES = [f"KUBE-{kind}-{'ABCDEFGHIJKLMNOP'[:8]}{number}" for kind in ("SVC", "SEP", "EXT") for number in range(2)]
OTHERS = ["KUBE-FIREWALL", "KUBE-KUBELET-CANARY", "CNI-0123", "DOCKER", "MINE"]
BUILT_IN = {"nat": ["PREROUTING", "OUTPUT", "POSTROUTING"], "filter": ["INPUT", "FORWARD", "OUTPUT"]}
COMMENTS = ["", '-m comment --comment "kube-proxy firewall rules" ', '-m comment --comment "x \\" -j KUBE-SVC-1" ']
ACTIONS = ["ACCEPT", "RETURN", "DROP"]


@st.composite
def generated(draw: st.DrawFn, services: bool = True) -> dict[str, iptables.IptablesTable]:
    found = {}
    for name, built_in in BUILT_IN.items():
        pool = KUBE + OTHERS + (SERVICES if services and name == "nat" else [])
        made = draw(st.lists(st.sampled_from(pool), unique=True, max_size=8))
        # A chain refers to later ones only: the kernel refuses loops.
        order = [*built_in, *made]
        rules = []
        for position, chain in enumerate(order):
            targets = [*ACTIONS, *(later for later in order[position + 1 :] if later not in built_in)]
            matches = st.tuples(st.integers(1, 250), st.sampled_from(COMMENTS), st.sampled_from(targets))
            for host, comment, target in draw(st.lists(matches, max_size=3)):
                rules.append(iptables.Rule(chain, f"-s 192.0.2.{host}/32 {comment}-j {target}"))
        policies = dict.fromkeys(built_in, "ACCEPT") | dict.fromkeys(made, "-")
        found[name] = iptables.IptablesTable(name, policies, tuple(rules))
    return found


modes = st.sampled_from(leftovers.MODES)


@given(before=generated(), mode=modes, echo_reply=st.booleans())
def test_a_second_run_changes_nothing(before: t.Any, mode: str, echo_reply: bool) -> None:
    after = reconcile(before, mode=mode, echo_reply=echo_reply)
    assert leftovers.plan(after, family="ipv4", mode=mode, echo_reply=echo_reply).changes == ()


@given(before=generated(), mode=modes)
def test_rules_of_others_survive_in_their_order(before: t.Any, mode: str) -> None:
    after = reconcile(before, mode=mode)
    for name, table in before.items():
        mine = {chain for chain in table.chains if chain not in KUBE and chain not in SERVICES}
        untouched = [rule for rule in table.rules if rule.chain in mine and not (rule.target or "").startswith("KUBE-")]
        assert [rule for rule in after[name].rules if rule in untouched] == untouched
        assert mine <= set(after[name].chains)
        assert [chain for chain in table.chains if chain in after[name].chains] == list(after[name].chains)


@given(before=generated(), mode=modes)
def test_no_rule_points_at_a_chain_that_is_gone(before: t.Any, mode: str) -> None:
    after = reconcile(before, mode=mode)
    for table in after.values():
        for rule in table.rules:
            assert rule.chain in table.chains
            assert rule.target in ACTIONS or rule.target in table.chains


@given(before=generated(), mode=modes)
def test_leftovers_remain_only_where_they_are_used_by_others(before: t.Any, mode: str) -> None:
    wanted = leftovers.plan(before, family="ipv4", mode=mode, echo_reply=False)
    after = iptables.apply(before, wanted.changes)
    remaining = [(n, c) for n, table in after.items() for c in table.chains if leftovers.is_leftover(n, c, mode)]
    assert bool(remaining) == bool(wanted.warnings)


@given(before=generated(), mode=modes)
def test_what_is_removed_and_what_remains_is_all_there_was(before: t.Any, mode: str) -> None:
    changes = leftovers.plan(before, family="ipv4", mode=mode, echo_reply=False).changes
    after = iptables.apply(before, changes)
    removed = iptables.removed_lines(before, changes)
    rules = [f"-t {table.name} {rule}" for table in after.values() for rule in table.rules]
    named = [f"-t {name} -N {chain}" for name, chain in chains(after)]
    everything = [f"-t {table.name} {rule}" for table in before.values() for rule in table.rules]
    everything += [f"-t {name} -N {chain}" for name, chain in chains(before)]
    assert sorted(itertools.chain(removed, rules, named)) == sorted(everything)


@given(before=generated())
def test_rules_survive_being_written_and_read(before: t.Any) -> None:
    text = "".join(
        f"*{table.name}\n"
        + "".join(f":{chain} {policy} [0:0]\n" for chain, policy in table.chains.items())
        + "".join(f"[3:180] {rule}\n" for rule in table.rules)
        + "COMMIT\n"
        for table in before.values()
    )
    assert iptables.parse(text) == before


def test_what_stands_in_quotes_is_no_target() -> None:
    assert iptables.Rule("INPUT", '-p tcp -m string --string "-j" --algo bm -j DROP').target == "DROP"
