# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The remedy for a missing Python library: the command that installs it for the Python that runs Ansible."""

from __future__ import annotations

import shlex
import sys


def install(package: str) -> str:
    return f"Install it: {shlex.quote(sys.executable)} -m pip install {package}"
