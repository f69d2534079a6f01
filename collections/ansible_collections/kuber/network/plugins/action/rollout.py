# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import typing as t
import urllib.parse

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._forward.plan import ForwardTarget
from ansible_collections.kuber.network.plugins.module_utils._rollout import picture, run, strategy, svg
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._forwarding import Forwarder
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((100, 0)).columns


def target_of(url: str) -> ForwardTarget:
    """Where a node has to connect to for a page."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise KuberError("Unsupported URL for a check from the host", wanted="http://ADDRESS/PATH", found=url)
    return ForwardTarget(url, parts.hostname, parts.port or 80)


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "strategy": {"type": "str", "choices": sorted(strategy.NAMED)},
        "max_surge": {"type": "str"},
        "max_unavailable": {"type": "str"},
        "title": {"type": "str"},
        "probe_url": {"type": "str"},
        "probe_from": {"type": "str", "default": "controller", "choices": ["controller", "host"]},
        "rate": {"type": "float", "default": run.RolloutSpec.rate},
        "timeout": {"type": "float", "default": run.RolloutSpec.timeout},
        "earlier": {"type": "list", "elements": "dict", "default": []},
        "wait_timeout": {"type": "int", "default": int(run.RolloutSpec.wait_timeout)},
    }
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {
        "mutually_exclusive": [("strategy", "max_surge"), ("strategy", "max_unavailable")],
        "required_together": [("max_surge", "max_unavailable")],
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        wanted = self._strategy(params)
        rate = run.checked_rate(params["rate"])
        client = _client.of(self, params)
        spec = run.RolloutSpec(
            name=params["name"],
            namespace=params["namespace"] or client.namespace,
            strategy=wanted,
            probe_url=params["probe_url"],
            rate=rate,
            timeout=params["timeout"],
            wait_timeout=params["wait_timeout"],
        )
        body = run.read(client, spec)
        used = wanted or strategy.Strategy.of(body)
        most, fewest = used.bounds(body["spec"]["replicas"])
        known: dict[str, t.Any] = {
            "changed": True,
            "title": params["title"] or str(spec.item.ref),
            "strategy": used.dump(),
            "bounds": {"most_pods": most, "fewest_available": fewest},
        }
        if self.check_mode:
            return known
        with contextlib.ExitStack() as stack:
            if params["probe_url"] and params["probe_from"] == "host":
                forwarder = stack.enter_context(Forwarder(self.sockets_of_host()))
                opened = forwarder.open(target_of(params["probe_url"]))
                spec = dataclasses.replace(spec, probe_through=opened.socket)
            timeline = run.roll_out(client, spec, show)
        lines = picture.draw(timeline, title=f"{known['title']} ({picture.rules(known['strategy'])})", width=WIDTH)
        result = timeline.dump() | known | {"picture": lines}
        rollouts = [*params["earlier"], result]
        comparison = ["", *picture.table(rollouts)] if len(rollouts) > 1 else []
        show("\n".join(["", *lines, "", *picture.events(timeline), *comparison, ""]))
        return result | {"svg": svg.draw(rollouts)}

    @staticmethod
    def _strategy(params: dict[str, t.Any]) -> strategy.Strategy | None:
        if params["strategy"] is not None:
            return strategy.NAMED[params["strategy"]]
        if params["max_surge"] is not None:
            return strategy.own(params["max_surge"], params["max_unavailable"])
        return None
