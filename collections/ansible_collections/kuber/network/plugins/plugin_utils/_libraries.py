# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What to say about a Python library that is not installed where Ansible runs."""

from __future__ import annotations

import importlib
import sys

from ansible.errors import AnsibleError

# Names of modules and those of their packages, where they differ. urllib3 comes with kubernetes.
PACKAGES = {"dns": "dnspython", "urllib3": "kubernetes"}


def missing(module: str, exc: ImportError) -> str:
    """One sentence, and one command that installs the package for the Python that runs Ansible."""
    package = PACKAGES.get(module, module)
    return f"Cannot import the Python library {package} ({exc}). Install it: {sys.executable} -m pip install {package}"


def require(*modules: str) -> None:
    """Stop with that sentence: Ansible shows a failed import as a bug, with its traceback."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise AnsibleError(missing(module, exc)) from None
