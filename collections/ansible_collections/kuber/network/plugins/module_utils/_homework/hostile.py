# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What an untrusted folder may not have unless it is allowed, and what of it is not applied."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import parts
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref, below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

# Kinds that a homework has. Others reach beyond a namespace, or are run by a controller that is not known.
KINDS = frozenset(
    {
        "ConfigMap",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "HorizontalPodAutoscaler",
        "IPAddressPool",
        "Ingress",
        "Job",
        "L2Advertisement",
        "Namespace",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Pod",
        "PodDisruptionBudget",
        "ReplicaSet",
        "Role",
        "RoleBinding",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }
)
RIGHTS = frozenset({"ClusterRole", "ClusterRoleBinding"})
# Namespaces that belong to the cluster.
SYSTEM = frozenset({"kube-node-lease", "kube-public", "kube-system"})
# What ClusterRoles may be given within a namespace.
MODEST_ROLES = frozenset({"edit", "view"})
CAPABILITIES = frozenset({"NET_BIND_SERVICE"})
MOST_REPLICAS = 50
# What users of the homework install from an address: the roles of this collection install it instead.
COMPONENT_NAMESPACES = frozenset({"ingress-nginx", "metallb-system"})
COMPONENT_NAMES = ("ingress-nginx", "metallb", "nginx-ingress")


@dataclasses.dataclass(frozen=True)
class Danger:
    """Something that is refused: the object, what about it, and the word that allows it."""

    object: str
    what: Message
    word: str


WORDS: dict[str, Message] = {
    "privileged": Message("a privileged container", "привилегированный контейнер"),
    "host_path": Message("a directory of the node (hostPath)", "каталог узла (hostPath)"),
    "host_namespaces": Message(
        "a namespace of the node (hostNetwork, hostPID or hostIPC)",
        "пространство имён узла (hostNetwork, hostPID или hostIPC)",
    ),
    "host_port": Message("a port of the node (hostPort)", "порт узла (hostPort)"),
    "capabilities": Message("additional capabilities", "дополнительные capabilities"),
    "cluster_rights": Message("rights in the whole cluster", "права на весь кластер"),
    "system_objects": Message(
        "an object in a namespace of the cluster", "объект в системном пространстве имён кластера"
    ),
    "external_addresses": Message(
        "addresses of others (externalIPs, or a pool that is not private)",
        "чужие адреса (externalIPs или пул не из частных сетей)",
    ),
    "kinds": Message("a kind that the homework does not need", "вид объекта, который заданию не нужен"),
    "replicas": Message(f"more than {MOST_REPLICAS} pods", f"больше {MOST_REPLICAS} подов"),
}


def is_component(body: Body) -> bool:
    """Whether an object belongs to MetalLB or ingress-nginx themselves, so that a role installs it instead."""
    if body["kind"] in ("IPAddressPool", "L2Advertisement", "Ingress"):
        return False
    namespace, name = parts.place(body)
    namespace = name if body["kind"] == "Namespace" else namespace
    if body["kind"] == "Service" and below(body, "spec", "type") == "LoadBalancer":
        return False
    cluster_wide = body["kind"] in KINDS_OF_COMPONENTS
    return namespace in COMPONENT_NAMESPACES or (cluster_wide and name.startswith(COMPONENT_NAMES))


KINDS_OF_COMPONENTS = RIGHTS | {
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "PodSecurityPolicy",
    "ValidatingWebhookConfiguration",
}


def dangers(bodies: Iterable[Body]) -> list[Danger]:
    """Return what is dangerous in the objects that are to be applied."""
    found: list[Danger] = []
    for body in bodies:
        for word in dict.fromkeys(_words(body)):
            found.append(Danger(str(Ref.of(body)), WORDS[word], word))
    return found


def _words(body: Body) -> Iterator[str]:
    kind = body["kind"]
    namespace, name = parts.place(body)
    if kind in RIGHTS or _gives_more(body):
        yield "cluster_rights"
    elif kind not in KINDS or (kind in ("IPAddressPool", "L2Advertisement") and namespace != "metallb-system"):
        yield "kinds"
    if (name if kind == "Namespace" else namespace) in SYSTEM and not _is_needed(body):
        yield "system_objects"
    if below(body, "spec", "externalIPs") or (kind == "IPAddressPool" and not _is_private(body)):
        yield "external_addresses"
    if _is_many(below(body, "spec", "replicas")):
        yield "replicas"
    for pod in _pods(body):
        yield from _of_pod(pod)


def _gives_more(body: Body) -> bool:
    """Whether a RoleBinding gives more than the usual rights in a namespace."""
    role = body.get("roleRef") if body["kind"] == "RoleBinding" else None
    return bool(below(role, "kind") == "ClusterRole" and below(role, "name") not in MODEST_ROLES)


def _is_needed(body: Body) -> bool:
    """Whether the homework itself puts this object there."""
    if body["kind"] == "Service":
        return bool(below(body, "spec", "selector") == {"k8s-app": "kube-dns"})
    return bool(body["kind"] == "Ingress")


def _is_private(pool: Body) -> bool:
    """Whether a pool has only private addresses: a route to public ones would cut this machine off from them."""
    addresses = below(pool, "spec", "addresses")
    for one in addresses if isinstance(addresses, list) else ():
        for end in str(one).partition("/")[0].split("-"):
            try:
                if not ipaddress.ip_address(end.strip()).is_private:
                    return False
            except ValueError:
                # MetalLB refuses it.
                continue
    return True


def _is_many(replicas: t.Any) -> bool:
    return isinstance(replicas, int) and replicas > MOST_REPLICAS


def _pods(value: t.Any) -> Iterator[Body]:
    """Yield every specification of a pod, wherever in an object it is."""
    if isinstance(value, list):
        for item in value:
            yield from _pods(item)
    elif isinstance(value, dict):
        if isinstance(value.get("containers"), list):
            yield value
        for item in value.values():
            yield from _pods(item)


def _of_pod(pod: Body) -> Iterator[str]:
    if any(pod.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")):
        yield "host_namespaces"
    if any("hostPath" in volume for volume in mappings(pod.get("volumes"))):
        yield "host_path"
    if below(pod, "securityContext", "windowsOptions", "hostProcess"):
        yield "privileged"
    for container in (*mappings(pod.get("containers")), *mappings(pod.get("initContainers"))):
        context = container.get("securityContext")
        if below(context, "privileged") or below(context, "procMount") == "Unmasked":
            yield "privileged"
        added = below(context, "capabilities", "add")
        if isinstance(added, list) and any(one not in CAPABILITIES for one in added):
            yield "capabilities"
        if any(port.get("hostPort") for port in mappings(container.get("ports"))):
            yield "host_port"
