# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put pip into an empty virtual environment, for ansible-test, which would download a script that does it.

This one needs the package registry only: Python's own pip installs the wanted one.
"""

from __future__ import annotations

import subprocess
import sys

# Options that pip's own bootstrap script knows and pip does not.
SCRIPT_ONLY = {"--no-setuptools", "--no-wheel"}

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
options = [argument for argument in sys.argv[1:] if argument not in SCRIPT_ONLY]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *options], check=True)
