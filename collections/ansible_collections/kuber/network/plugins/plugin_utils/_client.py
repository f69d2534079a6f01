# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The client of a task: its options, and the environment that the task and its play set."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import PARALLEL, Client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction


def of(
    action: KuberAction, params: t.Mapping[str, t.Any], *, parallel: int = PARALLEL, timeout: float = 30.0
) -> Client:
    """A client for the cluster that a task means."""
    return Client.from_kubeconfig(
        kubeconfig=params["kubeconfig"],
        context=params["context"],
        environ=action.environment,
        parallel=parallel,
        timeout=timeout,
    )
