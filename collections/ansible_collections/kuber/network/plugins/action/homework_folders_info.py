# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import folders
from ansible_collections.kuber.network.plugins.module_utils._homework.model import LANGUAGES
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "src": {"type": "path", "required": True},
        "scope": {"type": "str", "choices": [*folders.SCOPES], "default": folders.AUTO},
        "language": {"type": "str", "choices": [*LANGUAGES], "default": "en"},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if not params["src"]:
            raise KuberError("No folder was named", wanted="a folder of manifests (homework_dir)")
        found = folders.find(params["src"], params["scope"])
        return {
            "is_class": found.is_class,
            "why": found.why.text(params["language"]),
            "folders": [{"name": one.name, "path": one.path, "problem": one.problem} for one in found.homeworks],
        }
