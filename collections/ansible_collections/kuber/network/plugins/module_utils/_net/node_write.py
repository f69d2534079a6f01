# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What was planned for a node is done: each thing at one stroke, in an order that can be interrupted anywhere."""

from __future__ import annotations

import dataclasses
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, ipvs, nft, node
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._net.variants import Program  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner  # pragma: no cover

LOCK_SECONDS = 20
LOCKED = "holding the xtables lock"
# kube-proxy may rewrite its rules between our reading and our writing.
ATTEMPTS = 3
NOT_FOUND = 127
# Who holds a lock stands in /proc/locks, by the number of the file.
_HOLDER = r"""
file=${XTABLES_LOCKFILE:-/run/xtables.lock}; number=$(stat -c %i $file)
sed -n "s/^.* FLOCK .* \([0-9]*\) [^ ]*:$number .*/\1/p" /proc/locks | while read pid; do
  echo "process $pid ($(cat /proc/$pid/comm))"
done
"""


class Writer:
    """Changes the node; remembers each command from the moment on that it may have had an effect."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.begun: list[str] = []

    def run(self, argv: t.Sequence[str], *, stdin: str | None = None, check: bool = True) -> Result:
        self.begun.append(shlex.join(argv))
        return self._runner.run(argv, stdin=stdin, check=check)

    def restore(self, program: Program, text: str) -> None:
        """One transaction, tested before."""
        argv = [*program.restore, f"--wait={LOCK_SECONDS}"]
        try:
            self._runner.run([*argv, "--test"], stdin=text)
            self.run(argv, stdin=text)
        except CommandError as exc:
            if LOCKED in exc.result.stderr + exc.result.stdout:
                raise self._locked(program) from exc
            raise

    def _locked(self, program: Program) -> KuberError:
        holder = self._runner.run(["sh", "-c", _HOLDER], check=False).stdout.split("\n")
        return KuberError(
            "The rules of the node are locked",
            wanted=f"the lock of {program} (/run/xtables.lock) within {LOCK_SECONDS} s",
            found=f"it is held by {', '.join(filter(None, holder)) or 'another program'} all this time",
            remedy="End that program, or run again when it is done",
        )


def settle(
    runner: Runner, wish: node.Wish, *, check_mode: bool, writer: Writer
) -> tuple[node.State, node.Plan, list[str]]:
    """Bring the node to where it should be; return what it was, what was to do, and remarks."""
    state = node.read(runner, wish)
    wanted = node.plan(state, wish)
    if check_mode:
        return state, wanted, wanted.warnings
    for program, part in wanted.rules.items():
        if part.changes:
            state = _restore(runner, state, program, wish, writer)
    # Rules may have been read anew.
    wanted = node.plan(state, wish)
    warnings = _remove_servers(writer, wanted.ipvs.servers)
    if wanted.nftables:
        text = nft.script(wanted.nftables)
        runner.run(["nft", "--check", "--file", "-"], stdin=text)
        writer.run(["nft", "--file", "-"], stdin=text)
    if wanted.ipvs.sets:
        writer.run(["ipset", "restore"], stdin="".join(f"destroy {name}\n" for name in wanted.ipvs.sets))
    # The device goes late: its addresses tell which servers are kube-proxy's, should this be interrupted.
    if wanted.ipvs.device:
        writer.run(["ip", "link", "delete", ipvs.DEVICE])
    if wanted.sysctls:
        writer.run(["sysctl", "-w", *(f"{key}={value}" for key, value in wanted.sysctls.items())])
    return state, wanted, [*wanted.warnings, *warnings]


def _restore(runner: Runner, state: node.State, program: Program, wish: node.Wish, writer: Writer) -> node.State:
    """Change the rules of one family; return the state with the rules that were there just before."""
    for attempt in range(1, ATTEMPTS + 1):
        part = node.plan_rules(state, program, wish)
        if not part.changes:
            break
        try:
            writer.restore(program, iptables.restore_input(part.changes))
            break
        except CommandError:
            if attempt == ATTEMPTS:
                raise
        tables = iptables.parse(runner.run(program.save).stdout)
        state = dataclasses.replace(state, rules={**state.rules, program: tables})
    return state


def _remove_servers(writer: Writer, servers: t.Sequence[ipvs.VirtualServer]) -> list[str]:
    if not servers:
        return []
    done = writer.run(["ipvsadm", "--restore"], stdin="".join(f"-D {server}\n" for server in servers), check=False)
    if done.rc == NOT_FOUND:
        return [
            f"{len(servers)} virtual servers of kube-proxy stay in the kernel, because the node has no ipvsadm. "
            "They are never reached; a reboot of the node clears them"
        ]
    if done.rc != 0:
        raise CommandError(done)
    return []
