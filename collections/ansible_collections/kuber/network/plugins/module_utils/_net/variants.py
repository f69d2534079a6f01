# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Determine which variant of iptables kube-proxy uses: legacy and nft do not see each other's rules."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, leftovers
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NODE, PROXY, borrowed

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner  # pragma: no cover

AUTO = "auto"
NFT, LEGACY, DEFAULT = "nft", "legacy", "default"
CHOICES = (AUTO, NFT, LEGACY)
_SUFFIXES = {NFT: "-nft", LEGACY: "-legacy", DEFAULT: ""}
_NAMES = {"ipv4": "iptables", "ipv6": "ip6tables"}
# kube-proxy's image looks for these chains of the kubelet (kubernetes-sigs/iptables-wrappers), in nft first.
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
        """The command that prints the rules, from the node itself if it has it: it wrote the node's other rules."""
        return borrowed([f"{self}-save"], places=(NODE, PROXY))

    @property
    def restore(self) -> list[str]:
        return [f"{self}-restore", "--noflush"]


PROGRAMS = tuple(Program(family, variant) for variant in (NFT, LEGACY) for family in _NAMES)
Dumps = dict[Program, str]


def choose(
    runner: Runner, dumps: Dumps, *, mode: str, asked: str = AUTO, proxys: str | None = None
) -> tuple[str, Dumps]:
    """Return the variant that kube-proxy uses, with the rules to examine.

    A kernel without IPv6, or without one variant of iptables, has no rules there. ``proxys`` is the variant in the
    container of kube-proxy, if known.
    """
    holders = [variant for variant in (NFT, LEGACY) if _holds(dumps, variant, leftovers.is_kube_proxys)]
    if mode == "nftables":
        # All rules of kube-proxy are removed, so it does not matter which variant it uses.
        variant = asked if asked != AUTO else holders[0] if holders else proxys or _hinted(dumps)
    else:
        variant = _in_use(dumps, mode, asked, proxys)
    if not any(program.variant == variant for program in dumps):
        return variant, _read(runner, variant)
    return variant, dumps


def _holds(dumps: Dumps, variant: str, test: t.Callable[[str, str], bool]) -> bool:
    return any(
        test(table.name, chain)
        for program, text in dumps.items()
        if program.variant == variant and ":KUBE-" in text
        for table in iptables.parse(text).values()
        for chain in table.chains
    )


def _in_use(dumps: Dumps, mode: str, asked: str, proxys: str | None) -> str:
    """Return the variant with the rules of the running mode."""

    def is_live(table: str, chain: str) -> bool:
        other = "iptables" if mode == "ipvs" else "ipvs"
        return leftovers.belongs_to(table, chain, mode) and leftovers.is_leftover(table, chain, other)

    live = [variant for variant in (NFT, LEGACY) if _holds(dumps, variant, is_live)]
    hinted = _hints(dumps)
    if proxys is not None and asked in (AUTO, proxys) and (proxys in live or not live):
        return proxys
    if asked != AUTO and (proxys is None or asked == proxys):
        return asked
    if proxys is None:
        holders = live or [one for one in (NFT, LEGACY) if _holds(dumps, one, leftovers.is_kube_proxys)]
        for certain in (live, [one for one in hinted if one in holders], holders, hinted):
            if len(certain) == 1:
                return certain[0]
        if not holders:
            return next(iter(hinted), DEFAULT)
    raise _unclear(mode, live, asked, proxys)


def _hints(dumps: Dumps) -> list[str]:
    """Return the variants with the kubelet's chain, which kube-proxy's image looks for."""
    return [one for one in (NFT, LEGACY) if any(p.variant == one and _HINT.search(dumps[p]) for p in dumps)]


def _hinted(dumps: Dumps) -> str:
    return next(iter(_hints(dumps)), DEFAULT)


def _unclear(mode: str, live: t.Sequence[str], asked: str, proxys: str | None) -> KuberError:
    if proxys is not None:
        contradiction = (
            f"variant is {asked}" if asked not in (AUTO, proxys) else f"rules of the mode only in iptables-{live[0]}"
        )
        return KuberError(
            f"It is not certain which variant of iptables kube-proxy uses for its rules of mode {mode}, so nothing on "
            "the node was changed",
            wanted=f"{proxys}, as `iptables --version` says in the container of kube-proxy",
            found=contradiction,
            remedy="Set variant to auto, and restart kube-proxy if its rules are in the other variant",
        )
    return KuberError(
        f"kube-proxy has rules of mode {mode} in both variants of iptables, and it is not known which it uses",
        wanted="such rules in one variant only, nft or legacy, or the kubelet's chain KUBE-IPTABLES-HINT in one only",
        found=f"chains {'of this mode ' if live else ''}in both iptables-nft-save and iptables-legacy-save",
        remedy="Set variant to the one that kube-proxy uses (see `iptables --version` in its container), so that all "
        "of its rules in the other one are removed; or restart the node, which removes both",
    )


def _read(runner: Runner, variant: str) -> Dumps:
    programs = [Program(family, variant) for family in _NAMES]
    done = run_all(runner, {str(program): program.save for program in programs})
    dumps = {program: done[str(program)].stdout for program in programs if done[str(program)].rc == 0}
    if not any(program.family == "ipv4" for program in dumps):
        failed = done[str(programs[0])]
        raise KuberError(
            "Cannot read the iptables rules of the node",
            wanted=f"the program {programs[0]}-save, and the right to run it",
            found=failed.stderr.strip() or f"exit code {failed.rc}",
            remedy="Check that the task runs on a node of the cluster, with become",
        )
    return dumps
