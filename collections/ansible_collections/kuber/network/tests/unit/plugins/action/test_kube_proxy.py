# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action against a real API server; the part of the node is played by a thread and a web server."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config, proxy_rollout
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving

COLLECTIONS = pathlib.Path(__file__).parents[7]
SYSTEM = "/api/v1/namespaces/kube-system"
WEBHOOK_VERSION = "admissionregistration.k8s.io/v1"
WEBHOOKS = f"/apis/{WEBHOOK_VERSION}/validatingwebhookconfigurations"
NODE_INFO = dict.fromkeys(
    (
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ),
    "",
)
LABELS = {"k8s-app": "kube-proxy"}
COMMAND = ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"]
CONTAINER = {"name": "kube-proxy", "image": "x", "command": COMMAND}


def machine_address() -> str:
    """An address of this machine that the API server may talk to: it refuses loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


class Answers(Handler):
    """kube-proxy's own web server."""

    def do_GET(self) -> None:
        node: Node = self.server.node  # type: ignore[attr-defined]
        if self.path == "/proxyMode":
            self.answer(node.mode)
        elif self.path == "/metrics":
            self.answer(f"{proxy_config.SYNC_QUEUED} 1\n{proxy_config.SYNC_DONE} {int(node.synchronised)}\n")


@dataclasses.dataclass
class Node:
    """Runs kube-proxy as the DaemonSet says: makes a new pod for every new template, which reads the configuration."""

    client: Client
    address: str
    server: http.server.ThreadingHTTPServer
    mode: str = "iptables"
    synchronised: bool = True
    breaks: str | None = None
    generation: int = 0
    pods: int = 0
    stopped: threading.Event = dataclasses.field(default_factory=threading.Event)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def set_up(self, **changes: t.Any) -> None:
        config = {"mode": "iptables", "ipvs": {"strictARP": False}}
        config["metricsBindAddress"] = f"{self.address}:{self.server.server_port}"
        self.create(
            f"{SYSTEM}/configmaps", "v1", "ConfigMap", {"data": {proxy_config.KEY: yaml.safe_dump(config | changes)}}
        )
        pod = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}
        spec = {"selector": {"matchLabels": LABELS}, "template": pod}
        self.create("/apis/apps/v1/namespaces/kube-system/daemonsets", "apps/v1", "DaemonSet", {"spec": spec})
        self.tick()

    def create(self, path: str, version: str, kind: str, rest: dict[str, t.Any], name: str = "kube-proxy") -> None:
        metadata = rest.pop("metadata", {}) | {"name": name}
        self.client.request("POST", path, body={"apiVersion": version, "kind": kind, "metadata": metadata} | rest)

    def run(self) -> None:
        while not self.stopped.wait(0.2):
            with contextlib.suppress(KuberError):
                self.tick()

    def tick(self) -> None:
        with self.lock:
            self.follow()

    def follow(self) -> None:
        daemon_set = self.client.get(kube_proxy.DAEMON_SET)
        generation = daemon_set["metadata"]["generation"]
        if generation == self.generation:
            return
        for pod in self.client.list(f"{SYSTEM}/pods"):
            self.client.request("DELETE", f"{SYSTEM}/pods/{pod['metadata']['name']}", body={"gracePeriodSeconds": 0})
        self.start_pod(daemon_set["spec"]["template"])
        status = {"observedGeneration": generation, "desiredNumberScheduled": 1, "currentNumberScheduled": 1}
        status |= {"numberMisscheduled": 0, "numberReady": 1, "updatedNumberScheduled": 1}
        self.patch(f"{kube_proxy.DAEMON_SET}/status", {"status": status})
        self.generation = generation

    def start_pod(self, template: dict[str, t.Any]) -> None:
        self.pods += 1
        name = f"kube-proxy-{self.pods}"
        metadata = {"labels": LABELS, "annotations": template["metadata"].get("annotations") or {}}
        spec = {"nodeName": "node", "containers": [CONTAINER]}
        self.create(f"{SYSTEM}/pods", "v1", "Pod", {"metadata": metadata, "spec": spec}, name)
        self.mode = self.config()["mode"] or "iptables"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        broken = self.breaks in (self.mode, "any")
        state = {"waiting": {"reason": "CrashLoopBackOff"}} if broken else {"running": {"startedAt": now}}
        container = {"name": "kube-proxy", "image": "x", "imageID": "", "ready": not broken, "restartCount": 0}
        ips = {"podIP": self.address, "podIPs": [{"ip": self.address}]}
        status = {"phase": "Running", "containerStatuses": [container | {"state": state}]} | ips
        self.patch(f"{SYSTEM}/pods/{name}/status", {"status": status})

    def patch(self, path: str, body: dict[str, t.Any]) -> None:
        query = {"fieldManager": "minikube"}
        self.client.request("PATCH", path, query=query, body=body, content_type="application/merge-patch+json")

    def config(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = yaml.safe_load(self.client.get(kube_proxy.CONFIG_MAP)["data"][proxy_config.KEY])
        return found

    def reset_config(self) -> None:
        """What a second `minikube start` does."""
        text = yaml.safe_dump(self.config() | {"mode": "iptables", "ipvs": {"strictARP": False}})
        self.patch(kube_proxy.CONFIG_MAP, {"data": {proxy_config.KEY: text}})


@pytest.fixture
def node(api_server: t.Any) -> t.Iterator[Node]:
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    address = machine_address()
    server = http_server(Answers, address=address)
    node = Node(client, address, server)
    server.node = node  # type: ignore[attr-defined]
    thread = threading.Thread(target=node.run, daemon=True)
    thread.start()
    with serving(server):
        yield node
        node.stopped.set()
        thread.join()
    paths = [kube_proxy.CONFIG_MAP, kube_proxy.DAEMON_SET]
    paths += [f"{SYSTEM}/pods/{pod['metadata']['name']}" for pod in client.list(f"{SYSTEM}/pods")]
    for path in paths:
        with contextlib.suppress(ApiError):
            client.request("DELETE", path, body={"gracePeriodSeconds": 0, "propagationPolicy": "Background"})


@dataclasses.dataclass(frozen=True)
class Task:
    """The module, run by ansible."""

    home: pathlib.Path
    kubeconfig: pathlib.Path

    def start(self, *flags: str, **options: t.Any) -> subprocess.Popen[str]:
        settings = self.home / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nstdout_callback=ansible.builtin.minimal\n")
        arguments = json.dumps({"kubeconfig": str(self.kubeconfig), "wait_timeout": 20} | options)
        command = pathlib.Path(sys.executable).with_name("ansible")
        return subprocess.Popen(
            [str(command), "localhost", "-m", "kuber.network.kube_proxy", "-a", arguments, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"ANSIBLE_CONFIG": str(settings), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
            process_group=0,
        )

    def __call__(self, *flags: str, **options: t.Any) -> dict[str, t.Any]:
        process = self.start(*flags, **options)
        output = process.communicate()[0]
        text = output[output.index("{", output.index("localhost | ")) :]
        result: dict[str, t.Any] = json.JSONDecoder().raw_decode(text)[0]
        return result | {"failed": process.returncode != 0}


@pytest.fixture
def task(api_server: t.Any, tmp_path: pathlib.Path) -> Task:
    return Task(tmp_path, api_server.kubeconfig)


def test_there_and_back_and_nothing_twice(node: Node, task: Task) -> None:
    node.set_up()
    first = task(mode="ipvs", strict_arp=True)
    assert (first["changed"], first["mode"]) == (True, "ipvs"), first
    assert first["nodes"] == [{"name": "node", "mode": "ipvs", "before": "iptables"}]
    assert node.config()["ipvs"] == {"strictARP": True}
    pods = node.pods
    second = task(mode="ipvs", strict_arp=True)
    assert (second["changed"], second["reasons"], node.pods) == (False, [], pods)
    back = task(mode="iptables", strict_arp=False)
    assert (back["changed"], back["mode"], node.mode) == (True, "iptables", "iptables")


def test_it_is_given_back_as_it_was(node: Node, task: Task) -> None:
    node.set_up()
    text = node.client.get(kube_proxy.CONFIG_MAP)["data"][proxy_config.KEY]
    spec = node.client.get(kube_proxy.DAEMON_SET)["spec"]
    task(mode="ipvs", strict_arp=True)
    assert node.client.get(kube_proxy.DAEMON_SET)["spec"] != spec
    back = task(mode="iptables", strict_arp=False, state="absent")
    assert (back["changed"], node.mode) == (True, "iptables"), back
    assert node.client.get(kube_proxy.CONFIG_MAP)["data"][proxy_config.KEY] == text
    assert node.client.get(kube_proxy.DAEMON_SET)["spec"] == spec
    assert not task(mode="iptables", strict_arp=False, state="absent")["changed"]


def test_it_is_given_back_without_notes_where_there_were_none(node: Node, task: Task) -> None:
    node.set_up(mode="ipvs")
    spec = node.client.get(kube_proxy.DAEMON_SET)["spec"]
    back = task(mode="iptables", state="absent")
    assert (back["changed"], node.mode) == (True, "iptables"), back
    assert node.client.get(kube_proxy.DAEMON_SET)["spec"] == spec
    assert not task(mode="iptables", state="absent")["changed"]


def test_check_mode_tells_and_writes_nothing(node: Node, task: Task) -> None:
    node.set_up()
    before = node.client.get(kube_proxy.CONFIG_MAP)["metadata"]["resourceVersion"]
    told = task("--check", mode="ipvs")
    assert (told["changed"], told["mode"]) == (True, "ipvs")
    assert told["reasons"] == ["node runs in mode iptables"]
    config, running = told["drift"]
    assert config["thing"] == "ConfigMap kube-system/kube-proxy"
    assert config["fields"] == [{"field": "data[config.conf].mode"}]
    assert (running["thing"], running["action"]) == ("kube-proxy on node node", "restarted")
    assert (running["removed"], running["added"]) == (["mode iptables"], ["mode ipvs"])
    assert node.client.get(kube_proxy.CONFIG_MAP)["metadata"]["resourceVersion"] == before
    assert node.pods == 1


def test_a_reset_by_minikube_is_seen_while_the_pods_still_run(node: Node, task: Task) -> None:
    node.set_up()
    task(mode="ipvs", strict_arp=True)
    pods = node.pods
    # Times of the API server have no fractions.
    time.sleep(1.1)
    node.reset_config()
    assert node.mode == "ipvs"
    told = task(mode="ipvs", strict_arp=True)
    assert told["changed"]
    assert (node.config()["mode"], node.config()["ipvs"]["strictARP"]) == ("ipvs", True)
    (config,) = told["drift"]
    assert [field["field"] for field in config["fields"]] == [
        "data[config.conf].ipvs.strictARP",
        "data[config.conf].mode",
    ]
    assert {field["manager"] for field in config["fields"]} == {"minikube"}
    # What runs is what is wanted: nobody is restarted.
    assert (told["reasons"], node.pods) == ([], pods)


def test_a_reset_by_minikube_is_seen_after_a_reboot(node: Node, task: Task) -> None:
    node.set_up()
    task(mode="ipvs")
    node.reset_config()
    node.generation = 0
    while node.mode == "ipvs":
        time.sleep(0.1)
    told = task(mode="ipvs")
    assert told["reasons"][0] == "node runs in mode iptables"
    assert node.mode == "ipvs"


def test_a_mode_that_does_not_start_is_explained_and_taken_back(node: Node, task: Task) -> None:
    node.set_up()
    text = f"# by hand\n{yaml.safe_dump(node.config())}"
    node.patch(kube_proxy.CONFIG_MAP, {"data": {proxy_config.KEY: text}})
    node.breaks = "ipvs"
    told = task(mode="ipvs")
    assert (told["failed"], told["changed"]) == (True, False), told
    assert "kube-proxy does not start on node node" in told["msg"]
    assert "CrashLoopBackOff" in told["msg"]
    assert "were rolled back to mode iptables" in told["msg"]
    assert node.client.get(kube_proxy.CONFIG_MAP)["data"][proxy_config.KEY] == text
    assert node.mode == "iptables"
    assert not task(mode="iptables")["changed"]
    node.breaks = None
    assert task(mode="ipvs")["mode"] == "ipvs"


def test_what_does_not_start_either_way_says_both(node: Node, task: Task) -> None:
    node.set_up()
    node.breaks = "any"
    told = task(mode="ipvs")
    assert (told["failed"], told["changed"]) == (True, True), told
    assert "Rolling back to mode iptables failed as well: kube-proxy does not start" in told["msg"]


def test_what_was_broken_before_is_not_gone_back_to(node: Node, task: Task) -> None:
    node.breaks = "any"
    node.set_up()
    told = task(mode="ipvs")
    assert (told["failed"], told["changed"]) == (True, True), told
    assert "back" not in told["msg"].replace("BackOff", "")
    assert node.config()["mode"] == "ipvs"
    node.breaks = None
    assert task(mode="iptables")["mode"] == "iptables"


def test_a_killed_run_is_completed_by_the_next(node: Node, task: Task) -> None:
    """The API server asks a webhook about the restart, which does not answer before the run is dead."""
    node.set_up()
    time.sleep(1.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hook = {
            "name": "reimmediately.example.org",
            "clientConfig": {"url": f"https://127.0.0.1:{silent.getsockname()[1]}/"},
            "rules": [
                {"operations": ["UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["daemonsets"]}
            ],
            "timeoutSeconds": 30,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        node.create(WEBHOOKS, WEBHOOK_VERSION, "ValidatingWebhookConfiguration", {"webhooks": [hook]}, "silent")
        process = task.start(mode="ipvs")
        silent.settimeout(20)
        # The question has come: the configuration is written, the restart is not.
        silent.accept()[0].close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        node.client.request("DELETE", f"{WEBHOOKS}/silent")
    assert (node.config()["mode"], node.mode, node.pods) == ("ipvs", "iptables", 1)
    told = task(mode="ipvs")
    assert (told["changed"], told["reasons"]) == (True, ["node runs in mode iptables"]), told
    assert (node.mode, node.pods) == ("ipvs", 2)
    assert not task(mode="ipvs")["changed"]


def test_it_is_not_ready_before_the_rules_are_written(node: Node, task: Task) -> None:
    node.set_up()
    node.synchronised = False
    told = task(mode="ipvs", wait_timeout=3)
    assert told["failed"]
    assert (told["changed"], told["reasons"]) == (True, ["node runs in mode iptables"])
    assert "kube-proxy is not ready after 3 s" in told["msg"]
    assert "node has not written its rules" in told["msg"]


def test_an_address_without_listener_is_refused_before_anything_is_touched(node: Node, task: Task) -> None:
    node.set_up(metricsBindAddress="")
    told = task(mode="ipvs")
    assert told["failed"]
    assert "metricsBindAddress" in told["msg"]
    assert node.config()["mode"] == "iptables"


def test_a_cluster_without_kube_proxy_is_named(task: Task) -> None:
    told = task(mode="ipvs")
    assert told["failed"]
    assert "The cluster has no kube-proxy" in told["msg"]


def test_a_cluster_without_kube_proxy_has_no_mode_to_keep(task: Task) -> None:
    told = task(mode="keep", strict_arp=True)
    assert (told["failed"], told["changed"], told["mode"], told["nodes"]) == (False, False, None, [])


def test_a_kernel_that_is_too_old_is_refused_before_anything_is_touched(node: Node, task: Task) -> None:
    node.set_up()
    version = node.client.get(kube_proxy.CONFIG_MAP)["metadata"]["resourceVersion"]
    node.create("/api/v1/nodes", "v1", "Node", {}, "old")
    try:
        node.patch("/api/v1/nodes/old/status", {"status": {"nodeInfo": NODE_INFO | {"kernelVersion": "5.10.0-28"}}})
        told = task(mode="nftables")
    finally:
        node.client.request("DELETE", "/api/v1/nodes/old")
    assert (told["failed"], told["changed"]) == (True, False)
    assert "wanted: Linux 5.13 or newer; found: Linux 5.10.0-28" in told["msg"]
    assert node.client.get(kube_proxy.CONFIG_MAP)["metadata"]["resourceVersion"] == version


def test_two_configurations_are_refused(node: Node, task: Task) -> None:
    node.set_up()
    text = "mode: iptables\n---\nmode: ipvs\n"
    node.patch(kube_proxy.CONFIG_MAP, {"data": {proxy_config.KEY: text}})
    told = task(mode="ipvs")
    assert (told["failed"], told["changed"]) == (True, False)
    assert "2 documents" in told["msg"]


def test_somebody_elses_edit_is_not_overwritten(node: Node) -> None:
    node.set_up()
    state = kube_proxy.read(node.client)
    node.patch(kube_proxy.CONFIG_MAP, {"data": {"mine": "yes"}})
    with pytest.raises(ApiError) as caught:
        proxy_rollout.write(node.client, state.document, "mode: ipvs\n")
    assert caught.value.status == 409
