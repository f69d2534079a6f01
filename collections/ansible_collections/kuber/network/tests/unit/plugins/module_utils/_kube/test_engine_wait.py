# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils import _timing
from ansible_collections.kuber.network.plugins.module_utils._kube import diagnosis, pods, readiness, wait
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import Condition

if t.TYPE_CHECKING:
    from .conftest import Cluster, Detour

RUNNING = {"name": "web", "image": "x", "imageID": "", "restartCount": 0, "ready": False, "state": {"running": {}}}
MERGE = "application/merge-patch+json"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "TICK_SECONDS", 0.2)
    monkeypatch.setattr(wait, "DIAGNOSE_SECONDS", 0.2)
    monkeypatch.setattr(wait, "CONFIRM_SECONDS", 1.0)
    monkeypatch.setattr(pods, "PATIENCE", dict.fromkeys(pods.PATIENCE, 1.0))
    monkeypatch.setattr(pods, "RUNNING_AGAIN_SECONDS", 1.0)
    monkeypatch.setattr(diagnosis, "ADDRESS_SECONDS", 1.0)
    monkeypatch.setattr(readiness, "REJECTED_SECONDS", 1.0)
    monkeypatch.setattr(readiness, "REFUSED_SECONDS", 1.0)


def deployment(probe_port: int = 8000, **container: t.Any) -> dict[str, t.Any]:
    web = {
        "name": "web",
        "image": "x",
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/index.html", "port": probe_port}},
        **container,
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [web]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def service() -> dict[str, t.Any]:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lb"}, "spec": spec}


def give_address(cluster: Cluster) -> None:
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "172.17.255.1"}]}}}
    cluster.client.request("PATCH", cluster.path("services", "lb") + "/status", body=status, content_type=MERGE)


def later(seconds: float, act: t.Callable[..., None], *args: t.Any) -> None:
    threading.Timer(seconds, act, args).start()


def test_deployment_is_ready_when_its_pods_are(cluster: Cluster) -> None:
    def start() -> None:
        for pod in cluster.pods(2):
            cluster.set_status(pod, {**RUNNING, "ready": True}, ready=True)

    later(1, start)
    outcome = cluster.run(deployment(), wait_timeout=20)
    assert outcome.error is None
    assert outcome.seconds >= 1


def test_container_that_ends_at_once_has_not_become_ready(cluster: Cluster) -> None:
    crash = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}

    def flash() -> None:
        for pod in cluster.pods(2):
            cluster.set_status(pod, {**RUNNING, "ready": True}, ready=True)
        time.sleep(0.8)
        for pod in cluster.pods(2):
            cluster.set_status(pod, {**RUNNING, "state": crash, "restartCount": 1})

    later(0.5, flash)
    outcome = cluster.run(deployment(readinessProbe=None), wait_timeout=6)
    assert "CrashLoopBackOff, back-off" in str(outcome.error)


def test_wrong_probe_port_reads_like_an_answer(cluster: Cluster) -> None:
    cluster.apply(deployment(probe_port=80))
    refused = 'Readiness probe failed: Get "http://10.0.0.1:80/index.html": dial tcp 10.0.0.1:80: connection refused'
    for pod in cluster.pods(2):
        cluster.set_status(pod, RUNNING)
        cluster.tell(pod, "Unhealthy", refused, count=7)
    outcome = cluster.run(deployment(probe_port=80), wait_timeout=2)
    assert outcome.seconds < 4
    text = str(outcome.error)
    for part in (
        f"Deployment {cluster.namespace}/web is not ready after ",
        "0 of 2 pods are available",
        "pod web-",
        "(and 1 more pod likewise): container web runs but is not ready",
        "the readiness probe of container web, httpGet /index.html on port 80, has failed 7 times: Get",
        "dial tcp 10.0.0.1:80: connection refused",
        "the container declares port 8000",
        "Set readinessProbe.httpGet.port of container web to 8000, the port that it declares, or let it listen on",
    ):
        assert part in text
    assert text.count("connection refused") == 1


def test_probe_without_an_event_yet_is_shown_beside_the_declared_port(cluster: Cluster) -> None:
    cluster.apply(deployment(probe_port=80))
    for pod in cluster.pods(2):
        cluster.set_status(pod, RUNNING)
    text = cluster.refusal(deployment(probe_port=80), wait=True, wait_timeout=1)
    assert "readiness probe of container web: httpGet /index.html on port 80; the container declares port 8000" in text
    assert "a larger wait_timeout helps what is slow" in text


def test_image_that_cannot_be_pulled_ends_the_wait_early(cluster: Cluster) -> None:
    cluster.apply(deployment())
    for reason, pod in zip(("ImagePullBackOff", "ErrImagePull"), cluster.pods(2), strict=True):
        state = {"waiting": {"reason": reason, "message": "no such image"}}
        cluster.set_status(pod, {**RUNNING, "state": state})
        cluster.tell(pod, "Failed", f"Error: {reason}")
        cluster.tell(pod, "Failed", 'Failed to pull image "x": no such image')
        cluster.tell(pod, "FailedMount", "no such volume")
    outcome = cluster.run(deployment(), wait_timeout=60)
    assert outcome.seconds < 10
    text = str(outcome.error)
    for part in (
        "will not become ready, given up after",
        "(and 1 more pod likewise)",
        "event: FailedMount: no such volume",
        "Correct the image of container web (x), or load it into the node.",
    ):
        assert part in text
    assert text.count("no such image") == 1
    assert "event: Failed:" not in text


def test_trouble_of_the_old_version_is_not_the_new_ones(cluster: Cluster) -> None:
    cluster.apply(deployment())
    crash = {"waiting": {"reason": "CrashLoopBackOff"}}
    old = cluster.pods(2)
    for pod in old:
        cluster.set_status(pod, {**RUNNING, "state": crash, "restartCount": 9})

    def start_new() -> None:
        known = {one["metadata"]["uid"] for one in old}
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            for pod in cluster.client.list(cluster.path("pods")):
                if pod["metadata"]["uid"] not in known:
                    cluster.set_status(pod, {**RUNNING, "ready": True}, ready=True)
                    known.add(pod["metadata"]["uid"])
            time.sleep(0.2)

    later(2.5, start_new)
    outcome = cluster.run(deployment(image="better"), wait_timeout=20)
    assert outcome.error is None, str(outcome.error)


def test_pods_that_are_refused_are_explained(cluster: Cluster) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    cluster.apply(quota)
    # Counting is a controller's work that is not running here.
    status = {"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}
    path = cluster.path("resourcequotas", "none") + "/status"
    cluster.client.request("PATCH", path, body=status, content_type=MERGE)
    outcome = cluster.run(deployment(), wait_timeout=60)
    assert "will not become ready, given up after" in str(outcome.error)
    assert "exceeded quota: none" in str(outcome.error)


def test_job_that_has_failed_is_not_waited_for(cluster: Cluster) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    spec = {"backoffLimit": 0, "template": template}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": spec}
    cluster.apply(job)
    (pod,) = cluster.pods(1)
    body = {"status": {"phase": "Failed"}}
    cluster.client.request(
        "PATCH", cluster.path("pods", pod["metadata"]["name"]) + "/status", body=body, content_type=MERGE
    )
    outcome = cluster.run(job, wait_timeout=30)
    assert f"Job {cluster.namespace}/once will not become ready" in str(outcome.error)
    assert "BackoffLimitExceeded" in str(outcome.error)


def test_address_of_a_service_is_waited_for(cluster: Cluster) -> None:
    later(1, give_address, cluster)
    outcome = cluster.run(service(), wait_timeout=20)
    assert outcome.error is None
    assert outcome.seconds > 0.5


def test_service_without_address_says_so_and_how_long(cluster: Cluster) -> None:
    outcome = cluster.run(service(), wait_timeout=1)
    assert f"Service {cluster.namespace}/lb is not ready after " in str(outcome.error)
    assert "no load balancer has given it an address" in str(outcome.error)


def refuse_address(cluster: Cluster, message: str) -> None:
    """Be MetalLB's controller."""
    metadata = cluster.client.get(cluster.path("services", "lb"))["metadata"]
    about = {"kind": "Service", "namespace": cluster.namespace, "name": "lb", "uid": metadata["uid"]}
    time.sleep(1)
    cluster.tell(about, "AllocationFailed", message)


def test_address_that_is_refused_ends_the_wait_early(cluster: Cluster) -> None:
    cluster.apply(service())
    refuse_address(cluster, '"172.17.254.1" is not allowed in config')
    outcome = cluster.run(service(), wait_timeout=60)
    assert outcome.seconds < 10
    text = str(outcome.error)
    assert f"Service {cluster.namespace}/lb will not become ready, given up after" in text
    assert 'AllocationFailed: "172.17.254.1" is not allowed in config' in text


def test_address_that_was_refused_before_the_last_change_is_waited_for(cluster: Cluster) -> None:
    cluster.apply(service())
    refuse_address(cluster, "no such address")
    time.sleep(1.1)
    later(3, give_address, cluster)
    corrected = service() | {"metadata": {"name": "lb", "annotations": {"metallb.io/loadBalancerIPs": "172.17.255.1"}}}
    outcome = cluster.run(corrected, wait_timeout=20)
    assert outcome.error is None, str(outcome.error)


def definition(kind: str, plural: str) -> dict[str, t.Any]:
    """A kind of MetalLB's."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    spec = {"group": "metallb.io", "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": f"{plural}.metallb.io"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def metallb(kind: str, name: str, **content: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "metallb.io/v1beta1", "kind": kind, "metadata": {"name": name}, **content}


@pytest.fixture
def pools(cluster: Cluster) -> t.Iterator[None]:
    """MetalLB's kinds, and what its controller says of its configuration."""
    kinds = [definition("IPAddressPool", "ipaddresspools"), definition("ConfigurationState", "configurationstates")]
    cluster.apply(*kinds, wait=True)
    states = cluster.path("configurationstates", api="apis/metallb.io/v1beta1")
    valid = metallb("ConfigurationState", "controller", status={"result": "Valid"})
    cluster.client.request("POST", states, body=valid)
    yield
    cluster.run(*kinds, present=False)


@pytest.mark.usefixtures("pools")
def test_pool_that_is_rejected_ends_the_wait_early(cluster: Cluster) -> None:
    status = {"result": "Invalid", "errorSummary": 'CIDR in pool "mine" overlaps with "other"'}

    def reject() -> None:
        path = cluster.path("configurationstates", "controller", api="apis/metallb.io/v1beta1")
        cluster.client.request("PATCH", path, body={"status": status}, content_type=MERGE)

    later(0.5, reject)
    outcome = cluster.run(metallb("IPAddressPool", "mine", spec={"addresses": ["10.0.0.0/24"]}), wait_timeout=60)
    assert outcome.seconds < 10
    text = str(outcome.error)
    assert f"IPAddressPool {cluster.namespace}/mine will not become ready" in text
    assert 'controller rejects the configuration: CIDR in pool "mine" overlaps with "other"' in text


@pytest.mark.usefixtures("pools")
def test_pool_that_has_not_changed_costs_no_time(cluster: Cluster) -> None:
    pool = metallb("IPAddressPool", "mine", spec={"addresses": ["10.0.0.0/24"]})
    assert cluster.run(pool, wait_timeout=20).error is None
    outcome = cluster.run(pool, wait_timeout=20)
    assert outcome.error is None
    assert outcome.seconds < 1


def test_claim_that_its_first_pod_binds_is_not_waited_for(cluster: Cluster) -> None:
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": cluster.namespace},
        "provisioner": "example.org/none",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": cluster.namespace,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    outcome = cluster.run(storage_class, claim, wait_timeout=5)
    assert outcome.error is None, str(outcome.error)


def test_every_object_that_is_not_ready_is_told(cluster: Cluster) -> None:
    outcome = cluster.run(service(), deployment(), wait_timeout=1)
    for part in (
        f"Deployment {cluster.namespace}/web: ",
        f"Service {cluster.namespace}/lb: ",
        "are not ready after ",
    ):
        assert part in str(outcome.error)


def test_waiting_user_is_told_what_for_and_how_long(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_timing.Progress.__init__, "__kwdefaults__", {"interval": 0.5})
    cluster.run(service(), wait_timeout=2)
    assert 1 <= len(cluster.said) <= 4
    assert f"Waiting for Service {cluster.namespace}/lb: no load balancer has given it an address" in cluster.said[0]
    assert "s of at most 2 s)" in cluster.said[0]


def test_many_objects_are_told_in_one_line_and_watched_with_few_requests(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_timing.Progress.__init__, "__kwdefaults__", {"interval": 0.5})
    monkeypatch.setattr(wait, "DIAGNOSE_SECONDS", 60)
    services = [service() | {"metadata": {"name": f"lb-{number:02}"}} for number in range(30)]
    cluster.apply(*services)
    before = cluster.client.requests
    outcome = cluster.run(*services, wait_timeout=3)
    first = f"Service {cluster.namespace}/lb-00: no load balancer has given it an address"
    assert cluster.said[0].startswith(f"Waiting for 30 of 30 objects: {first}; Service {cluster.namespace}/lb-01: ")
    assert "; and 27 more (" in cluster.said[0]
    assert f"Service {cluster.namespace}/lb-09, and 20 more are not ready after " in str(outcome.error)
    assert cluster.client.requests["WATCH"] - before.get("WATCH", 0) == 1


def test_api_server_that_is_gone_for_a_while_is_waited_for(cluster: Cluster, detour: Detour) -> None:
    through = type(cluster)(detour.client, cluster.namespace)
    through.apply(service())
    later(1, detour.close)
    later(3, give_address, cluster)
    later(4, detour.open)
    outcome = through.run(service(), wait_timeout=30)
    assert outcome.error is None, str(outcome.error)
    assert outcome.seconds > 4


def test_api_server_that_stays_away_is_named_in_time(
    cluster: Cluster, detour: Detour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_timing.Progress.__init__, "__kwdefaults__", {"interval": 0.5})
    through = type(cluster)(detour.client, cluster.namespace)
    through.apply(service())
    later(1, detour.close)
    outcome = through.run(service(), wait_timeout=4)
    assert outcome.seconds < 7
    text = str(outcome.error)
    assert f"Service {cluster.namespace}/lb is not ready after " in text
    assert "Cannot reach the API server of context loopback: connection refused" in text
    assert any(line.startswith("Waiting for the API server, then for 1 of 1 objects:") for line in through.said)


def test_condition_is_waited_for_even_when_readiness_is_not(cluster: Cluster) -> None:
    later(1, give_address, cluster)
    query = "status.loadBalancer.ingress[?ip=='172.17.255.1']"
    outcome = cluster.run(service(), wait=False, wait_timeout=20, wait_for=(Condition("Service", "lb", query),))
    assert outcome.error is None
    assert outcome.seconds > 0.5


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        (Condition("Service", "lb", "spec.type == 'ClusterIP'"), ['`spec.type` is "LoadBalancer"']),
        (Condition("Service", "lb", "status.nothing"), ["`status.nothing` is null"]),
        (Condition("Service", "lb", "length(status.nothing)"), ["has no value"]),
        (Condition("Service", "other", "spec"), ["other", "it does not exist"]),
        (Condition("Service", "lb", "spec", "no-such"), ["Service no-such/lb", "it does not exist"]),
        (Condition("Services", "lb", "spec"), ["does not know kind Services"]),
        (Condition("Service", "lb", "spec", None, "v9"), ["does not know kind Service of v9"]),
        (Condition("Service", "lb", "spec..type"), ["not a JMESPath expression", "spec..type"]),
        (Condition("Service", "lb", "'ready'"), ["wait_for for Service lb is always true", "'ready'"]),
        (Condition("Service", "lb", "spec.ports[0].port > '79'"), ["can never be true", "backticks"]),
    ],
)
def test_condition_that_is_not_met_says_what_is(cluster: Cluster, condition: Condition, parts: list[str]) -> None:
    text = cluster.refusal(service(), wait_timeout=1, wait_for=(condition,))
    for part in parts:
        assert part in text


def test_query_that_is_none_is_refused_before_anything_is_touched(cluster: Cluster) -> None:
    cluster.refusal(service(), wait_for=(Condition("Service", "lb", "a["),))
    assert cluster.client.list(cluster.path("services")) == []


@pytest.mark.parametrize("ttl", [0, None])
def test_job_that_cleans_up_behind_itself_is_done_when_it_is_gone(cluster: Cluster, ttl: int | None) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    spec = {"template": template} if ttl is None else {"template": template, "ttlSecondsAfterFinished": ttl}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": spec}
    later(1, cluster.client.request, "DELETE", cluster.path("jobs", "once", "apis/batch/v1"))
    outcome = cluster.run(job, wait_timeout=3)
    if ttl is None:
        assert "it does not exist" in str(outcome.error)
    else:
        assert outcome.error is None
