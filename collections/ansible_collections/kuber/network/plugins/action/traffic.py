# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._migrate import figures, picture, traffic
from ansible_collections.kuber.network.plugins.module_utils._rollout import run
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

# Read at import, in the main process: the workers that run actions have no terminal.
WIDTH = shutil.get_terminal_size((100, 0)).columns
# Where the package ansible_collections is, for a Python that is not Ansible's.
COLLECTIONS = pathlib.Path(__file__).resolve().parents[5]
PROGRAM = "ansible_collections.kuber.network.plugins.module_utils._migrate.traffic"
LOG = "log"
START_SECONDS = 30.0
# A request that hangs is waited for.
END_SECONDS = 30.0
POLL_SECONDS = 0.1
MOST_CONNECTIONS = 100


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "state": {"type": "str", "required": True, "choices": ["started", "marked", "stopped"]},
        "url": {"type": "str"},
        "name_server": {"type": "str", "default": ""},
        "connections": {"type": "int", "default": 4},
        "rate": {"type": "float", "default": 10.0},
        "timeout": {"type": "float", "default": 5.0},
        "path": {"type": "path"},
        "what": {"type": "str"},
        "title": {"type": "str", "default": "switch"},
        "earlier": {"type": "list", "elements": "dict", "default": []},
    }
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [
            ("state", "started", ["url"]),
            ("state", "marked", ["path", "what"]),
            ("state", "stopped", ["path"]),
        ]
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if params["state"] == "started":
            return self._start(params)
        directory = pathlib.Path(params["path"])
        if not directory.is_dir():
            raise KuberError(
                "Nothing is measured in this directory",
                wanted="the path that state started has returned",
                found=str(directory),
            )
        if params["state"] == "marked":
            traffic.mark(directory, params["what"])
            return {}
        return self._stop(directory, params)

    def _start(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        run.checked_rate(params["rate"])
        if not 0 <= params["connections"] <= MOST_CONNECTIONS:
            raise KuberError(
                "The option connections is out of range",
                wanted=f"0 to {MOST_CONNECTIONS}",
                found=str(params["connections"]),
            )
        directory = pathlib.Path(tempfile.mkdtemp(prefix="kuber-traffic-"))
        order = traffic.Order(
            directory=str(directory),
            # The worker that runs this task ends with it.
            playbook=os.getppid(),
            url=params["url"],
            server=params["name_server"],
            rate=params["rate"],
            timeout=params["timeout"],
            connections=params["connections"],
        )
        with (directory / LOG).open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", PROGRAM, json.dumps(dataclasses.asdict(order))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=self.environment | {"PYTHONPATH": str(COLLECTIONS)},
            )
        deadline = time.monotonic() + START_SECONDS + params["timeout"]
        while not (directory / traffic.READY).exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise self._refused(directory, process, params)
            time.sleep(POLL_SECONDS)
        return {"path": str(directory)}

    @staticmethod
    def _refused(directory: pathlib.Path, process: subprocess.Popen[bytes], params: dict[str, t.Any]) -> KuberError:
        process.kill()
        problem = directory / traffic.PROBLEM
        log = (directory / LOG).read_text().strip()
        found = problem.read_text() if problem.exists() else log.rpartition("\n")[2] or "no answer in time"
        shutil.rmtree(directory, ignore_errors=True)
        asked = " and ".join(filter(None, (params["url"], params["name_server"])))
        return KuberError(
            "Requests cannot be measured: their targets do not answer, even before anything is changed",
            wanted=f"answers from {asked}",
            found=found,
            remedy="Make them reachable first (playbooks/site.yml), or correct url and name_server",
        )

    @staticmethod
    def _stop(directory: pathlib.Path, params: dict[str, t.Any]) -> dict[str, t.Any]:
        (directory / traffic.STOP).touch()
        deadline = time.monotonic() + END_SECONDS + params["timeout"]
        while not (directory / traffic.SEEN).exists():
            if time.monotonic() > deadline:
                log = (directory / LOG).read_text().strip()
                raise KuberError("The measurement has written no result", found=log[-300:] or "nothing")
            time.sleep(POLL_SECONDS)
        found = figures.conclude(traffic.read(directory)) | {"title": params["title"]}
        shutil.rmtree(directory, ignore_errors=True)
        lines = picture.draw(found, width=WIDTH)
        show("\n".join(["", *lines, ""]))
        return found | {"picture": lines, "svg": picture.svg([*params["earlier"], found])}
