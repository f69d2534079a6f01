# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Write kube-proxy's configuration, restart and watch its pods, and roll back if they crash."""

from __future__ import annotations

import dataclasses
import datetime
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config
from ansible_collections.kuber.network.plugins.module_utils._proxy.kube_proxy import DIGEST, MANAGER, RESTARTED
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._proxy.kube_proxy import (  # pragma: no cover
        ProxyConfig,
        ProxyPlan,
        ProxyPod,
        ProxyState,
    )
    from ansible_collections.kuber.network.plugins.module_utils._timing import Say  # pragma: no cover

POLL_SECONDS = 1.0
LOG_LINES = 20
LAST_WORDS = 3


class CrashLoopError(KuberError):
    """kube-proxy crashes repeatedly; ``outcome`` says what was done about it."""

    def __init__(self, pod: ProxyPod, *, mode: str, words: str, outcome: str = "", changed: bool = False) -> None:
        self.pod, self.mode, self.words = pod, mode, words
        super().__init__(
            f"kube-proxy does not start on node {pod.node}",
            wanted=mode,
            found=f"{pod.failure}{outcome and '. ' + outcome}. Last log lines of kube-proxy: {words or 'none'}",
            remedy="Choose a mode that the node's kernel and this Kubernetes support, or correct settings",
            changed=changed,
        )

    def with_outcome(self, outcome: str, *, changed: bool) -> CrashLoopError:
        return CrashLoopError(self.pod, mode=self.mode, words=self.words, outcome=outcome, changed=changed)


def write(client: Client, document: ProxyConfig, text: str) -> str:
    """Replace the document unless somebody else has written since we read it; return the new version."""
    body = {"metadata": {"resourceVersion": document.version}, "data": {document.key: text}}
    try:
        written = client.request(
            "PATCH",
            kube_proxy.CONFIG_MAP,
            query={"fieldManager": MANAGER},
            body=body,
            content_type="application/merge-patch+json",
        )
    except ApiError as exc:
        written = client.get(kube_proxy.CONFIG_MAP) if exc.status == 409 and exc.perhaps_done else {}
        if (written.get("data") or {}).get(document.key) != text:
            raise
        # The write was our own, and its answer was lost.
    return str(written["metadata"]["resourceVersion"])


def restart(client: Client, wanted: ProxyPlan) -> None:
    """Change the pod template: set new annotations, or remove the old ones."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    annotations = {DIGEST: proxy_config.digest(wanted.config), RESTARTED: now} if wanted.notes else {}
    client.request(
        "PATCH",
        kube_proxy.DAEMON_SET,
        query={"fieldManager": MANAGER, "force": True},
        body={
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
            "spec": {"template": {"metadata": {"annotations": annotations}}},
        },
        content_type="application/apply-patch+yaml",
    )


def wait(client: Client, selector: str, wanted: ProxyPlan, *, seconds: float, say: Say) -> tuple[ProxyPod, ...]:
    """Wait until every node runs the wanted mode and has written its rules; explain which one does not."""
    port = proxy_config.metrics_port(wanted.config)
    clock = Clock(seconds)
    progress = Progress(say, clock)
    client.keep_to(clock, progress)
    while True:
        daemon_set = client.get(kube_proxy.DAEMON_SET)
        pods = kube_proxy.read_pods(client, selector, port)
        missing = _missing(client, daemon_set, pods, wanted, port)
        if not missing:
            return pods
        if clock.is_up:
            raise KuberError(
                f"kube-proxy is not ready after {seconds:g} s",
                wanted=f"{_mode_text(wanted)} on every node, with its rules written",
                found="; ".join(missing) + _complaints(client, pods),
                remedy="See `kubectl --namespace kube-system get pods,events`, or raise wait_timeout",
            )
        progress.tell(f"Waiting for kube-proxy: {'; '.join(missing)}")
        time.sleep(POLL_SECONDS)


def _missing(
    client: Client, daemon_set: t.Mapping[str, t.Any], pods: t.Sequence[ProxyPod], wanted: ProxyPlan, port: int | None
) -> list[str]:
    """Return what is still missing; raise if it can never be reached."""
    status = daemon_set.get("status") or {}
    if status.get("observedGeneration", 0) < daemon_set["metadata"]["generation"]:
        return ["the restart has not begun"]
    current = (daemon_set["spec"]["template"]["metadata"].get("annotations") or {}).get(RESTARTED)
    updated = [pod for pod in pods if pod.restarted == current]
    for pod in updated:
        if pod.failure:
            raise CrashLoopError(pod, mode=_mode_text(wanted), words=_last_words(client, pod))
    desired = status.get("desiredNumberScheduled", 0)
    if len(updated) < max(desired, len(pods)):
        return [f"{len(updated)} of {desired} nodes are restarted"]
    problems = {pod.node: _problem(client, pod, wanted, port) for pod in updated}
    return [f"{node} {problem}" for node, problem in problems.items() if problem]


def _problem(client: Client, pod: ProxyPod, wanted: ProxyPlan, port: int | None) -> str | None:
    if port is None:
        # Only a restored configuration may have no reachable metrics server.
        return None if pod.started else "is not running"
    if pod.mode is None:
        return "does not answer"
    if wanted.mode is not None and pod.mode != wanted.mode:
        return f"runs in mode {pod.mode}"
    if not proxy_config.is_synchronised(kube_proxy.ask(client, pod.name, port, "metrics") or ""):
        return "has not written its rules"
    return None


def _last_words(client: Client, pod: ProxyPod) -> str:
    """Return the last errors of the log, or its last lines; klog's lines begin with their severity."""
    lines = _log(client, pod).splitlines()
    errors = [line for line in lines if line.startswith(("E", "F"))]
    return "\n".join((errors or lines)[-LAST_WORDS:])


def _log(client: Client, pod: ProxyPod) -> str:
    path = f"{kube_proxy.NAMESPACE}/pods/{pod.name}/log"
    lines = ""
    for previous in (True, False):
        try:
            lines = lines or client.text("GET", path, query={"tailLines": LOG_LINES, "previous": previous}).strip()
        except ApiError:
            # A container that never ran has no log.
            continue
    return lines


def _complaints(client: Client, pods: t.Sequence[ProxyPod]) -> str:
    """Return the last error in the log of a running kube-proxy."""
    for pod in pods:
        last = _last_words(client, pod).rpartition("\n")[2]
        if last.startswith(("E", "F")):
            return f"; kube-proxy on {pod.node} says: {last}"
    return ""


def _mode_text(wanted: ProxyPlan) -> str:
    return f"mode {wanted.mode}" if wanted.mode else "the configured mode"


def roll_back(
    client: Client, state: ProxyState, wanted: ProxyPlan, failure: CrashLoopError, *, seconds: float, say: Say
) -> KuberError:
    """Restore what ran before, and return the error that says whether that worked."""
    before = _before(state, wanted)
    if before is None:
        failure.changed = bool(wanted)
        return failure
    say(f"{failure.problem}: rolling back to {_mode_text(before)}")
    try:
        document = kube_proxy.read_document(client)[0]
        if document.config != wanted.config:
            raise KuberError("The configuration of kube-proxy was edited meanwhile")
        write(
            client,
            document,
            state.document.text if wanted.edit else proxy_config.dump(before.config, like=document.text),
        )
        restart(client, before)
        wait(client, state.selector, before, seconds=seconds, say=say)
    except KuberError as exc:
        return failure.with_outcome(f"Rolling back to {_mode_text(before)} failed as well: {exc}", changed=True)
    # Without an edit of ours, the configuration already differed when this run began.
    outcome = f"Configuration and nodes were rolled back to {_mode_text(before)}"
    return failure.with_outcome(outcome, changed=not wanted.edit)


def _before(state: ProxyState, wanted: ProxyPlan) -> ProxyPlan | None:
    """Return the plan that restores what ran before; ``None`` if nothing ran, or the same as wanted."""
    modes = {pod.mode for pod in state.pods if pod.mode is not None}
    mode = next(iter(modes)) if len(modes) == 1 else None
    if not any(pod.started for pod in state.pods):
        return None
    if wanted.edit:
        # After `minikube start` the configuration differs from what runs; it is restored as it was read.
        ran = mode if mode == (state.document.config.get("mode") or mode) else None
        return dataclasses.replace(wanted, config=state.document.config, mode=ran)
    if mode is not None and mode != wanted.config.get("mode"):
        return dataclasses.replace(wanted, config=dict(wanted.config) | {"mode": mode}, mode=mode)
    return None
