# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""iptables comes in two kinds, legacy and nft, which do not see each other's rules: which one does kube-proxy use?"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, leftovers
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner  # pragma: no cover

AUTO = "auto"
NFT, LEGACY, DEFAULT = "nft", "legacy", "default"
CHOICES = (AUTO, NFT, LEGACY)
_SUFFIXES = {NFT: "-nft", LEGACY: "-legacy", DEFAULT: ""}
_NAMES = {"ipv4": "iptables", "ipv6": "ip6tables"}
# kube-proxy's image looks for these chains of the kubelet (kubernetes-sigs/iptables-wrappers); nft goes first.
_HINT = re.compile(r"^:KUBE-(IPTABLES-HINT|KUBELET-CANARY) ", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Program:
    """The iptables of one family and variant."""

    family: str
    variant: str

    def __str__(self) -> str:
        return f"{_NAMES[self.family]}{_SUFFIXES[self.variant]}"

    @property
    def save(self) -> list[str]:
        return [f"{self}-save"]

    @property
    def restore(self) -> list[str]:
        return [f"{self}-restore", "--noflush"]


PROGRAMS = tuple(Program(family, variant) for variant in (NFT, LEGACY) for family in _NAMES)
Dumps = dict[Program, str]


def choose(runner: Runner, dumps: Dumps, *, mode: str, asked: str) -> tuple[str, Dumps]:
    """The variant that kube-proxy uses, with the rules to look at.

    A kernel without IPv6, or without one kind of iptables, has no rules there.
    """
    holders = [variant for variant in (NFT, LEGACY) if _holds(dumps, variant, _any_mode)]
    if asked != AUTO:
        variant = asked
    elif mode == "nftables" or len(holders) < 2:
        # No rules of kube-proxy's are to stay in nftables mode, so that it does not matter whose they are.
        variant = holders[0] if holders else _hinted(dumps)
    else:
        variant = _only_live(dumps, mode)
    if not any(program.variant == variant for program in dumps):
        return variant, _read(runner, variant)
    stale = [holder for holder in holders if holder != variant]
    return variant, {program: text for program, text in dumps.items() if program.variant in (variant, *stale)}


def _holds(dumps: Dumps, variant: str, test: t.Callable[[str, str], bool]) -> bool:
    return any(
        test(table.name, chain)
        for program, text in dumps.items()
        if program.variant == variant and ":KUBE-" in text
        for table in iptables.parse(text).values()
        for chain in table.chains
    )


def _any_mode(table: str, chain: str) -> bool:
    return leftovers.is_kube_proxys(table, chain)


def _hinted(dumps: Dumps) -> str:
    hinted = (program.variant for program, text in dumps.items() if _HINT.search(text))
    return next(hinted, DEFAULT)


def _only_live(dumps: Dumps, mode: str) -> str:
    """The variant with chains that only the running mode makes, provided that there is one such variant."""

    def is_live(table: str, chain: str) -> bool:
        other = "iptables" if mode == "ipvs" else "ipvs"
        return leftovers.is_leftover(table, chain, other)

    live = [variant for variant in (NFT, LEGACY) if _holds(dumps, variant, is_live)]
    if len(live) == 1:
        return live[0]
    raise KuberError(
        f"kube-proxy has rules of mode {mode} in both kinds of iptables, and it cannot be told which of them it uses",
        wanted="such rules in one kind only, nft or legacy",
        found=f"chains {'of this mode ' if live else ''}in iptables-nft-save as well as in iptables-legacy-save",
        remedy="Set variant to the one that kube-proxy uses (`iptables --version` in its container tells), so that all "
        "of its rules in the other one are removed; or restart the node, which clears both",
    )


def _read(runner: Runner, variant: str) -> Dumps:
    programs = [Program(family, variant) for family in _NAMES]
    done = run_all(runner, {str(program): program.save for program in programs})
    dumps = {program: done[str(program)].stdout for program in programs if done[str(program)].rc == 0}
    if not any(program.family == "ipv4" for program in dumps):
        failed = runner.run(programs[0].save, check=False)
        raise KuberError(
            "There is no iptables on the node",
            wanted=f"{programs[0]}-save, and the right to use it",
            found=failed.stderr.strip() or f"exit code {failed.rc}",
            remedy="Check that the host of the task is a node of the cluster, and that become is on",
        )
    return dumps
