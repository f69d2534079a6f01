# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Runs commands on the machine that we are on."""

from __future__ import annotations

import os
import subprocess

from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

COMMAND_NOT_FOUND = 127
# Where Debian keeps the programs of administrators; the PATH of other users leaves them out.
ADMINISTRATION = ("/usr/sbin", "/sbin")


class LocalRunner(Runner):
    """``Runner`` for this machine; messages of commands come in English, so that they can be recognised."""

    def __init__(self) -> None:
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMINISTRATION])
        self._environment = os.environ | {"LC_ALL": "C", "PATH": path}

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
            # What a shell says of it.
            return Result(argv, COMMAND_NOT_FOUND, "", f"{argv[0]}: {exc.strerror}")
        return Result(argv, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
