# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._kube import info
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import is_secret
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._manifests_args import CONNECTION


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = CONNECTION | {
        "kind": {"type": "str", "required": True},
        "api_version": {"type": "str", "aliases": ["apiVersion"]},
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "label_selector": {"type": "str"},
        "query": {"type": "str"},
    }
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {"mutually_exclusive": [("name", "label_selector")]}

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        question = info.Question(**{key: params[key] for key in self.ARGUMENT_SPEC.keys() - CONNECTION.keys()})
        client = _client.of(self, params)
        answer = info.ask(client, question)
        result: dict[str, t.Any] = {"objects": answer.objects, "result": answer.result}
        if any(is_secret(one) for one in answer.objects):
            # For use in tasks, but not for display: with -v Ansible shows results.
            result["_ansible_no_log"] = True
        return result | ({"warnings": client.warnings} if client.warnings else {})
