# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read kube-proxy's configuration and running mode through the API server, and plan the change."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError
from ansible_collections.kuber.network.plugins.module_utils._drift import RESTARTED as DONE_AGAIN
from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, Field
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import drift as _drift
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config, proxy_modes
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import no_proxy

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client  # pragma: no cover

NAMESPACE = "/api/v1/namespaces/kube-system"
CONFIG_MAP = f"{NAMESPACE}/configmaps/kube-proxy"
DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
DIGEST = "kuber.network/config-digest"
RESTARTED = "kuber.network/restarted-at"
MANAGER = "kuber.network"
NOBODY_ANSWERS = (404, 500, 502, 503, 504)


@dataclasses.dataclass(frozen=True)
class ProxyPod:
    """kube-proxy on one node."""

    name: str
    node: str
    mode: str | None
    """The running mode; ``None`` if it does not answer."""
    started: str
    """Start time of its container; empty while it does not run."""
    restarted: str | None
    """Our annotations: which restart created the pod, and for which configuration."""
    digest: str | None
    starts_again: int
    """How often its container has been restarted since."""
    failure: str | None
    """Why its container keeps failing."""


@dataclasses.dataclass(frozen=True)
class ProxyConfig:
    """The configuration in the ConfigMap."""

    key: str
    text: str
    config: t.Mapping[str, t.Any]
    version: str
    """resourceVersion of the ConfigMap, so that a write fails if somebody else wrote in between."""
    written: str
    """When the ConfigMap was last written."""
    author: Field | None = None
    """The field manager that wrote it, if it is not ours."""


@dataclasses.dataclass(frozen=True)
class ProxyState:
    """kube-proxy as found in the cluster."""

    document: ProxyConfig
    annotations: t.Mapping[str, str]
    """Annotations of the pod template."""
    selector: str
    pods: tuple[ProxyPod, ...]


@dataclasses.dataclass(frozen=True)
class ProxyPlan:
    """What to do, and why."""

    config: t.Mapping[str, t.Any]
    mode: str | None
    """The mode that every node must run in at the end; ``None`` if any mode is accepted."""
    edit: bool
    restart: tuple[str, ...]
    notes: bool = True
    """Whether the DaemonSet is annotated with the reason of its restart."""

    def __bool__(self) -> bool:
        return self.edit or bool(self.restart)


def read(client: Client) -> ProxyState:
    document, daemon_set = read_document(client)
    labels = daemon_set["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return ProxyState(
        document=document,
        annotations=daemon_set["spec"]["template"]["metadata"].get("annotations") or {},
        selector=selector,
        pods=read_pods(client, selector, proxy_config.metrics_port(document.config)),
    )


def read_document(client: Client) -> tuple[ProxyConfig, dict[str, t.Any]]:
    """Return the configuration, and the DaemonSet that reads it."""
    config_map, daemon_set = (_get(client, path) for path in (CONFIG_MAP, DAEMON_SET))
    data = config_map.get("data") or {}
    key = _key(daemon_set, data)
    text = data.get(key) or ""
    document = ProxyConfig(
        key=key,
        text=text,
        config=proxy_config.load(text, key),
        version=config_map["metadata"]["resourceVersion"],
        written=max((entry.get("time", "") for entry in config_map["metadata"].get("managedFields") or ()), default=""),
        author=_author(config_map, key),
    )
    return document, daemon_set


def _author(config_map: dict[str, t.Any], key: str) -> Field | None:
    without = {name: text for name, text in (config_map.get("data") or {}).items() if name != key}
    return next(iter(_drift.fields(config_map, {**config_map, "data": without}, MANAGER)), None)


def _get(client: Client, path: str) -> dict[str, t.Any]:
    try:
        found: dict[str, t.Any] = client.get(path)
    except ApiError as exc:
        if exc.status != 404:
            raise
        raise no_proxy(client, "DaemonSet" if path == DAEMON_SET else "ConfigMap") from exc
    return found


def _key(daemon_set: t.Mapping[str, t.Any], data: t.Mapping[str, str]) -> str:
    """Return the key of the ConfigMap that kube-proxy reads, which its command line names."""
    if daemon_set["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        raise KuberError(
            "A change of DaemonSet kube-proxy would not restart its pods",
            wanted="the updateStrategy RollingUpdate of DaemonSet kube-proxy, as kubeadm and minikube set it",
            found="OnDelete",
        )
    container = daemon_set["spec"]["template"]["spec"]["containers"][0]
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    following = dict(itertools.pairwise([*words, ""]))
    paths = [word.partition("=")[2] or following[word] for word in words if word.partition("=")[0] == "--config"]
    key = paths[-1].rpartition("/")[2] if paths else proxy_config.KEY
    if key in data and (paths or not words):
        return key
    raise KuberError(
        "kube-proxy does not read its configuration from ConfigMap kube-proxy",
        wanted="a command line with --config=/…/KEY, and this KEY in the ConfigMap, as kubeadm and minikube make them",
        found=f"`{' '.join(words)}`, and in the ConfigMap {', '.join(data) or 'nothing'}",
        remedy="Recreate both: run `kubeadm init phase addon kube-proxy` on a control plane, or `minikube start`",
    )


def read_pods(client: Client, selector: str, port: int | None) -> tuple[ProxyPod, ...]:
    pods = client.list(f"{NAMESPACE}/pods", labelSelector=selector)
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and pod["spec"].get("nodeName")]
    return tuple(sorted((_read_pod(client, pod, port) for pod in living), key=lambda pod: pod.node))


def _read_pod(client: Client, pod: t.Mapping[str, t.Any], port: int | None) -> ProxyPod:
    metadata = pod["metadata"]
    annotations = metadata.get("annotations") or {}
    container: dict[str, t.Any] = next(iter(pod["status"].get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    running, waiting = state.get("running"), state.get("waiting") or {}
    return ProxyPod(
        name=metadata["name"],
        node=pod["spec"]["nodeName"],
        mode=ask(client, metadata["name"], port, "proxyMode") if running and port else None,
        started=(running or {}).get("startedAt", ""),
        restarted=annotations.get(RESTARTED),
        digest=annotations.get(DIGEST),
        starts_again=container.get("restartCount", 0),
        failure=waiting["reason"] if "BackOff" in waiting.get("reason", "") else None,
    )


def ask(client: Client, pod: str, port: int, path: str) -> str | None:
    """Return the answer of kube-proxy's metrics server; ``None`` if there is none."""
    try:
        return client.text("GET", f"{NAMESPACE}/pods/http:{pod}:{port}/proxy/{path}").strip()
    except ApiError as exc:
        if exc.status in NOBODY_ANSWERS:
            return None
        raise


def plan(state: ProxyState, spec: proxy_config.ProxySpec) -> ProxyPlan:
    config = proxy_config.adjust(state.document.config, spec)
    mode = None if spec.mode == proxy_config.KEEP else spec.mode
    edit = config != state.document.config
    reasons = list(_reasons(state, config, mode, edit))
    if not spec.notes and RESTARTED in state.annotations:
        reasons.append("the annotations about earlier restarts are removed")
    # Removing annotations that do not exist would not restart anything.
    notes = spec.notes or RESTARTED not in state.annotations
    return ProxyPlan(config, mode, edit, tuple(reasons), notes)


def _reasons(state: ProxyState, config: t.Mapping[str, t.Any], mode: str | None, edit: bool) -> t.Iterator[str]:
    """Yield why kube-proxy has to be restarted: it reads its configuration only at its start."""
    digest = proxy_config.digest(config)
    rolling = state.annotations.get(DIGEST) == digest
    for pod in state.pods:
        if rolling and pod.restarted != state.annotations.get(RESTARTED):
            # An interrupted run has already begun the restart.
            continue
        if mode is not None and pod.mode not in (None, mode):
            yield f"{pod.node} runs in mode {pod.mode}"
        elif not _has_read(pod, state.document.written, digest, edit):
            yield f"{pod.node} has not read the configuration"


def _has_read(pod: ProxyPod, written: str, digest: str, edit: bool) -> bool:
    """Whether a pod runs the wanted configuration.

    A pod that started after the last write has read the current configuration. One that started before was made for the
    configuration of its digest, and keeps it until its container restarts: `minikube start`, for example, resets the
    ConfigMap while kube-proxy keeps running, and then it is enough to write the ConfigMap.
    """
    if pod.started > written:
        return not edit
    if pod.digest is None:
        # Only kubeadm has written it. Clocks of nodes differ, so equal times prove nothing.
        return not edit and pod.started == written
    return pod.digest == digest and not pod.starts_again


def objections(client: Client, wanted: ProxyPlan) -> t.Iterator[KuberError]:
    """Yield why the wanted mode cannot work, as far as the API server knows; nothing has been changed yet."""
    if wanted.mode is None:
        return
    version = client.get("/version")["gitVersion"]
    yield from proxy_modes.unsupported(wanted.mode, version, proxy_config.feature_gates(wanted.config))
    kernels = {
        node["metadata"]["name"]: node["status"].get("nodeInfo", {}).get("kernelVersion", "")
        for node in client.list("/api/v1/nodes")
    }
    yield from proxy_modes.old_kernels(wanted.mode, kernels)


def diff(state: ProxyState, wanted: ProxyPlan) -> list[dict[str, str]]:
    """Return the change as Ansible's diffs: the configuration, and what runs on the nodes."""
    entries = []
    if wanted.edit:
        before, after = (proxy_config.dump(config) for config in (state.document.config, wanted.config))
        header = f"ConfigMap kube-system/kube-proxy, {state.document.key}"
        entries.append({"before_header": header, "before": before, "after_header": header, "after": after})
    if wanted.restart:
        header = "kube-proxy on the nodes"
        before = "".join(f"{pod.node}: {pod.mode or 'no answer'}\n" for pod in state.pods)
        after = "".join(f"{pod.node}: {wanted.mode or pod.mode}, restarted\n" for pod in state.pods)
        entries.append({"before_header": header, "before": before, "after_header": header, "after": after})
    return entries


def drift(state: ProxyState, wanted: ProxyPlan) -> list[Drift]:
    """Return the drift: fields of the configuration with their manager, and what runs on each node."""
    found = []
    if wanted.edit:
        author, root = state.document.author, f"data[{state.document.key}]"
        fields = [
            Field(f"{root}.{place}", author.manager, author.time) if author else Field(f"{root}.{place}")
            for place in _drift.places(dict(state.document.config), dict(wanted.config))
        ]
        found.append(Drift("ConfigMap kube-system/kube-proxy", fields=tuple(fields)))
    for pod in state.pods if wanted.restart else ():
        thing = f"kube-proxy on node {pod.node}"
        if wanted.mode in (None, pod.mode):
            found.append(Drift(thing, DONE_AGAIN, fields=(Field("configuration"),)))
        else:
            found.append(Drift(thing, DONE_AGAIN, removed=(f"mode {pod.mode}",), added=(f"mode {wanted.mode}",)))
    return found
