# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans carried out for real: in a network namespace of their own, with both kinds of iptables."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    leftovers,
    node,
    node_report,
    node_write,
)
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net.namespaces import (
    NFT,
    PROGRAM_NAMES,
    VARIANTS,
    Namespace,
    changes,
    ours,
    play,
    reconcile,
)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("echo_reply", [True, False])
@pytest.mark.parametrize(
    ("dump", "mode"),
    [
        ("iptables", "ipvs"),
        ("iptables_to_ipvs", "ipvs"),
        ("ipvs_to_iptables", "iptables"),
        ("ipvs", "nftables"),
        ("ipvs", "ipvs"),
    ],
)
def test_the_kernel_does_what_was_planned(
    namespace: Namespace, dump: str, mode: str, variant: str, echo_reply: bool
) -> None:
    play(namespace, dump, variant)
    before = {family: namespace.tables(f"{program}{variant}") for family, program in PROGRAM_NAMES.items()}
    state, wanted, warnings = reconcile(namespace, mode, echo_reply=echo_reply)
    assert (f"-{state.variant}", warnings) == (variant, [])
    for family, program in PROGRAM_NAMES.items():
        expected = iptables.apply(before[family], changes(wanted, family, variant))
        found = namespace.tables(f"{program}{variant}")
        assert iptables.render(found).splitlines() == iptables.render(expected).splitlines()
    second = reconcile(namespace, mode, echo_reply=echo_reply)
    assert not second[1]
    assert ours(namespace, variant) == int(echo_reply and mode == "ipvs")


@pytest.mark.parametrize("variant", VARIANTS)
def test_rules_of_others_are_as_they_were(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables", variant)

    def mine() -> list[str]:
        lines = namespace.run([f"iptables{variant}-save"]).stdout.splitlines()
        return [line for line in lines if line.startswith("-A") and "KUBE" not in line.replace("KUBE-SVC-X", "")]

    before = mine()
    assert len(before) > 10
    reconcile(namespace, "ipvs", echo_reply=True)
    reconcile(namespace, "nftables")
    assert mine() == before


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_transaction_for_each_family(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables_to_ipvs", variant)
    namespace.log.clear()
    reconcile(namespace, "ipvs")
    writes = [argv for argv in namespace.log if argv[0].endswith("-restore") and "--test" not in argv]
    assert [argv[0] for argv in writes] == [f"iptables{variant}-restore", f"ip6tables{variant}-restore"]
    assert all("--noflush" in argv for argv in writes)


@pytest.mark.parametrize("variant", VARIANTS)
def test_check_mode_writes_nothing(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables_to_ipvs", variant)
    before = namespace.tables(f"iptables{variant}")
    wanted = reconcile(namespace, "ipvs", check_mode=True, echo_reply=True)[1]
    assert wanted
    assert namespace.tables(f"iptables{variant}") == before
    assert not [argv for argv in namespace.log if argv[0].endswith("-restore") and argv[-1] == "--test"]


def test_sets_and_device_go_with_ipvs(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    namespace.run(["ipset", "create", "mine", "hash:ip"])
    # Kernels of test machines have no dummy devices; it is the name that counts.
    namespace.run(["ip", "link", "add", "kube-ipvs0", "type", "bridge"])
    namespace.run(["ip", "address", "add", "10.96.0.1/32", "dev", "kube-ipvs0"])
    wanted, warnings = reconcile(namespace, "nftables")[1:]
    assert "device kube-ipvs0" in wanted.ipvs.lines()
    assert warnings == []
    assert namespace.run(["ipset", "list", "-n"]).stdout.split() == ["mine"]
    assert "kube-ipvs0" not in namespace.run(["ip", "-o", "link"]).stdout
    assert not reconcile(namespace, "nftables")[1]


def test_a_set_that_somebody_else_uses_stays(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    rule = ["-A", "INPUT", "-m", "set", "--match-set", "KUBE-CLUSTER-IP", "dst,dst", "-j", "ACCEPT"]
    namespace.run(["iptables-nft", *rule])
    warnings = reconcile(namespace, "nftables")[2]
    assert len(warnings) == 1
    assert namespace.run(["ipset", "list", "-n"]).stdout.split() == ["KUBE-CLUSTER-IP"]


def test_planted_chains_are_found_again(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-legacy")
    assert not reconcile(namespace, "ipvs")[1]
    namespace.run(["iptables-legacy", "-t", "nat", "-N", "KUBE-SVC-PLANTED"])
    namespace.run(["iptables-legacy", "-t", "nat", "-I", "PREROUTING", "-j", "KUBE-SVC-PLANTED"])
    state, wanted = reconcile(namespace, "ipvs")[:2]
    assert node_report.removed(state, wanted)["ipv4"] == [
        "-t nat -N KUBE-SVC-PLANTED",
        "-t nat -A PREROUTING -j KUBE-SVC-PLANTED",
    ]
    assert not reconcile(namespace, "ipvs")[1]


class Nothing(Runner):
    """A machine that has none of the programs."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, 127, "", f"sh: {argv[0]}: not found")


def test_a_machine_without_iptables_is_refused() -> None:
    with pytest.raises(KuberError, match="Cannot read the iptables rules of the node"):
        reconcile(t.cast(Namespace, Nothing()), "ipvs")


def test_rules_in_the_kind_of_iptables_that_kube_proxy_does_not_use_go(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    play(namespace, "iptables", "-legacy")
    legacy = namespace.tables("iptables-legacy")
    state, wanted, warnings = reconcile(namespace, "ipvs")
    assert (state.variant, warnings) == ("nft", [])
    assert changes(wanted, "ipv4", "-nft") == ()
    removed = node_report.removed(state, wanted)["ipv4"]
    assert "iptables-legacy -t nat -N KUBE-SERVICES" in removed
    assert all(line.startswith("iptables-legacy ") for line in removed)
    found = namespace.tables("iptables-legacy")
    chains = [(table.name, chain) for table in found.values() for chain in table.chains]
    assert not [one for one in chains if leftovers.is_kube_proxys(*one)]
    assert [rule for rule in found["nat"].rules if rule.chain.startswith("CNI-")] == [
        rule for rule in legacy["nat"].rules if rule.chain.startswith("CNI-")
    ]
    assert not reconcile(namespace, "ipvs")[1]


def test_where_kube_proxy_writes_to_is_not_guessed(namespace: Namespace) -> None:
    for variant in VARIANTS:
        play(namespace, "iptables", variant)
    before = {variant: namespace.tables(f"iptables{variant}") for variant in VARIANTS}
    with pytest.raises(KuberError, match="in both variants of iptables") as caught:
        reconcile(namespace, "iptables")
    assert "variant" in (caught.value.remedy or "")
    assert before == {variant: namespace.tables(f"iptables{variant}") for variant in VARIANTS}
    assert reconcile(namespace, "iptables", variant="legacy")[1]
    assert namespace.tables("iptables-legacy") == before["-legacy"]
    assert "KUBE-SERVICES" not in namespace.run(["iptables-nft-save"]).stdout
    assert not reconcile(namespace, "iptables")[1]


def test_both_kinds_are_cleaned_when_kube_proxy_uses_neither(namespace: Namespace) -> None:
    for variant in VARIANTS:
        play(namespace, "iptables", variant)
    assert reconcile(namespace, "nftables")[1]
    for variant in VARIANTS:
        assert "KUBE-SERVICES" not in namespace.run([f"iptables{variant}-save"]).stdout
    assert not reconcile(namespace, "nftables")[1]


@pytest.fixture
def own_run(namespace: Namespace, tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory /run of the namespace's own: the lock of legacy iptables is a file there, and one for all."""
    namespace.inside = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /run && exec "$@"', str(tmp_path))
    return tmp_path


def test_a_lock_is_said_with_who_holds_it(
    namespace: Namespace, own_run: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_write, "LOCK_SECONDS", 1)
    play(namespace, "iptables_to_ipvs", "-legacy")
    before = namespace.tables("iptables-legacy")
    writer = node_write.Writer(namespace)
    with (own_run / "xtables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        namespace.log.clear()
        with pytest.raises(KuberError, match="The rules of the node are locked") as caught:
            node_write.reconcile(namespace, node.NodeSpec("ipvs"), check_mode=False, writer=writer)
    holder = f"process {os.getpid()} ({pathlib.Path('/proc/self/comm').read_text().strip()})"
    assert holder in str(caught.value)
    assert writer.begun == []
    assert len([argv for argv in namespace.log if argv[0].endswith("-restore")]) == 1
    assert namespace.tables("iptables-legacy") == before
    assert reconcile(namespace, "ipvs")[1]


def test_tables_of_nftables_mode_go_with_it(namespace: Namespace) -> None:
    if shutil.which("nft") is None:
        pytest.skip("needs nft (Debian: nftables)")
    play(namespace, "iptables", "-legacy")
    namespace.run(["nft", "-f", "-"], stdin=NFT)
    assert not reconcile(namespace, "nftables", check_mode=True)[1].nftables
    state, wanted = reconcile(namespace, "iptables")[:2]
    assert node_report.removed(state, wanted)["nftables"] == [
        "table ip kube-proxy",
        "table ip6 kube-proxy",
    ]
    assert "ip daddr 10.96.0.1 drop" in node_report.diff(state, wanted)[0]["before"]
    assert "kube-proxy" not in namespace.run(["nft", "list", "tables"]).stdout
    assert "table ip mine" in namespace.run(["nft", "list", "tables"]).stdout
    assert not reconcile(namespace, "iptables")[1]
