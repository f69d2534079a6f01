# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Actions that look first and start their module, as root, only when something has to be changed."""

from __future__ import annotations

import abc
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import RootRequired
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


class ProbingAction(KuberAction):
    """On the machine that runs Ansible, what changes nothing is done in this process and without ``become``."""

    _requires_connection = True

    @abc.abstractmethod
    def probe(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        """What the module would return in check mode."""

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if self._connection.transport == "local":
            try:
                outcome = self.probe(params)
            except RootRequired:
                # The module may see it.
                pass
            else:
                if self.check_mode or not outcome["changed"]:
                    return outcome
        done: dict[str, t.Any] = self._execute_module(task_vars=task_vars)
        return done
