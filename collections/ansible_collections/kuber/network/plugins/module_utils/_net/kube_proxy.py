# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""kube-proxy in a cluster: what is configured, what runs, and how one becomes the other."""

from __future__ import annotations

import dataclasses
import datetime
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import ApiError
from ansible_collections.kuber.network.plugins.module_utils._net import proxy_config

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Say  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client  # pragma: no cover

NAMESPACE = "/api/v1/namespaces/kube-system"
CONFIG_MAP = f"{NAMESPACE}/configmaps/kube-proxy"
DAEMON_SET = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
MANAGER = "kuber.network"
DIGEST = "kuber.network/config-digest"
RESTARTED = "kuber.network/restarted-at"
NOBODY_ANSWERS = (404, 500, 502, 503, 504)
POLL_SECONDS = 1.0
LOG_LINES = 5


@dataclasses.dataclass(frozen=True)
class Pod:
    """kube-proxy on one node."""

    name: str
    node: str
    mode: str | None
    """The running mode; ``None`` when it does not answer."""
    started: str
    restarted: str | None
    """Which restart made it."""
    failure: str | None
    """Why its container does not stay up."""


@dataclasses.dataclass(frozen=True)
class State:
    """What there is in the cluster."""

    version: str
    config: t.Mapping[str, t.Any]
    written: str
    annotations: t.Mapping[str, str]
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

    def __bool__(self) -> bool:
        return self.edit or bool(self.restart)


def read(client: Client) -> State:
    config_map, daemon_set = (_get(client, path) for path in (CONFIG_MAP, DAEMON_SET))
    config = proxy_config.load((config_map.get("data") or {}).get(proxy_config.KEY))
    labels = daemon_set["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return State(
        version=config_map["metadata"]["resourceVersion"],
        config=config,
        written=max((entry.get("time", "") for entry in config_map["metadata"].get("managedFields") or ()), default=""),
        annotations=daemon_set["spec"]["template"]["metadata"].get("annotations") or {},
        selector=selector,
        pods=_read_pods(client, selector, proxy_config.metrics_port(config)),
    )


def _get(client: Client, path: str) -> dict[str, t.Any]:
    try:
        found: dict[str, t.Any] = client.get(path)
    except ApiError as exc:
        if exc.status != 404:
            raise
        raise KuberError(
            "The cluster has no kube-proxy of the kind that kubeadm and minikube set up",
            wanted="ConfigMap and DaemonSet kube-proxy in namespace kube-system",
            found=f"no {path.rsplit('/', 2)[-2]} of that name",
            remedy=f"Check that context {client.context} is the cluster that you mean",
        ) from exc
    return found


def _read_pods(client: Client, selector: str, port: int | None) -> tuple[Pod, ...]:
    pods = client.list(f"{NAMESPACE}/pods", labelSelector=selector)
    living = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and pod["spec"].get("nodeName")]
    return tuple(sorted((_read_pod(client, pod, port) for pod in living), key=lambda pod: pod.node))


def _read_pod(client: Client, pod: t.Mapping[str, t.Any], port: int | None) -> Pod:
    metadata = pod["metadata"]
    container: dict[str, t.Any] = next(iter(pod["status"].get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    running, waiting = state.get("running"), state.get("waiting") or {}
    return Pod(
        name=metadata["name"],
        node=pod["spec"]["nodeName"],
        mode=_ask(client, metadata["name"], port, "proxyMode") if running and port else None,
        started=(running or {}).get("startedAt", ""),
        restarted=(metadata.get("annotations") or {}).get(RESTARTED),
        failure=waiting["reason"] if "BackOff" in waiting.get("reason", "") else None,
    )


def _ask(client: Client, pod: str, port: int, path: str) -> str | None:
    try:
        return client.text("GET", f"{NAMESPACE}/pods/http:{pod}:{port}/proxy/{path}").strip()
    except ApiError as exc:
        if exc.status in NOBODY_ANSWERS:
            return None
        raise


def plan(state: State, wish: proxy_config.Wish) -> Plan:
    config = proxy_config.adjust(state.config, wish)
    mode = None if wish.mode == proxy_config.KEEP else wish.mode
    edit = config != state.config
    return Plan(config, mode, edit, tuple(_reasons(state, config, mode, edit)))


def _reasons(state: State, config: t.Mapping[str, t.Any], mode: str | None, edit: bool) -> t.Iterator[str]:
    """Why kube-proxy has to be restarted: it reads its configuration only when it starts."""
    for pod in state.pods:
        if mode is not None and pod.mode not in (None, mode):
            yield f"{pod.node} runs in mode {pod.mode}"
    known = state.annotations.get(DIGEST)
    if edit or (known is not None and known != proxy_config.digest(config)):
        yield "the configuration has changed"
    elif known is None:
        # Somebody else wrote the configuration: those who started before have not read it.
        for pod in state.pods:
            if pod.started and pod.started < state.written:
                yield f"{pod.node} has not read the configuration"


def write_config(client: Client, state: State, wanted: Plan) -> None:
    """Replace the one document, provided that nobody else has written since we read it."""
    body = {
        "metadata": {"resourceVersion": state.version},
        "data": {proxy_config.KEY: proxy_config.dump(wanted.config)},
    }
    client.request(
        "PATCH",
        CONFIG_MAP,
        query={"fieldManager": MANAGER},
        body=body,
        content_type="application/merge-patch+json",
    )


def restart(client: Client, wanted: Plan) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    annotations = {DIGEST: proxy_config.digest(wanted.config), RESTARTED: now}
    client.request(
        "PATCH",
        DAEMON_SET,
        query={"fieldManager": MANAGER, "force": True},
        body={
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        },
        content_type="application/apply-patch+yaml",
    )


def wait(client: Client, selector: str, wanted: Plan, *, seconds: float, say: Say) -> tuple[Pod, ...]:
    """Wait until every node runs what it should and has written its rules; explain what does not get there."""
    port = proxy_config.required_metrics_port(wanted.config)
    clock = Clock(seconds)
    progress = Progress(say, clock)
    while True:
        daemon_set = client.get(DAEMON_SET)
        pods = _read_pods(client, selector, port)
        missing = _missing(client, daemon_set, pods, wanted, port)
        if not missing:
            return pods
        if clock.is_up:
            raise KuberError(
                f"kube-proxy is not ready after {seconds:g} s",
                wanted=f"{_mode_text(wanted)} on every node, and the rules written",
                found="; ".join(missing),
                remedy="Look at `kubectl --namespace kube-system get pods,events`, or allow more with wait_timeout",
            )
        progress.tell(f"Waiting for kube-proxy: {'; '.join(missing)}")
        time.sleep(POLL_SECONDS)


def _missing(
    client: Client, daemon_set: t.Mapping[str, t.Any], pods: t.Sequence[Pod], wanted: Plan, port: int
) -> list[str]:
    """What is not as it should be yet; raise when it will never be."""
    status = daemon_set.get("status") or {}
    if status.get("observedGeneration", 0) < daemon_set["metadata"]["generation"]:
        return ["the restart has not begun"]
    current = (daemon_set["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTARTED)
    updated = [pod for pod in pods if pod.restarted == current]
    for pod in updated:
        if pod.failure:
            raise _failure(client, pod, wanted)
    desired = status.get("desiredNumberScheduled", 0)
    if len(updated) < max(desired, len(pods)):
        return [f"{len(updated)} of {desired} nodes are restarted"]
    problems = {pod.node: _problem(client, pod, wanted, port) for pod in updated}
    return [f"{node} {problem}" for node, problem in problems.items() if problem]


def _problem(client: Client, pod: Pod, wanted: Plan, port: int) -> str | None:
    if pod.mode is None:
        return "does not answer"
    if wanted.mode is not None and pod.mode != wanted.mode:
        return f"runs in mode {pod.mode}"
    if not proxy_config.is_synchronised(_ask(client, pod.name, port, "metrics") or ""):
        return "has not written its rules"
    return None


def _failure(client: Client, pod: Pod, wanted: Plan) -> KuberError:
    path = f"{NAMESPACE}/pods/{pod.name}/log"
    lines = ""
    for previous in (True, False):
        try:
            lines = lines or client.text("GET", path, query={"tailLines": LOG_LINES, "previous": previous}).strip()
        except ApiError:
            # There is no log of a container that has never run.
            continue
    return KuberError(
        f"kube-proxy does not start on node {pod.node}",
        wanted=_mode_text(wanted),
        found=f"{pod.failure}; its last words: {lines or 'none'}",
        remedy="Choose a mode that the node's kernel and this Kubernetes have, or take back what settings changed",
    )


def _mode_text(wanted: Plan) -> str:
    return f"mode {wanted.mode}" if wanted.mode else "the configured mode"


def diff(state: State, wanted: Plan) -> list[dict[str, str]]:
    """What changes, for people: the configuration, and what runs on the nodes."""
    entries = []
    if wanted.edit:
        before, after = (proxy_config.dump(config) for config in (state.config, wanted.config))
        header = f"ConfigMap kube-system/kube-proxy, {proxy_config.KEY}"
        entries.append({"before_header": header, "before": before, "after_header": header, "after": after})
    if wanted.restart:
        header = "kube-proxy on the nodes"
        before = "".join(f"{pod.node}: {pod.mode or 'no answer'}\n" for pod in state.pods)
        after = "".join(f"{pod.node}: {wanted.mode or pod.mode}, restarted\n" for pod in state.pods)
        entries.append({"before_header": header, "before": before, "after_header": header, "after": after})
    return entries
