# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Leaves what our task says about its own time where the harness finds it."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = """
name: stats_to_file
type: stdout
short_description: Writes the stats of a task's result to a file
description:
  - Writes C(stats) of the last result that has them to the file that E(BENCH_STATS) names, and the rest as usual.
  - In the place of the usual callback, for Ansible makes a copy of a result for each callback there is.
extends_documentation_fragment: [default_callback]
author: The kuber.network authors (@kuber-network)
"""


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "stats_to_file"

    def v2_runner_on_ok(self, result: t.Any) -> None:
        super().v2_runner_on_ok(result)
        stats = result.result.get("stats")
        if stats:
            pathlib.Path(os.environ["BENCH_STATS"]).write_text(json.dumps(stats))
