# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""kube-proxy's configuration is written, its pods are restarted and watched, and taken back if they do not stay up."""

from __future__ import annotations

import dataclasses
import datetime
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import ApiError
from ansible_collections.kuber.network.plugins.module_utils._net import kube_proxy, proxy_config
from ansible_collections.kuber.network.plugins.module_utils._net.kube_proxy import DIGEST, MANAGER, RESTARTED

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Say  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._net.kube_proxy import (  # pragma: no cover
        Document,
        Plan,
        Pod,
        State,
    )

POLL_SECONDS = 1.0
LOG_LINES = 20
LAST_WORDS = 3


class CrashLoopError(KuberError):
    """kube-proxy ends again and again; ``outcome`` is what was done about it."""

    def __init__(self, pod: Pod, *, mode: str, words: str, outcome: str = "", changed: bool = False) -> None:
        self.pod, self.mode, self.words = pod, mode, words
        super().__init__(
            f"kube-proxy does not start on node {pod.node}",
            wanted=mode,
            found=f"{pod.failure}{outcome and '. ' + outcome}. kube-proxy's last words: {words or 'none'}",
            remedy="Choose a mode that the node's kernel and this Kubernetes have, or mend settings",
            changed=changed,
        )

    def with_outcome(self, outcome: str, *, changed: bool) -> CrashLoopError:
        return CrashLoopError(self.pod, mode=self.mode, words=self.words, outcome=outcome, changed=changed)


def write(client: Client, document: Document, text: str) -> str:
    """Replace the one document, provided that nobody else has written since we read it; return the new version."""
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
        # It was we ourselves who had written, and the answer was lost.
    return str(written["metadata"]["resourceVersion"])


def restart(client: Client, wanted: Plan) -> None:
    """Change the template of the pods: by new notes, or by taking the old ones away."""
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


def wait(client: Client, selector: str, wanted: Plan, *, seconds: float, say: Say) -> tuple[Pod, ...]:
    """Wait until every node runs what it should and has written its rules; explain what does not get there."""
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
                wanted=f"{_mode_text(wanted)} on every node, and the rules written",
                found="; ".join(missing) + _complaints(client, pods),
                remedy="Look at `kubectl --namespace kube-system get pods,events`, or allow more with wait_timeout",
            )
        progress.tell(f"Waiting for kube-proxy: {'; '.join(missing)}")
        time.sleep(POLL_SECONDS)


def _missing(
    client: Client, daemon_set: t.Mapping[str, t.Any], pods: t.Sequence[Pod], wanted: Plan, port: int | None
) -> list[str]:
    """What is not as it should be yet; raise when it will never be."""
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


def _problem(client: Client, pod: Pod, wanted: Plan, port: int | None) -> str | None:
    if port is None:
        # Only a configuration that is gone back to may tell nobody.
        return None if pod.started else "does not run"
    if pod.mode is None:
        return "does not answer"
    if wanted.mode is not None and pod.mode != wanted.mode:
        return f"runs in mode {pod.mode}"
    if not proxy_config.is_synchronised(kube_proxy.ask(client, pod.name, port, "metrics") or ""):
        return "has not written its rules"
    return None


def _last_words(client: Client, pod: Pod) -> str:
    """The last errors in the log, or whatever else stands last; klog's lines begin with their severity."""
    lines = _log(client, pod).splitlines()
    errors = [line for line in lines if line.startswith(("E", "F"))]
    return "\n".join((errors or lines)[-LAST_WORDS:])


def _log(client: Client, pod: Pod) -> str:
    path = f"{kube_proxy.NAMESPACE}/pods/{pod.name}/log"
    lines = ""
    for previous in (True, False):
        try:
            lines = lines or client.text("GET", path, query={"tailLines": LOG_LINES, "previous": previous}).strip()
        except ApiError:
            # There is no log of a container that has never run.
            continue
    return lines


def _complaints(client: Client, pods: t.Sequence[Pod]) -> str:
    """The last error of one kube-proxy that runs and has one."""
    for pod in pods:
        last = _last_words(client, pod).rpartition("\n")[2]
        if last.startswith(("E", "F")):
            return f"; kube-proxy on {pod.node} says: {last}"
    return ""


def _mode_text(wanted: Plan) -> str:
    return f"mode {wanted.mode}" if wanted.mode else "the configured mode"


def roll_back(
    client: Client, state: State, wanted: Plan, failure: CrashLoopError, *, seconds: float, say: Say
) -> KuberError:
    """Go back to what ran before, and return the error that says how far that went."""
    before = _before(state, wanted)
    if before is None:
        failure.changed = bool(wanted)
        return failure
    say(f"{failure.problem}: going back to {_mode_text(before)}")
    try:
        document = kube_proxy.read_document(client)[0]
        if document.config != wanted.config:
            raise KuberError("Somebody else has edited the configuration in the meantime")
        write(
            client,
            document,
            state.document.text if wanted.edit else proxy_config.dump(before.config, like=document.text),
        )
        restart(client, before)
        wait(client, state.selector, before, seconds=seconds, say=say)
    except KuberError as exc:
        return failure.with_outcome(f"Going back to {_mode_text(before)} failed, too: {exc}", changed=True)
    # Without an edit of ours the configuration was another one when this run began.
    outcome = f"Configuration and nodes are back at what they were, {_mode_text(before)}"
    return failure.with_outcome(outcome, changed=not wanted.edit)


def _before(state: State, wanted: Plan) -> Plan | None:
    """What ran before as a plan; ``None`` when nothing ran, or nothing else than what is wanted."""
    modes = {pod.mode for pod in state.pods if pod.mode is not None}
    mode = next(iter(modes)) if len(modes) == 1 else None
    if not any(pod.started for pod in state.pods):
        return None
    if wanted.edit:
        # After `minikube start` the configuration is not what runs; it is restored as it was read.
        ran = mode if mode == (state.document.config.get("mode") or mode) else None
        return dataclasses.replace(wanted, config=state.document.config, mode=ran)
    if mode is not None and mode != wanted.config.get("mode"):
        return dataclasses.replace(wanted, config=dict(wanted.config) | {"mode": mode}, mode=mode)
    return None
