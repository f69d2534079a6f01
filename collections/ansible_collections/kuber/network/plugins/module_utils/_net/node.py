# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Rules of a node: read once, planned on paper, written once."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import iptables as _iptables
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import Table  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner  # pragma: no cover

PROGRAMS = {"ipv4": "iptables", "ipv6": "ip6tables"}
# kube-proxy's image looks for these chains of the kubelet, too (kubernetes-sigs/iptables-wrappers); nft goes first.
HINT = re.compile(r"^:KUBE-(IPTABLES-HINT|KUBELET-CANARY) ", re.MULTILINE)
KUBE_CHAIN = re.compile(r"^:KUBE-", re.MULTILINE)
VARIANTS = ("-nft", "-legacy")
DEFAULT_VARIANT = ""
LOCK_SECONDS = 20
# kube-proxy may rewrite its rules between our reading and our writing.
ATTEMPTS = 3
NOT_FOUND = 127


@dataclasses.dataclass(frozen=True)
class State:
    """All that kube-proxy's modes leave traces in."""

    variant: str
    families: t.Mapping[str, t.Mapping[str, Table]]
    ipvs: ipvs.State | None


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done on the node."""

    families: t.Mapping[str, leftovers.Plan]
    ipvs: ipvs.Plan

    def __bool__(self) -> bool:
        return bool(self.ipvs) or any(family.changes for family in self.families.values())

    @property
    def warnings(self) -> list[str]:
        return [*(warning for family in self.families.values() for warning in family.warnings), *self.ipvs.warnings]


def read(runner: Runner, *, mode: str) -> State:
    variant, dumps = _find_variant(runner)
    families = {family: _iptables.parse(text) for family, text in dumps.items()}
    return State(variant, families, None if mode == "ipvs" else _read_ipvs(runner))


def _find_variant(runner: Runner) -> tuple[str, dict[str, str]]:
    """Which of the two kinds of iptables kube-proxy uses, and its rules."""
    found = {}
    for variant in VARIANTS:
        found[variant] = _dump(runner, variant)
        if any(HINT.search(text) for text in found[variant].values()):
            return variant, found[variant]
    for variant, dumps in found.items():
        if any(KUBE_CHAIN.search(text) for text in dumps.values()):
            return variant, dumps
    dumps = _dump(runner, DEFAULT_VARIANT)
    if "ipv4" not in dumps:
        done = runner.run([f"{PROGRAMS['ipv4']}-save"], check=False)
        raise KuberError(
            "There is no iptables on the node",
            wanted="iptables-save, and the right to use it",
            found=done.stderr.strip() or f"exit code {done.rc}",
            remedy="Check that the host of the task is a node of the cluster, and that become is on",
        )
    return DEFAULT_VARIANT, dumps


def _dump(runner: Runner, variant: str) -> dict[str, str]:
    """The rules by family. A kernel without IPv6, or without this kind of iptables, has none."""
    done = {family: runner.run([f"{program}{variant}-save"], check=False) for family, program in PROGRAMS.items()}
    return {family: result.stdout for family, result in done.items() if result.rc == 0}


def _read_ipvs(runner: Runner) -> ipvs.State:
    # Without the kernel module there is no such file, and without the program no sets.
    servers = runner.run(["cat", "/proc/net/ip_vs"], check=False)
    sets = runner.run(["ipset", "save"], check=False)
    link = runner.run(["ip", "-o", "link", "show"])
    address = runner.run(["ip", "-o", "address", "show"])
    device, addresses = ipvs.parse_device(link.stdout + address.stdout)
    return ipvs.State(
        servers=ipvs.parse_servers(servers.stdout) if servers.rc == 0 else (),
        sets=ipvs.parse_sets(sets.stdout) if sets.rc == 0 else {},
        device=device,
        addresses=addresses,
    )


def plan(state: State, *, mode: str, echo_reply: bool) -> Plan:
    families = {
        family: leftovers.plan(tables, family=family, mode=mode, echo_reply=echo_reply)
        for family, tables in state.families.items()
    }
    if state.ipvs is None:
        return Plan(families, ipvs.Plan())
    remaining = [
        rule
        for family, tables in state.families.items()
        for table in _iptables.apply(tables, families[family].changes).values()
        for rule in table.rules
    ]
    return Plan(families, ipvs.plan(state.ipvs, sets_in_use={name for rule in remaining for name in rule.sets}))


def write(runner: Runner, state: State, wanted: Plan) -> list[str]:
    """Do it; return what could not be done, and need not be."""
    for family, part in wanted.families.items():
        if part.changes:
            text = _iptables.restore_input(part.changes)
            restore = [f"{PROGRAMS[family]}{state.variant}-restore", "--noflush", f"--wait={LOCK_SECONDS}"]
            runner.run([*restore, "--test"], stdin=text)
            runner.run(restore, stdin=text)
    warnings = _remove_servers(runner, wanted.ipvs.servers)
    # The device goes last: its addresses tell which servers are kube-proxy's, should this be interrupted.
    if wanted.ipvs.sets:
        runner.run(["ipset", "restore"], stdin="".join(f"destroy {name}\n" for name in wanted.ipvs.sets))
    if wanted.ipvs.device:
        runner.run(["ip", "link", "delete", ipvs.DEVICE])
    return warnings


def _remove_servers(runner: Runner, servers: t.Sequence[ipvs.VirtualServer]) -> list[str]:
    if not servers:
        return []
    done = runner.run(["ipvsadm", "--restore"], stdin="".join(f"-D {server}\n" for server in servers), check=False)
    if done.rc == NOT_FOUND:
        return [
            f"{len(servers)} virtual servers of kube-proxy stay in the kernel, because the node has no ipvsadm. "
            "They are never reached; a reboot of the node clears them"
        ]
    if done.rc != 0:
        raise CommandError(done)
    return []


def settle(runner: Runner, *, mode: str, echo_reply: bool, check_mode: bool) -> tuple[State, Plan, list[str]]:
    """Bring the node to where it should be; return what it was, what was to do, and remarks."""
    for attempt in range(1, ATTEMPTS + 1):
        state = read(runner, mode=mode)
        wanted = plan(state, mode=mode, echo_reply=echo_reply)
        if check_mode or not wanted:
            break
        try:
            return state, wanted, [*wanted.warnings, *write(runner, state, wanted)]
        except CommandError:
            if attempt == ATTEMPTS:
                raise
    return state, wanted, wanted.warnings
