# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import after_change
from ansible_collections.kuber.network.plugins.module_utils._kube import labels
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "label_selector": {"type": "str"},
        "labels": {"type": "dict", "required": True},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        wanted = {key: None if value is None else str(value) for key, value in params["labels"].items()}
        labels.refuse_malformed(wanted)
        client = _client.of(self, params)
        selector = {"labelSelector": params["label_selector"]} if params["label_selector"] else {}
        nodes = client.list("/api/v1/nodes", **selector)
        changes = labels.plan(nodes, wanted)
        if not self.check_mode:
            self._write(client, changes)
        return {
            "changed": bool(changes),
            "nodes": [node["metadata"]["name"] for node in nodes],
            "changes": [{"node": change.node, "before": change.before, "after": change.after} for change in changes],
            "drift": _drift.dump(change.drift() for change in changes),
            "diff": [change.diff() for change in changes],
        }

    @staticmethod
    def _write(client: Client, changes: t.Sequence[labels.Change]) -> None:
        with contextlib.ExitStack() as written:
            for change in changes:
                path = f"/api/v1/nodes/{change.node}"
                client.request("PATCH", path, body=change.patch(), content_type="application/merge-patch+json")
                written.enter_context(after_change())
