# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import time
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import after_change
from ansible_collections.kuber.network.plugins.module_utils._kube import diff
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import Outcome, Run
from ansible_collections.kuber.network.plugins.plugin_utils import _client, _manifests_args
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._rendered import Cluster
from ansible_collections.kuber.network.plugins.plugin_utils._sources import Sources
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show


class ActionModule(KuberAction):
    ARGUMENT_SPEC = _manifests_args.ARGUMENT_SPEC
    SPEC_RULES = _manifests_args.SPEC_RULES

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        started = time.monotonic()
        client = functools.cache(lambda: _client.of(self, params, parallel=params["parallel"]))
        sources = Sources(self, task_vars, lambda: _cluster(client()))
        documents = sources.documents(params)
        loaded = time.monotonic() - started
        desired = _manifests_args.desired_set(params, documents, check=self.check_mode)
        outcome = Run(client(), desired, show).execute()
        for decision in outcome.decisions:
            self._display.vvv(str(decision))
        result = _result(outcome, loaded)
        if sources.remarks:
            result["warnings"] = [*sources.remarks, *result.get("warnings", [])]
        if self.diff_mode:
            # A diff of many new objects takes longer than everything else on the controller.
            done = {key: value for key, value in result.items() if key != "changed"}
            with after_change(changed=result["changed"], **done):
                result["diff"] = outcome.changes.diffs()
        return result


def _cluster(client: Client) -> Cluster:
    """What charts are rendered for."""
    version = client.get("/version")["gitVersion"]
    return Cluster(client.namespace, version, tuple(Kinds(client).versions()))


def _result(outcome: Outcome, loaded: float) -> dict[str, t.Any]:
    stats = outcome.stats.dump()
    stats["seconds"] = {"load": round(loaded, 3)} | stats["seconds"]
    result: dict[str, t.Any] = {
        "changed": outcome.changes.changed,
        "objects": outcome.changes.dump(),
        "drift": _drift.dump(outcome.changes.drift()),
        "summary": outcome.changes.summary(),
        "stats": stats,
    }
    for one, entry in zip(result["objects"], outcome.changes.entries, strict=True):
        if (live := outcome.live.get(entry.ref)) is not None:
            one["live"] = diff.public(live)
    if outcome.warnings:
        result["warnings"] = list(outcome.warnings)
    if outcome.error is not None:
        result |= {"failed": True, "msg": str(outcome.error)}
        result["changed"] |= outcome.error.changed
    return result
