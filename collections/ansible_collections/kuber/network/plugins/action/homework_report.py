# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._checks.model import CheckResult
from ansible_collections.kuber.network.plugins.module_utils._homework import junit, page, report, verdicts
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Fault, Message
from ansible_collections.kuber.network.plugins.module_utils._homework.report import HomeworkReport
from ansible_collections.kuber.network.plugins.plugin_utils import _homework_files, _homework_folder
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        **_homework_folder.FOLDER_SPEC,
        "answers": {"type": "list", "elements": "dict", "default": []},
        "diagnosis": {"type": "str", "default": ""},
        "refusal": {"type": "str", "default": ""},
        "rollouts": {"type": "list", "elements": "dict", "default": []},
        "rollout_failure": {"type": "str", "default": ""},
        "stand_ins": {"type": "list", "elements": "str", "default": []},
        "dest": {"type": "path", "required": True},
        "remark": {"type": "str", "default": ""},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        src = pathlib.Path(os.path.abspath(params["src"]))
        result = _refused(src, params) if params["refusal"] else _concluded(src, params)
        show("\n".join(report.table(result, paint=stringc)))
        data = report.dump(result)
        texts = {
            "html": page.render(result, remark=params["remark"]),
            "json": json.dumps(data, ensure_ascii=False, indent=2) + "\n",
            "xml": junit.one(data),
        }
        written = _homework_files.write(src, params["dest"], texts, check_mode=self.check_mode)
        return {
            "verdicts": {one.number: one.status.value for one in result.verdicts},
            "homework_exit_code": verdicts.exit_code(result.verdicts),
            **written,
        }


def _refused(src: pathlib.Path, params: dict[str, t.Any]) -> HomeworkReport:
    """Return the report on a folder that cannot be checked: it is not even read again."""
    found = tuple(verdicts.refused(params["refusal"]))
    return HomeworkReport(_homework_files.name_of(src), "", found, params["language"])


def _concluded(src: pathlib.Path, params: dict[str, t.Any]) -> HomeworkReport:
    upgraded, found = _homework_folder.read(params)
    answers = [CheckResult.load(one) for one in params["answers"]]
    concluded = verdicts.conclude(found.edition, found.claims, answers, changes=upgraded.changes())
    if params["diagnosis"]:
        diagnosis = Fault(Message(params["diagnosis"], params["diagnosis"]))
        concluded = [verdicts.explained(one, diagnosis) for one in concluded]
    concluded = verdicts.with_rollouts(concluded, params["rollouts"], params["rollout_failure"])
    notes = tuple(
        Message(f"Another image answered: {one}", f"Вместо образа отвечал другой: {one}") for one in params["stand_ins"]
    )
    return HomeworkReport(
        _homework_files.name_of(src), found.edition, tuple(concluded), params["language"], (*found.notes, *notes)
    )
