# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Target
from ansible_collections.kuber.network.plugins.module_utils._ingress.rendering import render
from ansible_collections.kuber.network.plugins.module_utils._ingress.report import report
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, reading
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._manifests_args import CONNECTION
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((120, 0)).columns
PATHS = ("/apis/networking.k8s.io/v1/ingresses", "/api/v1/services")


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = CONNECTION | {
        "src": {"type": "path"},
        "definition": {"type": "raw"},
        "targets": {
            "type": "list",
            "elements": "str",
            "choices": [target.value for target in Target],
            "default": [target.value for target in Target],
        },
        "ingress_class": {"type": "str", "default": "nginx"},
        "show": {"type": "bool", "default": True},
    }
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {"mutually_exclusive": [("src", "definition")]}

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        given = params["src"] is not None or params["definition"] is not None
        found = report(
            self._given(params) if given else self._live(params),
            ingress_class=params["ingress_class"],
            targets=[Target(one) for one in params["targets"]],
            complete=not given,
        )
        if params["show"]:
            show("\n".join(render(found, width=WIDTH)))
        return found.dump() | {"lines": render(found)}

    @staticmethod
    def _given(params: dict[str, t.Any]) -> list[Body]:
        if params["src"] is not None:
            read = folder.load(params["src"]).read()
        else:
            read = reading.from_definition(params["definition"])
        for finding in read.findings:
            raise KuberError(f"{finding.origin}: {finding.problem}", remedy=finding.remedy)
        return [part.body for part in read.parts if part.body.get("kind") in ("Ingress", "Service")]

    def _live(self, params: dict[str, t.Any]) -> list[Body]:
        client = _client.of(self, params)
        return [body for path in PATHS for body in client.list(path)]
