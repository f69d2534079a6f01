# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import kernel
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner


class Here(Runner):
    """Runs commands on this machine."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        done = subprocess.run(argv, input=stdin or "", capture_output=True, text=True, check=False)
        return Result(argv, done.returncode, done.stdout, done.stderr)


IPVS = sorted({part.module for need in kernel.needs("ipvs", "rr") for part in need})
OPTIONS = sorted({part.option for need in kernel.needs("ipvs", "rr") for part in need})


def told(release: str = "6.1.0-44-amd64", **facts: t.Iterable[str]) -> kernel.Kernel:
    return kernel.parse("\n".join([f"release {release}", *(f"{k} {v}" for k in facts for v in facts[k])]))


LISTS = ["builtin", "loadable"]
ALL_ON = ["NET y", *(f"{option} y" for option in OPTIONS)]
ALL_MODULES = ["NET y", *(f"{option} m" for option in OPTIONS)]
WITHOUT_RR = [name for name in IPVS if name != "ip_vs_rr"]
CASES: dict[str, tuple[kernel.Kernel, list[str]]] = {
    "nothing is known": (told(), []),
    "all is loaded": (told(present=IPVS), []),
    "all lies ready": (told(known=LISTS, loadable=IPVS), []),
    "files are named with dashes": (told(known=LISTS, loadable=[name.replace("_", "-") for name in IPVS]), []),
    "all is built in": (told(option=ALL_ON), []),
    "the scheduler is not there": (told(known=LISTS, loadable=WITHOUT_RR), ["ip_vs_rr (CONFIG_IP_VS_RR)"]),
    "it is not configured": (
        told(option=[line for line in ALL_ON if line != "IP_VS_RR y"]),
        ["ip_vs_rr (CONFIG_IP_VS_RR)"],
    ),
    # A container of minikube's docker driver: the host loads what the container does not see.
    "modules lie where we cannot look": (told(option=ALL_MODULES), []),
    "modules were not installed": (
        told(option=ALL_MODULES, known=["loadable"], loadable=WITHOUT_RR),
        ["ip_vs_rr (CONFIG_IP_VS_RR)"],
    ),
    "what is built in is not known": (told(known=["loadable"], loadable=WITHOUT_RR), []),
    "there are no sets": (
        told(option=[line for line in ALL_ON if "SET" not in line]),
        [
            "xt_set (CONFIG_NETFILTER_XT_SET)",
            "ip_set (CONFIG_IP_SET)",
            "ip_set_hash_ip (CONFIG_IP_SET_HASH_IP)",
            "ip_set_hash_ipport (CONFIG_IP_SET_HASH_IPPORT)",
            "ip_set_hash_ipportip (CONFIG_IP_SET_HASH_IPPORTIP)",
            "ip_set_hash_ipportnet (CONFIG_IP_SET_HASH_IPPORTNET)",
            "ip_set_bitmap_port (CONFIG_IP_SET_BITMAP_PORT)",
        ],
    ),
    "one kind of iptables is enough": (told(option=[line for line in ALL_ON if line != "NFT_COMPAT y"]), []),
}


@pytest.mark.parametrize(("found", "missing"), CASES.values(), ids=CASES.keys())
def test_a_part_is_missing_when_that_is_certain(found: kernel.Kernel, missing: list[str]) -> None:
    assert kernel.lacks(found, "ipvs") == missing


def test_the_scheduler_is_a_part_of_its_own() -> None:
    found = told(option=[*ALL_ON, "IP_VS_SH y"])
    assert kernel.lacks(found, "ipvs", scheduler="sh") == []
    assert kernel.lacks(found, "ipvs", scheduler="ovf") == ["ip_vs_ovf (CONFIG_IP_VS_OVF)"]
    assert kernel.lacks(found, "iptables", scheduler="ovf") == [
        "xt_nat (CONFIG_NETFILTER_XT_NAT)",
        "xt_statistic (CONFIG_NETFILTER_XT_MATCH_STATISTIC)",
    ]


@pytest.mark.parametrize(
    ("release", "missing"),
    [("5.12.19", ["Linux 5.13"]), ("4.19.0-9-amd64", ["Linux 5.13"]), ("5.13.0", []), ("6.1.0", []), ("x", [])],
)
def test_nftables_mode_needs_a_newer_kernel(release: str, missing: list[str]) -> None:
    assert kernel.lacks(told(release), "nftables") == missing


@pytest.mark.skipif(os.geteuid() != 0, reason="nodes are read as root")
def test_this_machines_kernel_is_read() -> None:
    found = kernel.read(Here())
    assert found.release == subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    # The rules of the other tests are written with these.
    evidence = found.options or found.loadable or found.present
    assert not evidence or kernel.lacks(found, "iptables") == []


class Answering(Runner):
    """Gives the same answer to every command."""

    def __init__(self, rc: int, stdout: str, stderr: str = "") -> None:
        self._answer = (rc, stdout, stderr)

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, *self._answer)


REASONS: dict[str, tuple[Answering, str]] = {
    "sudo asks for a password": (
        Answering(1, "", "sudo: a password is required\n"),
        "sudo: a password is required",
    ),
    "another user": (Answering(0, "user 1000\nrelease 6.1.0\n"), "commands run as the user with ID 1000"),
    "a login shell that greets": (
        Answering(0, "Welcome to\nminikube!\nuser 0\nrelease 6.1.0\n"),
        "the login shell prints before each command: Welcome to minikube! "
        "(take that out of its start files, such as ~/.bashrc)",
    ),
    "a shell that only greets": (Answering(0, "This account is not available.\n"), "This account is not available."),
    "silence": (Answering(0, ""), "no answer"),
}


@pytest.mark.parametrize(("node", "reason"), REASONS.values(), ids=REASONS.keys())
def test_a_node_without_commands_as_root_is_refused_with_the_reason(node: Answering, reason: str) -> None:
    with pytest.raises(KuberError, match="Cannot run commands as root on this node") as caught:
        kernel.read(node)
    assert caught.value.found == reason
    assert caught.value.partial == {"problem": reason}


def test_root_without_a_greeting_is_fine() -> None:
    assert kernel.read(Answering(0, "user 0\nrelease 6.1.0-44-amd64\n")).release == "6.1.0-44-amd64"
