# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole ways through a real cluster in each mode of kube-proxy, and what is said where one is broken."""

from __future__ import annotations

import copy
import dataclasses
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net.route import Route
from ansible_collections.kuber.network.plugins.module_utils._trace import ingress, rules_ipvs
from ansible_collections.kuber.network.plugins.module_utils._trace.host import EXCLUDED, RouteLookup
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Health, Hop, Kind, first_broken, walk
from ansible_collections.kuber.network.plugins.module_utils._trace.node import ProxyStatus, TracedNode
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._trace.conftest import OBJECTS, OPEN_ROUTE

WEB = "http://172.17.255.3/web/index.html"
CANARY = "http://example.app.org/test-webapp"
LB = "172.17.255.1:80"
KINDS_OF_WEB = ["request", "route", "service", "rules", "ingress", "rule", "service", "pod", "pod", "pod"]


def kinds(root: Hop) -> list[str]:
    return [hop.kind.value for hop in walk(root)]


def facts(root: Hop, kind: Kind, number: int = 0) -> dict[str, str]:
    hop = [one for one in walk(root) if one.kind is kind][number]
    return {fact.label: fact.text for fact in hop.facts}


def broken(root: Hop) -> tuple[str, str, str]:
    hop = first_broken(root)
    assert hop is not None
    assert hop.trouble is not None
    return hop.kind.value, hop.trouble.what, hop.trouble.remedy


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (LB, ["request", "route", "service", "rules", "pod", "pod", "pod"]),
        (WEB, KINDS_OF_WEB),
        (
            CANARY,
            ["request", "name", "route", "service", "rules", "ingress", "rule", "service", "pod", "service", "pod"],
        ),
        ("service default/web-svc-cip", ["request", "service", "rules", "pod", "pod", "pod"]),
        ("service default/web-svc", ["request", "service", "pod", "pod", "pod"]),
        ("tcp://172.17.255.2:53", ["request", "route", "service", "rules", "pod"]),
        ("udp://172.17.255.2:53", ["request", "route", "service", "rules", "pod"]),
        # Without a URL an ingress controller is a pod like any other.
        ("172.17.255.3:443", ["request", "route", "service", "rules", "pod"]),
    ],
)
def test_the_whole_way_in_each_mode(lab_in_each_mode: t.Any, target: str, expected: list[str]) -> None:
    root = lab_in_each_mode.trace(target)
    assert first_broken(root) is None
    assert kinds(root) == expected
    assert all(hop.health is Health.OK for hop in walk(root))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (LB, ["request", "service", "rules", "pod", "pod", "pod"]),
        (WEB, [kind for kind in KINDS_OF_WEB if kind != "route"]),
        ("udp://172.17.255.2:53", ["request", "service", "rules", "pod"]),
    ],
)
@pytest.mark.parametrize("hosts", ["", "127.0.0.1 example.app.org\n"])
def test_where_no_route_leads_the_node_asks(
    lab_in_each_mode: t.Any, target: str, expected: list[str], hosts: str
) -> None:
    lab_in_each_mode.hidden, lab_in_each_mode.hosts = True, hosts
    root = lab_in_each_mode.trace(target)
    assert first_broken(root) is None
    assert kinds(root) == expected
    assert facts(root, Kind.REQUEST)["from"] == "node minikube"
    assert facts(root, Kind.REQUEST)["not checked"] == "the path from this machine: no route"
    if "name" in expected:
        here = "127.0.0.1 (/etc/hosts)" if hosts else "not known"
        assert facts(root, Kind.NAME)["on this machine"] == here


@pytest.mark.parametrize(("mode", "broken_there"), [("ipvs", True), ("iptables", False), ("nftables", False)])
def test_a_local_policy_binds_the_node_itself_with_ipvs_only(lab: t.Any, mode: str, broken_there: bool) -> None:
    lab.hidden, lab.mode = True, mode
    lab.get("services", "web-svc-lb")["spec"]["externalTrafficPolicy"] = "Local"
    for piece in lab.slices_of("web-svc-lb"):
        for endpoint in piece["endpoints"]:
            endpoint["nodeName"] = "minikube-m02"
    assert (first_broken(lab.trace(LB)) is not None) is broken_there


def test_every_pod_has_its_share_in_each_mode(lab_in_each_mode: t.Any) -> None:
    root = lab_in_each_mode.trace(LB)
    pods = [hop for hop in walk(root) if hop.kind is Kind.POD]
    assert {hop.name for hop in pods} == {pod["metadata"]["name"] for pod in lab_in_each_mode.pods_of("app=web")}
    assert sum(hop.share or 0 for hop in pods) == 1
    assert all(abs(float(hop.share or 0) - 1 / 3) < 1e-6 for hop in pods)


def test_a_node_port_is_followed_in_each_mode(lab_in_each_mode: t.Any) -> None:
    port = lab_in_each_mode.get("services", "web-svc-lb")["spec"]["ports"][0]["nodePort"]
    lab_in_each_mode.route = RouteLookup(Route("192.168.99.134", "", "lab0"), own=OPEN_ROUTE.own)
    root = lab_in_each_mode.trace(f"192.168.99.134:{port}")
    assert first_broken(root) is None
    assert kinds(root) == ["request", "route", "service", "rules", "pod", "pod", "pod"]


def test_the_chains_of_iptables_are_named_in_order(lab: t.Any) -> None:
    lab.mode = "iptables"
    labels = [fact.label for fact in next(hop for hop in walk(lab.trace(LB)) if hop.kind is Kind.RULES).facts]
    assert labels[1:3] == ["PREROUTING", "KUBE-SERVICES"]
    assert labels[3].startswith("KUBE-EXT-")
    assert labels[4].startswith("KUBE-SVC-")
    pod = facts(lab.trace(LB), Kind.POD)
    assert pod["chain"].startswith("KUBE-SEP-")
    assert pod["rule"] == "probability 0.3333 → DNAT"


def test_ipvs_tells_scheduler_sets_device_and_connections(lab: t.Any) -> None:
    root = lab.trace(LB)
    rules = facts(root, Kind.RULES)
    assert rules["scheduler"].startswith("rr")
    assert rules["kube-ipvs0"] == "has 172.17.255.1"
    assert rules["ipset"] == "KUBE-LOAD-BALANCER has 172.17.255.1,tcp:80"
    pod = facts(root, Kind.POD)
    assert pod["weight"] == "1"
    assert pod["connections"].endswith(" inactive")
    assert pod["ipset"].startswith("KUBE-LOOP-BACK has 10.244.0.")


def test_nftables_tells_map_and_verdicts(lab: t.Any) -> None:
    lab.mode = "nftables"
    root = lab.trace(LB)
    assert facts(root, Kind.RULES)["map"] == "service-ips has 172.17.255.1 . tcp . 80 → external-XVOP54PY"
    assert facts(root, Kind.POD)["chain"] == "service-XVOP54PY"


@pytest.mark.parametrize(
    ("headers", "shares"),
    [({}, [1.0, 0.0]), ({"mtest": "true"}, [0.0, 1.0]), ({"mtest": "false"}, [1.0, 0.0])],
)
def test_the_canary_gets_what_its_rules_say(lab: t.Any, headers: dict[str, str], shares: list[float]) -> None:
    lab.headers = headers
    services = [hop for hop in walk(lab.trace(CANARY)) if hop.kind is Kind.SERVICE][1:]
    assert [hop.name for hop in services] == ["canary/test-webapp-v1", "canary/test-webapp-v2"]
    assert [float(hop.share if hop.share is not None else 1) for hop in services] == shares


def test_the_rule_tells_what_the_pod_sees(lab: t.Any) -> None:
    rule = facts(lab.trace(WEB), Kind.RULE)
    assert rule["Ingress"] == "default/web"
    assert rule["rewrite"] == "/web/index.html reaches the pod as /"


def no_route(lab: t.Any) -> str:
    lab.route = RouteLookup(None, "Network is unreachable", OPEN_ROUTE.own)
    return LB


def wrong_next_hop(lab: t.Any) -> str:
    lab.route = RouteLookup(Route("172.17.255.1", "192.168.99.77", "lab0"), own=OPEN_ROUTE.own)
    return LB


def on_link(device: str) -> t.Callable[[t.Any], str]:
    """Without our route it is docker's network that holds the address, or a VPN that takes everything."""

    def spoil(lab: t.Any) -> str:
        lab.route = RouteLookup(Route("172.17.255.1", "", device), own=OPEN_ROUTE.own)
        return LB

    spoil.__name__ = f"on_link_{device}"
    return spoil


def no_network_with_nodes(lab: t.Any) -> str:
    lab.route = RouteLookup(None, "Network is unreachable", OPEN_ROUTE.own[1:])
    return LB


def own_address(lab: t.Any) -> str:
    lab.route = RouteLookup(Route("172.17.255.1", "", "lo", kind="local"), own=OPEN_ROUTE.own)
    return LB


def nobody_announces(lab: t.Any) -> str:
    lab.route = RouteLookup(Route("172.17.255.1", "", "lab0"), own=OPEN_ROUTE.own)
    lab.objects["announcements"].clear()
    lab.get("nodes", "minikube")["metadata"]["labels"][EXCLUDED] = ""
    return LB


def node_gone(lab: t.Any) -> str:
    for condition in lab.get("nodes", "minikube")["status"]["conditions"]:
        condition["status"] = "Unknown" if condition["type"] == "Ready" else condition["status"]
    return LB


def name_missing(lab: t.Any) -> str:
    lab.hosts = "127.0.0.1 localhost\n"
    return CANARY


def name_stale(lab: t.Any) -> str:
    lab.hosts = "172.17.255.9 example.app.org\n"
    return CANARY


def no_pool(lab: t.Any) -> str:
    lab.get("services", "web-svc-lb")["status"] = {"loadBalancer": {}}
    lab.objects["pools"].clear()
    return "service default/web-svc-lb"


def pool_exhausted(lab: t.Any) -> str:
    service = lab.get("services", "web-svc-lb")
    service["status"] = {"loadBalancer": {}}
    message = 'Failed to allocate IP for "default/web-svc-lb": no available IPs'
    lab.objects["warnings"].append(
        {"involvedObject": {"uid": service["metadata"]["uid"]}, "reason": "AllocationFailed", "message": message}
    )
    return LB


def no_metallb(lab: t.Any) -> str:
    lab.metallb = False
    return no_pool(lab)


def free_address(lab: t.Any) -> str:
    return "172.17.255.99:80"


def other_port(lab: t.Any) -> str:
    return "172.17.255.1:8080"


def no_service(lab: t.Any) -> str:
    return "service defautl/web-svc-lb"


def scaled_to_nothing(lab: t.Any) -> str:
    lab.get("deployments", "web")["spec"]["replicas"] = 0
    for pod in lab.pods_of("app=web"):
        lab.objects["pods"].remove(pod)
    for one in lab.objects["slices"]:
        if one["metadata"]["labels"].get("kubernetes.io/service-name", "").startswith("web-svc"):
            one["endpoints"] = None
    return LB


def selector_matches_nothing(lab: t.Any) -> str:
    lab.get("services", "web-svc-lb")["spec"]["selector"] = {"app": "webb"}
    lab.slices_of("web-svc-lb")[0]["endpoints"] = None
    return LB


def probe_on_wrong_port(lab: t.Any) -> str:
    for pod in lab.pods_of("app=web"):
        pod["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/index.html", "port": 80}}
        pod["status"]["containerStatuses"][0]["ready"] = False
        for condition in pod["status"]["conditions"]:
            condition["status"] = "False" if condition["type"] == "Ready" else condition["status"]
        lab.objects["warnings"].append(
            {
                "involvedObject": {"uid": pod["metadata"]["uid"]},
                "reason": "Unhealthy",
                "count": 7,
                "message": "Readiness probe failed: dial tcp 10.244.0.3:80: connect: connection refused",
            }
        )
    for endpoint in lab.slices_of("web-svc-lb")[0]["endpoints"]:
        endpoint["conditions"]["ready"] = False
    return LB


def named_port_unknown(lab: t.Any) -> str:
    lab.get("services", "web-svc-lb")["spec"]["ports"][0]["targetPort"] = "http"
    lab.slices_of("web-svc-lb")[0]["ports"] = []
    return LB


def nobody_listens(lab: t.Any) -> str:
    pod = lab.pods_of("app=web")[0]
    lab.answers = {f"{pod['status']['podIP']}:8000": "it refuses connections or does not answer"}
    return LB


def other_class(lab: t.Any) -> str:
    lab.get("ingresses", "web")["spec"]["ingressClassName"] = "traefik"
    return WEB


def other_path(lab: t.Any) -> str:
    return "http://172.17.255.3/nothing"


def other_host_path(lab: t.Any) -> str:
    return "http://example.app.org/nothing"


def path_without_host(lab: t.Any) -> str:
    spec = lab.get("ingresses", "web")["spec"]
    spec["rules"] = [rule for rule in spec["rules"] if not rule.get("host")]
    return "http://example.app.org/web/index.html"


def no_backend(lab: t.Any) -> str:
    lab.remove("services", "web-svc")
    return WEB


def no_backend_port(lab: t.Any) -> str:
    lab.get("services", "web-svc")["spec"]["ports"][0]["port"] = 81
    return WEB


DAMAGES = [
    (no_route, "route", "no route to 172.17.255.1", "ip route replace 172.17.255.0/24 via 192.168.99.134"),
    (
        wrong_next_hop,
        "route",
        "192.168.99.77, which is not a node",
        "ip route replace 172.17.255.0/24 via 192.168.99.134",
    ),
    (
        on_link("docker0"),
        "route",
        "no route to 172.17.255.1: packets go to docker0 (172.17.0.0/16)",
        "172.17.255.0/24 via 192.168.99.134",
    ),
    (on_link("tun0"), "route", "tun0 (10.8.0.5/32), where no node is", "172.17.255.0/24 via 192.168.99.134"),
    (on_link("wg0"), "route", "wg0 (no network), where no node is", "172.17.255.0/24 via 192.168.99.134"),
    (no_network_with_nodes, "route", "no route to 172.17.255.1", "No route is possible"),
    (own_address, "route", "this machine's own address", "device lo"),
    (nobody_announces, "route", "no node answers for it", f"label {EXCLUDED} from node minikube"),
    (node_gone, "route", "Node minikube is not ready", "kubectl describe node minikube"),
    (name_missing, "name", "Cannot resolve example.app.org", "172.17.255.3 example.app.org"),
    (name_stale, "name", "/etc/hosts has 172.17.255.9", "172.17.255.3 example.app.org"),
    (no_pool, "service", "MetalLB has no pool", "IPAddressPool"),
    (pool_exhausted, "service", "no available IPs", "172.17.255.1-172.17.255.255"),
    (no_metallb, "service", "nothing in the cluster assigns addresses", "MetalLB"),
    (free_address, "service", "free in pool default", "kubectl get services"),
    (other_port, "service", "has no port TCP 8080, only TCP 80", "add the port"),
    (no_service, "service", "no such Service", "default/web-svc-lb"),
    (scaled_to_nothing, "service", "Deployment web is scaled to 0", "scale deployment web --replicas=1"),
    (selector_matches_nothing, "service", "app=webb of Service default/web-svc-lb matches no pod", "have app=web"),
    (probe_on_wrong_port, "service", "runs but is not ready", "httpGet /index.html on port 80"),
    (named_port_unknown, "service", "no port http, its targetPort", "declare 8000"),
    (nobody_listens, "pod", "nothing listens on 10.244.0.", "targetPort of Service default/web-svc-lb"),
    (other_class, "rule", "its class is traefik, this controller's nginx", "spec.ingressClassName"),
    (
        other_path,
        "rule",
        "(hosts with rules: example.app.org; paths without a host: /web)",
        "existing host and path",
    ),
    (other_host_path, "rule", "No rule of example.app.org has /nothing", "Ingress of example.app.org"),
    (path_without_host, "rule", "has no host, does not apply", "rule with host example.app.org"),
    (
        no_backend,
        "service",
        "names Service default/web-svc, which does not exist: nginx answers 503",
        "edit ingress web",
    ),
    (no_backend_port, "service", "names port 80 of Service default/web-svc, which has 81", "to 81"),
]


@pytest.mark.parametrize(("damage", "kind", "what", "remedy"), DAMAGES, ids=[one[0].__name__ for one in DAMAGES])
def test_the_first_broken_hop_says_what_is_wrong_and_what_repairs_it(
    lab: t.Any, damage: t.Callable[[t.Any], str], kind: str, what: str, remedy: str
) -> None:
    found = broken(lab.trace(damage(lab)))
    assert found[0] == kind
    assert what in found[1]
    assert remedy in found[2]


def backends(lab: t.Any) -> t.Iterator[dict[str, t.Any]]:
    for rule in lab.get("ingresses", "web")["spec"]["rules"]:
        yield from (path["backend"]["service"] for path in rule["http"]["paths"])


def correct_the_port_of_the_backend(lab: t.Any, remedy: str) -> str:
    for service in backends(lab):
        service["port"] = {"number": int(remedy.rpartition(" ")[2])}
    return WEB


def create_the_service(lab: t.Any, remedy: str) -> str:
    assert remedy.startswith("Create the Service")
    lab.objects["services"].append(next(one for one in OBJECTS["services"] if one["metadata"]["name"] == "web-svc"))
    return WEB


def set_the_class(lab: t.Any, remedy: str) -> str:
    lab.get("ingresses", "web")["spec"]["ingressClassName"] = remedy.rpartition(" ")[2]
    return WEB


def request_it_by_address(lab: t.Any, remedy: str) -> str:
    assert remedy.startswith("Request it by address")
    return WEB


def request_an_existing_path(lab: t.Any, remedy: str) -> str:
    assert "existing host and path" in remedy
    return WEB


def set_the_target_port(lab: t.Any, remedy: str) -> str:
    port = int(remedy.rpartition(" ")[2])
    lab.get("services", "web-svc-lb")["spec"]["ports"][0]["targetPort"] = port
    lab.slices_of("web-svc-lb")[0]["ports"] = [{"name": "", "port": port, "protocol": "TCP"}]
    return LB


def use_one_of_the_ports(lab: t.Any, remedy: str) -> str:
    assert remedy.startswith("Use one of these ports")
    return LB


def name_one_that_is_there(lab: t.Any, remedy: str) -> str:
    return f"service {remedy.rpartition(' ')[2]}"


def correct_the_selector(lab: t.Any, remedy: str) -> str:
    key, value = remedy.rpartition(" ")[2].split("=")
    lab.get("services", "web-svc-lb")["spec"]["selector"] = {key: value}
    original = next(one for one in OBJECTS["slices"] if one["metadata"]["name"].startswith("web-svc-lb"))
    lab.slices_of("web-svc-lb")[0]["endpoints"] = copy.deepcopy(original["endpoints"])
    return LB


REPAIRS = [
    (no_backend_port, correct_the_port_of_the_backend),
    (no_backend, create_the_service),
    (other_class, set_the_class),
    (path_without_host, request_it_by_address),
    (other_path, request_an_existing_path),
    (named_port_unknown, set_the_target_port),
    (other_port, use_one_of_the_ports),
    (no_service, name_one_that_is_there),
    (selector_matches_nothing, correct_the_selector),
]


@pytest.mark.parametrize(("damage", "repair"), REPAIRS, ids=[one[0].__name__ for one in REPAIRS])
def test_after_the_remedy_the_path_is_whole(
    lab: t.Any, damage: t.Callable[[t.Any], str], repair: t.Callable[[t.Any, str], str]
) -> None:
    remedy = broken(lab.trace(damage(lab)))[2]
    assert first_broken(lab.trace(repair(lab, remedy))) is None, remedy


@pytest.mark.parametrize("hosts", ["", "172.17.255.9 example.app.org\n"])
def test_a_line_that_is_advised_leads_to_the_ingress(lab: t.Any, hosts: str) -> None:
    lab.hosts = f"127.0.0.1 localhost\n{hosts}"
    remedy = broken(lab.trace("http://example.app.org/web/index.html"))[2]
    (line,) = re.findall("`([^`]+)`", remedy)
    assert remedy.startswith("Change" if hosts else "Add")
    lab.hosts = lab.hosts.replace(hosts, "") + f"{line}\n" if hosts else f"{lab.hosts}{line}\n"
    assert first_broken(lab.trace("http://example.app.org/web/index.html")) is None


def with_second_node(lab: t.Any) -> None:
    second = copy.deepcopy(lab.get("nodes", "minikube"))
    second["metadata"]["name"] = "minikube-m02"
    second["status"]["addresses"][0]["address"] = "192.168.99.135"
    lab.objects["nodes"].append(second)


@pytest.mark.parametrize("announced_by", ["minikube", "minikube-m02"])
def test_several_nodes_are_reached_on_link(lab: t.Any, announced_by: str) -> None:
    with_second_node(lab)
    for one in lab.objects["announcements"]:
        one["status"]["node"] = announced_by
    lab.route = RouteLookup(Route("172.17.255.1", "", "lab0"), own=OPEN_ROUTE.own)
    route = facts(lab.trace(LB), Kind.ROUTE)
    assert route["goes"] == "directly dev lab0"
    assert route["answered by"] == f"MetalLB on {announced_by}"
    lab.route = RouteLookup(None, "Network is unreachable", OPEN_ROUTE.own)
    assert "`ip route replace 172.17.255.0/24 dev lab0 proto 107`" in broken(lab.trace(LB))[2]
    # A network that this machine shares with only one of them.
    lab.get("nodes", "minikube-m02")["status"]["addresses"][0]["address"] = "10.7.7.7"
    assert (
        "`ip route replace 172.17.255.0/24 via 192.168.99.134 proto 107`" in broken(lab.trace(LB))[2]
        or announced_by != "minikube"
    )


def test_what_could_not_be_read_of_this_machine_is_unknown(lab: t.Any) -> None:
    lab.route = RouteLookup(Route("172.17.255.1", "", "lab0"))
    (route,) = [hop for hop in walk(lab.trace(LB)) if hop.kind is Kind.ROUTE]
    assert route.health is Health.UNKNOWN


UNFINISHED = [
    (kind, number, key)
    for kind, found in OBJECTS.items()
    for number, body in enumerate(found)
    for key in ("", *(body.get("status") or {}))
]


@pytest.mark.parametrize(("kind", "number", "key"), UNFINISHED)
def test_an_object_whose_status_is_not_written_yet_ends_no_trace(lab: t.Any, kind: str, number: int, key: str) -> None:
    body = lab.objects[kind][number]
    if key:
        del body["status"][key]
    else:
        body.pop("status", None)
    for wanted in (LB, WEB, CANARY):
        assert lab.trace(wanted).kind is Kind.REQUEST


def test_an_announcement_counts_once_metallb_has_said_what_it_is(lab: t.Any) -> None:
    assert facts(lab.trace(LB), Kind.SERVICE)["announced"] == "by MetalLB on minikube"
    for announcement in lab.objects["announcements"]:
        announcement["status"] = {}
    assert "announced" not in facts(lab.trace(LB), Kind.SERVICE)


def test_unready_pods_say_why_and_the_event_is_reported(lab: t.Any) -> None:
    root = lab.trace(probe_on_wrong_port(lab))
    assert "Unhealthy (7 times): Readiness probe failed: dial tcp 10.244.0.3:80" in broken(root)[2]


def test_one_pod_that_is_not_ready_stands_aside(lab: t.Any) -> None:
    first = lab.slices_of("web-svc")[0]["endpoints"][0]
    first["conditions"]["ready"] = False
    root = lab.trace(WEB)
    pods = [hop for hop in walk(root) if hop.kind is Kind.POD]
    assert first_broken(root) is None
    assert sorted(hop.health.value for hop in pods) == ["idle", "ok", "ok"]
    assert sorted(float(hop.share or 0) for hop in pods) == [0.0, 0.5, 0.5]


def test_what_comes_after_a_broken_hop_is_shown_all_the_same(lab: t.Any) -> None:
    root = lab.trace(no_route(lab))
    assert kinds(root) == ["request", "route", "service", "rules", "pod", "pod", "pod"]
    lab.hosts = ""
    assert kinds(lab.trace(CANARY))[:4] == ["request", "name", "route", "service"]


def test_a_name_that_only_a_name_server_knows_is_good(lab: t.Any) -> None:
    lab.hosts, lab.resolved = "", ("172.17.255.3",)
    assert facts(lab.trace(CANARY), Kind.NAME) == {"address": "172.17.255.3", "source": "name server"}


@pytest.mark.parametrize("mode", ["ipvs", "iptables", "nftables"])
def test_rules_that_kube_proxy_has_not_written_are_missed(lab: t.Any, mode: str) -> None:
    service = lab.get("services", "web-svc-lb")
    service["spec"]["ports"][0]["port"] = 8080
    lab.mode = mode
    kind, what, remedy = broken(lab.trace("172.17.255.1:8080"))
    assert kind == "rules"
    assert "172.17.255.1:8080" in what
    assert "rollout restart daemonset/kube-proxy" in remedy


def test_a_pod_that_the_rules_lack_and_one_that_they_should_not_have(lab: t.Any) -> None:
    endpoint = lab.slices_of("web-svc-lb")[0]["endpoints"][0]
    before = endpoint["addresses"][0]
    endpoint["addresses"] = ["10.244.0.250"]
    root = lab.trace(LB)
    assert "The rules lack 10.244.0.250:8000" in broken(root)[1]
    stale = [hop for hop in walk(root) if hop.name == f"{before}:8000"]
    assert [hop.health for hop in stale] == [Health.BROKEN]


def test_a_pod_that_only_keeps_the_connections_it_has_does_not_break_the_way(lab: t.Any) -> None:
    table = t.cast(rules_ipvs.IpvsTable, lab.world().node.rules)
    server = table.servers["tcp 172.17.255.1:80"]
    gone = dataclasses.replace(server.real[0], socket="10.244.0.250:8000", weight=0)
    servers = {**table.servers, server.key: dataclasses.replace(server, real=(*server.real, gone))}
    lab.node = TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), dataclasses.replace(table, servers=servers))
    root = lab.trace(LB)
    assert first_broken(root) is None
    assert [(hop.health, hop.share) for hop in walk(root) if hop.name == "10.244.0.250:8000"] == [(Health.IDLE, 0)]


def test_an_address_that_the_device_or_the_sets_lack_is_missed(lab: t.Any) -> None:
    table = t.cast(rules_ipvs.IpvsTable, lab.world().node.rules)
    lab.node = TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), dataclasses.replace(table, addresses=frozenset()))
    assert "kube-ipvs0 lacks 172.17.255.1" in broken(lab.trace(LB))[1]
    lab.node = TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), dataclasses.replace(table, sets={}))
    assert "KUBE-IPVS-FILTER rejects it" in broken(lab.trace(LB))[1]
    # Where ipset cannot be asked, nothing is claimed.
    lab.node = TracedNode("minikube", ProxyStatus("ipvs", "ipvs"), dataclasses.replace(table, sets=None))
    assert first_broken(lab.trace(LB)) is None


def test_a_local_policy_needs_a_pod_on_the_node(lab: t.Any) -> None:
    for endpoint in lab.slices_of("ingress-nginx-controller")[0]["endpoints"]:
        endpoint["nodeName"] = "minikube-m02"
    kind, what, remedy = broken(lab.trace(WEB))
    assert kind == "rules"
    assert "node minikube has no ready pod of ingress-nginx/ingress-nginx-controller" in what
    assert "minikube-m02" in remedy


def test_without_kube_proxy_its_rules_are_unknown_and_not_broken(lab: t.Any) -> None:
    lab.node = TracedNode("minikube", None, None, "The cluster has no kube-proxy")
    root = lab.trace(LB)
    assert first_broken(root) is None
    assert [hop.health for hop in walk(root) if hop.kind is Kind.RULES] == [Health.UNKNOWN]


def test_a_service_that_is_only_a_name_leads_elsewhere(lab: t.Any) -> None:
    lab.get("services", "web-svc")["spec"] = {"type": "ExternalName", "externalName": "example.org"}
    root = lab.trace("service default/web-svc")
    assert first_broken(root) is None
    assert facts(root, Kind.SERVICE)["alias of"] == "example.org"


def test_another_controller_is_the_end_of_the_way(lab: t.Any) -> None:
    for pod in lab.objects["pods"]:
        if ingress.is_controller(pod):
            pod["spec"]["containers"][0]["args"] = ["/traefik"]
    assert kinds(lab.trace(WEB)) == ["request", "route", "service", "rules", "pod"]


def test_the_mode_that_is_configured_and_not_read_yet_is_reported(lab: t.Any) -> None:
    lab.node = dataclasses.replace(lab.world().node, proxy=ProxyStatus("ipvs", "iptables"))
    said = facts(lab.trace(LB), Kind.RULES)["node"]
    assert said == "minikube, kube-proxy in IPVS mode (configured: iptables, not yet in effect)"
