# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Carry out the plan for a node: each change is atomic, and their order may be interrupted anywhere."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    iptables,
    ipvs,
    netlink,
    nft,
    node,
    node_proxy,
    node_read,
)
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NODE, NOT_FOUND, PROXY, borrowed
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError
from ansible_collections.kuber.network.plugins.module_utils._timing import retry

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.variants import Program  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner  # pragma: no cover

LOCK_SECONDS = 20
LOCKED = "holding the xtables lock"
# kube-proxy may rewrite its rules between our read and our write.
TRIES = 3
# /proc/locks names the holder of a lock by the inode of the file.
_HOLDER = r"""
file=${XTABLES_LOCKFILE:-/run/xtables.lock}; number=$(stat -c %i $file)
sed -n "s/^.* FLOCK .* \([0-9]*\) [^ ]*:$number .*/\1/p" /proc/locks | while read pid; do
  echo "process $pid ($(cat /proc/$pid/comm))"
done
"""


class Writer:
    """Changes the node, and records each command before it may take effect."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.begun: list[str] = []

    def run(
        self, argv: t.Sequence[str], *, stdin: str | None = None, places: t.Sequence[str] = (NODE,), check: bool = True
    ) -> Result:
        self.begun.append(shlex.join(argv))
        return self._ask(argv, stdin, places, check=check)

    def _ask(self, argv: t.Sequence[str], stdin: str | None, places: t.Sequence[str], *, check: bool = True) -> Result:
        command = argv if places == (NODE,) else borrowed(argv, places=places)
        done = dataclasses.replace(self._runner.run(command, stdin=stdin, check=False), argv=tuple(argv))
        if check and done.rc != 0:
            raise CommandError(done)
        return done

    def send(self, argv: t.Sequence[str], text: str) -> Result:
        """Send a message to the kernel."""
        self.begun.append("removal of virtual servers")
        return self._runner.run(argv, stdin=text, check=False)

    def load(self, text: str) -> None:
        """Run one transaction of nft, after testing it."""
        self._ask(nft.CHECK, text, (PROXY, NODE))
        self.run(nft.LOAD, stdin=text, places=(PROXY, NODE))

    def restore(self, program: Program, text: str, places: t.Sequence[str]) -> None:
        """Run one transaction of iptables, after testing it."""
        argv = [*program.restore, f"--wait={LOCK_SECONDS}"]
        try:
            self._ask([*argv, "--test"], text, places)
            self.run(argv, stdin=text, places=places)
        except CommandError as exc:
            if LOCKED in exc.result.stderr + exc.result.stdout:
                raise self._locked(program) from exc
            raise

    def _locked(self, program: Program) -> KuberError:
        holder = self._runner.run(["sh", "-c", _HOLDER], check=False).stdout.split("\n")
        return KuberError(
            "The rules of the node are locked",
            wanted=f"the lock of {program} (/run/xtables.lock) within {LOCK_SECONDS} s",
            found=f"it was held by {', '.join(filter(None, holder)) or 'another program'} all this time",
            remedy="Stop that program, or run again when it has finished",
        )


@dataclasses.dataclass(frozen=True)
class NodeOutcome:
    """The state of the node, the plan, and what is left afterwards."""

    state: node_read.NodeState
    plan: node.NodePlan

    @property
    def left(self) -> tuple[node.Remainder, ...]:
        return self.plan.left


def reconcile(runner: Runner, spec: node.NodeSpec, *, check_mode: bool, writer: Writer) -> NodeOutcome:
    """Read, plan and, unless in check mode, change the node."""
    state = node_read.read(runner, spec.mode, spec.variant)
    pending = spec.mode_pending and check_mode and state.proxy.mode != spec.mode
    spec = dataclasses.replace(spec, mode_pending=pending)
    if not pending:
        node_proxy.require(state.proxy, spec.mode)
    wanted = node.plan(state, spec)
    if check_mode:
        return NodeOutcome(state, wanted)
    for program, part in wanted.rules.items():
        if part.changes:
            state = _restore(runner, state, program, spec, writer)
    # The rules may have been read again meanwhile.
    wanted = node.plan(state, spec)
    servers = _remove_servers(runner, writer, wanted.ipvs.servers)
    if wanted.nftables:
        writer.load(nft.script(wanted.nftables))
    sets = _destroy_sets(runner, writer, wanted.ipvs.sets)
    # The device is removed late: if this is interrupted, its addresses tell which virtual servers are kube-proxy's.
    if wanted.ipvs.device:
        writer.run(["ip", "link", "delete", ipvs.DEVICE])
    if wanted.sysctls and not servers:
        writer.run(["sysctl", "-w", *(f"{key}={value}" for key, value in wanted.sysctls.items())])
    return NodeOutcome(state, _done(state, wanted, servers, sets))


def _done(
    state: node_read.NodeState,
    wanted: node.NodePlan,
    servers: t.Mapping[ipvs.VirtualServer, str],
    sets: t.Mapping[str, str],
) -> node.NodePlan:
    """Return the plan without what the kernel refused."""
    if not servers and not sets:
        return wanted
    left = [*wanted.left]
    if servers:
        reasons = ", ".join(sorted(set(servers.values())))
        left.append(node.servers_left(tuple(servers), f"the kernel did not remove them ({reasons})"))
        if wanted.sysctls:
            left.append(node.settings_left(state, tuple(servers)))
    left += [node.Remainder(node_read.SETS, f"Set {name} of IPVS mode stays: {why}") for name, why in sets.items()]
    return dataclasses.replace(
        wanted,
        ipvs=dataclasses.replace(
            wanted.ipvs,
            servers=tuple(one for one in wanted.ipvs.servers if one not in servers),
            sets=tuple(one for one in wanted.ipvs.sets if one not in sets),
        ),
        sysctls={} if servers else wanted.sysctls,
        left=tuple(left),
    )


def _restore(
    runner: Runner, state: node_read.NodeState, program: Program, spec: node.NodeSpec, writer: Writer
) -> node_read.NodeState:
    """Change the rules of one family; return the state with the rules as they were just before."""
    places = (PROXY, NODE) if program in state.from_proxy else (NODE, PROXY)

    def change() -> None:
        part = node.plan_rules(state, program, spec)
        if part.changes:
            writer.restore(program, iptables.restore_input(part.changes), places)

    def read_again(_error: CommandError) -> None:
        nonlocal state
        tables = iptables.parse(runner.run(borrowed([f"{program}-save"], places=places)).stdout)
        state = dataclasses.replace(state, rules={**state.rules, program: tables})

    retry(change, CommandError, tries=TRIES, tell=read_again)
    return state


def _remove_servers(
    runner: Runner, writer: Writer, servers: t.Sequence[ipvs.VirtualServer]
) -> dict[ipvs.VirtualServer, str]:
    """Remove virtual servers; return the remaining ones with the reason."""
    if not servers:
        return {}
    text = "".join(f"-D {server.as_option}\n" for server in servers)
    done = writer.run(["ipvsadm", "--restore"], stdin=text, check=False)
    reasons: t.Mapping[ipvs.VirtualServer, str] = {}
    if done.rc == NOT_FOUND:
        reasons = netlink.remove(writer.send, servers)
    remaining = set(ipvs.parse_servers(runner.run(["cat", "/proc/net/ip_vs"]).stdout))
    return {one: reasons.get(one) or done.stderr.strip() or "no reason given" for one in servers if one in remaining}


def _destroy_sets(runner: Runner, writer: Writer, names: t.Sequence[str]) -> dict[str, str]:
    """Destroy sets; return the remaining ones with the reason."""
    if not names:
        return {}
    text = "".join(f"destroy {name}\n" for name in names)
    if writer.run(["ipset", "restore"], stdin=text, places=(PROXY, NODE), check=False).rc == 0:
        return {}
    # It stops at the first set that is in use by now; destroy the others one by one.
    done = run_all(runner, {name: borrowed(["ipset", "destroy", name]) for name in names})
    there = ipvs.parse_sets(runner.run(borrowed(ipvs.SAVE)).stdout)
    return {name: done[name].stderr.strip() or "no reason given" for name in names if name in there}
