# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import hosts_file
from ansible_collections.kuber.network.plugins.plugin_utils._probe import ProbingAction


class ActionModule(ProbingAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = hosts_file.ARGUMENT_SPEC

    def probe(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        return hosts_file.plan_change(params).result()
