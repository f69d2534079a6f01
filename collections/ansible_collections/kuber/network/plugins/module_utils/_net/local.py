# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run commands on the local machine."""

from __future__ import annotations

import os
import subprocess
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

COMMAND_NOT_FOUND = 127
# Debian keeps administrators' programs here; the PATH of other users lacks these directories.
ADMINISTRATION = ("/usr/sbin", "/sbin")


class LocalRunner(Runner):
    """``Runner`` for this machine; commands print their messages in English, so that they can be recognised."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        path = os.pathsep.join([environment.get("PATH", os.defpath), *ADMINISTRATION])
        self._environment = {**environment, "LC_ALL": "C", "PATH": path}

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        try:
            done = subprocess.run(
                argv,
                input=(stdin or "").encode(),
                capture_output=True,
                check=False,
                env=self._environment,
            )
        except OSError as exc:
            # The exit code of a shell for this.
            return Result(argv, COMMAND_NOT_FOUND, "", f"{argv[0]}: {exc.strerror}")
        return Result(argv, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
