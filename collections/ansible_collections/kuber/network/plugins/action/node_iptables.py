# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import iptables, leftovers, node
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction

BACKENDS = {"-nft": "nft", "-legacy": "legacy", "": "default"}


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "proxy_mode": {"type": "str", "required": True, "choices": list(leftovers.MODES)},
        "echo_reply": {"type": "bool", "default": False},
    }

    _requires_connection = True

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        state, wanted, warnings = node.settle(
            self.runner, mode=params["proxy_mode"], echo_reply=params["echo_reply"], check_mode=self.check_mode
        )
        changes = {family: part.changes for family, part in wanted.families.items()}
        removed = {family: iptables.removed_lines(state.families[family], changes[family]) for family in changes}
        for warning in warnings:
            self._display.warning(warning)
        return {
            "changed": bool(wanted),
            "backend": BACKENDS[state.variant],
            "removed": removed | {"ipvs": wanted.ipvs.lines()},
            "added": {family: iptables.added_lines(changes[family]) for family in changes},
            "diff": self._diff(state, wanted),
        }

    @staticmethod
    def _diff(state: node.State, wanted: node.Plan) -> list[dict[str, str]]:
        entries = []
        for family, part in wanted.families.items():
            tables = state.families[family]
            if part.changes:
                header = f"{node.PROGRAMS[family]}{state.variant}-save"
                after = iptables.render(iptables.apply(tables, part.changes))
                entries.append({"before_header": header, "before": iptables.render(tables)})
                entries[-1] |= {"after_header": header, "after": after}
        if wanted.ipvs:
            before = "".join(f"{line}\n" for line in wanted.ipvs.lines())
            entries.append({"before_header": "to remove", "before": before, "after_header": "removed", "after": ""})
        return entries
