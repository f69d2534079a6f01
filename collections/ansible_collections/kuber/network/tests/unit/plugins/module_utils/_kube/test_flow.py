# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import DesiredSet, Run

from .flow import Flow, deployment

if t.TYPE_CHECKING:
    from .conftest import Cluster

# What a reader has to follow until the object is sent. A change that needs more had better be another change.
MODULES = 12
DEPTH = 10


def test_one_new_deployment_can_be_followed_from_the_task_to_the_server(cluster: Cluster) -> None:
    documents = tuple(from_definition([deployment()]))
    with Flow() as flow:
        wish = DesiredSet(documents, namespace=cluster.namespace, wait=False)
        outcome = Run(cluster.client, wish, cluster.said.append).execute()
    assert outcome.error is None
    assert outcome.changes.summary() == "1 object: 1 created"
    assert outcome.stats.requests["PATCH"] == 1
    assert len(flow.functions) <= MODULES, str(flow)
    assert len(flow.deepest) <= DEPTH, str(flow)
