# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._machines import bundle, install, run
from ansible_collections.kuber.network.plugins.module_utils._machines.summary import RunVerdict
from ansible_collections.kuber.network.plugins.module_utils._runner import Runner
from ansible_collections.kuber.network.plugins.plugin_utils._action import ConnectionRunner, KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._terminal import show

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = ("site", "teardown", "verify")


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "playbook": {"type": "str", "choices": list(PLAYBOOKS), "default": "site"},
        "arguments": {"type": "list", "elements": "str", "default": []},
        "settings": {"type": "dict", "default": {}},
        "directory": {"type": "str", "default": ".local/share/kuber.network"},
        "python": {"type": "str", "default": "python3"},
        "packages": {"type": "list", "elements": "str", "required": True},
        "pip_arguments": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "float", "default": 3600.0},
        "interval": {"type": "int", "default": 30},
    }
    _requires_connection = True

    @property
    def runner(self) -> Runner:
        # The user who has the minikube starts the run, whatever the inventory says: become is for tasks of the run.
        return ConnectionRunner(self, become=False)

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        machine = str(task_vars.get("inventory_hostname"))

        def tell(text: str) -> None:
            show(f"{machine}: {text}")

        try:
            place, installed = self._install(params, tell)
            done = self._run(params, task_vars, place, tell)
        except AnsibleConnectionFailure as exc:
            error = KuberError("The machine cannot be reached", found=str(exc.message).strip())
            error.partial = {"verdict": RunVerdict.UNREACHABLE.value, "drift": []}
            tell(str(error))
            raise error from exc
        except KuberError as exc:
            exc.partial = {"verdict": RunVerdict.FAILED.value, "drift": []} | exc.partial
            tell(str(exc))
            raise
        result = self._result(done, installed)
        tell(f"{result['verdict']} after {done.seconds:.0f} s")
        return result

    def _install(self, params: dict[str, t.Any], tell: t.Callable[[str], None]) -> tuple[install.Place, bool]:
        return install.ensure(
            self.runner,
            bundle.read(COLLECTION, params["packages"]),
            directory=params["directory"].removeprefix("~/"),
            python=params["python"],
            pip_arguments=params["pip_arguments"],
            tell=tell,
        )

    def _run(
        self,
        params: dict[str, t.Any],
        task_vars: dict[str, t.Any],
        place: install.Place,
        tell: t.Callable[[str], None],
    ) -> run.Run:
        password = task_vars.get("ansible_become_password") or self._play_context.become_pass
        check = ["--check"] if self.check_mode else []
        run.start(
            self.runner,
            place,
            arguments=[f"kuber.network.{params['playbook']}", *check, *params["arguments"]],
            settings=params["settings"],
            environment=self._given_environment(),
            become_password=str(password or ""),
        )
        return run.follow(self.runner, place, timeout=params["timeout"], interval=params["interval"], tell=tell)

    def _given_environment(self) -> dict[str, str]:
        """What ``environment`` of the play and of the task sets: it is for the machine."""
        given: dict[str, t.Any] = {}
        self._compute_environment_string(given)
        return {str(name): str(value) for name, value in given.items()}

    def _result(self, done: run.Run, installed: bool) -> dict[str, t.Any]:
        verdict = RunVerdict.FAILED
        if not done.problems:
            differs = RunVerdict.DRIFTED if self.check_mode else RunVerdict.CHANGED
            verdict = differs if done.drift else RunVerdict.OK
        return {
            "changed": bool(done.drift),
            "failed": not verdict.is_fine,
            "msg": "; ".join(done.problems),
            "verdict": verdict.value,
            "installed": installed,
            "exit_code": done.exit_code,
            "seconds": round(done.seconds, 1),
            "drift": [_drift(one) for one in done.drift],
            "report": dict(done.report),
            "log": done.log.splitlines(),
        }


def _drift(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "thing": found["thing"] or found["task"],
        "action": found["action"],
        "fields": found["fields"],
        "removed": found["removed"],
        "added": found["added"],
    }
