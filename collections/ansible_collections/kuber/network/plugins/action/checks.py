# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._checks.model import Check, CheckResult
from ansible_collections.kuber.network.plugins.module_utils._checks.places import CONTROLLER, HOST
from ansible_collections.kuber.network.plugins.module_utils._checks.run import run_checks
from ansible_collections.kuber.network.plugins.module_utils._checks.specs import CHECK_SPEC, ProbeContext, build
from ansible_collections.kuber.network.plugins.module_utils._checks.table import render
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._engine import engine_environment
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((120, 0)).columns


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "checks": CHECK_SPEC,
        "earlier": {"type": "list", "elements": "dict", "default": []},
        "from": {"type": "str", "default": CONTROLLER, "choices": [CONTROLLER, HOST]},
        "beside": {
            "type": "dict",
            "options": {
                "engine": {"type": "str", "choices": ["docker", "podman"], "required": True},
                "node": {"type": "str", "required": True},
                "destination": {"type": "str", "required": True},
            },
        },
        "collect": {"type": "bool", "default": False},
        "timeout": {"type": "float", "default": 60.0},
        "interval": {"type": "float", "default": 1.0},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        def connect() -> Client:
            return _client.of(self, params)

        def progress(pending: t.Sequence[Check], elapsed: float) -> None:
            names = ", ".join(check.name for check in pending)
            show(f"still failing after {elapsed:.0f} of {params['timeout']:.0f} s: {names}")

        if not params["checks"] and not params["earlier"]:
            raise KuberError("Nothing to check", wanted="at least one entry in checks or in earlier")
        host = str(self._task.delegate_to or task_vars["inventory_hostname"])
        beside = params["beside"]
        engine = engine_environment(beside["engine"], os.environ) if beside else None
        context = ProbeContext(self.runner, connect, host=host, usual=params["from"], beside=beside, engine=engine)
        checks = [build(raw, context) for raw in params["checks"]]
        verdicts = [CheckResult.load(item) for item in params["earlier"]]
        verdicts += run_checks(checks, timeout=params["timeout"], interval=params["interval"], progress=progress)
        if not params["collect"]:
            show("\n".join(render(verdicts, width=WIDTH, paint=stringc)))
        results = {"results": [verdict.dump() for verdict in verdicts]}
        failed = [verdict for verdict in verdicts if verdict.failed]
        if failed and not params["collect"]:
            lines = "".join(f"\n  {item.name}: {item.found} (wanted {item.wanted})" for item in failed)
            error = KuberError(f"{len(failed)} of {len(verdicts)} checks failed:{lines}")
            error.partial = results
            raise error
        return results
