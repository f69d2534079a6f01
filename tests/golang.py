# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Go, for programs that tests run against and that are compiled from their modules."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

from environments import CACHE


def go(*arguments: str, cwd: pathlib.Path) -> str:
    # Where this machine has no Go, the lab has unpacked one.
    unpacked = [str(path) for path in (CACHE.parent / "kuber-lab").glob("go-*/usr/lib/go-*/bin")]
    search = os.pathsep.join([os.environ["PATH"], *unpacked])
    variables = {"GOFLAGS": "-mod=mod -buildvcs=false", "CGO_ENABLED": "0", "PATH": search}
    program = shutil.which("go", path=search) or "go"
    environment = os.environ | variables
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
