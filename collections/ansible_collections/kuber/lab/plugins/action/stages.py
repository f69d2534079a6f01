# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds things once, keyed by what they are built from (documentation: the module of the same name)."""

from __future__ import annotations

import concurrent.futures
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
import threading
import time
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import env_fallback
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kuber.lab.plugins.plugin_utils._index import VARIABLE, Address, AddressError
from ansible_collections.kuber.lab.plugins.plugin_utils._mirror import Mirror
from ansible_collections.kuber.lab.plugins.plugin_utils._progress import Ticker, duration
from ansible_collections.kuber.lab.plugins.plugin_utils._transfer import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterator  # pragma: no cover

display = Display()

POLL_SECONDS = 0.2
KEEP_DAYS = 14
FULL_BYTES = 1 << 20
PR_SET_PDEATHSIG = 1

Spec = dict[str, t.Any]

STAGES_SPEC: Spec = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "script": {"type": "path", "required": True},
        "inputs": {"type": "dict", "default": {}},
        "environment": {"type": "dict", "default": {}},
        "tools": {"type": "dict", "default": {}},
        "takes": {"type": "int", "required": True},
        "portable": {"type": "bool", "default": False},
    },
}

SPEC: Spec = {
    "cache": {"type": "path", "required": True},
    "stages": STAGES_SPEC,
    "mirror": {"type": "str", "fallback": (env_fallback, [VARIABLE])},
}


def mirror_of(address: str | None) -> Mirror | None:
    try:
        return Mirror(Address.parse(address)) if address else None
    except AddressError as exc:
        # Ansible would add the words of a cause to the message.
        raise AnsibleActionFail(str(exc)) from None


def fingerprint(script: pathlib.Path, inputs: dict[str, str], environment: dict[str, str]) -> str:
    """Return a hash of everything a result is built from, without its paths, so that all clones share results."""
    digest = hashlib.sha256(json.dumps(environment, sort_keys=True).encode())
    for root in [script, *(pathlib.Path(path) for _name, path in sorted(inputs.items()))]:
        if not root.exists():
            raise AnsibleActionFail(f"Input {root} of a stage does not exist.")
        files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
        for path in files:
            # The umask decides for whom else a clone's scripts are executable.
            executable = 0o111 if path.stat().st_mode & 0o100 else 0
            digest.update(f"{path.relative_to(root.parent)}\0{executable}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def last_line(path: pathlib.Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 2000))
        lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip()[:120] for line in reversed(lines) if line.strip()), "")


def die_with_parent() -> None:
    """Runs in the child: a killed playbook takes its build along, whatever killed it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Stage:
    """One entry of the cache: where it lives, how it is built, how long that took the last time."""

    def __init__(self, cache: pathlib.Path, spec: Spec, mirror: Mirror | None = None) -> None:
        self.name: str = spec["name"]
        self.is_portable: bool = spec["portable"]
        environment = {name: str(value) for name, value in spec["environment"].items()}
        key = fingerprint(pathlib.Path(spec["script"]), spec["inputs"], environment)
        self.cache = cache
        self.path = cache / f"{self.name}-{key}"
        self._script: str = spec["script"]
        self._environment = environment | spec["inputs"] | spec["tools"]
        self._takes: int = spec["takes"]
        self._mirror = mirror if self.is_portable else None
        self._partial = cache / f"{self.name}-{key}.partial"
        self._log = cache / f"{self.name}.log"
        self._seconds = cache / f"{self.name}.seconds"

    @property
    def is_built(self) -> bool:
        return self.path.exists()

    def ensure(self, cancelled: threading.Event) -> None:
        """Return when the result exists, fetched or built by this run or by another one."""
        with self._locked(cancelled):
            if self.is_built or cancelled.is_set():
                return
            for left in self.cache.glob(f"{self.name}-*.partial"):
                shutil.rmtree(left)
            if not self._fetch(cancelled) and not cancelled.is_set():
                self._build(cancelled)

    def keep(self) -> None:
        """Mark the result as used, and remove those of other inputs that have not been used for a while."""
        os.utime(self.path)
        limit = time.time() - KEEP_DAYS * 86400
        for path in self.cache.glob(f"{self.name}-????????????*"):
            if path != self.path and path.stat().st_mtime < limit:
                shutil.rmtree(path, ignore_errors=True)

    def expected(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return f"took {duration(float(self._seconds.read_text()))} the last time"
        return f"about {duration(self._takes)} on two idle cores"

    @contextlib.contextmanager
    def _locked(self, cancelled: threading.Event) -> Iterator[None]:
        """Let one run build while others, of another clone perhaps, wait for its result."""
        with (self.cache / f"{self.name}.lock").open("w") as lock:
            ticker = Ticker()
            while not cancelled.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    ticker.tell(lambda gone: f"{self.name}: another run is building it, waiting for {gone}")
                    time.sleep(POLL_SECONDS)
            yield

    def _fetch(self, cancelled: threading.Event) -> bool:
        """Whether the mirror had the result. It may take as long as building it would."""
        if self._mirror is None:
            return False
        self._partial.mkdir()
        ticker = Ticker()

        def tick(received: int) -> None:
            if cancelled.is_set():
                raise Refused(f"{self.name} is not needed any more")
            ticker.tell(lambda gone: f"{self.name}: {gone}: {received >> 20} of {part.size >> 20} MiB fetched")

        try:
            part = self._mirror.part(self.path.name)
            display.display(f"    {self.name}: fetching {(part.size >> 20) + 1} MiB of the mirror")
            self._mirror.fetch(part, self._partial, self._takes, tick).rename(self.path)
        except Refused as exc:
            if not cancelled.is_set():
                display.display(f"    {self.name}: {exc}; it is compiled instead")
            return False
        finally:
            shutil.rmtree(self._partial)
        return True

    def _build(self, cancelled: threading.Event) -> None:
        self._partial.mkdir()
        started = time.monotonic()
        code = self._run(cancelled)
        if cancelled.is_set():
            return
        if code:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-25:])
            failed = f"Stage {self.name} failed with exit code {code} after {duration(time.monotonic() - started)}"
            # The log lies on the same disk, and may have had no room for the words.
            if "No space left on device" in tail or shutil.disk_usage(self.cache).free < FULL_BYTES:
                shutil.rmtree(self._partial)
                raise AnsibleActionFail(
                    f"{failed}, because a disk is full. {self.cache} has {shutil.disk_usage(self.cache).free >> 20} MiB"
                    f" free now that the unfinished result is removed. Make room, or set XDG_CACHE_HOME to a directory "
                    f"on another disk, and run it again. The output is in {self._log}."
                )
            raise AnsibleActionFail(f"{failed}. Its whole output is in {self._log}, the end of it:\n{tail}")
        self._partial.rename(self.path)
        self._seconds.write_text(f"{time.monotonic() - started:.1f}\n")

    def _run(self, cancelled: threading.Event) -> int:
        # Namespaces of its own: whatever the script starts or mounts ends with it.
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-eu", self._script]
        with self._log.open("wb") as log:
            child = subprocess.Popen(  # pylint: disable=consider-using-with
                command,
                cwd=self._partial,
                env={**os.environ, **self._environment, "OUT": str(self._partial)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
            )
        expected = self.expected()
        display.display(f"    {self.name}: building, {expected}; output in {self._log}")
        ticker = Ticker()
        try:
            while child.poll() is None and not cancelled.is_set():
                ticker.tell(lambda gone: f"{self.name}: {gone} ({expected}): {last_line(self._log)}")
                time.sleep(POLL_SECONDS)
        finally:
            child.kill()
            code = child.wait()
        return code


def ensure_all(stages: t.Sequence[Stage]) -> None:
    """Have all results, built side by side; the first failure ends the others and is raised."""
    cancelled = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(stages)) as pool:
        builds = [pool.submit(stage.ensure, cancelled) for stage in stages]
        try:
            for build in concurrent.futures.as_completed(builds):
                build.result()
        finally:
            cancelled.set()


class ActionModule(ActionBase):
    """The ``kuber.lab.stages`` action."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=SPEC)[1]
        mirror = mirror_of(params["mirror"])
        cache = pathlib.Path(params["cache"])
        cache.mkdir(parents=True, exist_ok=True)
        stages = [Stage(cache, one, mirror) for one in params["stages"]]
        missing = [stage for stage in stages if not stage.is_built]
        if missing and not self._task.check_mode:
            ensure_all(missing)
        for stage in stages:
            if stage.is_built:
                stage.keep()
        paths = {stage.name: str(stage.path) for stage in stages}
        portable = {stage.name: str(stage.path) for stage in stages if stage.is_portable}
        result.update(changed=bool(missing), failed=False, paths=paths, portable=portable)
        return result
