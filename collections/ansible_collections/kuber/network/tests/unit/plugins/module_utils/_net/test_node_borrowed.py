# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes with fewer programs than a developer's machine, in namespaces of their own: what is in use is never touched."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    leftovers,
    node,
    node_read,
    node_report,
    node_write,
)
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import proxy_process
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net.namespaces import (
    NFT,
    PROGRAM_NAMES,
    VARIANTS,
    Namespace,
    ours,
    play,
    reconcile,
)


def lacking(namespace: Namespace, *programs: str) -> None:
    """From now on the node has none of these programs; the container of kube-proxy still has them."""
    namespace.inside = tuple(proxy_process.hiding(*programs))


def test_a_node_without_ipset_and_nft_borrows_them(namespace: Namespace) -> None:
    """As on every node of minikube: sets and tables are seen and go."""
    play(namespace, "ipvs_to_iptables", "-nft")
    namespace.run(["nft", "-f", "-"], stdin=NFT)
    sets = namespace.run(["ipset", "list", "-name"]).stdout.split()
    lacking(namespace, "ipset", "nft")
    state, wanted, left = reconcile(namespace, "iptables")
    assert set(wanted.ipvs.sets) == {*sets}
    assert len(sets) > 10
    assert node_report.removed(state, wanted)["nftables"] == ["table ip kube-proxy", "table ip6 kube-proxy"]
    assert left == []
    assert not reconcile(namespace, "iptables")[1]
    namespace.inside = ()
    assert namespace.run(["ipset", "list", "-name"]).stdout == ""
    assert namespace.run(["nft", "list", "tables"]).stdout.count("kube-proxy") == 0


def test_what_cannot_be_read_is_reported_in_every_run(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    play(namespace, "ipvs", "-legacy")
    namespace.proxy.process.kill()
    namespace.proxy.process.wait()
    container = proxy_process.hiding("iptables", "ipset", "nft")
    lacking(namespace, "ipset", "nft")
    with proxy_process.running(namespace.name, tmp_path, "iptables", inside=container) as namespace.proxy:
        for check_mode in (True, False, False):
            wanted, left = reconcile(namespace, "iptables", check_mode=check_mode)[1:]
            assert wanted.ipvs.sets == ()
            assert [text.partition(" could not be read: ")[0] for text in left] == [
                "ipsets",
                "nftables for IPv4",
                "nftables for IPv6",
            ]
    namespace.inside = ()
    assert len(namespace.run(["ipset", "list", "-name"]).stdout.split()) == len(node_read.ipvs.SETS)


def test_rules_of_a_mode_that_runs_are_never_touched(namespace: Namespace) -> None:
    """However the module is called: kube-proxy runs in mode iptables, and somebody asks for ipvs."""
    play(namespace, "iptables", "-nft")
    namespace.proxy.answer(proxyMode="iptables")
    writer = node_write.Writer(namespace)
    before = namespace.tables("iptables-nft")
    for answer in ("iptables", None, "nonsense"):
        namespace.proxy.answer(proxyMode=answer)
        for check_mode in (True, False):
            with pytest.raises(KuberError, match="does not run in mode ipvs, so nothing on the node was changed"):
                node_write.reconcile(namespace, node.NodeSpec("ipvs"), check_mode=check_mode, writer=writer)
    assert writer.begun == []
    assert namespace.tables("iptables-nft") == before
    # A check run whose earlier task would have changed the mode shows what would go then; another run does not.
    namespace.proxy.answer(proxyMode="iptables")
    pending = node.NodeSpec("ipvs", mode_pending=True)
    assert node_write.reconcile(namespace, pending, check_mode=True, writer=writer).plan
    with pytest.raises(KuberError, match="nothing on the node was changed"):
        node_write.reconcile(namespace, pending, check_mode=False, writer=writer)
    assert namespace.tables("iptables-nft") == before


def test_a_set_that_the_other_kind_of_iptables_uses_is_named_and_the_rest_goes(namespace: Namespace) -> None:
    play(namespace, "ipvs_to_iptables", "-legacy")
    rule = ["-A", "INPUT", "-m", "set", "--match-set", "KUBE-CLUSTER-IP", "dst,dst", "-j", "ACCEPT"]
    namespace.run(["iptables-nft", *rule])
    for check_mode in (True, False, False):
        wanted, left = reconcile(namespace, "iptables", check_mode=check_mode)[1:]
        assert left == [
            "Set KUBE-CLUSTER-IP is a leftover of kube-proxy, but stays because it is used by "
            f"rule `{' '.join(rule)}` of iptables-nft"
        ]
    assert not wanted
    assert namespace.run(["ipset", "list", "-name"]).stdout.split() == ["KUBE-CLUSTER-IP"]


def test_sets_that_sets_or_unseen_things_use_stay(namespace: Namespace) -> None:
    play(namespace, "ipvs_to_iptables", "-nft")
    namespace.run(["ipset", "restore"], stdin="create mine list:set\nadd mine KUBE-LOOP-BACK\n")
    left = reconcile(namespace, "iptables")[2]
    assert [text.rpartition("because ")[2] for text in left] == ["it is used by set mine"]
    assert namespace.run(["ipset", "list", "-name"]).stdout.split() == ["KUBE-LOOP-BACK", "mine"]


def test_a_set_that_comes_into_use_in_between_keeps_nothing_else(namespace: Namespace) -> None:
    names = [f"KUBE-6-{name}" for name in ("CLUSTER-IP", "LOOP-BACK", "LOAD-BALANCER")]
    namespace.run(["ipset", "restore"], stdin="".join(f"create {name} hash:ip\n" for name in names))
    rule = ["-A", "INPUT", "-m", "set", "--match-set", names[0], "dst", "-j", "ACCEPT"]
    namespace.run(["iptables-nft", *rule])
    kept = node_write._destroy_sets(namespace, node_write.Writer(namespace), names)
    assert list(kept) == names[:1]
    assert "in use" in kept[names[0]]
    assert namespace.run(["ipset", "list", "-name"]).stdout.split() == names[:1]


INCOMPATIBLE = "add table ip nat; add chain ip nat mine; add rule ip nat mine numgen inc mod 2 0 accept"


def test_a_table_that_cannot_be_printed_is_not_taken_for_clean(namespace: Namespace) -> None:
    play(namespace, "iptables", "-nft")
    namespace.run(["nft", "-f", "-"], stdin=INCOMPATIBLE)
    if "is incompatible" not in namespace.run(["iptables-nft-save"]).stdout:
        pytest.skip("this iptables prints what this nft has written")
    for _run in range(2):
        wanted, left = reconcile(namespace, "ipvs", echo_reply=True)[1:]
        assert ["table nat of iptables-nft" in text for text in left] == [True]
    # The rest has been done, and what cannot be seen is as it was.
    assert not wanted
    assert "KUBE-PROXY-CANARY" not in namespace.run(["iptables-nft-save", "-t", "filter"]).stdout
    assert "KUBE-SERVICES" in namespace.run(["nft", "list", "table", "ip", "nat"]).stdout


def test_what_only_the_iptables_of_kube_proxy_can_print_is_cleaned_with_it(
    namespace: Namespace, tmp_path: pathlib.Path
) -> None:
    play(namespace, "iptables", "-nft")
    older = tmp_path / "older"
    older.write_text("#!/bin/sh\necho \"# Table \\`nat' is incompatible, use 'nft' tool.\"\n")
    older.chmod(0o755)
    # The node's own prints nothing of the table, and is not used to change it either.
    path = tmp_path / "path"
    path.mkdir()
    for name in ("iptables-nft-save", "iptables-nft-restore"):
        (path / name).symlink_to(older)
    namespace.inside = ("sh", "-c", f'mount --bind {older} "$0" && exec "$@"', "/usr/sbin/xtables-nft-multi")
    namespace.inside = ("unshare", "--mount", *namespace.inside)
    namespace.proxy.process.kill()
    namespace.proxy.process.wait()
    with proxy_process.running(namespace.name, tmp_path, "ipvs", inside=["env"]) as namespace.proxy:
        left = reconcile(namespace, "ipvs")[2]
        assert left == []
    namespace.inside = ()
    assert "KUBE-SEP-" not in namespace.run(["iptables-nft-save"]).stdout


@pytest.mark.parametrize("variant", VARIANTS)
def test_rules_in_both_kinds_are_decided_by_the_container(
    namespace: Namespace, tmp_path: pathlib.Path, variant: str
) -> None:
    for one in VARIANTS:
        play(namespace, "iptables", one)
    namespace.proxy.process.kill()
    namespace.proxy.process.wait()
    before = namespace.tables(f"iptables{variant}")
    inside = ["env"] if variant == "-nft" else proxy_process.replacing("iptables", "iptables-legacy")
    other = next(one for one in VARIANTS if one != variant)
    with proxy_process.running(namespace.name, tmp_path, "iptables", inside=inside) as namespace.proxy:
        # A variant that contradicts it would remove what is in use.
        with pytest.raises(KuberError, match=r"not certain.*so nothing on the node was changed"):
            reconcile(namespace, "iptables", variant=other.removeprefix("-"))
        assert reconcile(namespace, "iptables")[0].variant == variant.removeprefix("-")
    assert namespace.tables(f"iptables{variant}") == before
    assert "KUBE-SERVICES" not in namespace.run([f"iptables{other}-save"]).stdout


@pytest.mark.parametrize("variant", VARIANTS)
def test_rules_in_both_kinds_are_decided_by_the_hint_of_the_kubelet(namespace: Namespace, variant: str) -> None:
    for one in VARIANTS:
        play(namespace, "iptables", one)
    other = next(one for one in VARIANTS if one != variant)
    for program in PROGRAM_NAMES.values():
        # What the kubelet makes; it stays where it was made once.
        for table in ("mangle", "nat", "filter"):
            namespace.run([f"{program}{other}", "-t", table, "-X", "KUBE-KUBELET-CANARY"], check=False)
        namespace.run([f"{program}{other}", "-t", "mangle", "-X", "KUBE-IPTABLES-HINT"], check=False)
        namespace.run([f"{program}{variant}", "-t", "mangle", "-N", "KUBE-IPTABLES-HINT"], check=False)
    before = namespace.tables(f"iptables{variant}")
    assert reconcile(namespace, "iptables")[0].variant == variant.removeprefix("-")
    assert namespace.tables(f"iptables{variant}") == before
    assert "KUBE-SERVICES" not in namespace.run([f"iptables{other}-save"]).stdout


def test_our_rule_goes_from_the_kind_that_kube_proxy_no_longer_uses(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    reconcile(namespace, "ipvs", echo_reply=True)
    text = namespace.run(["iptables-nft-save", "-t", "filter"]).stdout
    rule = next(line for line in text.splitlines() if leftovers.ECHO_COMMENT in line)
    namespace.run(["iptables-legacy-restore", "--noflush"], stdin=f"*filter\n{rule}\nCOMMIT\n")
    reconcile(namespace, "ipvs", echo_reply=True)
    assert (ours(namespace, "-nft"), ours(namespace, "-legacy")) == (1, 0)


def test_a_check_run_before_the_change_of_mode_shows_what_the_run_will_do(namespace: Namespace) -> None:
    """Chains that both modes have still name sets; kube-proxy writes them again on its way."""
    play(namespace, "ipvs", "-nft")
    namespace.proxy.answer(proxyMode="ipvs")
    spec = node.NodeSpec("iptables", mode_pending=True)
    checked = node_write.reconcile(namespace, spec, check_mode=True, writer=node_write.Writer(namespace))
    assert checked.left == ()
    assert set(checked.plan.ipvs.sets) == {*node_read.ipvs.SETS}
    # Without the change they are in use.
    assert len(reconcile(namespace, "iptables", check_mode=True)[2]) == 3
