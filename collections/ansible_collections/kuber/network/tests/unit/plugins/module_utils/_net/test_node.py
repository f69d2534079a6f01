# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans carried out for real: in a network namespace of their own, with both kinds of iptables."""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import subprocess
import typing as t
import uuid

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    leftovers,
    node,
    node_read,
    node_report,
    node_write,
    variants,
)
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import proxy_process

DUMPS = pathlib.Path(__file__).parent / "dumps"
VARIANTS = ("-nft", "-legacy")
PROGRAMS = ("ip", "ipset", *(f"iptables{variant}-restore" for variant in VARIANTS))
PROGRAM_NAMES = {"ipv4": "iptables", "ipv6": "ip6tables"}
# Rules of others, at all places where kube-proxy has some, too.
MINE = """*filter
:DOCKER-USER - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "mine, \\"quoted\\" -j KUBE-SVC-X" -j ACCEPT
-A DOCKER-USER -j RETURN
-I FORWARD 2 -j DOCKER-USER
COMMIT
*nat
-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
-I PREROUTING 1 -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80
COMMIT
"""


class Namespace(Runner):
    """Runs commands in a network namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log: list[tuple[str, ...]] = []
        self.inside: tuple[str, ...] = ()
        self.proxy: proxy_process.FakeProxy

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        # A command whose program may be borrowed is the end of one that looks for it.
        self.log.append(argv[4:] if argv[0] == "sh" and len(argv) > 4 else argv)
        if shutil.which(argv[0]) is None:
            return Result(argv, 127, "", f"{argv[0]}: not found")
        command = ["ip", "netns", "exec", self.name, *self.inside, *argv]
        done = subprocess.run(command, input=stdin or "", capture_output=True, text=True, check=False)
        return Result(argv, done.returncode, done.stdout, done.stderr)

    def tables(self, program: str) -> dict[str, iptables.Table]:
        return iptables.parse(self.run([f"{program}-save"]).stdout)


@pytest.fixture
def namespace(tmp_path: pathlib.Path) -> t.Iterator[Namespace]:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    name = f"kuber-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    found = Namespace(name)
    with proxy_process.running(name, tmp_path, "ipvs") as found.proxy:
        yield found
    subprocess.run(["ip", "netns", "delete", name], check=True)


def play(namespace: Namespace, dump: str, variant: str) -> None:
    """Make the namespace look like the node that the dump was taken from."""
    sets = DUMPS / f"{dump}.ipset"
    if sets.exists():
        namespace.run(["ipset", "restore"], stdin=sets.read_text())
    for family, program in PROGRAM_NAMES.items():
        text = (DUMPS / f"{dump}.{family}").read_text()
        # Not every kernel has this match, and no decision depends on it.
        lines = [line for line in text.splitlines() if "-m nfacct" not in line]
        namespace.run([f"{program}{variant}-restore"], stdin="\n".join([*lines, ""]))
    namespace.run([f"iptables{variant}-restore", "--noflush"], stdin=MINE)


def settle(namespace: Namespace, mode: str, **wanted: t.Any) -> tuple[node_read.State, node.Plan, list[str]]:
    """The state, what was planned, and what is left."""
    check_mode = wanted.pop("check_mode", False)
    writer = node_write.Writer(namespace)
    if hasattr(namespace, "proxy"):
        namespace.proxy.answer(proxyMode=mode)
    done = node_write.settle(namespace, node.Spec(mode, **wanted), check_mode=check_mode, writer=writer)
    return done.state, done.plan, [one.text for one in done.left]


def changes(wanted: node.Plan, family: str, variant: str) -> t.Sequence[iptables.Change]:
    return wanted.rules[variants.Program(family, variant.removeprefix("-"))].changes


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
    state, wanted, warnings = settle(namespace, mode, echo_reply=echo_reply)
    assert (f"-{state.variant}", warnings) == (variant, [])
    for family, program in PROGRAM_NAMES.items():
        expected = iptables.apply(before[family], changes(wanted, family, variant))
        found = namespace.tables(f"{program}{variant}")
        assert iptables.render(found).splitlines() == iptables.render(expected).splitlines()
    second = settle(namespace, mode, echo_reply=echo_reply)
    assert not second[1]
    assert ours(namespace, variant) == int(echo_reply and mode == "ipvs")


def ours(namespace: Namespace, variant: str) -> int:
    return namespace.run([f"iptables{variant}-save"]).stdout.count(leftovers.ECHO_COMMENT)


@pytest.mark.parametrize("variant", VARIANTS)
def test_rules_of_others_are_as_they_were(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables", variant)

    def mine() -> list[str]:
        lines = namespace.run([f"iptables{variant}-save"]).stdout.splitlines()
        return [line for line in lines if line.startswith("-A") and "KUBE" not in line.replace("KUBE-SVC-X", "")]

    before = mine()
    assert len(before) > 10
    settle(namespace, "ipvs", echo_reply=True)
    settle(namespace, "nftables")
    assert mine() == before


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_transaction_for_each_family(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables_to_ipvs", variant)
    namespace.log.clear()
    settle(namespace, "ipvs")
    writes = [argv for argv in namespace.log if argv[0].endswith("-restore") and "--test" not in argv]
    assert [argv[0] for argv in writes] == [f"iptables{variant}-restore", f"ip6tables{variant}-restore"]
    assert all("--noflush" in argv for argv in writes)


@pytest.mark.parametrize("variant", VARIANTS)
def test_check_mode_writes_nothing(namespace: Namespace, variant: str) -> None:
    play(namespace, "iptables_to_ipvs", variant)
    before = namespace.tables(f"iptables{variant}")
    wanted = settle(namespace, "ipvs", check_mode=True, echo_reply=True)[1]
    assert wanted
    assert namespace.tables(f"iptables{variant}") == before
    assert not [argv for argv in namespace.log if argv[0].endswith("-restore") and argv[-1] == "--test"]


def test_sets_and_device_go_with_ipvs(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    namespace.run(["ipset", "create", "mine", "hash:ip"])
    # Kernels of test machines have no dummy devices; it is the name that counts.
    namespace.run(["ip", "link", "add", "kube-ipvs0", "type", "bridge"])
    namespace.run(["ip", "address", "add", "10.96.0.1/32", "dev", "kube-ipvs0"])
    wanted, warnings = settle(namespace, "nftables")[1:]
    assert "device kube-ipvs0" in wanted.ipvs.lines()
    assert warnings == []
    assert namespace.run(["ipset", "list", "-n"]).stdout.split() == ["mine"]
    assert "kube-ipvs0" not in namespace.run(["ip", "-o", "link"]).stdout
    assert not settle(namespace, "nftables")[1]


def test_a_set_that_somebody_else_uses_stays(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    rule = ["-A", "INPUT", "-m", "set", "--match-set", "KUBE-CLUSTER-IP", "dst,dst", "-j", "ACCEPT"]
    namespace.run(["iptables-nft", *rule])
    warnings = settle(namespace, "nftables")[2]
    assert len(warnings) == 1
    assert namespace.run(["ipset", "list", "-n"]).stdout.split() == ["KUBE-CLUSTER-IP"]


def test_planted_chains_are_found_again(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-legacy")
    assert not settle(namespace, "ipvs")[1]
    namespace.run(["iptables-legacy", "-t", "nat", "-N", "KUBE-SVC-PLANTED"])
    namespace.run(["iptables-legacy", "-t", "nat", "-I", "PREROUTING", "-j", "KUBE-SVC-PLANTED"])
    state, wanted = settle(namespace, "ipvs")[:2]
    assert node_report.removed(state, wanted)["ipv4"] == [
        "-t nat -N KUBE-SVC-PLANTED",
        "-t nat -A PREROUTING -j KUBE-SVC-PLANTED",
    ]
    assert not settle(namespace, "ipvs")[1]


class Nothing(Runner):
    """A machine that has none of the programs."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, 127, "", f"sh: {argv[0]}: not found")


def test_a_machine_without_iptables_is_refused() -> None:
    with pytest.raises(KuberError, match="There is no iptables on the node"):
        settle(t.cast(Namespace, Nothing()), "ipvs")


def test_rules_in_the_kind_of_iptables_that_kube_proxy_does_not_use_go(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    play(namespace, "iptables", "-legacy")
    legacy = namespace.tables("iptables-legacy")
    state, wanted, warnings = settle(namespace, "ipvs")
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
    assert not settle(namespace, "ipvs")[1]


def test_where_kube_proxy_writes_to_is_not_guessed(namespace: Namespace) -> None:
    for variant in VARIANTS:
        play(namespace, "iptables", variant)
    before = {variant: namespace.tables(f"iptables{variant}") for variant in VARIANTS}
    with pytest.raises(KuberError, match="in both kinds of iptables") as caught:
        settle(namespace, "iptables")
    assert "variant" in (caught.value.remedy or "")
    assert before == {variant: namespace.tables(f"iptables{variant}") for variant in VARIANTS}
    assert settle(namespace, "iptables", variant="legacy")[1]
    assert namespace.tables("iptables-legacy") == before["-legacy"]
    assert "KUBE-SERVICES" not in namespace.run(["iptables-nft-save"]).stdout
    assert not settle(namespace, "iptables")[1]


def test_both_kinds_are_cleaned_when_kube_proxy_uses_neither(namespace: Namespace) -> None:
    for variant in VARIANTS:
        play(namespace, "iptables", variant)
    assert settle(namespace, "nftables")[1]
    for variant in VARIANTS:
        assert "KUBE-SERVICES" not in namespace.run([f"iptables{variant}-save"]).stdout
    assert not settle(namespace, "nftables")[1]


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
            node_write.settle(namespace, node.Spec("ipvs"), check_mode=False, writer=writer)
    holder = f"process {os.getpid()} ({pathlib.Path('/proc/self/comm').read_text().strip()})"
    assert holder in str(caught.value)
    assert writer.begun == []
    assert len([argv for argv in namespace.log if argv[0].endswith("-restore")]) == 1
    assert namespace.tables("iptables-legacy") == before
    assert settle(namespace, "ipvs")[1]


NFT = """table ip kube-proxy {
    chain services {
        ip daddr 10.96.0.1 drop
    }
}
table ip6 kube-proxy {
}
table ip mine {
    chain services {
    }
}
"""


def test_tables_of_nftables_mode_go_with_it(namespace: Namespace) -> None:
    if shutil.which("nft") is None:
        pytest.skip("needs nft (Debian: nftables)")
    play(namespace, "iptables", "-legacy")
    namespace.run(["nft", "-f", "-"], stdin=NFT)
    assert not settle(namespace, "nftables", check_mode=True)[1].nftables
    state, wanted = settle(namespace, "iptables")[:2]
    assert node_report.removed(state, wanted)["nftables"] == [
        "table ip kube-proxy",
        "table ip6 kube-proxy",
    ]
    assert "ip daddr 10.96.0.1 drop" in node_report.diff(state, wanted)[0]["before"]
    assert "kube-proxy" not in namespace.run(["nft", "list", "tables"]).stdout
    assert "table ip mine" in namespace.run(["nft", "list", "tables"]).stdout
    assert not settle(namespace, "iptables")[1]


def lacking(namespace: Namespace, *programs: str) -> None:
    """From now on the node has none of these programs; the container of kube-proxy still has them."""
    namespace.inside = tuple(proxy_process.hiding(*programs))


def test_a_node_without_ipset_and_nft_borrows_them(namespace: Namespace) -> None:
    """As on every node of minikube: sets and tables are seen and go."""
    play(namespace, "ipvs_to_iptables", "-nft")
    namespace.run(["nft", "-f", "-"], stdin=NFT)
    sets = namespace.run(["ipset", "list", "-name"]).stdout.split()
    lacking(namespace, "ipset", "nft")
    state, wanted, left = settle(namespace, "iptables")
    assert set(wanted.ipvs.sets) == {*sets}
    assert len(sets) > 10
    assert node_report.removed(state, wanted)["nftables"] == ["table ip kube-proxy", "table ip6 kube-proxy"]
    assert left == []
    assert not settle(namespace, "iptables")[1]
    namespace.inside = ()
    assert namespace.run(["ipset", "list", "-name"]).stdout == ""
    assert namespace.run(["nft", "list", "tables"]).stdout.count("kube-proxy") == 0


def test_what_nobody_can_look_at_is_said_in_every_run(namespace: Namespace, tmp_path: pathlib.Path) -> None:
    play(namespace, "ipvs", "-legacy")
    namespace.proxy.process.kill()
    namespace.proxy.process.wait()
    container = proxy_process.hiding("iptables", "ipset", "nft")
    lacking(namespace, "ipset", "nft")
    with proxy_process.running(namespace.name, tmp_path, "iptables", inside=container) as namespace.proxy:
        for check_mode in (True, False, False):
            wanted, left = settle(namespace, "iptables", check_mode=check_mode)[1:]
            assert wanted.ipvs.sets == ()
            assert [text.partition(" were not looked at: ")[0] for text in left] == [
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
            with pytest.raises(KuberError, match="does not run in mode ipvs, so that nothing on the node was touched"):
                node_write.settle(namespace, node.Spec("ipvs"), check_mode=check_mode, writer=writer)
    assert writer.begun == []
    assert namespace.tables("iptables-nft") == before
    # A check run whose earlier task would have changed the mode shows what would go then; another run does not.
    namespace.proxy.answer(proxyMode="iptables")
    pending = node.Spec("ipvs", mode_pending=True)
    assert node_write.settle(namespace, pending, check_mode=True, writer=writer).plan
    with pytest.raises(KuberError, match="nothing on the node was touched"):
        node_write.settle(namespace, pending, check_mode=False, writer=writer)
    assert namespace.tables("iptables-nft") == before


def test_a_set_that_the_other_kind_of_iptables_uses_is_named_and_the_rest_goes(namespace: Namespace) -> None:
    play(namespace, "ipvs_to_iptables", "-legacy")
    rule = ["-A", "INPUT", "-m", "set", "--match-set", "KUBE-CLUSTER-IP", "dst,dst", "-j", "ACCEPT"]
    namespace.run(["iptables-nft", *rule])
    for check_mode in (True, False, False):
        wanted, left = settle(namespace, "iptables", check_mode=check_mode)[1:]
        assert left == [
            "Set KUBE-CLUSTER-IP is a leftover of kube-proxy, but it stays, because it is used by "
            f"rule `{' '.join(rule)}` of iptables-nft"
        ]
    assert not wanted
    assert namespace.run(["ipset", "list", "-name"]).stdout.split() == ["KUBE-CLUSTER-IP"]


def test_sets_that_sets_or_unseen_things_use_stay(namespace: Namespace) -> None:
    play(namespace, "ipvs_to_iptables", "-nft")
    namespace.run(["ipset", "restore"], stdin="create mine list:set\nadd mine KUBE-LOOP-BACK\n")
    left = settle(namespace, "iptables")[2]
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


INCOMPATIBLE = "add table ip nat; add chain ip nat mine; add rule ip nat mine tcp dport { 80, 443 } accept"


def test_a_table_that_cannot_be_printed_is_not_taken_for_clean(namespace: Namespace) -> None:
    play(namespace, "iptables", "-nft")
    namespace.run(["nft", "-f", "-"], stdin=INCOMPATIBLE)
    if "is incompatible" not in namespace.run(["iptables-nft-save"]).stdout:
        pytest.skip("this iptables prints what this nft has written")
    for _run in range(2):
        wanted, left = settle(namespace, "ipvs", echo_reply=True)[1:]
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
        left = settle(namespace, "ipvs")[2]
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
        with pytest.raises(KuberError, match="not certain, so that nothing on the node was touched"):
            settle(namespace, "iptables", variant=other.removeprefix("-"))
        assert settle(namespace, "iptables")[0].variant == variant.removeprefix("-")
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
    assert settle(namespace, "iptables")[0].variant == variant.removeprefix("-")
    assert namespace.tables(f"iptables{variant}") == before
    assert "KUBE-SERVICES" not in namespace.run([f"iptables{other}-save"]).stdout


def test_our_rule_goes_from_the_kind_that_kube_proxy_no_longer_uses(namespace: Namespace) -> None:
    play(namespace, "ipvs", "-nft")
    settle(namespace, "ipvs", echo_reply=True)
    text = namespace.run(["iptables-nft-save", "-t", "filter"]).stdout
    rule = next(line for line in text.splitlines() if leftovers.ECHO_COMMENT in line)
    namespace.run(["iptables-legacy-restore", "--noflush"], stdin=f"*filter\n{rule}\nCOMMIT\n")
    settle(namespace, "ipvs", echo_reply=True)
    assert (ours(namespace, "-nft"), ours(namespace, "-legacy")) == (1, 0)


def test_a_check_run_before_the_change_of_mode_shows_what_the_run_will_do(namespace: Namespace) -> None:
    """Chains that both modes have still name sets; kube-proxy writes them again on its way."""
    play(namespace, "ipvs", "-nft")
    namespace.proxy.answer(proxyMode="ipvs")
    spec = node.Spec("iptables", mode_pending=True)
    checked = node_write.settle(namespace, spec, check_mode=True, writer=node_write.Writer(namespace))
    assert checked.left == ()
    assert set(checked.plan.ipvs.sets) == {*node_read.ipvs.SETS}
    # Without the change they are in use.
    assert len(settle(namespace, "iptables", check_mode=True)[2]) == 3
