# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Start a playbook on a machine, follow it to its end, and read its result.

The run belongs to the machine: it continues if the connection is lost, and a lock prevents a second run.
"""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._machines.install import Place, script
from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

BUSY = 75
# Descriptor 9 holds the lock until the run has ended. The password goes through pipes and is never on a command line.
START = r"""
version=$PWD/$2
mkdir -p run && cd run || exit
umask 077
exec 9>lock
flock -n 9 || exit 75
IFS= read -r password
cat >settings.json || exit
rm -f status.json exit_code
run=$PWD
shift 2
cd "$version" || exit
export ANSIBLE_CONFIG="$version/ansible.cfg" ANSIBLE_NOCOLOR=1 PYTHONUNBUFFERED=1
export ANSIBLE_CALLBACKS_ENABLED=kuber.network.run_status KUBER_RUN_STATUS="$run/status.json"
[ -z "$password" ] || set -- --become-password-file=- "$@"
printf %s "$password" | setsid sh -c '
  run=$1
  shift
  venv/bin/ansible-playbook --extra-vars="@$run/settings.json" "$@"
  echo $? >"$run/exit_code.new"
  mv "$run/exit_code.new" "$run/exit_code"
' sh "$run" "$@" >"$run/log" 2>&1 &
echo $! >"$run/pid"
"""
# Watches the run for up to $3 seconds. If the lock is free and there is no exit code, the run was killed.
FOLLOW = r"""
cd run || exit
i=0
while [ $i -lt "$3" ] && [ ! -e exit_code ] && ! flock -n lock true; do sleep 1; i=$((i + 1)); done
state=running
! flock -n lock true || state=gone
[ ! -e exit_code ] || state=$(cat exit_code)
echo $state
cat status.json 2>/dev/null || true
"""
STOP = 'kill -- "-$(cat run/pid)"'
LOG = "tail -c 200000 run/log"
RUNNING, GONE = "running", "gone"


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run, with its report."""

    exit_code: int | None
    """``None`` if it was killed, or the machine has restarted."""
    report: t.Mapping[str, t.Any]
    log: str
    seconds: float

    @property
    def drift(self) -> list[dict[str, t.Any]]:
        return list(self.report.get("drift", ()))

    @property
    def problems(self) -> list[str]:
        """Return what failed, one sentence per task."""
        problems = [f"{one['task']}: {one['message']}" for one in self.report.get("not_checked", ())]
        if problems or self.exit_code == 0:
            return problems
        if self.exit_code is None:
            return ["The run was killed, or the machine has restarted meanwhile"]
        last = " ".join(self.log.strip().splitlines()[-3:])
        return [f"ansible-playbook ended with exit code {self.exit_code}: {last or 'no output'}"]


def start(
    runner: Runner,
    place: Place,
    *,
    arguments: t.Sequence[str],
    settings: t.Mapping[str, t.Any],
    environment: t.Mapping[str, str],
    become_password: str = "",
) -> None:
    pairs = [f"{name}={value}" for name, value in environment.items()]
    given = f"{become_password}\n{json.dumps(settings)}\n"
    done = runner.run(("env", *pairs, *script(place, START, *arguments)), stdin=given, check=False)
    if done.rc == BUSY:
        raise KuberError(
            "Another run is active on this machine",
            remedy="Wait until it ends, or stop it there: kill the process group in run/pid",
        )
    if done.rc != 0:
        raise KuberError(
            "Cannot start the playbook",
            wanted="exit code 0",
            found=f"exit code {done.rc}, {done.stderr.strip() or 'no output'}",
        )


def follow(
    runner: Runner,
    place: Place,
    *,
    timeout: float,
    interval: int,
    tell: t.Callable[[str], None],
    clock: t.Callable[[], float] = time.monotonic,
) -> Run:
    """Wait for the end, and show the running task meanwhile."""
    started = clock()
    while True:
        state, _newline, text = runner.run(script(place, FOLLOW, str(interval))).stdout.partition("\n")
        report = _parsed(text)
        seconds = clock() - started
        if state != RUNNING:
            log = runner.run(script(place, LOG)).stdout
            return Run(None if state == GONE else int(state), report, log, seconds)
        task = report.get("task") or "starting"
        if seconds >= timeout:
            runner.run(script(place, STOP), check=False)
            raise KuberError(
                f"The run was stopped after {seconds:.0f} s",
                wanted=f"an end within {timeout:.0f} s",
                found=f"it was running the task: {task}",
                remedy="Set machines_timeout to a longer time",
            )
        tell(f"after {seconds:.0f} s: {task}")


def _parsed(text: str) -> dict[str, t.Any]:
    try:
        report = json.loads(text)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}
