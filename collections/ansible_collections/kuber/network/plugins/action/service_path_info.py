# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import datetime
import pathlib
import shutil
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._trace import host, page, target, through_pod, tree
from ansible_collections.kuber.network.plugins.module_utils._trace.gather import TraceSources, trace
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Hop, first_broken, first_unknown, reason
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((120, 0)).columns
HOSTS = pathlib.Path("/etc/hosts")
NODES = "/api/v1/nodes"


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "target": {"type": "str", "required": True},
        "headers": {"type": "dict", "default": {}},
        "node": {"type": "str"},
        "through": {"type": "str", "default": "connection", "choices": ["connection", "pod"]},
        "pod_image": {"type": "str", "default": ""},
        "from": {"type": "str", "default": "controller", "choices": ["controller", "host"]},
        "show": {"type": "bool", "default": True},
    }

    _requires_connection = True

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        wanted = target.parse(params["target"])
        client = _client.of(self, params)
        headers = {name: str(value) for name, value in params["headers"].items()}
        with contextlib.ExitStack() as stack:
            node = params["node"] or task_vars["inventory_hostname"]
            runner = self.runner
            if params["through"] == "pod":
                node = through_pod.choose_node(client.list(NODES), params["node"])
                runner = stack.enter_context(through_pod.runner_on(client, node, params["pod_image"]))
            sources = TraceSources(
                client=client,
                machine=LocalRunner(),
                hosts=HOSTS.read_text(errors="replace"),
                resolve=host.ask_name_servers,
                node=runner,
                node_name=node,
                hidden=params["from"] == "host",
            )
            root = trace(sources, wanted, headers)
        if params["show"]:
            show("\n".join(tree.render(root, width=WIDTH, paint=stringc)))
        now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
        return {
            "target": wanted.text,
            "whole": first_broken(root) is None and first_unknown(root) is None,
            "broken": self._broken(first_broken(root)),
            "unknown": self._unknown(first_unknown(root)),
            "path": root.dump(),
            "lines": [line.rstrip() for line in tree.render(root, width=120, paint=lambda text, _color: text)],
            "html": page.render(root, remark=f"Recorded on {now} in context {client.context}, by kuber.network."),
        }

    @staticmethod
    def _unknown(hop: Hop | None) -> dict[str, str] | None:
        return {"kind": hop.kind.value, "name": hop.name, "what": reason(hop)} if hop else None

    @staticmethod
    def _broken(hop: Hop | None) -> dict[str, str] | None:
        if hop is None or hop.trouble is None:
            return None
        return {"kind": hop.kind.value, "name": hop.name, "what": hop.trouble.what, "remedy": hop.trouble.remedy}
