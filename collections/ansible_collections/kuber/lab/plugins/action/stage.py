# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds something once, keyed by what it is built from (documentation: the module of the same name)."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

if t.TYPE_CHECKING:
    from collections.abc import Iterator  # pragma: no cover

display = Display()

PROGRESS_SECONDS = 15
KEEP_DAYS = 14
PR_SET_PDEATHSIG = 1


def fingerprint(script: pathlib.Path, inputs: dict[str, str], environment: dict[str, str]) -> str:
    """Name a result by everything it is made from: not by where that lies, so that all clones share results."""
    digest = hashlib.sha256(json.dumps(environment, sort_keys=True).encode())
    for root in [script, *(pathlib.Path(path) for _name, path in sorted(inputs.items()))]:
        if not root.exists():
            raise AnsibleActionFail(f"Input {root} of a stage does not exist.")
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for path in files:
            digest.update(f"{path.relative_to(root.parent)}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def last_line(path: pathlib.Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 2000))
        lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip()[:120] for line in reversed(lines) if line.strip()), "")


def die_with_parent() -> None:
    """Runs in the child: a killed playbook takes its build along, whatever killed it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Stage:
    """One entry of the cache: where it lives, how long it took the last time."""

    def __init__(self, cache: pathlib.Path, name: str, key: str) -> None:
        self.name = name
        self.cache = cache
        self.path = cache / f"{name}-{key}"
        self.partial = cache / f"{name}-{key}.partial"
        self.log = cache / f"{name}.log"
        self.seconds = cache / f"{name}.seconds"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one run build while others, of another clone perhaps, wait for its result."""
        with (self.cache / f"{self.name}.lock").open("w") as lock:
            started = time.monotonic()
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    waited = duration(time.monotonic() - started)
                    display.display(f"    {self.name}: another run is building it, waiting for {waited}")
                    time.sleep(PROGRESS_SECONDS)
            yield

    def expected(self, default: int) -> str:
        with contextlib.suppress(OSError, ValueError):
            return f"took {duration(float(self.seconds.read_text()))} the last time"
        return f"about {duration(default)} on two idle cores"

    def build(self, script: pathlib.Path, environment: dict[str, str], takes: int) -> None:
        for left in self.cache.glob(f"{self.name}-*.partial"):
            shutil.rmtree(left)
        self.partial.mkdir()
        started = time.monotonic()
        code = self._run(script, environment, takes)
        if code:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])
            raise AnsibleActionFail(
                f"Stage {self.name} failed with exit code {code} after {duration(time.monotonic() - started)}. "
                f"Its whole output is in {self.log}, the end of it:\n{tail}"
            )
        self.partial.rename(self.path)
        self.seconds.write_text(f"{time.monotonic() - started:.1f}\n")

    def _run(self, script: pathlib.Path, environment: dict[str, str], takes: int) -> int:
        # Namespaces of its own: whatever the script starts or mounts ends with it.
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-eu", str(script)]
        with self.log.open("wb") as log:
            child = subprocess.Popen(  # pylint: disable=consider-using-with
                command,
                cwd=self.partial,
                env={**os.environ, **environment, "OUT": str(self.partial)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        started = time.monotonic()
        expected = self.expected(takes)
        display.display(f"    {self.name}: building, {expected}; output in {self.log}")
        try:
            while True:
                try:
                    return child.wait(timeout=PROGRESS_SECONDS)
                except subprocess.TimeoutExpired:
                    gone = duration(time.monotonic() - started)
                    display.display(f"    {self.name}: {gone} ({expected}): {last_line(self.log)}")
        finally:
            child.kill()

    def forget_older(self) -> None:
        """Remove results of other inputs that nobody has used for a while."""
        limit = time.time() - KEEP_DAYS * 86400
        for path in self.cache.glob(f"{self.name}-????????????*"):
            if path != self.path and path.stat().st_mtime < limit:
                shutil.rmtree(path, ignore_errors=True)


class ActionModule(ActionBase):
    """The ``kuber.lab.stage`` action."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(
            argument_spec={
                "name": {"type": "str", "required": True},
                "cache": {"type": "path", "required": True},
                "script": {"type": "path", "required": True},
                "inputs": {"type": "dict", "default": {}},
                "environment": {"type": "dict", "default": {}},
                "tools": {"type": "dict", "default": {}},
                "takes": {"type": "int", "required": True},
            }
        )[1]
        cache = pathlib.Path(params["cache"])
        cache.mkdir(parents=True, exist_ok=True)
        script = pathlib.Path(params["script"])
        environment = {name: str(value) for name, value in params["environment"].items()}
        key = fingerprint(script, params["inputs"], environment)
        environment |= params["inputs"] | params["tools"]
        stage = Stage(cache, params["name"], key)
        changed = not stage.path.exists()
        if changed and not self._task.check_mode:
            with stage.locked():
                changed = not stage.path.exists()
                if changed:
                    stage.build(script, environment, params["takes"])
        if stage.path.exists():
            os.utime(stage.path)
            stage.forget_older()
        result.update(changed=changed, failed=False, path=str(stage.path))
        return result
