# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._kube import diff
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import is_secret
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, output, reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "src": {"type": "path"},
        "definition": {"type": "raw"},
        "dest": {"type": "path"},
        "ingress_class": {"type": "str", "default": "nginx"},
    }
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {
        "mutually_exclusive": [("src", "definition"), ("dest", "definition")],
        "required_one_of": [("src", "definition")],
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if params["src"] is None:
            read = reading.from_definition(params["definition"])
            return _result(upgrade(read, ingress_class=params["ingress_class"]))
        source = folder.load(params["src"])
        upgraded = upgrade(source.read(), ingress_class=params["ingress_class"])
        result = _result(upgraded)
        if params["dest"] is not None:
            result |= self._write(source, upgraded, params["dest"], result["remarks"])
        return result

    def _write(
        self, source: folder.Folder, upgraded: Upgrade, dest: str, remarks: list[dict[str, str]]
    ) -> dict[str, t.Any]:
        rendered = output.render(source, upgraded)
        plan = output.plan(source, rendered, dest)
        if plan.changes and not self.check_mode:
            output.carry_out(plan)
        return {
            "changed": plan.changes,
            "files": sorted(rendered.files),
            "remarks": remarks + [one.dump() for one in rendered.remarks],
        }


def _result(upgraded: Upgrade) -> dict[str, t.Any]:
    result: dict[str, t.Any] = upgraded.dump()
    result["diff"] = [diff.of(*one) for one in upgraded.comparisons()]
    if any(is_secret(one) for one in result["objects"]):
        # For use in tasks, but not for display: with -v Ansible shows results.
        result["_ansible_no_log"] = True
    return result
