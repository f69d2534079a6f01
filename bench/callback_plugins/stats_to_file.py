# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leaves what our task says about its own time where the harness finds it."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stats_to_file
type: aggregate
short_description: Writes the stats of a task's result to a file
description:
  - Writes C(stats) of the last result that has them to the file that E(BENCH_STATS) names.
author: The kuber.network authors (@kuber-network)
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stats_to_file"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        stats = result._result.get("stats")
        if stats:
            pathlib.Path(os.environ["BENCH_STATS"]).write_text(json.dumps(stats))
