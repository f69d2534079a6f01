# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import static_route
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.plugin_utils._probe import ProbingAction


class ActionModule(ProbingAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = static_route.ARGUMENT_SPEC
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = static_route.SPEC_RULES

    def probe(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        change = static_route.plan_change(params, LocalRunner())
        return change.result() | ({"warnings": list(change.warnings)} if change.warnings else {})
