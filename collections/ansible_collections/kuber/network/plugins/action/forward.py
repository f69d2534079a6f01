# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._forward.plan import lines, plan
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._forwarding import Forwarder
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

SERVICES, INGRESSES = "/api/v1/services", "/apis/networking.k8s.io/v1/ingresses"
# A signal may reach any thread, and wakes only that one.
ROUND_SECONDS = 0.5


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
    }

    _requires_connection = True

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        client = _client.of(self, params)
        ingresses = client.list(INGRESSES)
        targets, left = plan(client.list(SERVICES), ingresses)
        connect = self.sockets_of_host()
        if self.check_mode:
            return {"skipped": True, "msg": "No ports are opened in check mode"}
        with Forwarder(connect) as forwarder:
            opened = [forwarder.open(target) for target in targets]
            show("\n".join([*lines(opened, left, ingresses), "", "Press Ctrl-C to stop.", ""]))
            # The task ends with Ansible, by Ctrl-C, or by the time limit of the task.
            while True:
                time.sleep(ROUND_SECONDS)
