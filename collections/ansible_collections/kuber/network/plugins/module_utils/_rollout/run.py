# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""Roll out a Deployment, and record its pods through a watch and its availability through requests."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, Ref, Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.wait import Goal, Waiter
from ansible_collections.kuber.network.plugins.module_utils._rollout.recorder import Recorder
from ansible_collections.kuber.network.plugins.module_utils._rollout.requests import Requests
from ansible_collections.kuber.network.plugins.module_utils._rollout.strategy import Strategy
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import Timeline, shifted, tell
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff, Clock, Progress, Say, retry

DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments", namespaced=True)
# An annotation of the pod template, and so of each new pod.
STARTED = "kuber.network/rollout"
MANAGER = "kuber.network.rollout"
HIGHEST_RATE = 100.0
# A terminated pod may still receive requests for a moment, and may exceed its grace period a little.
AFTERWARDS_SECONDS = 2.0
# The default grace period of a pod.
GRACE_SECONDS = 30
# An application that was just set up may take a moment to answer.
FIRST_ANSWER_SECONDS = 10.0
LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class RolloutSpec:
    """The Deployment, the strategy if not its own, and the URL to request meanwhile."""

    name: str
    namespace: str
    strategy: Strategy | None = None
    probe_url: str | None = None
    probe_through: str = ""
    """A port of this machine that leads to where the URL does."""
    rate: float = 10.0
    timeout: float = 10.0
    wait_timeout: float = 300.0

    @property
    def path(self) -> str:
        return DEPLOYMENTS.path(namespace=self.namespace, name=self.name)

    @property
    def item(self) -> Item:
        return Item(Ref("Deployment", self.namespace, self.name, "apps/v1"), {}, DEPLOYMENTS, "rollout")


def checked_rate(rate: float) -> float:
    """Return the rate; raise if it is not positive or too high."""
    if not 0 < rate <= HIGHEST_RATE:
        raise KuberError(
            "The option rate is out of range", wanted=f"above 0, at most {HIGHEST_RATE:g} per second", found=f"{rate:g}"
        )
    return rate


def read(client: Client, spec: RolloutSpec) -> Body:
    """Read the Deployment."""
    try:
        return t.cast("Body", client.get(spec.path))
    except ApiError as exc:
        if exc.status != 404:
            raise
        raise KuberError(
            f"There is no {spec.item.ref} to roll out",
            remedy="Set it up first (playbooks/site.yml), or correct name and namespace",
        ) from exc


def roll_out(client: Client, spec: RolloutSpec, say: Say) -> Timeline:
    """Replace all pods without changing them, and return the timeline."""
    clock = Clock(spec.wait_timeout)
    progress = Progress(say, clock)
    client.keep_to(clock, progress)
    waiter = Waiter(client, clock, progress)
    # Overlapping rollouts could not be distinguished.
    before = read(client, spec)
    waiter.wait([(Goal(spec.item), before)])
    mark = str(time.time_ns())
    with contextlib.ExitStack() as stack:
        recorder = stack.enter_context(Recorder(client, before, lambda pod: _mark_of(pod) == mark))
        requests = stack.enter_context(_requests(spec)) if spec.probe_url else None
        began = time.monotonic()
        waiter.wait([(Goal(spec.item, changed=True), _start(client, spec, mark))])
        seconds = time.monotonic() - began
        _let_them_end(recorder, before)
    answers = requests.answers if requests else []
    return tell(shifted(recorder.snapshots, began), shifted(answers, began), seconds=seconds)


def _requests(spec: RolloutSpec) -> Requests:
    requests = Requests(str(spec.probe_url), rate=spec.rate, timeout=spec.timeout, through=spec.probe_through)

    def ask() -> None:
        first = requests.ask()
        if not first.ok:
            raise KuberError(
                f"{spec.probe_url} does not answer, even before the rollout",
                wanted="an answer 200",
                found=first.found,
                remedy="Make the application reachable first (playbooks/site.yml), or correct probe_url",
            )

    retry(ask, KuberError, clock=Clock(FIRST_ANSWER_SECONDS), backoff=Backoff())
    return requests


def _let_them_end(recorder: Recorder, deployment: Body) -> None:
    """Wait for old pods to terminate, because they may serve requests until then."""
    grace = deployment["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
    clock = Clock(grace + AFTERWARDS_SECONDS)
    while any(pod.leaving for pod in recorder.snapshots[-1].pods) and not clock.is_up:
        time.sleep(LOOK_SECONDS)
    time.sleep(AFTERWARDS_SECONDS)


def _start(client: Client, spec: RolloutSpec, mark: str) -> Body:
    """Set strategy and annotation with one request, so that no pod is replaced with the old strategy."""
    changes: Body = {"template": {"metadata": {"annotations": {STARTED: mark}}}}
    if spec.strategy is not None:
        changes["strategy"] = spec.strategy.spec()
    query = {"fieldManager": MANAGER}
    answer = client.request(
        "PATCH", spec.path, query=query, body={"spec": changes}, content_type="application/merge-patch+json"
    )
    return t.cast("Body", answer)


def _mark_of(pod: Body) -> str | None:
    return (pod["metadata"].get("annotations") or {}).get(STARTED)
