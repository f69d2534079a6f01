# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Explain a missing Python library, with the command that installs it."""

from __future__ import annotations

import importlib

from ansible.errors import AnsibleError

from ansible_collections.kuber.network.plugins.module_utils._libraries import install

# Modules whose package has another name. urllib3 is installed with kubernetes.
PACKAGES = {"dns": "dnspython", "urllib3": "kubernetes"}


def missing(module: str, exc: ImportError) -> str:
    """Return the message, with the command that installs the package for the Python that runs Ansible."""
    package = PACKAGES.get(module, module)
    return f"Cannot import the Python library {package} ({exc}). {install(package)}"


def require(*modules: str) -> None:
    """Fail with that message: Ansible would show a failed import with a traceback, like a bug."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as exc:
            raise AnsibleError(missing(module, exc)) from None
