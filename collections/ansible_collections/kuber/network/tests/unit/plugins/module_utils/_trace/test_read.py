# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a node, this machine and sockets: with commands that answer as they were seen to, or for real on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shutil
import socket
import subprocess
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import iptables, nftables
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.plugins.module_utils._trace import host, node, rules_iptables, rules_nftables
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

SEEN = pathlib.Path(__file__).parent / "seen"
WEB = Packet("TCP", "172.17.255.1", 80, outside=True)
SOCKETS = ["10.244.0.2:8000", "10.244.0.3:8000", "10.244.0.4:8000"]
STICKY = Packet("TCP", "10.103.112.28", 80, outside=False)


class Node(Runner):
    """A node that has only these programs, each of which answers with one file whatever it is asked."""

    def __init__(self, home: pathlib.Path, programs: dict[str, str]) -> None:
        self.home = home
        if not (home / "sh").exists():
            (home / "sh").symlink_to("/bin/sh")
        for program, file in programs.items():
            script = home / program
            script.write_text(f"#!/bin/sh\n/bin/cat {SEEN / file}\n")
            script.chmod(0o755)

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        program = str(self.home / argv[0])
        try:
            done = subprocess.run(
                (program, *argv[1:]), env={"PATH": str(self.home)}, capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            return Result(argv, 127, "", f"{argv[0]}: not found")
        return Result(argv, done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def kube_proxy(home: pathlib.Path) -> t.Iterator[None]:
    """A process of this name, whose container a node could enter."""
    program = shutil.copy("/bin/sleep", home / "kube-proxy")
    process = subprocess.Popen([program, "60"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def seen(name: str) -> str:
    return (SEEN / name).read_text()


IPVS = {"cat": "ip_vs", "ip": "addresses"}


@pytest.mark.parametrize(
    ("mode", "programs"),
    [
        ("ipvs", {**IPVS, "ipset": "ipset"}),
        ("ipvs", {**IPVS, "nsenter": "ipset"}),
        ("iptables", {"iptables-legacy-save": "iptables"}),
        ("iptables", {"iptables-nft-save": "iptables"}),
        ("nftables", {"nft": "nftables.json"}),
        ("nftables", {"nsenter": "nftables.json"}),
    ],
)
def test_the_rules_are_found_wherever_the_node_has_the_program(
    mode: str, programs: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with kube_proxy(tmp_path) if "nsenter" in programs else contextlib.nullcontext():
        rules = node.READERS[mode](Node(tmp_path, programs))
    found = node.TracedNode("minikube", node.ProxyStatus(mode, mode), rules).look(WEB)
    assert found.trouble is None
    assert len(found.backends) == 3
    assert mode != "ipvs" or "ipset" in [fact.label for fact in found.facts]


@pytest.mark.parametrize(
    ("mode", "words"), [("iptables", "iptables rules of the node"), ("nftables", "kube-proxy's nftables mode")]
)
def test_rules_that_cannot_be_read_are_no_rules_that_are_missing(mode: str, words: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(KuberError, match=words):
        node.READERS[mode](Node(tmp_path, {}))


@pytest.mark.parametrize("empty", ["iptables-legacy-save", "iptables-nft-save", "iptables-save"])
def test_rules_that_may_be_in_the_other_variant_are_unknown(tmp_path: pathlib.Path, empty: str) -> None:
    """One variant has nothing of kube-proxy's, and there is no program for the other one."""
    runner = Node(tmp_path, {})
    script(tmp_path, empty, "printf '*nat\\n:PREROUTING ACCEPT\\nCOMMIT\\n'")
    script(tmp_path, "cat", "echo nat")
    if empty != "iptables-save":
        with pytest.raises(KuberError, match="Cannot read the iptables rules"):
            node.READERS["iptables"](runner)
        return
    rules = node.READERS["iptables"](runner)
    found = node.TracedNode("minikube", node.ProxyStatus("iptables", "iptables"), rules).look(WEB)
    assert found.unknown
    assert found.trouble is None


def test_rules_that_neither_variant_has_are_missing(tmp_path: pathlib.Path) -> None:
    runner = Node(tmp_path, {})
    for name in ("iptables-legacy-save", "iptables-nft-save"):
        script(tmp_path, name, "printf '*nat\\n:PREROUTING ACCEPT\\nCOMMIT\\n'")
    script(tmp_path, "iptables-save", "iptables-nft-save")
    found = node.TracedNode("minikube", node.ProxyStatus("iptables", "iptables"), node.READERS["iptables"](runner))
    assert "kube-proxy has not written it" in str(found.look(WEB).trouble)


def test_a_node_without_ipset_has_no_sets_that_could_lack_something(tmp_path: pathlib.Path) -> None:
    rules = node.READERS["ipvs"](Node(tmp_path, IPVS))
    assert node.TracedNode("minikube", node.ProxyStatus("ipvs", "ipvs"), rules).look(WEB).trouble is None


@pytest.mark.parametrize(
    ("running", "configured", "mode", "remark"),
    [
        ("ipvs", "ipvs", "ipvs", "kube-proxy in IPVS mode"),
        ("ipvs", "iptables", "ipvs", "kube-proxy in IPVS mode (configured: iptables, not yet in effect)"),
        (None, "nftables", "nftables", "kube-proxy does not answer (configured: nftables)"),
    ],
)
def test_the_running_mode_goes_before_the_configured_one(
    running: str | None, configured: str, mode: str, remark: str
) -> None:
    proxy = node.ProxyStatus(running, configured)
    assert (proxy.mode, proxy.remark) == (mode, remark)


def test_clients_that_came_before_do_not_count_for_the_shares() -> None:
    table = iptables.parse(seen("sticky.iptables"))
    found = rules_iptables.look_up(table, STICKY)
    assert [round(float(backend.share), 6) for backend in found.backends] == [0.333333] * 3
    assert [fact.label for fact in found.facts][-1] == "affinity"
    other = rules_nftables.look_up(nftables.parse(seen("sticky.nftables.json")), STICKY)
    assert [(one.socket, round(float(one.share), 6)) for one in other.backends] == [
        (one.socket, round(float(one.share), 6)) for one in found.backends
    ]
    assert all(one.facts[0].text.startswith("endpoint-") for one in other.backends)


@pytest.mark.parametrize("name", ["sticky.iptables", "sticky.nftables.json"])
def test_what_is_refused_for_want_of_pods_is_not_missing(name: str) -> None:
    packet = Packet("TCP", "10.96.0.1", 443, outside=False)
    text = seen(name)
    if name.endswith(".json"):
        found = rules_nftables.look_up(nftables.parse(text), packet)
    else:
        found = rules_iptables.look_up(iptables.parse(text), packet)
    assert found.refused
    assert found.trouble is None
    assert found.backends == ()


@pytest.mark.parametrize("text", ["", "[]", '{"nftables": 1}', "Error: No such file or directory"])
def test_what_is_no_list_of_rules_is_refused(text: str) -> None:
    with pytest.raises(KuberError, match="Cannot read the output of nft"):
        nftables.parse(text)


def test_pods_that_take_connections_are_distinguished_from_those_that_do_not() -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        sockets = [f"127.0.0.1:{one.getsockname()[1]}" for one in (listening, deaf)]
        assert node.try_sockets(LocalRunner(), sockets) == {sockets[0]: "", sockets[1]: node.DEAF}


def test_without_curl_nothing_is_claimed(tmp_path: pathlib.Path) -> None:
    assert node.try_sockets(Node(tmp_path, {}), SOCKETS) == {}
    # Something else of that name.
    assert node.try_sockets(Node(tmp_path, {"curl": "addresses"}), SOCKETS) == {}


def script(home: pathlib.Path, program: str, text: str) -> None:
    (home / program).write_text(f"#!/bin/sh\n{text}\n")
    (home / program).chmod(0o755)


ROUTES = """case "$*" in
*address*) printf '1: lo    inet 127.0.0.1/8 scope host lo\\n2: eth0    inet 192.168.49.2/24 brd 192.168.49.255\\n' ;;
"route get 10.96.0.1") echo '10.96.0.1 via 192.168.49.1 dev eth0 src 192.168.49.2 uid 0' ;;
"route get 192.168.49.1") echo '192.168.49.1 dev eth0 src 192.168.49.2 uid 0' ;;
*) exit 2 ;;
esac"""


def test_the_place_of_a_node_is_what_its_routes_say(tmp_path: pathlib.Path) -> None:
    runner = Node(tmp_path, {})
    assert node.read_place(runner, "10.96.0.1", "") == node.NodeNetwork()
    script(tmp_path, "ip", ROUTES)
    own = frozenset({"127.0.0.1", "192.168.49.2"})
    assert node.read_place(runner, "10.96.0.1", "192.168.49.1") == node.NodeNetwork(own, "192.168.49.2", "eth0")
    assert node.read_place(runner, "", "10.9.9.9") == node.NodeNetwork(own, "", "")


def test_the_routes_of_a_node_say_where_packets_leave_it(tmp_path: pathlib.Path) -> None:
    script(
        tmp_path,
        "ip",
        """case "$*" in
"-4 route show") printf '%s\\n' 'default via 10.0.0.1 dev eth0' '10.244.0.0/24 dev cni0 proto kernel scope link' \\
  '10.244.0.9 dev veth9 scope host' 'blackhole 10.244.2.0/24 proto 80' \\
  '10.244.3.0/24 proto bird' '\\tnexthop via 10.0.0.3 dev eth0 weight 1' ;;
"-6 route show") printf '%s\\n' 'fd00:9::/64 dev cni0 proto kernel metric 256 pref medium' ;;
*) exit 2 ;;
esac""",
    )
    routes = node.read_place(Node(tmp_path, {}), "", "").routes
    wanted = {"10.244.0.5": "cni0", "10.244.0.9": "veth9", "1.1.1.1": "eth0", "10.244.3.3": None, "10.244.2.2": "eth0"}
    assert {address: routes["ipv4"].device(address) for address in wanted} == wanted
    assert routes["ipv6"].device("fd00:9::5") == "cni0"
    assert routes["ipv6"].device("fd00:8::5") is None


def test_untracked_packets_of_the_other_kind_of_iptables_count_as_well(tmp_path: pathlib.Path) -> None:
    runner = Node(tmp_path, {"iptables-nft-save": "iptables"})
    raw = "-A PREROUTING -d 172.17.255.1/32 -j CT --notrack"
    script(tmp_path, "iptables-legacy-save", f"printf '*raw\\n{raw}\\nCOMMIT\\n'")
    rules = node.READERS["iptables"](runner)
    found = node.TracedNode("minikube", node.ProxyStatus("iptables", "iptables"), rules).look(WEB)
    assert "keeps TCP 172.17.255.1:80 from connection tracking" in found.unknown


def test_ipvs_is_read_with_the_rules_beside_it(tmp_path: pathlib.Path) -> None:
    runner = Node(tmp_path, {**IPVS, "ipset": "ipset"})
    script(
        tmp_path,
        "iptables-nft-save",
        "printf '*filter\\n:KUBE-IPVS-FILTER -\\n-A INPUT -s 10.9.0.0/16 -j DROP\\nCOMMIT\\n'",
    )
    rules = node.READERS["ipvs"](runner)
    one = node.TracedNode("minikube", node.ProxyStatus("ipvs", "ipvs"), rules)
    assert one.look(dataclasses.replace(WEB, source="10.1.1.1")).trouble is None
    stopped = one.look(dataclasses.replace(WEB, source="10.9.1.1")).trouble
    assert stopped
    assert "`-A INPUT -s 10.9.0.0/16 -j DROP` ends with DROP" in stopped.what


def test_the_route_tells_the_address_that_this_machine_asks_from() -> None:
    found = host.look_up_route(LocalRunner(), "127.0.0.1")
    assert found.route is not None
    assert found.route.source == "127.0.0.1"


def test_the_route_of_loopback_is_the_machine_itself() -> None:
    found = host.look_up_route(LocalRunner(), "127.0.0.1")
    assert found.route is not None
    assert found.route.kind == "local"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Result((), 2, "", "RTNETLINK answers: Network is unreachable\n"), "Network is unreachable"),
        (Result((), 1, "", ""), "exit code 1"),
    ],
)
def test_no_route_has_the_words_of_the_kernel(answer: Result, problem: str) -> None:
    class Machine(Runner):
        def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
            return answer

    assert host.look_up_route(Machine(), "172.17.255.1") == host.RouteLookup(None, problem)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("172.17.255.3 example.app.org\n", ["172.17.255.3"]),
        ("# 172.17.255.9 example.app.org\r\n172.17.255.3\tother  Example.App.Org # here\r\n", ["172.17.255.3"]),
        ("1.2.3.4 example.app.org\n172.17.255.3 example.app.org", ["1.2.3.4", "172.17.255.3"]),
        ("172.17.255.3 example.app.org.uk\nnonsense example.app.org\n", []),
    ],
)
def test_names_are_looked_up_as_the_resolver_does(hosts: str, expected: list[str]) -> None:
    assert host.lookup(hosts, "example.app.org") == expected
