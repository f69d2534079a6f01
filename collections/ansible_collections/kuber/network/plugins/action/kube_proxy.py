# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config, proxy_rollout
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress, retry
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

TRIES = 3


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "mode": {"type": "str", "default": proxy_config.KEEP, "choices": [*proxy_config.MODES, proxy_config.KEEP]},
        "strict_arp": {"type": "bool"},
        "scheduler": {"type": "str", "choices": list(proxy_config.SCHEDULERS)},
        "settings": {"type": "dict", "default": {}},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        client = _client.of(self, params)
        clock = Clock(params["wait_timeout"])
        client.keep_to(clock, Progress(show, clock))
        spec = proxy_config.ProxySpec(
            params["mode"],
            params["strict_arp"],
            params["scheduler"],
            params["settings"],
            notes=params["state"] == "present",
        )
        try:
            state, plan = self._reconcile_config(client, spec)
        except NoProxyError as exc:
            if spec.mode != proxy_config.KEEP:
                raise
            return {"mode": None, "nodes": [], "reasons": [], "drift": [], "warnings": [f"{exc.problem}: {exc.found}"]}
        pods = state.pods if self.check_mode else self._reconcile_pods(client, state, plan, params["wait_timeout"])
        if not self.check_mode and plan.restart and plan.notes and not spec.notes:
            # The annotations were needed to detect the restart; now they can be removed.
            pods = self._reconcile_pods(client, *self._reconcile_config(client, spec), params["wait_timeout"])
        before = {pod.node: pod.mode for pod in state.pods}
        modes = {pod.node: (plan.mode if plan.restart else None) or pod.mode for pod in pods}
        return {
            "changed": bool(plan),
            "mode": plan.mode or next(iter(modes.values()), None),
            "nodes": [{"name": node, "mode": mode, "before": before.get(node)} for node, mode in modes.items()],
            "reasons": list(plan.restart),
            "drift": _drift.dump(kube_proxy.drift(state, plan)),
            "diff": kube_proxy.diff(state, plan),
        }

    def _reconcile_config(
        self, client: Client, spec: proxy_config.ProxySpec
    ) -> tuple[kube_proxy.ProxyState, kube_proxy.ProxyPlan]:
        # Whoever writes to the ConfigMap at the same time comes first.
        reconcile = functools.partial(self._reconcile_config_once, client, spec)
        return retry(reconcile, ApiError, passes=lambda error: error.status == 409, tries=TRIES)

    def _reconcile_config_once(
        self, client: Client, spec: proxy_config.ProxySpec
    ) -> tuple[kube_proxy.ProxyState, kube_proxy.ProxyPlan]:
        state = kube_proxy.read(client)
        plan = kube_proxy.plan(state, spec)
        proxy_config.required_metrics_port(plan.config)
        for objection in kube_proxy.objections(client, plan) if plan else ():
            raise objection
        if plan.edit and not self.check_mode:
            proxy_rollout.write(client, state.document, proxy_config.dump(plan.config, like=state.document.text))
        return state, plan

    def _reconcile_pods(
        self, client: Client, state: kube_proxy.ProxyState, plan: kube_proxy.ProxyPlan, seconds: int
    ) -> tuple[kube_proxy.ProxyPod, ...]:
        try:
            if plan.restart:
                proxy_rollout.restart(client, plan)
            return proxy_rollout.wait(client, state.selector, plan, seconds=seconds, say=show)
        except proxy_rollout.CrashLoopError as exc:
            raise proxy_rollout.roll_back(client, state, plan, exc, seconds=seconds, say=show) from exc
        except KuberError as exc:
            exc.changed = bool(plan)
            exc.partial = {"reasons": list(plan.restart), "diff": kube_proxy.diff(state, plan)}
            raise
