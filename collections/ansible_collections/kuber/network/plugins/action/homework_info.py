# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import cluster_checks, pulling, rows
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import Inspection
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Status
from ansible_collections.kuber.network.plugins.plugin_utils import _homework_folder
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        **_homework_folder.FOLDER_SPEC,
        "not_pulled": {"type": "list", "elements": "str", "default": []},
        "services": {"type": "list", "elements": "dict", "default": []},
        "ingress_address": {"type": "str", "default": ""},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if not params["src"]:
            raise KuberError("No folder was named", wanted="a folder of manifests (homework_dir)")
        _upgraded, found = _homework_folder.read(params)
        _refuse(found, params["language"])
        return {
            "edition": found.edition,
            "objects": list(found.applied),
            "images": list(found.images),
            "puller": pulling.pod(found.applied, besides=params["not_pulled"]) or {},
            "notes": [note.text(params["language"]) for note in found.notes],
            "summary": [
                f"{row.number} {row.title.text(params['language'])}"
                for row in rows.ROWS[found.edition]
                if found.claims[row.number].status is not Status.NOT_PART
            ],
            "checks": cluster_checks.checks(found, params["services"], params["ingress_address"]),
            "rollout": cluster_checks.rollout(found, params["services"]),
            "networks": cluster_checks.networks(params["services"], found.applied),
        }


def _refuse(found: Inspection, language: str) -> None:
    if found.dangers:
        lines = "".join(f"\n  {one.object}: {one.what.text(language)} ({one.word})" for one in found.dangers)
        raise KuberError(
            f"The folder has what a homework does not need and what could harm the cluster:{lines}",
            remedy="Nothing was applied. Remove it, or allow it by the words in brackets (homework_allow)",
        )
