# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments of test stages, kept outside the clone for as long as their lock file stays the same."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "kuber.network"


def environment(python: pathlib.Path, lock: pathlib.Path) -> pathlib.Path:
    """The one that has just what the lock file names; made with the pip of the interpreter that runs this."""
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    key = hashlib.sha256(version.encode() + lock.read_bytes()).hexdigest()[:16]
    path = CACHE / f"{lock.stem}-{key}"
    if (path / "complete").exists():
        return path
    print(f"{path}: installing what {lock.relative_to(ROOT)} names, half a minute", flush=True)
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run([python, "-m", "venv", "--without-pip", path], check=True)
    # Modules are compiled when they are imported: compiling all of them takes longer than the tests that need a few.
    options = ("-q", "--no-compile", "--disable-pip-version-check", "--require-hashes", "--no-deps")
    # An older pip is not written for the newest Python, and works on it.
    quiet = os.environ | {"PYTHONWARNINGS": "ignore::SyntaxWarning"}
    pip = (sys.executable, "-m", "pip", "--python", path / "bin" / "python")
    subprocess.run([*pip, "install", *options, "-r", lock], env=quiet, check=True)
    (path / "complete").touch()
    return path
