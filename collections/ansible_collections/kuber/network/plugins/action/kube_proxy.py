# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.transport import ApiError, Client
from ansible_collections.kuber.network.plugins.module_utils._net import kube_proxy, proxy_config
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction

ATTEMPTS = 3


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "mode": {"type": "str", "default": proxy_config.KEEP, "choices": [*proxy_config.MODES, proxy_config.KEEP]},
        "strict_arp": {"type": "bool"},
        "scheduler": {"type": "str", "choices": list(proxy_config.SCHEDULERS)},
        "settings": {"type": "dict", "default": {}},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        client = Client.from_kubeconfig(kubeconfig=params["kubeconfig"], context=params["context"])
        wish = proxy_config.Wish(params["mode"], params["strict_arp"], params["scheduler"], params["settings"])
        state, plan = self._settle_config(client, wish)
        pods = state.pods
        if not self.check_mode:
            if plan.restart:
                kube_proxy.restart(client, plan)
            pods = kube_proxy.wait(
                client, state.selector, plan, seconds=params["wait_timeout"], say=self._display.display
            )
        nodes = [{"name": pod.node, "mode": (plan.mode if plan.restart else None) or pod.mode} for pod in pods]
        return {
            "changed": bool(plan),
            "mode": plan.mode or next((node["mode"] for node in nodes), None),
            "nodes": nodes,
            "reasons": list(plan.restart),
            "diff": kube_proxy.diff(state, plan),
        }

    def _settle_config(self, client: Client, wish: proxy_config.Wish) -> tuple[kube_proxy.State, kube_proxy.Plan]:
        for attempt in range(1, ATTEMPTS + 1):
            state = kube_proxy.read(client)
            plan = kube_proxy.plan(state, wish)
            proxy_config.required_metrics_port(plan.config)
            if not plan.edit or self.check_mode:
                break
            try:
                kube_proxy.write_config(client, state, plan)
                break
            except ApiError as exc:
                if exc.status != 409 or attempt == ATTEMPTS:
                    raise
        return state, plan
