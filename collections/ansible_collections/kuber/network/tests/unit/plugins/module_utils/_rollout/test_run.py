# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import threading
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._rollout import run
from ansible_collections.kuber.network.plugins.module_utils._rollout.run import RolloutSpec, roll_out
from ansible_collections.kuber.network.plugins.module_utils._rollout.strategy import NAMED, Strategy
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

MERGE = "application/merge-patch+json"
START_SECONDS = 0.7


class Kubelet(threading.Thread):
    """Starts the pods of a namespace, each a moment after it is created."""

    def __init__(self, client: Client, namespace: str) -> None:
        super().__init__(daemon=True)
        self.starts_pods = True
        self._client = client
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._ending = threading.Event()

    def __enter__(self) -> Kubelet:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.join()

    def run(self) -> None:
        seen: dict[str, int] = {}
        while not self._ending.wait(0.1):
            for pod in self._client.list(self._path):
                name = pod["metadata"]["name"]
                seen[name] = seen.get(name, 0) + 1
                if seen[name] == round(START_SECONDS / 0.1) and self.starts_pods:
                    ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
                    self._client.request(
                        "PATCH", f"{self._path}/{name}/status", body={"status": ready}, content_type=MERGE
                    )


@pytest.fixture
def client(api_server: t.Any) -> Client:
    return Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")


@pytest.fixture
def namespace(client: Client, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(run, "AFTERWARDS_SECONDS", 0.5)
    monkeypatch.setattr(run, "FIRST_ANSWER_SECONDS", 1.0)
    created = client.request("POST", "/api/v1/namespaces", body={"metadata": {"generateName": "rollout-"}})
    return str(created["metadata"]["name"])


def deploy(client: Client, namespace: str) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "x"}]}}
    template["spec"]["containers"][0]["readinessProbe"] = {"tcpSocket": {"port": 80}}
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template,
    }
    body = {"metadata": {"name": "web"}, "spec": spec}
    client.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body=body)


@contextlib.contextmanager
def page(*, status: int = 200) -> t.Iterator[str]:
    """A page on loopback."""

    class Answers(Handler):
        def do_GET(self) -> None:
            self.answer(status=status)

    with serving(http_server(Answers)) as server:
        yield f"{url_of(server)}/index.html"


@pytest.mark.parametrize(
    ("name", "most", "fewest"),
    # All at once, it is up to chance whether the new ones come before the old ones go.
    [("blue_green", {6}, 3), ("reverse", {3}, 2), ("all_at_once", {3, 4, 5, 6}, 0), ("recreate", {3}, 0)],
)
def test_strategy_shows_in_the_timeline(client: Client, namespace: str, name: str, most: set[int], fewest: int) -> None:
    deploy(client, namespace)
    spec = RolloutSpec("web", namespace, NAMED[name], rate=20, wait_timeout=60)
    with Kubelet(client, namespace), page() as url:
        timeline = roll_out(client, dataclasses.replace(spec, probe_url=url), lambda line: None)
    assert timeline.most_pods in most
    assert timeline.fewest_available == fewest
    assert timeline.failed == 0
    assert timeline.answers > timeline.seconds * 5
    told = [moment.what for moment in timeline.moments]
    # Pods that are on no node are gone as soon as they are told to end.
    for age, what in (("new", "is created"), ("new", "is ready"), ("old", "has terminated")):
        assert sum(one.startswith(f"{age} pod web-") and one.endswith(what) for one in told) == 3
    assert [thread.name for thread in threading.enumerate() if "rollout" in thread.name] == []


def test_without_a_strategy_the_existing_one_is_kept(client: Client, namespace: str) -> None:
    deploy(client, namespace)
    with Kubelet(client, namespace):
        for spec in (RolloutSpec("web", namespace, NAMED["recreate"]), RolloutSpec("web", namespace)):
            roll_out(client, spec, lambda line: None)
    body = run.read(client, RolloutSpec("web", namespace))
    assert Strategy.of(body) == NAMED["recreate"]


def test_rollout_that_does_not_succeed_says_why(client: Client, namespace: str) -> None:
    deploy(client, namespace)
    with Kubelet(client, namespace) as kubelet:
        first = roll_out(client, RolloutSpec("web", namespace, NAMED["blue_green"], wait_timeout=60), lambda line: None)
        assert first.answers == 0
        kubelet.starts_pods = False
        with pytest.raises(KuberError, match="0 of 3 pods of the new version are available"):
            roll_out(client, RolloutSpec("web", namespace, wait_timeout=3), lambda line: None)


def test_address_that_does_not_answer_is_refused_before_anything_happens(client: Client, namespace: str) -> None:
    deploy(client, namespace)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    with (
        Kubelet(client, namespace),
        page(status=404) as url,
        pytest.raises(KuberError, match="even before the rollout"),
    ):
        roll_out(client, RolloutSpec("web", namespace, probe_url=url, wait_timeout=30), lambda line: None)
    assert client.get(path)["metadata"]["generation"] == 1


def test_deployment_that_is_not_there_is_named(client: Client, namespace: str) -> None:
    with pytest.raises(KuberError, match=f"There is no Deployment {namespace}/web to roll out"):
        roll_out(client, RolloutSpec("web", namespace), lambda line: None)


@pytest.mark.parametrize("rate", [0, -1, 101])
def test_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(KuberError, match="The option rate is out of range"):
        run.checked_rate(rate)
