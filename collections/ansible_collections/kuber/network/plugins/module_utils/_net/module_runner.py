# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Runs commands through the module that is executing on the machine."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible.module_utils.basic import AnsibleModule


class ModuleRunner(Runner):
    """``Runner`` for real modules; messages of commands come in English, so that they can be recognised."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        rc, stdout, stderr = self._module.run_command(
            list(argv), data=stdin, binary_data=True, environ_update={"LC_ALL": "C"}, handle_exceptions=False
        )
        return Result(argv, rc, stdout, stderr)
