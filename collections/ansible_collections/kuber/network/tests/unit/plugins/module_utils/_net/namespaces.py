# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network namespaces that look like nodes, and plans carried out in them."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    leftovers,
    node,
    node_read,
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

    def tables(self, program: str) -> dict[str, iptables.IptablesTable]:
        return iptables.parse(self.run([f"{program}-save"]).stdout)


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


def reconcile(namespace: Namespace, mode: str, **wanted: t.Any) -> tuple[node_read.NodeState, node.NodePlan, list[str]]:
    """The state, what was planned, and what is left."""
    check_mode = wanted.pop("check_mode", False)
    writer = node_write.Writer(namespace)
    if hasattr(namespace, "proxy"):
        namespace.proxy.answer(proxyMode=mode)
    done = node_write.reconcile(namespace, node.NodeSpec(mode, **wanted), check_mode=check_mode, writer=writer)
    return done.state, done.plan, [one.text for one in done.left]


def changes(wanted: node.NodePlan, family: str, variant: str) -> t.Sequence[iptables.TableChange]:
    return wanted.rules[variants.Program(family, variant.removeprefix("-"))].changes


def ours(namespace: Namespace, variant: str) -> int:
    return namespace.run([f"iptables{variant}-save"]).stdout.count(leftovers.ECHO_COMMENT)


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
