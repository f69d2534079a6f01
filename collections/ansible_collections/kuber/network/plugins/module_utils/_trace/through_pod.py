# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""A node that is read through a pod on it, where there is no SSH: that of kube-proxy, or a short-lived one."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.podexec import PodRunner
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

NAMESPACE = "kube-system"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
# Should the run be killed, the cluster takes the pod away by itself.
LIFE_SECONDS = 600
START_SECONDS = 30.0
POLL_SECONDS = 0.3
# With the node's processes in sight, the root directory of the first one is the node's own.
ON_THE_NODE = ("chroot", "/proc/1/root")


def choose_node(nodes: Sequence[Body], wanted: str | None) -> str:
    """The named node, or the first control plane, or the first one of all."""
    names = [node["metadata"]["name"] for node in nodes]
    if wanted is not None and wanted not in names:
        raise KuberError(f"The cluster has no node {wanted}", wanted=", ".join(names) or "a node", found=wanted)
    planes = [node for node in nodes if CONTROL_PLANE in (node["metadata"].get("labels") or {})]
    found = wanted or next((node["metadata"]["name"] for node in [*planes, *nodes]), None)
    if found is None:
        raise KuberError("The cluster has no nodes", wanted="at least one node")
    return str(found)


@contextlib.contextmanager
def runner_on(client: Client, node: str, image: str) -> Iterator[Runner]:
    """Runs commands on the node: with an image in a pod of our own, else in the container of kube-proxy."""
    if not image:
        yield PodRunner(client.access, namespace=NAMESPACE, pod=_proxy_pod(client, node))
        return
    created = client.request("POST", PODS, body=own_pod(node, image))
    path = f"{PODS}/{created['metadata']['name']}"
    try:
        _wait(client, path, node, image)
        name = created["metadata"]["name"]
        yield PodRunner(client.access, namespace=NAMESPACE, pod=name, prefix=ON_THE_NODE, has_shell=True)
    finally:
        client.request("DELETE", path, query={"gracePeriodSeconds": 0})


def _proxy_pod(client: Client, node: str) -> str:
    found = "the cluster has no DaemonSet kube-proxy (in k3s it is part of another program)"
    name = None
    with contextlib.suppress(NoProxyError):
        state = kube_proxy.read(client)
        name = next((pod.name for pod in state.pods if pod.node == node), None)
        found = ", ".join(f"{pod.name} on {pod.node}" for pod in state.pods) or "none"
    if name is None:
        raise KuberError(
            f"No pod of kube-proxy runs on node {node}",
            wanted="one in which its rules can be read",
            found=found,
            remedy="Name an image that is on the node and has a shell and chroot (pod_image, trace_pod_image)",
        )
    return name


def own_pod(node: str, image: str) -> dict[str, t.Any]:
    """A pod that sees the node as root does, of an image that is on the node already."""
    container = {
        "name": "node",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["sleep", str(LIFE_SECONDS)],
        "securityContext": {"privileged": True, "runAsUser": 0},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "kuber-trace-", "labels": {"app.kubernetes.io/managed-by": "kuber.network"}},
        "spec": {
            "nodeName": node,
            "hostNetwork": True,
            "hostPID": True,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIFE_SECONDS,
            "automountServiceAccountToken": False,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
        },
    }


def _wait(client: Client, path: str, node: str, image: str) -> None:
    clock = Clock(START_SECONDS)
    while True:
        status = client.get(path).get("status") or {}
        if status.get("phase") == "Running":
            return
        waiting = [(one.get("state") or {}).get("waiting") or {} for one in status.get("containerStatuses") or ()]
        reasons = [str(one["reason"]) for one in waiting if one.get("reason") not in (None, "ContainerCreating")]
        if reasons or clock.is_up or status.get("phase") == "Failed":
            raise KuberError(
                f"The pod for looking at node {node} does not start",
                wanted=f"the image {image} on the node, with a program sleep",
                found=", ".join(reasons) or status.get("message") or status.get("phase") or "nothing",
                remedy="Name another image (pod_image, trace_pod_image), such as that of the init container",
            )
        time.sleep(POLL_SECONDS)
