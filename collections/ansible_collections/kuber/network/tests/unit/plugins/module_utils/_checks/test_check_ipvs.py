# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._checks.ipvs import (
    compare_addresses,
    compare_servers,
    compare_sets,
)
from ansible_collections.kuber.network.plugins.module_utils._proxy.services import ServicePort, service_ports


def service(name: str, cluster_ip: str, port: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    addresses = [{"ip": address, "ipMode": "VIP"} for address in more.pop("outer", ())]
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"clusterIP": cluster_ip, "clusterIPs": [cluster_ip], "ports": [port], **more},
        "status": {"loadBalancer": {"ingress": addresses} if addresses else {}},
    }


def endpoints(name: str, port: int, *addresses: str, port_name: str = "", **more: t.Any) -> dict[str, t.Any]:
    return {
        "metadata": {"namespace": "default", "name": f"{name}-x1", "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": port_name, "port": port, "protocol": more.get("protocol", "TCP")}],
        "endpoints": [
            {
                "addresses": [address],
                "nodeName": more.get("node", "minikube"),
                "conditions": {"ready": more.get("ready", True)},
            }
            for address in addresses
        ],
    }


WEB = service("web-svc-lb", "10.109.48.206", {"port": 80, "protocol": "TCP"}, outer=["172.17.255.1"])
PODS = endpoints("web-svc-lb", 8000, "10.244.0.3", "10.244.0.4")
GOOD = """\
TCP  10.109.48.206:80 rr
  -> 10.244.0.3:8000 Masq 1 0 0
  -> 10.244.0.4:8000 Masq 1 0 0
TCP  172.17.255.1:80 rr
  -> 10.244.0.3:8000 Masq 1 0 0
  -> 10.244.0.4:8000 Masq 1 0 0
"""


def web_ports(*slices: dict[str, t.Any]) -> list[ServicePort]:
    return service_ports([WEB], slices or [PODS])


def test_servers_agree_with_services() -> None:
    outcome = compare_servers(web_ports(), GOOD, "minikube", "rr")
    assert (outcome.ok, outcome.found) == (True, "2 virtual servers, rr, 2 pod ports")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "tcp 10.109.48.206:80 (default/web-svc-lb) is missing, and 1 more"),
        (
            GOOD.replace("172.17.255.1:80 rr", "172.17.255.1:80 wlc"),
            "172.17.255.1:80 (default/web-svc-lb) is scheduled by wlc",
        ),
        (
            GOOD.replace("10.244.0.4", "10.244.0.9"),
            "has 10.244.0.3:8000, 10.244.0.9:8000 instead of 10.244.0.3:8000, 10.244.0.4:8000",
        ),
        (GOOD + "  -> 10.244.0.5:8000 Masq 1 0 0\n", "172.17.255.1:80 (default/web-svc-lb) has"),
    ],
)
def test_servers_that_disagree_are_named(text: str, found: str) -> None:
    outcome = compare_servers(web_ports(), text, "minikube", "rr")
    assert not outcome.ok
    assert found in outcome.found


def test_pods_that_only_keep_the_connections_they_have_are_no_pods_too_many() -> None:
    assert compare_servers(web_ports(), GOOD + "  -> 10.244.0.5:8000 Masq 0 0 3\n", "minikube", "rr").ok
    assert not compare_servers(web_ports(), GOOD.replace("0.4:8000 Masq 1", "0.4:8000 Masq 0"), "minikube", "rr").ok


def test_pods_that_are_not_ready_are_not_expected() -> None:
    slices = [PODS, endpoints("web-svc-lb", 8000, "10.244.0.7", ready=False)]
    assert compare_servers(web_ports(*slices), GOOD, "minikube", "rr").ok


def test_local_policy_expects_only_the_pods_of_this_node() -> None:
    local = service("web-svc-lb", "10.0.0.1", {"port": 80}, outer=["172.17.255.1"], externalTrafficPolicy="Local")
    slices = [endpoints("web-svc-lb", 8000, "10.244.0.3"), endpoints("web-svc-lb", 8000, "10.244.1.9", node="other")]
    (port,) = service_ports([local], slices)
    assert port.backends_for("10.0.0.1", "minikube") == {"10.244.0.3:8000", "10.244.1.9:8000"}
    assert port.backends_for("172.17.255.1", "minikube") == {"10.244.0.3:8000"}


def test_ports_are_joined_by_name_and_protocol() -> None:
    dns = service("dns", "10.96.0.10", {"name": "dns", "port": 53, "protocol": "UDP"})
    slices = [
        endpoints("dns", 53, "10.244.0.2", port_name="dns", protocol="UDP"),
        endpoints("dns", 1053, "10.244.0.2", port_name="dns", protocol="TCP"),
        endpoints("dns", 9153, "10.244.0.2", port_name="metrics", protocol="UDP"),
    ]
    (port,) = service_ports([dns], slices)
    assert [str(backend) for backend in port.backends] == ["10.244.0.2:53"]


def test_services_without_an_address_are_left_out() -> None:
    headless = service("web-svc", "None", {"port": 80})
    external = {"metadata": {"namespace": "default", "name": "out"}, "spec": {"type": "ExternalName"}}
    assert service_ports([headless, external], [PODS]) == []


def test_addresses_on_the_interface() -> None:
    bound = "9: kube-ipvs0    inet 10.109.48.206/32 scope global kube-ipvs0\\       valid_lft forever\n"
    missing = compare_addresses(web_ports(), bound, "minikube", "rr")
    assert (missing.ok, missing.found) == (False, "172.17.255.1 is missing")
    bound += "9: kube-ipvs0    inet 172.17.255.1/32 scope global kube-ipvs0\\       valid_lft forever\n"
    assert compare_addresses(web_ports(), bound, "minikube", "rr").ok


SETS = """\
create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP 10.109.48.206,tcp:80
add KUBE-LOAD-BALANCER 172.17.255.1,tcp:80
add KUBE-LOOP-BACK 10.244.0.3,tcp:8000,10.244.0.3
add KUBE-LOOP-BACK 10.244.0.4,tcp:8000,10.244.0.4
"""


def test_sets_hold_services_and_pods() -> None:
    outcome = compare_sets(web_ports(), SETS, "minikube", "rr")
    assert (outcome.ok, outcome.found) == (True, "CLUSTER-IP 1, LOOP-BACK 2, LOAD-BALANCER 1")


def test_sets_of_a_node_without_names_of_protocols_are_understood() -> None:
    assert compare_sets(web_ports(), SETS.replace(",tcp:", ",6:"), "minikube", "rr").ok


@pytest.mark.parametrize("lost", [line for line in SETS.splitlines() if line.startswith("add")])
def test_any_member_lost_from_a_set_is_named(lost: str) -> None:
    outcome = compare_sets(web_ports(), SETS.replace(lost + "\n", ""), "minikube", "rr")
    _add, name, member = lost.split()
    assert (outcome.ok, outcome.found) == (False, f"{name} lacks {member}")


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    compare_servers(web_ports(), text, "minikube", "rr")
    compare_addresses(web_ports(), text, "minikube", "rr")
    compare_sets(web_ports(), text, "minikube", "rr")


@pytest.mark.parametrize(
    ("policies", "pods", "inner", "outer"),
    [
        # The controller's only pod is on another node: kube-proxy uses it all the same.
        ({"externalTrafficPolicy": "Local"}, {"minikube-m02": "ready"}, ["m02"], ["m02"]),
        ({"externalTrafficPolicy": "Local"}, {"minikube": "ready", "minikube-m02": "ready"}, ["own", "m02"], ["own"]),
        ({"internalTrafficPolicy": "Local"}, {"minikube-m02": "ready"}, ["m02"], ["m02"]),
        ({"internalTrafficPolicy": "Local"}, {"minikube": "ready", "minikube-m02": "ready"}, ["own"], ["own", "m02"]),
        # Pods that end take requests where there are no others.
        ({}, {"minikube": "draining"}, ["own"], ["own"]),
        ({}, {"minikube": "draining", "minikube-m02": "ready"}, ["m02"], ["m02"]),
        (
            {"externalTrafficPolicy": "Local"},
            {"minikube": "draining", "minikube-m02": "ready"},
            ["m02"],
            ["own"],
        ),
        ({}, {"minikube": "not ready"}, [], []),
    ],
)
def test_local_policies_fall_back_as_kube_proxy_does(
    policies: dict[str, str], pods: dict[str, str], inner: list[str], outer: list[str]
) -> None:
    conditions = {
        "ready": {"ready": True, "serving": True, "terminating": False},
        "draining": {"ready": False, "serving": True, "terminating": True},
        "not ready": {"ready": False, "serving": False, "terminating": False},
    }
    addresses = {"minikube": "10.244.0.5", "minikube-m02": "10.244.1.7"}
    names = {"own": "10.244.0.5:8000", "m02": "10.244.1.7:8000"}
    one = endpoints("web", 8000)
    one["endpoints"] = [
        {"addresses": [addresses[node]], "nodeName": node, "conditions": conditions[state]}
        for node, state in pods.items()
    ]
    found = service("web", "10.96.7.7", {"port": 80, "nodePort": 30080}, outer=["172.17.255.3"], **policies)
    (port,) = service_ports([found], [one])
    assert port.backends_for("10.96.7.7", "minikube") == {names[name] for name in inner}
    assert port.backends_for("172.17.255.3", "minikube") == {names[name] for name in outer}


def test_a_service_that_keeps_to_the_node_and_has_no_way_in_has_no_others() -> None:
    found = service("web", "10.96.7.7", {"port": 80}, internalTrafficPolicy="Local")
    (port,) = service_ports([found], [endpoints("web", 8000, "10.244.1.7", node="minikube-m02")])
    assert port.backends_for("10.96.7.7", "minikube") == frozenset()


def test_sets_are_compared_where_ipset_prints_numbers_of_protocols() -> None:
    text = (
        "add KUBE-CLUSTER-IP 10.109.48.206,6:80\nadd KUBE-LOAD-BALANCER 172.17.255.1,6:80\n"
        "add KUBE-LOOP-BACK 10.244.0.3,6:8000,10.244.0.3\nadd KUBE-LOOP-BACK 10.244.0.4,6:8000,10.244.0.4\n"
    )
    assert compare_sets(web_ports(), text, "minikube", "rr").ok
