# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""kube-proxy in a cluster: what is configured, what runs, and what has to be done about it."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import RESTARTED as DONE_AGAIN
from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, Field
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import drift as _drift
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import ApiError
from ansible_collections.kuber.network.plugins.module_utils._net import proxy_config, proxy_modes
from ansible_collections.kuber.network.plugins.module_utils._net.proxy_absence import no_proxy

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client  # pragma: no cover

NAMESPACE = "/api/v1/namespaces/kube-system"
CONFIG_MAP = f"{NAMESPACE}/configmaps/kube-proxy"
DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
DIGEST = "kuber.network/config-digest"
RESTARTED = "kuber.network/restarted-at"
MANAGER = "kuber.network"
NOBODY_ANSWERS = (404, 500, 502, 503, 504)


@dataclasses.dataclass(frozen=True)
class Pod:
    """kube-proxy on one node."""

    name: str
    node: str
    mode: str | None
    """The running mode; ``None`` when it does not answer."""
    started: str
    """When its container started; empty while it does not run."""
    restarted: str | None
    """Which restart of ours made it, and for which configuration."""
    digest: str | None
    starts_again: int
    """How often its container was started again since."""
    failure: str | None
    """Why its container does not stay up."""


@dataclasses.dataclass(frozen=True)
class Document:
    """The configuration as it stands in the ConfigMap."""

    key: str
    text: str
    config: t.Mapping[str, t.Any]
    version: str
    """Of the ConfigMap, for a write that tolerates no other in between."""
    written: str
    """When the ConfigMap was last written to."""
    author: Field | None = None
    """Who has written it, when that was somebody else."""


@dataclasses.dataclass(frozen=True)
class State:
    """What there is in the cluster."""

    document: Document
    annotations: t.Mapping[str, str]
    """Those of the template of the pods."""
    selector: str
    pods: tuple[Pod, ...]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done, and for which reasons."""

    config: t.Mapping[str, t.Any]
    mode: str | None
    """What every node must run in the end; ``None`` when any mode will do."""
    edit: bool
    restart: tuple[str, ...]
    notes: bool = True
    """Whether the DaemonSet notes what it was restarted for."""

    def __bool__(self) -> bool:
        return self.edit or bool(self.restart)


def read(client: Client) -> State:
    document, daemon_set = read_document(client)
    labels = daemon_set["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return State(
        document=document,
        annotations=daemon_set["spec"]["template"]["metadata"].get("annotations") or {},
        selector=selector,
        pods=read_pods(client, selector, proxy_config.metrics_port(document.config)),
    )


def read_document(client: Client) -> tuple[Document, dict[str, t.Any]]:
    """The configuration, and the DaemonSet that reads it."""
    config_map, daemon_set = (_get(client, path) for path in (CONFIG_MAP, DAEMON_SET))
    data = config_map.get("data") or {}
    key = _key(daemon_set, data)
    text = data.get(key) or ""
    document = Document(
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
    """Which of the files in the ConfigMap kube-proxy reads: the one that its command line names."""
    if daemon_set["spec"].get("updateStrategy", {}).get("type") == "OnDelete":
        raise KuberError(
            "kube-proxy is not restarted when its DaemonSet changes",
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
        remedy="On a control plane `kubeadm init phase addon kube-proxy` makes both anew, and so does `minikube start`",
    )


def read_pods(client: Client, selector: str, port: int | None) -> tuple[Pod, ...]:
    pods = client.list(f"{NAMESPACE}/pods", labelSelector=selector)
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and pod["spec"].get("nodeName")]
    return tuple(sorted((_read_pod(client, pod, port) for pod in living), key=lambda pod: pod.node))


def _read_pod(client: Client, pod: t.Mapping[str, t.Any], port: int | None) -> Pod:
    metadata = pod["metadata"]
    annotations = metadata.get("annotations") or {}
    container: dict[str, t.Any] = next(iter(pod["status"].get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    running, waiting = state.get("running"), state.get("waiting") or {}
    return Pod(
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
    """What kube-proxy's own web server answers; ``None`` when nobody does."""
    try:
        return client.text("GET", f"{NAMESPACE}/pods/http:{pod}:{port}/proxy/{path}").strip()
    except ApiError as exc:
        if exc.status in NOBODY_ANSWERS:
            return None
        raise


def plan(state: State, wish: proxy_config.Wish) -> Plan:
    config = proxy_config.adjust(state.document.config, wish)
    mode = None if wish.mode == proxy_config.KEEP else wish.mode
    edit = config != state.document.config
    reasons = list(_reasons(state, config, mode, edit))
    if not wish.notes and RESTARTED in state.annotations:
        reasons.append("the notes about earlier restarts go")
    # Where there are none, taking them away would not restart anything.
    notes = wish.notes or RESTARTED not in state.annotations
    return Plan(config, mode, edit, tuple(reasons), notes)


def _reasons(state: State, config: t.Mapping[str, t.Any], mode: str | None, edit: bool) -> t.Iterator[str]:
    """Why kube-proxy has to be restarted: it reads its configuration only when it starts."""
    digest = proxy_config.digest(config)
    rolling = state.annotations.get(DIGEST) == digest
    for pod in state.pods:
        if rolling and pod.restarted != state.annotations.get(RESTARTED):
            # An interrupted run has begun its restart already.
            continue
        if mode is not None and pod.mode not in (None, mode):
            yield f"{pod.node} runs in mode {pod.mode}"
        elif not _has_read(pod, state.document.written, digest, edit):
            yield f"{pod.node} has not read the configuration"


def _has_read(pod: Pod, written: str, digest: str, edit: bool) -> bool:
    """Whether a pod runs the wanted configuration.

    One that started after the last write has read what stands there now. One that started before was made for the
    configuration of its digest, and knows no other unless it was started again: `minikube start`, for one, resets the
    ConfigMap while kube-proxy goes on, and then it is enough to write the ConfigMap.
    """
    if pod.started > written:
        return not edit
    if pod.digest is None:
        # Nobody but kubeadm has touched it, and clocks of nodes differ: equal times are no sign.
        return not edit and pod.started == written
    return pod.digest == digest and not pod.starts_again


def objections(client: Client, wanted: Plan) -> t.Iterator[KuberError]:
    """What speaks against the wanted mode, as far as the API server knows; nothing has been touched yet."""
    if wanted.mode is None:
        return
    version = client.get("/version")["gitVersion"]
    yield from proxy_modes.unsupported(wanted.mode, version, proxy_config.feature_gates(wanted.config))
    kernels = {
        node["metadata"]["name"]: node["status"].get("nodeInfo", {}).get("kernelVersion", "")
        for node in client.list("/api/v1/nodes")
    }
    yield from proxy_modes.old_kernels(wanted.mode, kernels)


def diff(state: State, wanted: Plan) -> list[dict[str, str]]:
    """What changes, for people: the configuration, and what runs on the nodes."""
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


def drift(state: State, wanted: Plan) -> list[Drift]:
    """What differs: fields of the configuration with who wrote it, and what runs on each node."""
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
