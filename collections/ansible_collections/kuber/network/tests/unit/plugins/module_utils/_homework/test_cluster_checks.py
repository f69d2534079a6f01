# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster is asked about a folder: the checks that are derived from its parts."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._homework import cluster_checks
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import inspect
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade

PARTS = yaml.safe_load((pathlib.Path(__file__).parent / "parts.yml").read_text())
INGRESS = "172.17.254.3"


def service(namespace: str, name: str, cluster: str, external: str = "") -> dict[str, t.Any]:
    ingress = [{"ip": external}] if external else []
    return {
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"clusterIP": cluster},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


LIVE = [
    service("default", "web-svc-cip", "10.96.0.7"),
    service("default", "web-svc-lb", "10.96.0.8", "172.17.255.1"),
    service("kube-system", "coredns-svc-lb-udp", "10.96.0.9", "172.17.255.2"),
    service("kube-system", "coredns-svc-lb-tcp", "10.96.0.10", "172.17.255.2"),
    service("ingress-nginx", "ingress-nginx", "10.96.0.11", "172.17.255.3"),
    service("other", "other", "10.96.0.12", "10.0.0.1"),
]


def asked(*names: str, edit: tuple[str, str] = ("", "")) -> dict[str, list[dict[str, t.Any]]]:
    """Return the checks of each row."""
    text = "---\n".join(PARTS[name] for name in names)
    assert edit[0] in text
    result = inspect(upgrade(reading.from_text(text.replace(*edit), "all.yml")))
    rows: dict[str, list[dict[str, t.Any]]] = {}
    for one in cluster_checks.checks(result, LIVE, INGRESS):
        rows.setdefault(one["group"], []).append(one)
    return rows


def test_services_are_asked_on_their_addresses_for_the_page_of_the_readiness_probe() -> None:
    rows = asked("strategy", "cluster_service", "load_balancer")
    assert rows["5"][0]["http"] == {"url": "http://10.96.0.7:80/index.html"}
    assert rows["5"][0]["from"] == "host"
    assert rows["11"][1]["http"]["url"] == "http://172.17.255.1:80/index.html"
    assert [one["live"]["equals"] for one in rows["4"]] == ["100%", 0]


def test_name_service_is_asked_over_each_protocol_on_its_address() -> None:
    rows = asked("dns", "pool")
    assert [(one["dns"]["server"], one["dns"]["transport"]) for one in rows["13"] if "dns" in one] == [
        ("172.17.255.2", "udp"),
        ("172.17.255.2", "tcp"),
    ]


def test_ingress_is_asked_by_the_name_of_its_host_without_the_hosts_file() -> None:
    rows = asked("current", "canary")
    usual, with_header = (one["http"] for one in rows["18"])
    assert usual == {
        "url": "http://172.17.254.3/test-webapp",
        "headers": {"Host": "example.app.org"},
        "count": 20,
        "matches": "v1",
    }
    assert with_header["headers"] == {"Host": "example.app.org", "mtest": "true"}
    assert with_header["matches"] == "v2"


@pytest.mark.parametrize(
    ("edit", "headers"),
    [
        (('canary-by-header-value: "true"', 'canary-by-header-value: "7"'), {"mtest": "7"}),
        (('canary-by-header-value: "true"', 'canary-by-header-pattern: "^(yes|1)$"'), {"mtest": "yes"}),
        (('    nginx.ingress.kubernetes.io/canary-by-header-value: "true"\n', ""), {"mtest": "always"}),
        (("canary-by-header: mtest", "canary-by-cookie: next"), {"Cookie": "next=always"}),
    ],
)
def test_canary_is_asked_with_what_its_annotations_say(edit: tuple[str, str], headers: dict[str, str]) -> None:
    with_header = asked("current", "canary", edit=edit)["18"][-1]["http"]
    assert with_header["headers"] == {"Host": "example.app.org"} | headers


def test_canary_by_weight_is_asked_often_enough() -> None:
    rows = asked("current", "canary", edit=("canary-by-header: mtest", 'canary-weight: "30"'))
    share = rows["18"][0]["http"]
    assert share["count"] == 100
    assert share["shares"] == [{"matches": "v2", "at_least": 10, "at_most": 50}]


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("/web", "/", "/web/index.html"),
        ("/web(/|$)(.*)", "/$2", "/web/index.html"),
        ("/web/", "/", "/web/index.html"),
        ("/", "", "/index.html"),
        ("/index.html", "", "/index.html"),
        ("/test-webapp", "", "/test-webapp"),
        ("/homepage", "/index.html", "/homepage"),
    ],
)
def test_path_that_leads_to_the_page(path: str, target: str, expected: str) -> None:
    assert cluster_checks.request_path(path, target, "/index.html") == expected


def test_edition_of_2024_is_asked_for_its_homepage() -> None:
    rows = asked("edition_2024")
    assert [one["http"]["url"] for one in rows["n6"]] == ["http://172.17.254.3/homepage"]
    assert all(one["http"]["headers"] == {"Host": "homework.otus"} for one in rows["n5"] + rows["n6"])


def test_row_that_fails_without_a_cluster_is_not_asked() -> None:
    assert "1" not in asked("deployment", edit=("replicas: 3", "replicas: 2"))


def test_networks_are_those_of_the_services_of_the_folder_only() -> None:
    result = inspect(upgrade(reading.from_text("---\n".join((PARTS["load_balancer"], PARTS["dns"])), "all.yml")))
    assert cluster_checks.networks(LIVE, result.applied) == ["172.17.255.0/24"]
