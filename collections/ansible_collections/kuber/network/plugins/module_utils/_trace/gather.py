# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read everything that a trace needs, and assemble the trace."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._trace import host as _host
from ansible_collections.kuber.network.plugins.module_utils._trace import node as _node
from ansible_collections.kuber.network.plugins.module_utils._trace import traefik as _traefik
from ansible_collections.kuber.network.plugins.module_utils._trace.entry import find
from ansible_collections.kuber.network.plugins.module_utils._trace.model import walk
from ansible_collections.kuber.network.plugins.module_utils._trace.plan import TraceData, plan

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner
    from ansible_collections.kuber.network.plugins.module_utils._trace.model import Hop
    from ansible_collections.kuber.network.plugins.module_utils._trace.target import Target


@dataclasses.dataclass(frozen=True)
class TraceSources:
    """Where to read from: the API server, this machine, and one node."""

    client: Client
    machine: Runner
    hosts: str
    resolve: Callable[[str], tuple[str, ...]]
    node: Runner
    node_name: str
    hidden: bool = False
    """Nothing leads from this machine to the nodes, so that the node asks in its place."""


def trace(sources: TraceSources, target: Target, headers: Mapping[str, str]) -> Hop:
    """Return the path of a request. Pods are probed last, because only the path tells which ones."""
    cluster = _cluster.read(sources.client)
    machine = _machine(sources, cluster, target)
    sender = machine.route.route.source if machine.route and machine.route.route else ""
    address = find(target, cluster, machine).address or ""
    node = _node.read(sources.client, sources.node, sources.node_name, address=address, sender=sender)
    world = TraceData(cluster, machine, node, headers, routers=_routers(sources.client, cluster, target, machine))
    sockets = [hop.socket for hop in walk(plan(target, world)) if hop.socket]
    return plan(target, dataclasses.replace(world, answers=_node.try_sockets(sources.node, sockets)))


def _routers(
    client: Client, cluster: _cluster.ClusterObjects, target: Target, machine: _host.Machine
) -> Mapping[str, t.Any] | str | None:
    """Ask Traefik for its routers if the request reaches one."""
    serving = find(target, cluster, machine).serving
    if serving is None or not target.is_web:
        return None
    behind = _cluster.endpoints(cluster, serving.service, serving.port)
    pods = [one.pod for one in behind if one.pod and one.ready and _traefik.is_controller(one.pod)]
    return _traefik.read(client, pods[0]) if pods else None


def _machine(sources: TraceSources, cluster: _cluster.ClusterObjects, target: Target) -> _host.Machine:
    machine = _host.Machine(sources.hosts, hidden=sources.hidden)
    if target.is_name and not _host.lookup(sources.hosts, target.host):
        machine = dataclasses.replace(machine, resolved=sources.resolve(target.host))
    entry = find(target, cluster, machine)
    if entry.from_outside and entry.address:
        return dataclasses.replace(machine, route=_host.look_up_route(sources.machine, entry.address))
    return machine
