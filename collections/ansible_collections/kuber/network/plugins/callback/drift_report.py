# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drift_report
type: aggregate
short_description: Report drift at the end of a run in check mode
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - At the end of a run with C(--check) it shows what a run without it would change. One table for all plays has the
    thing, task and host, the fields or lines that differ, and who changed them and when, as far as the
    API server knows.
  - It writes the same to a file as JSON, for programs. The file of an earlier run is removed when a run with
    C(--check) begins, so an existing file is from a completed run.
  - Modules of this collection return their findings as C(drift). For other modules it only reports
    that they would change something.
  - Tasks that also run in check mode (C(check_mode=false)) are not reported.
  - Where no task looks for drift, as in a run that only reads and reports, it says so and writes no file.
  - Failed tasks and unreachable hosts are listed. The report is incomplete then.
  - The run ends with exit code 0 if nothing has drifted, 2 if something has, and 1 if not everything could be
    checked, unless O(exit_code) is false. List this callback last in C(callbacks_enabled), because callbacks after it
    do not see the end of the run if the code is not 0.
  - Without C(--check) it does nothing.
requirements:
  - listed in C(callbacks_enabled)
options:
  path:
    description:
      - The file for the report, relative to the directory in which Ansible was started. An empty path disables it.
      - If it cannot be written, the run ends with exit code 1.
    type: str
    default: drift.json
    env:
      - name: KUBER_DRIFT_REPORT
    ini:
      - section: callback_drift_report
        key: path
  exit_code:
    description:
      - Whether the exit code distinguishes no drift (0), drift (2), and a run that could not check everything (1).
      - With V(false), Ansible's own exit code is kept. It is 0 with drift, 2 if a task has failed and 4 if a host
        could not be reached.
    type: bool
    default: true
    env:
      - name: KUBER_DRIFT_EXIT_CODE
    ini:
      - section: callback_drift_report
        key: exit_code
"""

import contextlib
import datetime
import pathlib
import typing as t

from ansible import constants, context
from ansible.plugins.callback import CallbackBase

from ansible_collections.kuber.network.plugins.plugin_utils import _drift_report
from ansible_collections.kuber.network.plugins.plugin_utils._drift_report import DriftReport, Status, TaskOnHost
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

HEADING = "DRIFT REPORT"
COLORS = {
    Status.IN_SYNC: constants.COLOR_OK,
    Status.DRIFTED: constants.COLOR_CHANGED,
    Status.INCOMPLETE: constants.COLOR_ERROR,
}


class CallbackModule(CallbackBase):
    """Collects results in check mode, and reports after the last playbook."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kuber.network.drift_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        # Ansible copies each result for each callback that has the method.
        self.disabled = not context.CLIARGS.get("check")
        self._report = DriftReport(_now())
        self._play = ""
        self._playbooks_left = len(context.CLIARGS.get("args") or ())

    @property
    def _path(self) -> pathlib.Path | None:
        path = self.get_option("path")
        return pathlib.Path(path).expanduser() if path else None

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._playbooks_left -= 1
        with contextlib.suppress(OSError):
            if self._path:
                self._path.unlink(missing_ok=True)

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._play = play.get_name()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if result.task.check_mode is not False:
            self._report.add(self._place(result), result.result, result.task.resolved_action or result.task.action)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._report.add_failure(self._place(result), result.result, "failed")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        if not result.task.ignore_unreachable:
            self._report.add_failure(self._place(result), result.result, "unreachable")

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._report.forget_rescued(stats.failures)
        report = self._report
        if self._playbooks_left and not report.not_checked:
            return
        written = self._tell()
        if self.get_option("exit_code"):
            code = report.status.exit_code if written else Status.INCOMPLETE.exit_code
            if code:
                # Ansible cleans up at exit.
                raise SystemExit(code)

    def _tell(self) -> bool:
        if not self._report.is_about_drift:
            show(self._report.summary())
            return True
        now = _now()
        color = COLORS[self._report.status]
        table = self._report.table(width=self._display.columns, now=now)
        if table:
            stars = "*" * max(3, self._display.columns - len(HEADING) - 2)
            show("\n".join(["", f"{HEADING} {stars}", *table, ""]))
        arguments = context.CLIARGS
        selection = {
            "playbooks": list(arguments["args"]),
            "limit": arguments["subset"],
            "tags": list(arguments["tags"]),
            "skip_tags": list(arguments["skip_tags"]),
        }
        where = ""
        try:
            if self._path:
                _drift_report.write(self._path, self._report.dump(now, **selection))
                where = f"; as JSON in {self._path}"
        except OSError as exc:
            self._display.error(f"Cannot write the drift report to {self._path}: {exc}")
            return False
        finally:
            show(f"{self._report.summary()}{where}", color=color)
        return True

    def _place(self, result: t.Any) -> TaskOnHost:
        role = result.task._role
        return TaskOnHost(
            host=result.host.get_name(),
            play=self._play,
            role=role.get_name() if role else None,
            task=str(result.task.name or result.task.get_name(include_role_fqcn=False)),
        )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
