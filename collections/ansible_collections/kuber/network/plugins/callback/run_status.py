# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: run_status
type: aggregate
short_description: Write the progress and the findings of a run to a file
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Writes a file with the task that is running, and with what was changed so far (in check mode, would be) and
    what failed.
  - The module M(kuber.network.remote_playbook) follows a run on another machine by it.
requirements:
  - listed in C(callbacks_enabled)
options:
  path:
    description: The file, as JSON.
    type: path
    required: true
    env:
      - name: KUBER_RUN_STATUS
    ini:
      - section: callback_run_status
        key: path
"""

import datetime
import typing as t

from ansible import context

from ansible_collections.kuber.network.plugins.callback import drift_report
from ansible_collections.kuber.network.plugins.plugin_utils import _drift_report


class CallbackModule(drift_report.CallbackModule):
    """Collects as the drift report does, in check mode and without, and leaves terminal and exit code alone."""

    CALLBACK_NAME = "kuber.network.run_status"

    def __init__(self) -> None:
        super().__init__()
        self.disabled = False

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._write(task.get_name())

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if result.task.check_mode == bool(context.CLIARGS.get("check")):
            self._report.add(self._place(result), result.result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._report.forget_rescued(stats.failures)
        self._write(None)

    def _write(self, task: str | None) -> None:
        if self._path is not None:
            _drift_report.write(self._path, self._report.dump(datetime.datetime.now(datetime.UTC)) | {"task": task})
