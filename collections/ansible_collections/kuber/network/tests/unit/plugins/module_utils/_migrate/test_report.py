# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._migrate import (
    cluster as _cluster,
)
from ansible_collections.kuber.network.plugins.module_utils._migrate import (
    node,
    of_nodes,
    of_proxy,
    of_services,
)
from ansible_collections.kuber.network.plugins.module_utils._migrate.model import Impact, Line
from ansible_collections.kuber.network.plugins.module_utils._migrate.node import ForeignRule, NodeFacts
from ansible_collections.kuber.network.plugins.module_utils._migrate.report import render, report, running
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._migrate.support import (
    PRIMARY,
    cluster,
    facts,
    service,
)

SAME, CHANGES, UNKNOWN, STOPS = Impact.SAME, Impact.CHANGES, Impact.UNKNOWN, Impact.STOPS
EVERYWHERE = (f"{PRIMARY}/30080", "10.244.0.1/30080")
WITH_PORT = (service(node_port=30080),)


def line(topic: str, to: str, about: _cluster.ClusterFacts, *nodes: NodeFacts) -> Line:
    """The only line about a topic."""
    (found,) = [one for one in report(to, about, nodes or [facts()]).lines if one.topic == topic]
    return found


@pytest.mark.parametrize(
    ("before", "to", "answers", "kind", "expected"),
    [
        ("iptables", "nftables", EVERYWHERE, "NodePort", STOPS),
        # Nobody has asked for these ports.
        ("iptables", "nftables", EVERYWHERE, "LoadBalancer", CHANGES),
        ("iptables", "nftables", EVERYWHERE[:1], "NodePort", SAME),
        ("nftables", "iptables", EVERYWHERE[:1], "NodePort", CHANGES),
        ("ipvs", "iptables", EVERYWHERE, "NodePort", SAME),
        ("ipvs", "iptables", (), "NodePort", UNKNOWN),
    ],
)
def test_node_ports_answer_on_fewer_addresses_in_nftables_mode(
    before: str, to: str, answers: tuple[str, ...], kind: str, expected: Impact
) -> None:
    about = cluster(before, services=[service(node_port=30080, kind=kind)])
    found = line(of_services.PORTS, to, about, facts(answers=answers))
    assert found.verdict is expected
    if expected in (STOPS, CHANGES):
        assert "10.244.0.1" in found.text
        assert "default/web" in found.text


def test_addresses_for_node_ports_that_are_configured_hold_in_each_mode() -> None:
    about = cluster("iptables", services=WITH_PORT, config={"nodePortAddresses": ["10.244.0.0/16", "primary"]})
    assert line(of_services.PORTS, "nftables", about, facts(answers=EVERYWHERE)).verdict is SAME


@pytest.mark.parametrize(
    ("more", "expected", "word"),
    [
        ({"counters": {"minikube": {_cluster.LOCALHOST: 7.0}}}, STOPS, "7 packets on node minikube"),
        ({"images": ("localhost:30080/app:1", "busybox")}, STOPS, "the image localhost:30080/app:1"),
        ({"images": ("localhost:30081/app:1",)}, CHANGES, "no counter"),
        ({"counters": {"minikube": {_cluster.LOCALHOST: 0.0}}}, CHANGES, "is 0 on minikube"),
        ({"config": {"iptables": {"localhostNodePorts": False}}}, SAME, "do not answer in either mode"),
    ],
)
def test_node_ports_on_localhost_stop_where_somebody_uses_them(
    more: dict[str, t.Any], expected: Impact, word: str
) -> None:
    found = line(of_services.HERE, "nftables", cluster("iptables", services=WITH_PORT, **more))
    assert (found.verdict, word in found.text) == (expected, True), found.text


def test_a_file_that_names_a_node_port_on_localhost_is_a_user() -> None:
    place = "/etc/containerd/certs.d/registry/hosts.toml:1:localhost:30080"
    node_with = facts(files=(place,))
    found = line(of_services.HERE, "nftables", cluster("iptables", services=WITH_PORT), node_with)
    assert (found.verdict, place in found.text) == (STOPS, True)


def test_iptables_mode_opens_localhost_unless_it_is_told_not_to() -> None:
    assert line(of_services.HERE, "iptables", cluster(services=WITH_PORT)).verdict is CHANGES
    closed = cluster(services=WITH_PORT, config={"iptables": {"localhostNodePorts": False}})
    assert line(of_services.HERE, "iptables", closed).verdict is SAME


@pytest.mark.parametrize(
    ("before", "to", "version", "expected"),
    [
        ("ipvs", "nftables", "v1.37.2", CHANGES),
        ("ipvs", "nftables", "v1.33.1", STOPS),
        ("iptables", "nftables", "v1.37.2", SAME),
        ("nftables", "ipvs", "v1.37.2", CHANGES),
    ],
)
def test_local_policies_asked_from_pods(before: str, to: str, version: str, expected: Impact) -> None:
    local = service(kind="LoadBalancer", externalTrafficPolicy="Local")
    local["status"] = {"loadBalancer": {"ingress": [{"ip": "172.17.255.3"}]}}
    assert line(of_services.LOCAL, to, cluster(before, services=[local], version=version)).verdict is expected


@pytest.mark.parametrize(("scheduler", "expected"), [("", CHANGES), ("rr", CHANGES), ("sh", STOPS), ("lc", STOPS)])
def test_schedulers_other_than_even_ones_stop(scheduler: str, expected: Impact) -> None:
    found = line(of_proxy.CHOICE, "nftables", cluster(config={"ipvs": {"scheduler": scheduler}}))
    assert found.verdict is expected
    assert ("sessionAffinity" in found.instead) is (scheduler == "sh")


def test_settings_that_only_ipvs_mode_reads_stop() -> None:
    about = cluster(config={"ipvs": {"excludeCIDRs": ["192.0.2.0/24"], "tcpTimeout": "0s"}})
    found = line(of_proxy.IPVS_SETTINGS, "iptables", about)
    assert (found.verdict, "tcpTimeout" in found.text) == (STOPS, False)
    assert line(of_proxy.IPVS_SETTINGS, "iptables", cluster()).verdict is SAME


@pytest.mark.parametrize(
    ("environment", "to", "expected"),
    [
        ({}, "nftables", UNKNOWN),
        ({"FELIX_NFTABLESMODE": "Enabled"}, "nftables", SAME),
        ({"FELIX_NFTABLESMODE": "Disabled"}, "nftables", STOPS),
        ({"FELIX_NFTABLESMODE": "Enabled"}, "iptables", STOPS),
    ],
)
def test_calico_has_to_be_switched_too(environment: dict[str, str], to: str, expected: Impact) -> None:
    container = {"env": [{"name": name, "value": value} for name, value in environment.items()]}
    calico = {
        "metadata": {"name": "calico-node", "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    assert line(of_proxy.CNI, to, cluster(daemon_sets=(calico,))).verdict is expected


def test_a_network_plug_in_that_nobody_knows_is_unknown() -> None:
    assert line(of_proxy.CNI, "nftables", cluster(daemon_sets=())).verdict is UNKNOWN
    forbidden = cluster(daemon_sets=(), unread={_cluster.DAEMON_SETS: "403 Forbidden"})
    assert line(of_proxy.CNI, "nftables", forbidden).text == "403 Forbidden"


@pytest.mark.parametrize(
    ("before", "to", "more", "expected"),
    [
        ("iptables", "nftables", {"counters": {"minikube": {_cluster.INVALID: 3.0}}}, STOPS),
        ("iptables", "nftables", {"counters": {"minikube": {_cluster.INVALID: 0.0}}}, CHANGES),
        ("iptables", "nftables", {"config": {"conntrack": {"tcpBeLiberal": True}}}, SAME),
        ("ipvs", "nftables", {}, SAME),
        ("nftables", "iptables", {}, CHANGES),
    ],
)
def test_only_iptables_mode_drops_invalid_packets(
    before: str, to: str, more: dict[str, t.Any], expected: Impact
) -> None:
    assert line(of_proxy.CONNTRACK, to, cluster(before, **more)).verdict is expected


@pytest.mark.parametrize(
    ("before", "to", "expected", "text"),
    [
        ("ipvs", "nftables", CHANGES, "open TCP connections to Services are reset once"),
        ("ipvs", "iptables", CHANGES, "open TCP connections to Services are reset once"),
        ("iptables", "ipvs", CHANGES, "open TCP connections may be lost"),
        ("nftables", "ipvs", SAME, "open ones go on"),
        ("iptables", "nftables", CHANGES, "open ones go on"),
    ],
)
def test_what_a_switch_does_to_connections_is_said_beforehand(
    before: str, to: str, expected: Impact, text: str
) -> None:
    found = line(of_proxy.CONNECTIONS, to, cluster(before))
    assert found.verdict is expected
    assert text in found.text


MARK = ForeignRule("nat", "iptables -t nat -A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ", ("KUBE-MARK-MASQ",))
IN_SET = ForeignRule("filter", "iptables -t filter -A INPUT ... KUBE-CLUSTER-IP", (), ("KUBE-CLUSTER-IP",))


@pytest.mark.parametrize(
    ("before", "to", "rule", "expected"),
    [
        ("iptables", "nftables", MARK, STOPS),
        # Both modes have this chain.
        ("ipvs", "iptables", MARK, SAME),
        ("ipvs", "iptables", IN_SET, STOPS),
        ("iptables", "nftables", IN_SET, SAME),
    ],
)
def test_rules_of_others_stop_when_their_chain_goes(before: str, to: str, rule: ForeignRule, expected: Impact) -> None:
    assert line(of_nodes.RULES, to, cluster(before), facts(rules=(rule,))).verdict is expected


@pytest.mark.parametrize(
    ("before", "to", "name", "expected"),
    [
        ("ipvs", "nftables", "KUBE-IPVS-FILTER", STOPS),
        ("ipvs", "nftables", "kube-ipvs0", STOPS),
        ("ipvs", "iptables", "KUBE-SERVICES", SAME),
        ("iptables", "nftables", "KUBE-SVC-ABC", STOPS),
        # Not of the mode that is left.
        ("iptables", "nftables", "ipvsadm", SAME),
        ("ipvs", "nftables", "KUBECONFIG-X", SAME),
    ],
)
def test_files_that_name_what_goes_are_shown_with_their_place(
    before: str, to: str, name: str, expected: Impact
) -> None:
    place = f"/usr/local/bin/watch.sh:7:{name}"
    found = line(of_nodes.FILES, to, cluster(before), facts(files=(place,)))
    assert found.verdict is expected
    assert (place in found.text) is (expected is STOPS or name == "KUBE-SERVICES")


def test_ipvs_mode_removes_virtual_servers_of_others() -> None:
    node_with = facts(servers=("TCP 192.0.2.1:80",))
    assert line(of_nodes.SERVERS, "ipvs", cluster("nftables"), node_with).verdict is STOPS
    assert line(of_nodes.SERVERS, "nftables", cluster("ipvs"), node_with).verdict is SAME


def test_a_firewall_is_no_longer_passed_by_in_nftables_mode() -> None:
    node_with = facts(firewall=("iptables: policy DROP of FORWARD",))
    assert line(of_nodes.FIREWALL, "nftables", cluster("iptables"), node_with).verdict is CHANGES
    assert line(of_nodes.FIREWALL, "iptables", cluster("ipvs"), node_with).verdict is SAME


@pytest.mark.parametrize(
    ("ping", "version", "expected"), [(True, "v1.37.2", STOPS), (False, "v1.37.2", SAME), (False, "v1.26.0", STOPS)]
)
def test_ping_stops_where_it_has_been_answered(ping: bool, version: str, expected: Impact) -> None:
    found = line(of_services.PING, "iptables", cluster(version=version), facts(answers_ping=ping))
    assert found.verdict is expected


@pytest.mark.parametrize("part", [node.RULES, node.FILES, node.SETS, node.SERVERS])
def test_what_was_not_read_is_never_green(part: str) -> None:
    topics = {
        node.RULES: of_nodes.RULES,
        node.FILES: of_nodes.FILES,
        node.SETS: of_nodes.SETS,
        node.SERVERS: of_nodes.SERVERS,
    }
    found = line(topics[part], "nftables", cluster(), facts(unread={part: "Permission denied"}))
    assert (found.verdict, found.text) == (UNKNOWN, "Permission denied")


def test_a_kernel_without_nft_is_refused_whatever_is_accepted() -> None:
    found = report("nftables", cluster(), [facts(missing={"nftables": ["nf_tables (CONFIG_NF_TABLES)"]})])
    (objection,) = found.objections(accepted=True)
    assert "not possible on node minikube: Linux 6.12.48 lacks nf_tables (CONFIG_NF_TABLES)" in str(objection)


def test_a_node_that_does_not_answer_or_is_not_in_the_inventory_is_refused() -> None:
    two = cluster(node_addresses={"minikube": (PRIMARY,), "minikube-m02": ("192.168.99.135",)})
    found = report("nftables", two, [facts(), facts(name="minikube-m02", problem="no answer in time")])
    assert [str(one) for one in found.objections(accepted=True)] == [
        "The switch to nftables is not possible on node minikube-m02: no answer in time. "
        "Make the node answer, and run again."
    ]
    assert "the inventory has no such node" in str(next(report("nftables", two, [facts()]).objections(accepted=True)))


def test_what_stops_has_to_be_accepted() -> None:
    found = report("nftables", cluster(), [facts(answers_ping=True)])
    (objection,) = found.objections(accepted=False)
    assert "something stops working: ping of Service addresses" in str(objection)
    assert "-e migrate_accept_stops=true" in str(objection)
    assert list(found.objections(accepted=True)) == []


def test_a_mode_without_support_is_refused() -> None:
    found = report("ipvs", cluster("nftables", version="v1.43.0"), [facts()])
    assert "does not support mode ipvs" in str(next(found.objections(accepted=True)))


def test_the_running_mode_needs_no_report() -> None:
    found = report("ipvs", cluster("ipvs"), [facts()])
    assert found.lines == ()
    assert render(found, width=80) == ["kube-proxy runs in mode ipvs already: there is nothing to switch"]


def test_an_interrupted_switch_goes_on_from_the_mode_that_is_left() -> None:
    assert running(cluster(modes={"a": "nftables", "b": "ipvs", "c": None}), "nftables") == "ipvs"


def test_the_table_has_every_line_with_its_verdict_in_words() -> None:
    found = report("nftables", cluster(services=WITH_PORT), [facts(answers=EVERYWHERE)])
    text = "\n".join(render(found, width=200))
    assert "From ipvs to nftables" in text
    assert "Node minikube" in text
    assert " ✘ node ports                    stops: answer on " in text
    assert all(f"{one.topic[:20]}" in text and one.verdict.value in text for one in found.lines)
    assert f"{len(found.of(STOPS))} stops" in text


def test_counters_are_read_from_the_metrics() -> None:
    text = f"# HELP {_cluster.LOCALHOST} x\n# TYPE {_cluster.LOCALHOST} counter\n{_cluster.LOCALHOST} 3\nother 4\n"
    assert _cluster.counters(text) == [(_cluster.LOCALHOST, 3.0)]
