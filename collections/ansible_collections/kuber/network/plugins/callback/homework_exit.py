# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: homework_exit
type: aggregate
short_description: Set the exit code of a homework's check
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Ends a run of the playbook C(homework.yml) with exit code 0 if everything that the folder claims works, 2 if not,
    and 1 if it could not be checked. That is what M(kuber.network.homework_report) has found. Without a report the
    code is 1, also for a folder that was refused.
  - Other playbooks keep Ansible's own exit code. So do runs without this callback, where the code is 2 in both cases.
requirements:
  - listed in C(callbacks_enabled)
"""

import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

UNCHECKED = 1


class CallbackModule(CallbackBase):
    """Keeps the code of the report, and ends with it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kuber.network.homework_exit"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._is_homework = False
        self._code: int | None = None

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._is_homework = pathlib.PurePath(playbook._file_name).name == "homework.yml"

    def v2_runner_on_ok(self, result: t.Any) -> None:
        code = result.result.get("homework_exit_code")
        if isinstance(code, int):
            self._code = code

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        failed = any(
            sum(stats.summarize(host)[kind] for kind in ("failures", "unreachable")) for host in stats.processed
        )
        if self._is_homework and failed:
            # Ansible cleans up at exit.
            raise SystemExit(self._code or UNCHECKED)
