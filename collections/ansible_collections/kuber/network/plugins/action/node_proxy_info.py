# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate import node
from ansible_collections.kuber.network.plugins.module_utils._net import kernel
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "name": {"type": "str"},
        "node_ports": {"type": "list", "elements": "int", "default": []},
        "scheduler": {
            "type": "str",
            "default": kernel.DEFAULT_SCHEDULER,
            "choices": list(proxy_config.SCHEDULERS),
        },
    }

    _requires_connection = True

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        name = params["name"] or task_vars["inventory_hostname"]
        found = node.read(self.runner, name, params["node_ports"], scheduler=params["scheduler"])
        return {"facts": found.dump()}
