# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible.utils.color import stringc

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._checks.model import Verdict as Answer
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework import page, report, verdicts
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Fault, Message
from ansible_collections.kuber.network.plugins.module_utils._homework.report import Report
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.plugin_utils import _homework_folder
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        **_homework_folder.FOLDER_SPEC,
        "answers": {"type": "list", "elements": "dict", "default": []},
        "diagnosis": {"type": "str", "default": ""},
        "stand_ins": {"type": "list", "elements": "str", "default": []},
        "dest": {"type": "path", "required": True},
        "remark": {"type": "str", "default": ""},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        src = pathlib.Path(params["src"]).resolve()
        directory = pathlib.Path(params["dest"]).resolve()
        if directory.is_relative_to(src):
            raise KuberError("Invalid option dest: it is inside the folder", found=str(directory))
        upgraded, found = _homework_folder.read(params)
        concluded = verdicts.conclude(
            found.edition,
            found.claims,
            [Answer.load(one) for one in params["answers"]],
            changes=upgraded.changes(),
        )
        told = [_explained(one, params["diagnosis"]) for one in concluded]
        notes = tuple(
            Message(f"Another image answered: {one}", f"Вместо образа отвечал другой: {one}")
            for one in params["stand_ins"]
        )
        result = Report(src.stem, found.edition, tuple(told), params["language"], notes)
        show("\n".join(report.table(result, paint=stringc)))
        texts = {
            "html": page.render(result, remark=params["remark"]),
            "json": json.dumps(report.dump(result), ensure_ascii=False, indent=2) + "\n",
            "xml": report.junit(result),
        }
        paths = {directory / f"{src.stem}.{kind}": text.encode() for kind, text in texts.items()}
        changed = [path for path, text in paths.items() if not path.is_file() or path.read_bytes() != text]
        if not self.check_mode:
            _write({path: paths[path] for path in changed})
        return {
            "changed": bool(changed),
            "verdicts": {one.number: one.status.value for one in told},
            "homework_exit_code": verdicts.exit_code(told),
            "files": sorted(str(path) for path in paths),
        }


def _explained(verdict: verdicts.Verdict, diagnosis: str) -> verdicts.Verdict:
    """Return the verdict with the diagnosis of the pods, if it is about these and they are not as wanted."""
    return verdicts.explained(verdict, Fault(Message(diagnosis, diagnosis))) if diagnosis else verdict


def _write(texts: t.Mapping[pathlib.Path, bytes]) -> None:
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(path, text)
    except OSError as exc:
        raise KuberError(f"Cannot write {exc.filename}", found=exc.strerror) from exc
