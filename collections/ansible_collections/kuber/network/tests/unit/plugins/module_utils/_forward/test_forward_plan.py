# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports are opened, and what a user is told to do with them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._forward.plan import Open, lines, plan


def service(name: str, address: str, *ports: tuple[int, str], kind: str = "LoadBalancer") -> dict[str, t.Any]:
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"type": kind, "ports": [{"port": port, "protocol": protocol} for port, protocol in ports]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}},
    }


def ingress(address: str, host: str, *paths: str, kind: str = "Prefix", tls: bool = False) -> dict[str, t.Any]:
    rule = {"http": {"paths": [{"path": path, "pathType": kind} for path in paths]}}
    return {
        "spec": {"rules": [rule | ({"host": host} if host else {})]} | ({"tls": [{}]} if tls else {}),
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


SERVICES = [
    service("web-svc-lb", "172.17.255.1", (80, "TCP")),
    service("coredns-tcp", "172.17.255.2", (53, "TCP")),
    service("coredns-udp", "172.17.255.2", (53, "UDP")),
    service("ingress", "172.17.255.3", (80, "TCP"), (443, "TCP")),
    service("game", "172.17.255.4", (7777, "UDP")),
    service("big", "172.17.255.5", (3000, "TCP")),
    service("waiting", "", (80, "TCP")),
    service("inner", "172.17.255.6", (80, "TCP"), kind="ClusterIP"),
]
INGRESSES = [
    ingress("172.17.255.3", "", "/web(/|$)(.*)", kind="ImplementationSpecific"),
    ingress("172.17.255.3", "example.app.org", "/dashboard", "/test-webapp"),
    # The canary's own.
    ingress("172.17.255.3", "example.app.org", "/test-webapp"),
]


def test_ports_of_the_ingress_come_first_and_low_ones_are_moved_up() -> None:
    targets, left = plan(SERVICES, INGRESSES)
    assert [(target.service, target.port, target.preferred, target.datagrams) for target in targets] == [
        ("default/ingress", 80, 8080, False),
        ("default/ingress", 443, 8443, False),
        ("default/web-svc-lb", 80, 8080, False),
        ("default/coredns-tcp", 53, 8053, True),
        ("default/big", 3000, 3000, False),
    ]
    assert left == ["default/game 172.17.255.4:7777/udp"]


def test_a_user_can_copy_every_line() -> None:
    targets, left = plan(SERVICES, INGRESSES)
    text = lines([Open(target, 20000 + number) for number, target in enumerate(targets)], left, INGRESSES)
    assert "default/ingress 172.17.255.3:80  ->  http://127.0.0.1:20000/" in text
    assert "default/coredns-tcp 172.17.255.2:53  ->  127.0.0.1:20003 (TCP and UDP)" in text
    assert "    dig -p 20003 @127.0.0.1 kubernetes.default.svc.cluster.local" in text
    assert "    curl -L http://127.0.0.1:20000/web" in text
    canary = "    curl -L --resolve example.app.org:20000:127.0.0.1 http://example.app.org:20000/test-webapp"
    assert text.count(canary) == 1
    assert any("`127.0.0.1 example.app.org`" in line for line in text)
    assert text[-1] == "Not forwarded, because SSH does not carry UDP: default/game 172.17.255.4:7777/udp"


def test_an_ingress_with_a_certificate_is_asked_over_https_too() -> None:
    secure = [ingress("172.17.255.3", "example.app.org", "/", tls=True)]
    targets, left = plan(SERVICES, secure)
    text = lines([Open(target, target.preferred) for target in targets], left, secure)
    assert any(line.startswith("    curl -L -k --resolve example.app.org:8443:") for line in text)


@pytest.mark.parametrize("services", [[], SERVICES[6:]])
def test_without_an_address_there_is_nothing_to_open(services: list[dict[str, t.Any]]) -> None:
    with pytest.raises(KuberError, match="No load balancer of the cluster has an address"):
        plan(services, [])
