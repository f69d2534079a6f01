# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Trace a Service and its pods, and explain why no pod accepts requests."""

from __future__ import annotations

import dataclasses
import fractions
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube import pods as _pods
from ansible_collections.kuber.network.plugins.module_utils._kube.diagnosis import event_text
from ansible_collections.kuber.network.plugins.module_utils._kube.status import condition
from ansible_collections.kuber.network.plugins.module_utils._trace import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import Endpoint, title
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Hop, Kind, Trouble

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._trace.cluster import ClusterObjects

POOL = "metallb.io/ip-allocated-from-pool"
OLD_POOL = "metallb.universe.tf/ip-allocated-from-pool"


def service_hop(
    cluster: ClusterObjects, service: Body, port: Body, endpoints: Sequence[Endpoint], address: str = ""
) -> Hop:
    """Return the hop of a Service at one of its addresses, or without (ingress controllers bypass the address)."""
    spec = service["spec"]
    ready = sum(one.ready for one in endpoints)
    facts = [Fact("type", "headless" if spec.get("clusterIP") == "None" else spec.get("type", "ClusterIP"))]
    if address:
        facts += _address_facts(cluster, service, address)
    facts.append(Fact("port", _port_text(port)))
    for field in ("externalTrafficPolicy", "internalTrafficPolicy"):
        if spec.get(field) == "Local" or (field.startswith("ext") and address in _cluster.outer_addresses(service)):
            facts.append(Fact(field, spec.get(field, "Cluster")))
    if spec.get("sessionAffinity", "None") != "None":
        facts.append(Fact("affinity", spec["sessionAffinity"]))
    selector = ", ".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    facts.append(Fact("selector", selector or "none"))
    facts.append(Fact("endpoints", f"{ready} of {len(endpoints)} ready" if endpoints else "none"))
    hop = Hop(Kind.SERVICE, title(service), tuple(facts))
    if ready:
        return hop
    trouble = why_no_pod(cluster, service, port)
    return hop.broken(trouble.what, trouble.remedy)


def _address_facts(cluster: ClusterObjects, service: Body, address: str) -> list[Fact]:
    annotations = service["metadata"].get("annotations") or {}
    pool = annotations.get(POOL) or annotations.get(OLD_POOL)
    facts = [Fact("address", address + (f", from pool {pool}" if pool else ""))]
    nodes = cluster.announcing_nodes(address)
    if nodes:
        facts.append(Fact("announced", f"by MetalLB on {', '.join(nodes)}"))
    return facts


def _port_text(port: Body) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get('protocol', 'TCP')} {port['port']}{name} → {port.get('targetPort', port['port'])}"


def why_no_pod(cluster: ClusterObjects, service: Body, port: Body) -> Trouble:
    """Explain why no pod accepts the requests of a Service."""
    name, namespace = title(service), service["metadata"]["namespace"]
    selector = service["spec"].get("selector") or {}
    if not selector:
        return Trouble(
            f"Service {name} has no selector, and no EndpointSlices were written for it",
            f"Give it a selector: `kubectl --namespace {namespace} edit service {service['metadata']['name']}`",
        )
    pods = cluster.selected(service)
    if not pods:
        return _nothing_selected(cluster, service, selector)
    unready = [pod for pod in pods if not _pods.is_ready(pod)]
    if unready:
        pod = unready[0]
        others = f" (and {len(unready) - 1} more)" if len(unready) > 1 else ""
        return Trouble(
            f"No pod of Service {name} is ready: pod {pod['metadata']['name']}{others}: {_pods.trouble(pod)}",
            _remedy_unready(cluster, pod),
        )
    wanted = port.get("targetPort", port["port"])
    return Trouble(
        f"The pods of Service {name} are ready, but have no port {wanted}, its targetPort",
        f"Set targetPort to a port of the containers, which declare {_declared(pods[0])}",
    )


def _nothing_selected(cluster: ClusterObjects, service: Body, selector: Mapping[str, str]) -> Trouble:
    name, namespace = title(service), service["metadata"]["namespace"]
    wanted = ",".join(f"{key}={value}" for key, value in selector.items())
    here = [one for one in cluster.deployments if one["metadata"]["namespace"] == namespace]
    for deployment in here:
        template = deployment["spec"]["template"]
        if not _cluster.has_labels(template, selector):
            continue
        own = deployment["metadata"]["name"]
        if not deployment["spec"].get("replicas", 1):
            return Trouble(
                f"Service {name} has no pods: Deployment {own} is scaled to 0",
                f"`kubectl --namespace {namespace} scale deployment {own} --replicas=1`",
            )
        failure = condition(deployment, "ReplicaFailure").get("message", "its ReplicaSet has created none yet")
        return Trouble(
            f"Service {name} has no pods: Deployment {own} requests some, but {failure}",
            f"`kubectl --namespace {namespace} describe deployment {own}`",
        )
    return Trouble(
        f"The selector {wanted} of Service {name} matches no pod of namespace {namespace}",
        f"Correct the selector or the labels of the pods; {_labels_there(cluster, namespace, selector)}",
    )


def _labels_there(cluster: ClusterObjects, namespace: str, selector: Mapping[str, str]) -> str:
    pods = [pod for pod in cluster.pods if pod["metadata"]["namespace"] == namespace]
    labels = [pod["metadata"].get("labels") or {} for pod in pods]
    seen = sorted({f"{key}={one[key]}" for one in labels for key in selector if key in one})
    return f"pods there have {', '.join(seen)}" if seen else f"there are {len(pods)} pods, none with such a label"


def _remedy_unready(cluster: ClusterObjects, pod: Body) -> str:
    metadata = pod["metadata"]
    hints = [*_pods.probes(pod), *(event_text(event) for event in cluster.events(pod)[-1:])]
    look = f"`kubectl --namespace {metadata['namespace']} describe pod {metadata['name']}`"
    return "; ".join([*hints, look])


def _declared(pod: Body) -> str:
    ports = [
        f"{port['containerPort']}" + (f" ({port['name']})" if port.get("name") else "")
        for container in pod["spec"].get("containers") or ()
        for port in container.get("ports") or ()
    ]
    return ", ".join(ports) or "none"


def pod_hop(
    cluster: ClusterObjects,
    endpoint: Endpoint,
    *,
    service: str,
    share: fractions.Fraction | None,
    facts: Sequence[Fact] = (),
    answers: Mapping[str, str] | None = None,
) -> Hop:
    """Return the hop of a pod, the end of the path."""
    pod = endpoint.pod
    name = pod["metadata"]["name"] if pod else endpoint.socket
    answer = (answers or {}).get(endpoint.socket)
    known = [Fact("address", endpoint.socket), *([Fact("node", endpoint.node)] if endpoint.node else [])]
    known.append(Fact("ready", "yes" if endpoint.ready else "no"))
    if answer is not None:
        known.append(Fact("port", answer or "accepts connections"))
    socket = endpoint.socket if endpoint.protocol == "TCP" else ""
    hop = Hop(Kind.POD, name, (*known, *facts), share=share, socket=socket)
    if not endpoint.ready:
        hop = dataclasses.replace(hop, share=fractions.Fraction(0))
        why = _pods.trouble(pod) if pod else "its EndpointSlice says so"
        return hop.idle(f"It is not ready: {why}", _remedy_unready(cluster, pod) if pod else "")
    if answer:
        return hop.broken(
            f"Pod {name} is ready, but nothing listens on {endpoint.socket}: {answer}", _remedy_deaf(pod, service)
        )
    return hop


def _remedy_deaf(pod: Body | None, service: str) -> str:
    if pod is None:
        return f"Correct the EndpointSlice of Service {service}"
    return (
        f"Set targetPort of Service {service} to the port it listens on; its containers declare {_declared(pod)}. "
        "A readiness probe on that port would keep requests away from such a pod"
    )
