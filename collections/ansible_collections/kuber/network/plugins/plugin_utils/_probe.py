# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Base of actions that check first, and run their module (as root) only if something has to change."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import RootRequired
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ProbingAction(KuberAction):
    """On the machine that runs Ansible, a task that changes nothing runs in this process and without ``become``."""

    _requires_connection = True

    @abc.abstractmethod
    def probe(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what the module would return in check mode."""

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if self._connection.transport == "local":
            try:
                outcome = self.probe(params)
            except RootRequired:
                # The module, as root, may be able to read it.
                pass
            else:
                if self.check_mode or not outcome["changed"]:
                    return outcome
        done: dict[str, t.Any] = self._execute_module(task_vars=task_vars)
        return done
