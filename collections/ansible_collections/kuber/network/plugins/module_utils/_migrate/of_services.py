# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What becomes of node ports and of Services with settings of their own when the mode changes."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._migrate import node as _node
from ansible_collections.kuber.network.plugins.module_utils._migrate.model import Impact, Line, Switch
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_modes
from ansible_collections.kuber.network.plugins.module_utils._proxy.services import load_balancer_addresses

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Collection, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._migrate.cluster import ClusterFacts
    from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts

DOCS = "https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables"
LOCAL_POLICY = "https://github.com/kubernetes/kubernetes/issues/131765"
PORTS, HERE, LOCAL, AFFINITY, PING = (
    "node ports",
    "node ports on 127.0.0.1",
    "externalTrafficPolicy Local, from pods",
    "session affinity",
    "ping of Service addresses",
)
_HERE = re.compile(r"^(127\.0\.0\.1|localhost):(\d+)(/|$)")
# Since 1.35, pods reach a Service with the policy Local on nodes without a pod of it, in nftables mode, too.
_SHORT_CUT = 35
_REFUSED = 27


def lines(switch: Switch, cluster: ClusterFacts, nodes: Sequence[NodeFacts]) -> Iterator[Line]:
    """Yield the lines about Services."""
    if _cluster.SERVICES in cluster.unread:
        for topic in (PORTS, HERE, LOCAL, AFFINITY):
            yield Line(topic, Impact.UNKNOWN, cluster.unread[_cluster.SERVICES])
        return
    for node in nodes:
        yield from _node_ports(switch, cluster, node)
    yield _localhost(switch, cluster, nodes)
    yield _local_policy(switch, cluster)
    yield _affinity(cluster)
    yield _ping(switch, cluster, nodes)


def _names(services: Sequence[Body]) -> str:
    return ", ".join(f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in services)


def admitted(mode: str, cluster: ClusterFacts, node: NodeFacts) -> frozenset[str]:
    """Return those of the node's addresses on which node ports answer in a mode.

    Without nodePortAddresses it is all of them, in nftables mode the primary one (kubernetes/cmd/kube-proxy/app/
    server_linux.go, platformApplyDefaults). 127.0.0.1 only answers in iptables mode.
    """
    wanted = [
        str(one) for one in cluster.config.get("nodePortAddresses") or (["primary"] if mode == "nftables" else [])
    ]
    primary = cluster.node_addresses.get(node.name, ())
    found = {one for one in node.addresses if not wanted or any(_matches(one, key, primary) for key in wanted)}
    settings = cluster.config.get("iptables") or {}
    if mode == "iptables" and settings.get("localhostNodePorts") is not False:
        # Of IPv6 no mode serves ::1.
        return frozenset(found - {"::1"})
    return frozenset(one for one in found if not ipaddress.ip_address(one).is_loopback)


def _matches(address: str, key: str, primary: Collection[str]) -> bool:
    if key == "primary":
        return address in primary
    if key == "localhost":
        return ipaddress.ip_address(address).is_loopback
    if key == "all":
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(key, strict=False)
    except ValueError:
        return False


def _node_ports(switch: Switch, cluster: ClusterFacts, node: NodeFacts) -> Iterator[Line]:
    """The addresses beside the primary one, without 127.0.0.1, which has a line of its own."""
    with_ports = [one for one in cluster.services if _cluster.node_ports(one)]
    if not with_ports:
        yield Line(PORTS, Impact.SAME, "no Service has a node port over TCP", node.name)
        return
    if node.problem or _node.PORTS in node.unread:
        yield Line(PORTS, Impact.UNKNOWN, node.problem or node.unread[_node.PORTS], node.name)
        return
    now = {one.partition("/")[0] for one in node.answers}
    then = {one for one in admitted(switch.to, cluster, node) if not _is_loopback(one)}
    lost, opened = sorted(now - then), sorted(then - now - _silent(switch, cluster, node))
    if lost:
        asked_for = [one for one in with_ports if one["spec"].get("type") == "NodePort"]
        # Those of a load balancer are handed out whether anybody asks for them or not.
        verdict = Impact.STOPS if asked_for else Impact.CHANGES
        yield Line(
            PORTS,
            verdict,
            f"answer on {', '.join(sorted(now))} now, and no longer on {', '.join(lost)} ({_names(with_ports)})",
            node.name,
            "Use the primary address, or set kube_proxy_settings to {nodePortAddresses: [0.0.0.0/0]}",
            DOCS,
        )
    elif opened:
        yield Line(
            PORTS,
            Impact.CHANGES,
            f"will answer on {', '.join(opened)}, too ({_names(with_ports)})",
            node.name,
            "To keep them closed, set kube_proxy_settings to {nodePortAddresses: [NETWORK]}",
            DOCS,
        )
    elif not now:
        yield Line(PORTS, Impact.UNKNOWN, "none of them answers on any address of the node now", node.name)
    else:
        yield Line(PORTS, Impact.SAME, f"answer on {', '.join(sorted(now))}", node.name)


def _silent(switch: Switch, cluster: ClusterFacts, node: NodeFacts) -> frozenset[str]:
    """The addresses that are admitted now, whether they answer or not: the mode opens none of them."""
    return admitted(switch.before, cluster, node)


def _is_loopback(socket: str) -> bool:
    return ipaddress.ip_address(socket.partition("/")[0]).is_loopback


def _localhost(switch: Switch, cluster: ClusterFacts, nodes: Sequence[NodeFacts]) -> Line:
    ports = cluster.node_ports
    if not ports:
        return Line(HERE, Impact.SAME, "no Service has a node port over TCP")
    unasked = [node.name for node in nodes if node.problem]
    answering, then = (
        [node.name for node in nodes if any(map(_is_loopback, admitted(mode, cluster, node)))]
        for mode in (switch.before, switch.to)
    )
    users = [*_users(cluster, ports), *_places(nodes, ports)]
    if then and not answering:
        return Line(HERE, Impact.CHANGES, f"will answer on {', '.join(then)}", link=DOCS)
    if not answering:
        if unasked:
            return Line(HERE, Impact.UNKNOWN, f"the addresses of {', '.join(unasked)} are not known")
        return Line(HERE, Impact.SAME, "do not answer in either mode")
    counted = {
        node: values[_cluster.LOCALHOST] for node, values in cluster.counters.items() if _cluster.LOCALHOST in values
    }
    users += [f"{value:g} packets on node {node}" for node, value in counted.items() if value]
    instead = "Use the node's address in place of 127.0.0.1"
    if users:
        return Line(HERE, Impact.STOPS, f"used by {'; '.join(users)}", instead=instead, link=DOCS)
    seen = (
        f"kube-proxy's counter of such packets is 0 on {', '.join(counted)}"
        if counted
        else "kube-proxy has no counter of such packets"
    )
    text = f"answer now and will not; no image, file or counter shows that they are used ({seen})"
    return Line(HERE, Impact.CHANGES, text, instead=instead, link=DOCS)


def _users(cluster: ClusterFacts, ports: Collection[int]) -> Iterator[str]:
    for image in cluster.images:
        found = _HERE.match(image)
        if found and int(found[2]) in ports:
            yield f"the image {image}"


def _places(nodes: Sequence[NodeFacts], ports: Collection[int]) -> Iterator[str]:
    for node in nodes:
        for place in node.files:
            found = _HERE.match(place.split(":", 2)[-1])
            if found and int(found[2]) in ports:
                yield f"{place} on node {node.name}"


def _local_policy(switch: Switch, cluster: ClusterFacts) -> Line:
    local = [one for one in cluster.services if one["spec"].get("externalTrafficPolicy") == "Local" and _outer(one)]
    if not local:
        return Line(LOCAL, Impact.SAME, "no Service with an external address has this policy")
    number = proxy_modes.minor(cluster.version)
    if switch.to == "nftables" and number < _SHORT_CUT:
        text = (
            f"pods on a node without a pod of {_names(local)} get no answer, unless this patch release of 1.{number} "
            "has the fix"
        )
        return Line(
            LOCAL, Impact.STOPS, text, instead="Use the cluster address, or update Kubernetes", link=LOCAL_POLICY
        )
    if switch.leaves_ipvs:
        text = f"pods that use the external address of {_names(local)} reach pods on all nodes, not only on their own"
        return Line(LOCAL, Impact.CHANGES, text, link=LOCAL_POLICY)
    if switch.enters_ipvs:
        text = f"pods that use the external address of {_names(local)} reach only pods on their own node if it has any"
        return Line(LOCAL, Impact.CHANGES, text, link=LOCAL_POLICY)
    return Line(LOCAL, Impact.SAME, f"pods that use the external address of {_names(local)} reach pods on all nodes")


def _outer(service: Body) -> list[str]:
    return [*(service["spec"].get("externalIPs") or ()), *load_balancer_addresses(service)]


def _affinity(cluster: ClusterFacts) -> Line:
    sticky = [one for one in cluster.services if one["spec"].get("sessionAffinity") == "ClientIP"]
    if not sticky:
        return Line(AFFINITY, Impact.SAME, "no Service has sessionAffinity ClientIP")
    text = f"a client of {_names(sticky)} may get another pod once: no mode knows what another has remembered"
    return Line(AFFINITY, Impact.CHANGES, text)


def _ping(switch: Switch, cluster: ClusterFacts, nodes: Sequence[NodeFacts]) -> Line:
    if switch.enters_ipvs:
        return Line(PING, Impact.CHANGES, "each node has the addresses of Services on kube-ipvs0, and can answer ping")
    if not switch.leaves_ipvs:
        return Line(PING, Impact.SAME, "addresses of Services do not answer ping in either mode")
    answering = [node.name for node in nodes if node.answers_ping]
    # Since 1.27 kube-proxy itself refuses it.
    if answering or proxy_modes.minor(cluster.version) < _REFUSED:
        text = (
            f"addresses of Services answer ping on {', '.join(answering) or 'each node'}, which has them on kube-ipvs0"
        )
        return Line(PING, Impact.STOPS, text, instead="Check a port in place of ping")
    unread = [node.name for node in nodes if node.problem or _node.RULES in node.unread]
    if unread:
        return Line(PING, Impact.UNKNOWN, f"the rules of {', '.join(unread)} could not be read")
    return Line(PING, Impact.SAME, "addresses of Services do not answer ping now either")
