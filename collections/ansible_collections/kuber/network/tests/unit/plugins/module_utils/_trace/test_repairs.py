# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is broken, and whole after what the trace advises: on this machine, the node, and in the cluster."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net.route import Route
from ansible_collections.kuber.network.plugins.module_utils._trace import rules_ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace.host import RouteLookup
from ansible_collections.kuber.network.plugins.module_utils._trace.model import first_broken
from ansible_collections.kuber.network.plugins.module_utils._trace.node import NodeNetwork, ProxyStatus, TracedNode
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import OBJECTS, OPEN_ROUTE
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.on_a_node import (
    CACHE_RULE,
    DNS,
    HERE,
    JUMP,
    LB,
    NODE_PORT,
    OWN,
    RAW,
    in_iptables,
    plain,
)

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
UNTRACKED = "-A PREROUTING -d 172.17.255.1/32 -p tcp -m tcp --dport 80 -j NOTRACK"
ADMITS = "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"


def restore(lab: t.Any, kind: str, name: str) -> None:
    """The object as it was seen, and its EndpointSlices."""
    for many in (kind, "slices"):
        lab.objects[many] = [one for one in lab.objects[many] if not one["metadata"]["name"].startswith(name)]
        found = [one for one in OBJECTS[many] if one["metadata"]["name"].startswith(name)]
        lab.objects[many] += copy.deepcopy(found)


def on_link(lab: t.Any) -> None:
    lab.route = RouteLookup(Route("172.17.255.1", "", "lab0"), own=OPEN_ROUTE.own)


def to_the_node(lab: t.Any) -> None:
    lab.route = RouteLookup(Route("192.168.99.134", "", "lab0"), own=OPEN_ROUTE.own)


class Story:
    """A damage, the advice for it, and what a user then does."""

    target = LB
    says = ""

    def damage(self, lab: t.Any) -> None:
        raise NotImplementedError

    def repair(self, lab: t.Any) -> None:
        raise NotImplementedError


class OwnAddress(Story):
    says = "Remove it from device lo"

    def damage(self, lab: t.Any) -> None:
        lab.route = RouteLookup(Route("172.17.255.1", "", "lo", kind="local"), own=OPEN_ROUTE.own)

    def repair(self, lab: t.Any) -> None:
        lab.route = OPEN_ROUTE


class NoAdvertisement(Story):
    says = "Create an L2Advertisement for its pool"

    def damage(self, lab: t.Any) -> None:
        on_link(lab)
        lab.objects["advertisements"].clear()
        lab.objects["announcements"].clear()

    def repair(self, lab: t.Any) -> None:
        # The speaker answers then, and says so.
        for kind in ("advertisements", "announcements"):
            lab.objects[kind] = copy.deepcopy(OBJECTS[kind])


class ExcludedNode(Story):
    says = f"Remove the label {EXCLUDED} from node minikube"

    def damage(self, lab: t.Any) -> None:
        on_link(lab)
        lab.get("nodes", "minikube")["metadata"]["labels"][EXCLUDED] = ""
        lab.objects["announcements"].clear()

    def repair(self, lab: t.Any) -> None:
        del lab.get("nodes", "minikube")["metadata"]["labels"][EXCLUDED]
        lab.objects["announcements"] = copy.deepcopy(OBJECTS["announcements"])


class StoppedNode(Story):
    says = "and start the machine"

    def _ready(self, lab: t.Any, status: str) -> None:
        for condition in lab.get("nodes", "minikube")["status"]["conditions"]:
            condition["status"] = status if condition["type"] == "Ready" else condition["status"]

    def damage(self, lab: t.Any) -> None:
        self._ready(lab, "Unknown")

    def repair(self, lab: t.Any) -> None:
        self._ready(lab, "True")


class ExhaustedPool(Story):
    says = "Pools: default: 172.17.255.1-172.17.255.255. Enlarge one, or request an address within it"

    def damage(self, lab: t.Any) -> None:
        service = lab.get("services", "web-svc-lb")
        service["status"] = {"loadBalancer": {}}
        involved = {"uid": service["metadata"]["uid"]}
        message = 'Failed to allocate IP for "default/web-svc-lb": no available IPs'
        lab.objects["warnings"].append({"involvedObject": involved, "reason": "AllocationFailed", "message": message})

    def repair(self, lab: t.Any) -> None:
        lab.objects["pools"][0]["spec"]["addresses"].append("172.17.254.1-172.17.254.9")
        restore(lab, "services", "web-svc-lb")


class MissingPath(Story):
    target = "http://example.app.org/shop"
    says = "Add the path to an Ingress of example.app.org"

    def damage(self, lab: t.Any) -> None:
        """Nobody has made it."""

    def repair(self, lab: t.Any) -> None:
        (rule,) = [one for one in lab.get("ingresses", "web")["spec"]["rules"] if one.get("host")]
        rule["http"]["paths"].append(copy.deepcopy(rule["http"]["paths"][0]) | {"path": "/shop"})


class LocalPolicy(Story):
    says = "Send the requests to node minikube-m02, or set the traffic policy to Cluster"

    def damage(self, lab: t.Any) -> None:
        lab.get("services", "web-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"
        for endpoint in lab.slices_of("web-svc-lb")[0]["endpoints"]:
            endpoint["nodeName"] = "minikube-m02"

    def repair(self, lab: t.Any) -> None:
        lab.get("services", "web-svc-lb")["spec"]["externalTrafficPolicy"] = "Cluster"


class NoSelector(Story):
    says = "Give it a selector: `kubectl --namespace default edit service web-svc-lb`"

    def damage(self, lab: t.Any) -> None:
        del lab.get("services", "web-svc-lb")["spec"]["selector"]
        lab.slices_of("web-svc-lb")[0]["endpoints"] = None

    def repair(self, lab: t.Any) -> None:
        restore(lab, "services", "web-svc-lb")


class DeafPort(Story):
    says = "Set targetPort of Service default/web-svc-lb to the port it listens on"

    def _leads_to(self, lab: t.Any, port: int) -> None:
        """The Service, its EndpointSlice, and what kube-proxy makes of them."""
        lab.get("services", "web-svc-lb")["spec"]["ports"][0]["targetPort"] = port
        lab.slices_of("web-svc-lb")[0]["ports"][0]["port"] = port
        lab.mode, lab.node = "iptables", in_iptables(plain().replace(":8000", f":{port}"))

    def damage(self, lab: t.Any) -> None:
        self._leads_to(lab, 9000)
        pods = [pod["status"]["podIP"] for pod in lab.pods_of("app=web")]
        lab.answers = {f"{address}:9000": "it refuses connections" for address in pods}

    def repair(self, lab: t.Any) -> None:
        self._leads_to(lab, 8000)


class StaleEndpoint(Story):
    says = "Correct the EndpointSlice of Service default/web-svc-lb"

    def damage(self, lab: t.Any) -> None:
        first = lab.slices_of("web-svc-lb")[0]["endpoints"][0]
        (before,) = first["addresses"]
        first["addresses"] = ["10.244.0.250"]
        first.pop("targetRef", None)
        lab.mode, lab.node = "iptables", in_iptables(plain().replace(f"{before}:8000", "10.244.0.250:8000"))
        lab.answers = {"10.244.0.250:8000": "it does not answer"}

    def repair(self, lab: t.Any) -> None:
        restore(lab, "services", "web-svc-lb")
        lab.node = in_iptables(plain())


class NoJump(Story):
    says = "rollout restart daemonset/kube-proxy` makes it write them again"

    def damage(self, lab: t.Any) -> None:
        lab.node = in_iptables(plain().replace(f"-A PREROUTING {JUMP}\n", ""))

    def repair(self, lab: t.Any) -> None:
        lab.node = in_iptables(plain())


class ElsewhereOnly(Story):
    target = NODE_PORT
    says = "add the network of the address to nodePortAddresses"

    def damage(self, lab: t.Any) -> None:
        to_the_node(lab)
        lab.node = in_iptables(plain().replace(ADMITS, "-d 10.0.2.15/32 -j KUBE-NODEPORTS"))

    def repair(self, lab: t.Any) -> None:
        both = "\n".join(
            f'-A KUBE-SERVICES -d {address}/32 -m comment --comment "node ports" -j KUBE-NODEPORTS'
            for address in ("10.0.2.15", "192.168.99.134")
        )
        lines = [both if line.endswith(ADMITS) else line for line in plain().splitlines()]
        lab.node = in_iptables("\n".join([*lines, ""]))


class Nowhere(ElsewhereOnly):
    says = "Add the network of the address to nodePortAddresses"

    def damage(self, lab: t.Any) -> None:
        to_the_node(lab)
        lab.node = in_iptables("\n".join(line for line in plain().splitlines() if not line.endswith(ADMITS)) + "\n")


class BareDevice(Story):
    says = "rollout restart daemonset/kube-proxy` makes it write everything again"

    def damage(self, lab: t.Any) -> None:
        table = t.cast(rules_ipvs.IpvsTable, lab.world().node.rules)
        bare = dataclasses.replace(table, addresses=frozenset())
        lab.node = TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), bare)

    def repair(self, lab: t.Any) -> None:
        lab.node = None


class LostCache(Story):
    target = DNS
    says = "Restart the DaemonSet of the local DNS cache, or remove the rule"

    def _node(self, rule: str, place: NodeNetwork = HERE) -> TracedNode:
        return in_iptables((RAW.format(rule) if rule else "") + plain(), place)

    def damage(self, lab: t.Any) -> None:
        lab.node = self._node(CACHE_RULE)

    def repair(self, lab: t.Any) -> None:
        lab.node = self._node("")


class RestartedCache(LostCache):
    """It gives the node the address again."""

    def repair(self, lab: t.Any) -> None:
        lab.node = self._node(CACHE_RULE, dataclasses.replace(HERE, addresses=OWN | {"10.96.0.10"}))


class Untracked(LostCache):
    target = LB
    says = "Start what answers there, or remove the rule"

    def damage(self, lab: t.Any) -> None:
        lab.node = self._node(UNTRACKED)


STORIES = [
    OwnAddress,
    NoAdvertisement,
    ExcludedNode,
    StoppedNode,
    ExhaustedPool,
    MissingPath,
    LocalPolicy,
    NoSelector,
    DeafPort,
    StaleEndpoint,
    NoJump,
    ElsewhereOnly,
    Nowhere,
    BareDevice,
    LostCache,
    RestartedCache,
    Untracked,
]


@pytest.mark.parametrize("kind", STORIES)
def test_after_what_is_advised_the_path_is_whole(lab: t.Any, kind: type[Story]) -> None:
    story = kind()
    story.damage(lab)
    broken = first_broken(lab.trace(story.target))
    assert broken is not None
    assert broken.trouble is not None
    assert story.says in broken.trouble.remedy
    story.repair(lab)
    assert first_broken(lab.trace(story.target)) is None


def test_a_name_of_an_ingress_that_has_no_address_can_be_given_one(lab: t.Any) -> None:
    """The rest of the path is broken before and after: nobody serves the name."""
    lab.hosts = "127.0.0.1 localhost\n"
    lab.get("services", "ingress-nginx-controller")["status"] = {"loadBalancer": {}}
    broken = first_broken(lab.trace("http://shop.example.org/"))
    assert broken is not None
    assert broken.trouble is not None
    assert broken.trouble.remedy == "Add the line `ADDRESS shop.example.org` to /etc/hosts"
    lab.hosts += "172.17.255.3 shop.example.org\n"
    after = first_broken(lab.trace("http://shop.example.org/"))
    assert after is not None
    assert after.kind.value != "name"
