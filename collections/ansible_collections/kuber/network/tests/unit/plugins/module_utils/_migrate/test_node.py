# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
import socket

import pytest

from ansible_collections.kuber.network.plugins.module_utils._migrate import node
from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts
from ansible_collections.kuber.network.plugins.module_utils._net import leftovers
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._migrate.support import (
    PRIMARY,
    facts,
    ipvs_node,
    outputs,
    ruleset,
)

MINE = """*nat
:PREROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-SERVICES - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:MINE - [0:0]
-A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
-A MINE -p tcp --dport 22 -j REJECT --reject-with icmp-port-unreachable
COMMIT
"""


def test_a_node_in_ipvs_mode_has_nothing_of_others() -> None:
    found = node.parse("minikube", ipvs_node())
    assert (found.rules, found.sets, found.servers, found.firewall) == ((), (), (), ())
    assert found.addresses == ("127.0.0.1", "::1", PRIMARY, "10.244.0.1")
    assert (found.nft, found.connections) == ("1.0.6", 12)
    assert found.unread == {}


def test_rules_of_others_that_use_kube_proxys_are_found() -> None:
    found = node.parse("minikube", ipvs_node(iptables_legacy=MINE))
    assert [(one.chains, one.sets) for one in found.rules] == [(("KUBE-MARK-MASQ",), ()), ((), ("KUBE-CLUSTER-IP",))]
    assert found.rules[0].rule == "iptables-legacy -t nat -A CNI-HOSTPORT-SETMARK -j KUBE-MARK-MASQ"
    assert found.firewall == (
        "iptables-legacy: policy DROP of INPUT",
        "iptables-legacy -A MINE -p tcp --dport 22 -j REJECT --reject-with icmp-port-unreachable",
    )


def test_virtual_servers_and_sets_of_others_are_told_from_kube_proxys() -> None:
    theirs = "TCP  C0000201:0050 rr\n  -> C0000202:0050      Masq    1      0          0\n"
    before = ipvs_node()
    sets = before[node.SETS].stdout + "create theirs hash:ip\nadd theirs 192.0.2.7\n"
    found = node.parse("minikube", ipvs_node(virtual_servers=before[node.SERVERS].stdout + theirs, ipsets=sets))
    assert (found.servers, found.sets) == (("TCP 192.0.2.1:80",), ("theirs",))


def test_only_tables_of_other_programs_count_as_a_firewall_of_nft() -> None:
    theirs = [
        {
            "chain": {
                "family": "inet",
                "table": "firewalld",
                "name": "in",
                "hook": "input",
                "prio": 10,
                "policy": "drop",
            }
        },
        {
            "chain": {
                "family": "ip",
                "table": "filter",
                "name": "FORWARD",
                "hook": "forward",
                "prio": 0,
                "policy": "drop",
            }
        },
        {"chain": {"family": "inet", "table": "theirs", "name": "out", "hook": "output", "prio": 0, "policy": "drop"}},
    ]
    kube_proxys = json.loads(ruleset())["nftables"]
    found = node.parse("minikube", outputs(nft=json.dumps({"nftables": [*kube_proxys, *theirs]})))
    assert found.firewall == ("nft: chain in of table inet firewalld",)


@pytest.mark.parametrize(
    ("name", "failure", "part"),
    [
        ("nft", (127, "nft is neither on the node nor in a container of kube-proxy"), node.NFT),
        ("ipsets", (127, "ipset is neither on the node nor in a container of kube-proxy"), node.SETS),
        ("virtual_servers", (1, "cat: Permission denied"), node.SERVERS),
        ("files", (124, "it took longer than 20 s"), node.FILES),
    ],
)
def test_what_cannot_be_read_is_kept_with_the_reason(name: str, failure: tuple[int, str], part: str) -> None:
    found = node.parse("minikube", ipvs_node(**{name: failure}))
    assert found.unread == {part: failure[1]}


def test_rules_are_unread_only_if_no_iptables_answers() -> None:
    failure = (127, "not found")
    names = ("iptables_nft", "ip6tables_nft", "iptables_legacy", "ip6tables_legacy")
    found = node.parse("minikube", ipvs_node(**dict.fromkeys(names, failure)))
    assert found.unread == {node.RULES: "iptables-nft: not found"}
    hidden = "# Table `nat' is incompatible, use 'nft' tool.\n"
    found = node.parse("minikube", ipvs_node(iptables_nft=hidden))
    assert found.unread == {node.RULES: "iptables-nft cannot print the table nat"}


def test_our_rule_for_ping_is_known() -> None:
    ours = leftovers.echo_rule("ipv4")
    found = node.parse("minikube", ipvs_node(iptables_legacy=f"*filter\n:INPUT ACCEPT [0:0]\n{ours}\nCOMMIT\n"))
    assert found.answers_ping
    assert not found.rules


def test_facts_survive_the_way_through_ansible() -> None:
    found = facts(rules=node.parse("minikube", ipvs_node(iptables_legacy=MINE)).rules, excluded=("10.0.0.0/8",))
    assert NodeFacts.load(json.loads(json.dumps(found.dump()))) == found


@pytest.mark.parametrize(
    "line",
    [
        "iptables -t nat -A KUBE-SERVICES -j ACCEPT",
        "ip link show kube-ipvs0",
        "server = 'http://localhost:30500'",
        'endpoint = ["http://127.0.0.1:32000"]',
        "ipvsadm -Ln",
    ],
)
def test_lines_of_scripts_and_settings_that_name_kube_proxys_are_found(line: str) -> None:
    assert len(re.findall(node.NAMES, line)) == 1


@pytest.mark.parametrize("line", ["KUBECONFIG=/root/.kube/config", "http://127.0.0.1:8080", "modprobe ip_vs"])
def test_other_lines_are_not(line: str) -> None:
    assert not re.search(node.NAMES, line)


def test_a_node_connects_to_its_node_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as here, socket.create_server(("127.0.0.1", 0)) as closed:
        port, silent = (one.getsockname()[1] for one in (here, closed))
        closed.close()
        assert node.ask(LocalRunner(), [f"127.0.0.1/{port}", f"127.0.0.1/{silent}"]).stdout.split() == [
            f"127.0.0.1/{port}"
        ]
