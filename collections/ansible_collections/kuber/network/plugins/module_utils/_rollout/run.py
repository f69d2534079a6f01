# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""A rollout that is watched: the pods through a watch, the answers through requests."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress, Say
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, Ref, Resource
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube.wait import Goal, Waiter
from ansible_collections.kuber.network.plugins.module_utils._rollout.recorder import Recorder
from ansible_collections.kuber.network.plugins.module_utils._rollout.requests import Requests
from ansible_collections.kuber.network.plugins.module_utils._rollout.strategy import Strategy
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import Timeline, shifted, tell

DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments", namespaced=True)
# The template carries it, and so does each pod that is made from it: what has it is new.
STARTED = "kuber.network/rollout"
MANAGER = "kuber.network.rollout"
HIGHEST_RATE = 100.0
# A pod that has ended may still be asked for a moment, and one may take a little longer to end than its time.
AFTERWARDS_SECONDS = 2.0
# How long a pod has to end where the Deployment says nothing.
GRACE_SECONDS = 30
# What has just been set up may take a moment.
FIRST_ANSWER_SECONDS = 10.0
RETRY_SECONDS = 1.0
LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Wish:
    """Which Deployment, by which strategy if not by its own, and whom to ask meanwhile."""

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
    """Refuse what would be an attack, or nothing at all."""
    if not 0 < rate <= HIGHEST_RATE:
        raise KuberError(
            "Not a rate of requests", wanted=f"above 0, at most {HIGHEST_RATE:g} a second", found=f"{rate:g}"
        )
    return rate


def read(client: Client, wish: Wish) -> Body:
    """The Deployment as it is."""
    try:
        return t.cast("Body", client.get(wish.path))
    except ApiError as exc:
        if exc.status != 404:
            raise
        raise KuberError(
            f"There is no {wish.item.ref} to roll out",
            remedy="Set it up first (playbooks/site.yml), or correct name and namespace",
        ) from exc


def roll_out(client: Client, wish: Wish, say: Say) -> Timeline:
    """Replace all pods by such as they are, and tell what happens meanwhile."""
    clock = Clock(wish.wait_timeout)
    progress = Progress(say, clock)
    client.keep_to(clock, progress)
    waiter = Waiter(client, clock, progress)
    # A rollout that begins before another has ended shows neither.
    before = read(client, wish)
    waiter.wait([(Goal(wish.item), before)])
    mark = str(time.time_ns())
    with contextlib.ExitStack() as stack:
        recorder = stack.enter_context(Recorder(client, before, lambda pod: _mark_of(pod) == mark))
        requests = stack.enter_context(_requests(wish)) if wish.probe_url else None
        began = time.monotonic()
        waiter.wait([(Goal(wish.item, changed=True), _start(client, wish, mark))])
        seconds = time.monotonic() - began
        _let_them_end(recorder, before)
    answers = requests.answers if requests else []
    return tell(shifted(recorder.snapshots, began), shifted(answers, began), seconds=seconds)


def _requests(wish: Wish) -> Requests:
    requests = Requests(str(wish.probe_url), rate=wish.rate, timeout=wish.timeout, through=wish.probe_through)
    clock = Clock(FIRST_ANSWER_SECONDS)
    while not (first := requests.ask()).ok:
        if clock.is_up:
            raise KuberError(
                f"{wish.probe_url} does not answer even before the rollout",
                wanted="an answer 200",
                found=first.found,
                remedy="Set up the way to the application first (playbooks/site.yml), or correct probe_url",
            )
        time.sleep(RETRY_SECONDS)
    return requests


def _let_them_end(recorder: Recorder, deployment: Body) -> None:
    """Users may meet a pod until it is gone."""
    grace = deployment["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
    clock = Clock(grace + AFTERWARDS_SECONDS)
    while any(pod.leaving for pod in recorder.snapshots[-1].pods) and not clock.is_up:
        time.sleep(LOOK_SECONDS)
    time.sleep(AFTERWARDS_SECONDS)


def _start(client: Client, wish: Wish, mark: str) -> Body:
    """One request for both, so that no pod is replaced by the rules of before."""
    spec: Body = {"template": {"metadata": {"annotations": {STARTED: mark}}}}
    if wish.strategy is not None:
        spec["strategy"] = wish.strategy.spec()
    query = {"fieldManager": MANAGER}
    answer = client.request(
        "PATCH", wish.path, query=query, body={"spec": spec}, content_type="application/merge-patch+json"
    )
    return t.cast("Body", answer)


def _mark_of(pod: Body) -> str | None:
    return (pod["metadata"].get("annotations") or {}).get(STARTED)
