# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The base of all action plugins: validate options, return the result, turn errors into a failed task."""

from __future__ import annotations

import abc
import gc
import os
import re
import shlex
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.plugins.module_utils._types import TYPES
from ansible_collections.kuber.network.plugins.plugin_utils._libraries import missing
from ansible_collections.kuber.network.plugins.plugin_utils._orphans import end_with_playbook

# New objects before the garbage collector searches for cycles. Python's default is 700; but every search through a
# large set, and through everything inherited from the playbook's process, costs more than it finds.
COLLECT_AFTER = 100_000
# Options of the same name have the same meaning everywhere.
MOST_SECONDS = 86_400
SECONDS = frozenset({"interval", "timeout", "wait_timeout"})
# Ansible's message for an option of the wrong type, which uses Python's names of types.
WRONG_TYPE = re.compile(
    r"(?:argument|Elements value for option) '(?P<option>[^']+)' is of type (?P<found>\w+)"
    r"(?: found in '(?P<place>[^']+)'\.)? and we were unable to convert to (?P<wanted>\w+)\b"
)


class ConnectionRunner(Runner):
    """Runs commands on the task's host through its connection; the host needs a shell, not Python."""

    def __init__(self, action: ActionBase, *, become: bool = True) -> None:
        self._action = action
        self._become = become
        """Whether commands run as root where the inventory says so."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        # pylint: disable=protected-access
        # Names and comments on the host may be any bytes; Ansible decodes them as it does file names.
        data = None if stdin is None else stdin.encode(errors="surrogateescape")
        done = self._action._low_level_execute_command(shlex.join(argv), in_data=data, sudoable=self._become)
        return Result(argv, done["rc"], done["stdout"], done["stderr"])


class KuberAction(ActionBase, metaclass=abc.ABCMeta):
    """Base of the collection's actions: subclasses declare their options and implement ``perform``."""

    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]]
    SPEC_RULES: t.ClassVar[dict[str, t.Any]] = {}
    """``mutually_exclusive``, ``required_one_of`` and so on, as for AnsibleModule."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    @abc.abstractmethod
    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Perform the task and return its result; raise ``KuberError`` on failure."""

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    @property
    def diff_mode(self) -> bool:
        """Whether diffs are shown."""
        return bool(self._task.diff)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this process, updated with ``environment`` of the play and of the task."""
        given: dict[str, t.Any] = {}
        self._compute_environment_string(given)
        return {**os.environ, **{str(name): str(value) for name, value in given.items()}}

    @property
    def runner(self) -> Runner:
        return ConnectionRunner(self)

    def sockets_of_host(self) -> t.Callable[[str, int], t.Any]:
        """Return a function that opens TCP connections from the task's host, given host and port."""
        found = getattr(self._connection, "open_socket", None)
        if found is None:
            raise KuberError(
                "The connection to the task's host cannot open connections from there",
                wanted="the connection kuber.network.minikube, as set by the minikube inventory",
                found=str(self._connection.transport),
            )
        return t.cast("t.Callable[[str, int], t.Any]", found)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # The process was forked for this task, and ends with it.
        gc.set_threshold(COLLECT_AFTER)
        end_with_playbook()
        result = super().run(tmp, task_vars)
        try:
            outcome = self.perform(self._options(), task_vars or {})
        except KuberError as exc:
            outcome = exc.partial | {"changed": exc.changed, "failed": True, "msg": str(exc)}
        except ModuleNotFoundError as exc:
            outcome = {"failed": True, "msg": missing((exc.name or "").partition(".")[0], exc)}
        if not self.diff_mode:
            outcome.pop("diff", None)
        result.update({"changed": False, "failed": False} | outcome)
        return result

    def _options(self) -> dict[str, t.Any]:
        try:
            params: dict[str, t.Any] = self.validate_argument_spec(argument_spec=self.ARGUMENT_SPEC, **self.SPEC_RULES)[
                1
            ]
        except AnsibleActionFail as exc:
            wrong = WRONG_TYPE.search(str(exc))
            if wrong is None:
                raise
            raise self._wrong_type(wrong) from None
        for name in SECONDS & params.keys():
            if not 0 <= params[name] <= MOST_SECONDS:
                raise KuberError(
                    f"The option {name} is out of range",
                    wanted=f"0 to {MOST_SECONDS} seconds",
                    found=f"{params[name]:g}",
                )
        return params

    def _wrong_type(self, wrong: re.Match[str]) -> KuberError:
        place = f" in {wrong['place']}" if wrong["place"] else ""
        given = None if place else self._task.args.get(wrong["option"])
        return KuberError(
            f"The option {wrong['option']}{place} has the wrong type",
            wanted=TYPES.get(wrong["wanted"], wrong["wanted"]),
            found=repr(str(given)) if isinstance(given, str) else TYPES.get(wrong["found"], wrong["found"]),
        )
