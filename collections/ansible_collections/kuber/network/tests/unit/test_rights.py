# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights of docs/rights.yml are enough, and none of them is too much: the API server's audit log tells."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit import control_plane
from ansible_collections.kuber.network.tests.unit.conftest import BINARIES, TESTER

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
RIGHTS = COLLECTION / "docs" / "rights.yml"
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
ACCOUNT = "system:serviceaccount:kube-system:kuber-network"
# What site.yml makes in the cluster, in its order: role, entry point.
PARTS = (
    ("web_app", "main"),
    ("metallb", "main"),
    ("web_app", "loadbalancer"),
    ("ingress_nginx", "main"),
    ("dashboard", "main"),
    ("web_app", "ingress"),
    ("canary", "main"),
)
# In its place, and back.
GATEWAY = (
    ("gateway_api", "find"),
    ("gateway_api", "kinds"),
    ("web_app", "pattern"),
    ("traefik", "main"),
    ("gateway_api", "main"),
    ("dashboard", "main"),
    ("web_app", "ingress"),
    ("canary", "main"),
    ("dashboard", "replaced"),
    ("web_app", "replaced"),
    ("canary", "replaced"),
)
NO_GATEWAY = (
    ("gateway_api", "find"),
    ("dashboard", "main"),
    ("web_app", "ingress"),
    ("canary", "main"),
    ("dashboard", "replaced"),
    ("web_app", "replaced"),
    ("canary", "replaced"),
    ("gateway_api", "main"),
    ("ingress_nginx", "main"),
    ("traefik", "replaced"),
)
STATES = ("web_app_state", "metallb_state", "ingress_nginx_state", "dashboard_state", "canary_state")
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata", "users": [ACCOUNT]}],
}
PROXY = """
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
metricsBindAddress: 0.0.0.0:10249
"""


class Right(t.NamedTuple):
    """What one word of a rule allows."""

    group: str
    resource: str
    verb: str


class Cluster:
    """A control plane of its own, and somebody with the rights who works on it."""

    def __init__(self, directory: pathlib.Path, binaries: pathlib.Path, stack: contextlib.ExitStack) -> None:
        self.directory = directory
        self.log = directory / "audit.log"
        policy = directory / "policy.json"
        policy.write_text(json.dumps(POLICY))
        flags = [f"--audit-policy-file={policy}", f"--audit-log-path={self.log}"]
        api = control_plane.start(binaries, directory, stack, users=[TESTER], flags=flags)
        self.admin = Client.from_kubeconfig(kubeconfig=str(api.kubeconfig), context="loopback")
        self.output = ""
        self._furnish()
        self.kubeconfig = self._kubeconfig(json.loads(api.kubeconfig.read_text()))
        self.manifests = self._manifests(binaries)

    def put(self, path: str, body: dict[str, t.Any]) -> t.Any:
        return self.admin.request("POST", path, body=body, content_type="application/json")

    def grant(self, documents: t.Sequence[dict[str, t.Any]]) -> None:
        """As kubectl would apply them."""
        for body in documents:
            name, namespace = body["metadata"]["name"], body["metadata"].get("namespace")
            plural = body["kind"].lower() + "s"
            base = "/api/v1" if body["kind"] == "ServiceAccount" else "/apis/rbac.authorization.k8s.io/v1"
            path = f"{base}/namespaces/{namespace}/{plural}/{name}" if namespace else f"{base}/{plural}/{name}"
            query = {"fieldManager": "test", "force": True}
            self.admin.request("PATCH", path, query=query, body=body, content_type="application/apply-patch+yaml")

    def _furnish(self) -> None:
        """What is there on a cluster of kubeadm, as far as somebody looks at it."""
        label = "node-role.kubernetes.io/control-plane"
        away = "node.kubernetes.io/exclude-from-external-load-balancers"
        self.put("/api/v1/nodes", {"metadata": {"name": "minikube", "labels": {label: "", away: ""}}})
        metadata = {"name": "kube-proxy", "namespace": "kube-system"}
        space = "/api/v1/namespaces/kube-system"
        self.put(f"{space}/configmaps", {"metadata": metadata, "data": {"config.conf": PROXY}})
        labels = {"k8s-app": "kube-proxy"}
        command = ["kube-proxy", "--config=/var/lib/kube-proxy/config.conf"]
        pod = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "kube-proxy", "image": "x", "command": command}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": pod}
        self.put("/apis/apps/v1/namespaces/kube-system/daemonsets", {"metadata": metadata, "spec": spec})

    def _kubeconfig(self, content: dict[str, t.Any]) -> pathlib.Path:
        self.grant([one for one in documents() if one["kind"] == "ServiceAccount"])
        path = "/api/v1/namespaces/kube-system/serviceaccounts/kuber-network/token"
        token = self.put(path, {"spec": {}})["status"]["token"]
        content["users"] = [{"name": TESTER.name, "user": {"token": token}}]
        file = self.directory / "limited"
        file.write_text(json.dumps(content))
        return file

    def _manifests(self, binaries: pathlib.Path) -> dict[str, list[str]]:
        """Those that the programs were built with; nobody answers for their webhooks here."""
        cache = binaries.resolve().parent
        sources = {
            "metallb_manifest": max(cache.parent.glob("metallb-*/metallb-native.yaml"), default=None),
            "ingress_nginx_manifest": cache / "deploy.yaml",
            "gateway_api_manifest": max(cache.parent.glob("gateway-*/gateway-api.yaml"), default=None),
        }
        given = {}
        for name, source in sources.items():
            if source is None or not source.is_file():
                pytest.skip(f"there is no manifest for {name} beside the programs")
            bodies = [body for body in yaml.safe_load_all(source.read_text()) if body]
            for webhook in (webhook for body in bodies for webhook in body.get("webhooks", ())):
                webhook["failurePolicy"] = "Ignore"
            path = self.directory / f"{name}.yaml"
            path.write_text(yaml.safe_dump_all(bodies))
            given[name] = [str(path)]
        return given

    def run(self, tasks: list[dict[str, t.Any]], *, wait: bool, **variables: t.Any) -> int:
        defaults = {
            "group/kuber.network.cluster": {"kubeconfig": str(self.kubeconfig), "context": "loopback"},
            "kuber.network.manifests": {"wait": wait, "wait_timeout": 1 if wait else 60},
            "kuber.network.kube_proxy": {"wait_timeout": 1},
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "module_defaults": defaults}
        book = self.directory / "play.yml"
        book.write_text(json.dumps([play | {"vars": self.manifests | variables, "tasks": tasks}]))
        settings = self.directory / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTION.parents[2]}\n")
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", str(book)],
            env=os.environ | {"ANSIBLE_CONFIG": str(settings)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    def requests(self) -> list[dict[str, t.Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def documents() -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", yaml.safe_load(RIGHTS.read_text())["items"])


def parts(*names: tuple[str, str], **more: t.Any) -> list[dict[str, t.Any]]:
    return [
        {"ansible.builtin.import_role": {"name": f"kuber.network.{role}", "tasks_from": entry}} | more
        for role, entry in names
    ]


def granted() -> set[Right]:
    return {
        Right(group, resource, verb)
        for body in documents()
        for rule in body.get("rules", ())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


# These come to pass only where pods run, which they do not here.
WITH_PODS = {
    Right("", "pods/proxy", "get"),
    Right("", "pods/log", "get"),
    Right("discovery.k8s.io", "endpointslices", "list"),
    Right("metallb.io", "configurationstates", "list"),
    Right("metallb.io", "configurationstates", "watch"),
    # Objects that are long in going are asked for once more.
    Right("apiextensions.k8s.io", "customresourcedefinitions", "get"),
}
# No request, but what the API server asks itself when somebody hands out rights: see the test below.
HANDED_OUT = {
    Right("rbac.authorization.k8s.io", kind, verb)
    for kind in ("roles", "clusterroles")
    for verb in ("bind", "escalate")
}


def asked(request: dict[str, t.Any]) -> Right:
    target = request.get("objectRef") or {"resource": request["requestURI"]}
    resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
    return Right(target.get("apiGroup", ""), resource, request["verb"])


def refused(requests: t.Iterable[dict[str, t.Any]]) -> set[Right]:
    return {asked(one) for one in requests if one["responseStatus"]["code"] == 403}


def used(requests: t.Iterable[dict[str, t.Any]]) -> t.Iterator[Right]:
    for request in requests:
        if request["responseStatus"]["code"] == 403:
            continue
        right = asked(request)
        yield right
        if right.verb == "patch" and request["responseStatus"]["code"] == 201:
            yield right._replace(verb="create")


def live_proofs() -> list[dict[str, t.Any]]:
    """What verify.yml reads of the cluster."""
    role = COLLECTION / "roles" / "verify"
    variables = yaml.safe_load((role / "vars" / "main.yml").read_text())
    checks = [
        one
        for name in variables.values()
        if isinstance(name, list)
        for one in name
        if isinstance(one, dict) and "live" in one
    ]
    settings = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    return [{"kuber.network.checks": {"checks": checks, "timeout": 0}, "ignore_errors": True, "vars": settings}]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Cluster]:
    binaries = os.environ.get(BINARIES)
    if not binaries:
        pytest.skip(f"{BINARIES} does not name a directory with kube-apiserver, kube-controller-manager and etcd")
    with contextlib.ExitStack() as stack:
        made = Cluster(tmp_path_factory.mktemp("rights"), pathlib.Path(binaries), stack)
        made.grant(documents())
        yield made


def test_the_rights_are_enough_and_all_are_used(cluster: Cluster) -> None:
    wanted = {"pool": ["172.17.255.0/24"], "proxy_mode": "ipvs", "gateway_api": "1.6.3", "gateway_class": "traefik"}
    look = [{"kuber.network.preflight": wanted}]
    proxy = [{"kuber.network.kube_proxy": {"mode": "ipvs"}, "ignore_errors": True}]
    assert cluster.run(look, wait=False) == 0, cluster.output
    assert cluster.run(parts(*PARTS), wait=False) == 0, cluster.output
    # Nothing ever becomes ready here; that it is told why takes rights, too.
    assert cluster.run([*proxy, *parts(*PARTS, ignore_errors=True), *live_proofs()], wait=True) == 0, cluster.output
    assert cluster.run(parts(*PARTS), wait=False) == 0, cluster.output
    assert "changed=0" in cluster.output
    there_and_back = parts(
        ("ingress_nginx", "replaced"), ("traefik", "main"), ("ingress_nginx", "main"), ("traefik", "replaced")
    )
    assert cluster.run(there_and_back, wait=False) == 0, cluster.output
    assert cluster.run(parts(*GATEWAY), wait=False, traffic_api="gateway") == 0, cluster.output
    gateway = parts(*GATEWAY, ignore_errors=True)
    assert cluster.run(gateway, wait=True, traffic_api="gateway") == 0, cluster.output
    assert cluster.run(parts(*NO_GATEWAY), wait=False, gateway_api_state="absent") == 0, cluster.output
    absent = dict.fromkeys(STATES, "absent")
    assert cluster.run(parts(*reversed(PARTS), ignore_errors=True), wait=True, **absent) == 0, cluster.output
    assert cluster.run(parts(*reversed(PARTS)), wait=False, **absent) == 0, cluster.output
    seen = cluster.requests()
    # Whoever may read objects by name, but not list their neighbours, has them read one by one.
    assert {
        right for right in refused(seen) if right.verb != "list" or right._replace(verb="get") not in granted()
    } == set()
    assert granted() - set(used(seen)) - WITH_PODS - HANDED_OUT == set()


@pytest.mark.parametrize("verb", ["escalate", "bind"])
def test_rights_can_be_handed_out_only_by_those_who_may(cluster: Cluster, verb: str) -> None:
    less = documents()
    for rule in (rule for body in less for rule in body.get("rules", ())):
        rule["verbs"] = [one for one in rule["verbs"] if one != verb]
    for body in less:
        if "rules" in body:
            body["rules"] = [rule for rule in body["rules"] if rule["verbs"]]
    cluster.grant(less)
    try:
        assert cluster.run(parts(("ingress_nginx", "main")), wait=False) != 0
        assert "attempting to grant RBAC permissions not currently held" in cluster.output
    finally:
        cluster.grant(documents())


def test_other_secrets_stay_closed(cluster: Cluster) -> None:
    cluster.put("/api/v1/namespaces/default/secrets", {"metadata": {"name": "mine"}, "stringData": {"a": "b"}})
    for options in ({"name": "mine", "namespace": "default"}, {"namespace": "default"}):
        assert cluster.run([{"kuber.network.manifests_info": {"kind": "Secret", **options}}], wait=False) != 0
        assert "Forbidden" in cluster.output
