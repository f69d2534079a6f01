# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import (
    leftovers,
    node,
    node_report,
    node_write,
    variants,
)
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "proxy_mode": {"type": "str", "required": True, "choices": list(leftovers.MODES)},
        "echo_reply": {"type": "bool", "default": False},
        "variant": {"type": "str", "default": variants.AUTO, "choices": list(variants.CHOICES)},
        "mode_pending": {"type": "bool", "default": False},
    }

    _requires_connection = True

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        spec = node.NodeSpec(params["proxy_mode"], params["echo_reply"], params["variant"], params["mode_pending"])
        writer = node_write.Writer(self.runner)
        try:
            outcome = node_write.reconcile(self.runner, spec, check_mode=self.check_mode, writer=writer)
        except KuberError as exc:
            exc.changed = bool(writer.begun)
            raise
        except AnsibleConnectionFailure as exc:
            if not writer.begun:
                raise
            raise KuberError(
                "The connection to the node was lost while it was being changed",
                wanted="an answer to each command",
                found=f"{exc}. Commands begun: {'; '.join(writer.begun)}",
                remedy="Run again when the node is back; completed changes are not repeated",
                changed=True,
            ) from exc
        return self._result(outcome, task_vars["inventory_hostname"])

    @staticmethod
    def _result(outcome: node_write.NodeOutcome, host: str) -> dict[str, t.Any]:
        state, plan = outcome.state, outcome.plan
        return {
            "changed": bool(plan),
            "backend": state.variant,
            "removed": node_report.removed(state, plan),
            "added": node_report.added(state, plan),
            "drift": _drift.dump(node_report.drift(state, plan)),
            "diff": node_report.diff(state, plan),
            "left": [one.text for one in plan.left if not one.unknown],
            "unknown": [one.text for one in plan.left if one.unknown],
            # Ansible shows equal warnings of several hosts once, without a host.
            "warnings": [f"Node {host}: {one.text}" for one in plan.left],
        }
