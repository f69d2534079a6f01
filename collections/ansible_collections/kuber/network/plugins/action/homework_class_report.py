# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import class_report, junit
from ansible_collections.kuber.network.plugins.module_utils._homework.class_report import ClassReport
from ansible_collections.kuber.network.plugins.module_utils._homework.model import LANGUAGES
from ansible_collections.kuber.network.plugins.plugin_utils import _homework_files
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "src": {"type": "path", "required": True},
        "reports": {"type": "list", "elements": "path", "required": True},
        "language": {"type": "str", "choices": [*LANGUAGES], "default": "en"},
        "dest": {"type": "path", "required": True},
        "remark": {"type": "str", "default": ""},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        src = pathlib.Path(params["src"]).resolve()
        reports = tuple(_read(pathlib.Path(one)) for one in params["reports"])
        result = ClassReport(src.name, reports, params["language"])
        show("\n".join(class_report.table(result, paint=stringc)))
        texts = {
            "html": class_report.render(result, remark=params["remark"]),
            "json": json.dumps(class_report.dump(result), ensure_ascii=False, indent=2) + "\n",
            "xml": junit.many(src.name, reports),
        }
        written = _homework_files.write(src, params["dest"], texts, check_mode=self.check_mode)
        return {"homework_exit_code": result.exit_code, **written}


def _read(path: pathlib.Path) -> dict[str, t.Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise KuberError(f"Cannot read the report {path}", found=str(exc)) from exc
    if not isinstance(found, dict) or "rows" not in found:
        raise KuberError(f"{path} is not a report", wanted="a file NAME.json of kuber.network.homework_report")
    return found
