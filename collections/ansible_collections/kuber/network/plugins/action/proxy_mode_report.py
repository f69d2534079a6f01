# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._migrate import cluster
from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts
from ansible_collections.kuber.network.plugins.module_utils._migrate.report import render, report
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._manifests_args import CONNECTION
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((120, 0)).columns


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = CONNECTION | {
        "to": {"type": "str", "required": True, "choices": list(proxy_config.MODES)},
        "nodes": {"type": "list", "elements": "dict", "default": []},
        "accept_stops": {"type": "bool", "default": False},
        "show": {"type": "bool", "default": True},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        found = report(
            params["to"],
            cluster.read(_client.of(self, params)),
            [NodeFacts.load(one) for one in params["nodes"]],
        )
        if params["show"]:
            show("\n".join(render(found, width=WIDTH, paint=stringc)))
        objections = [str(one) for one in found.objections(accepted=params["accept_stops"])]
        return found.dump() | {"objections": objections, "text": render(found, width=120)}
