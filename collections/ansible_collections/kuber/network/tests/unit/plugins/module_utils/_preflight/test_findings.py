# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import ipaddress
import json
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import in_use, own
from ansible_collections.kuber.network.plugins.module_utils._net.in_use import LocalNetworks, Neighbour
from ansible_collections.kuber.network.plugins.module_utils._net.route import Route
from ansible_collections.kuber.network.plugins.module_utils._preflight.cluster import ClusterInfo
from ansible_collections.kuber.network.plugins.module_utils._preflight.findings import Settings, findings, report
from ansible_collections.kuber.network.plugins.module_utils._preflight.host import HOST_SPEC, Host, inspect
from ansible_collections.kuber.network.plugins.module_utils._preflight.machine import NodeStatus
from ansible_collections.kuber.network.plugins.module_utils._preflight.pool import AddressRange, Taken, parse_pool
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_absence import NoProxyError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

POOL = "172.17.255.1-172.17.255.255"
NODE = "192.168.99.134"
CLUSTER = ClusterInfo(
    server="https://192.168.99.134:8443",
    context="minikube",
    version="v1.37.2",
    node_addresses=(NODE,),
    networks=(
        Taken("the network of services", ipaddress.ip_network("10.96.0.0/12")),
        Taken("the network of pods", ipaddress.ip_network("10.244.0.0/16")),
    ),
    proxy_configuration={"mode": "iptables"},
)


@pytest.fixture
def good() -> Settings:
    return Settings(
        profile="minikube",
        minikube_home="/home/me/.minikube",
        known_profiles=("minikube", "work"),
        profile_addresses=(NODE,),
        addons=("storage-provisioner", "default-storageclass"),
        tunnel_pids=(),
        nodes=(NodeStatus("minikube", ""),),
        proxy_mode="ipvs",
        proxy_settings={},
        pool=(POOL,),
        addresses={"web-svc-lb": "172.17.255.1", "ingress-nginx": "172.17.255.3"},
        route="172.17.255.0/24",
        images={},
        choices={"ingress_controller": "nginx", "kube_proxy_mode": "ipvs"},
        switch=False,
        host=Host(needs_root=True),
        may_become_root=True,
    )


def test_nothing_stands_in_the_way_of_the_homework(good: Settings) -> None:
    assert findings(good, CLUSTER) == []


@pytest.mark.parametrize("mode", ["iptables", "nftables", "keep"])
def test_other_modes_are_fine_too(good: Settings, mode: str) -> None:
    assert findings(dataclasses.replace(good, proxy_mode=mode), CLUSTER) == []


BAD_SETTINGS: dict[str, tuple[dict[str, t.Any], str]] = {
    "unknown profile": ({"profile": "mini"}, "no profile mini.*the profiles minikube, work"),
    "tunnel": ({"tunnel_pids": (4711,)}, "minikube tunnel.*process 4711.*Press Ctrl-C"),
    "tunnel to a container": ({"tunnel_pids": (0,)}, "minikube tunnel.*found: its lock is held"),
    "metallb addon": ({"addons": ("metallb",)}, "addon metallb.*addons disable metallb"),
    "ingress addon": ({"addons": ("ingress",)}, "addon ingress.*addons disable ingress"),
    "unreachable node": (
        {"nodes": (NodeStatus("minikube-m02", "Connection refused"),)},
        "on node minikube-m02.*Connection refused",
    ),
    "unknown mode": (
        {"proxy_mode": "ebpf"},
        "Invalid mode of kube-proxy; wanted: ipvs or iptables or nftables or keep; found: 'ebpf'",
    ),
    "pool is text": ({"pool": ("homework",)}, "Invalid address range.*'homework'"),
    "pool is one address": ({"pool": ("172.17.255.1",)}, "Invalid address range"),
    "pool backwards": ({"pool": ("172.17.255.9-172.17.255.1",)}, "Empty address range"),
    "pool of two families": ({"pool": ("172.17.255.9-fd00::1",)}, "Empty address range"),
    "pool with host bits": ({"pool": ("172.17.255.1/24",)}, "host bits"),
    "pool has too many ends": ({"pool": ("172.17.255.1-172.17.255.2-172.17.255.3",)}, "Invalid address range"),
    "pool on the node": (
        {"pool": ("192.168.99.130-192.168.99.140",)},
        "addresses in use.*node 192.168.99.134",
    ),
    "pool on a distant node": (
        {"pool": ("10.7.7.0/24",), "profile_addresses": (NODE, "10.7.7.7")},
        r"in use.*node 10\.7\.7\.7",
    ),
    "pool in services": ({"pool": ("10.96.1.0/24",)}, r"overlaps the network of services.*10\.96\.0\.0/12"),
    "pool around pods": ({"pool": ("10.0.0.0/8",)}, "overlaps the network of pods"),
    "address outside": ({"addresses": {"web": "172.17.254.1"}}, "web is outside the pool.*found: 172.17.254.1"),
    "address is none": ({"addresses": {"web": "soon"}}, "Invalid address for web"),
    "address twice": (
        {"addresses": {"web": "172.17.255.1", "dns": "172.17.255.1"}},
        "dns and web have the same address",
    ),
    "route elsewhere": ({"route": "172.17.254.0/24"}, "does not cover the pool"),
    "route to a part": ({"route": "172.17.255.0/25"}, "does not cover the pool"),
    "route is none": ({"route": "172.17.255.1/24"}, "Invalid destination"),
}


@pytest.mark.parametrize(("change", "said"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_bad_settings_are_found(good: Settings, change: dict[str, t.Any], said: str) -> None:
    found = findings(dataclasses.replace(good, **change), CLUSTER)
    with pytest.raises(KuberError, match=f"(?s){said}"):
        raise report(found)


def test_a_node_inside_qemu_is_not_known_by_its_address(good: Settings) -> None:
    assert findings(dataclasses.replace(good, profile_addresses=("127.0.0.1",)), CLUSTER) == []


def test_all_findings_come_in_one_message(good: Settings) -> None:
    change: dict[str, t.Any] = {"profile": "mini", "proxy_mode": "ebpf", "pool": ("x",), "tunnel_pids": (1,)}
    message = str(report(findings(dataclasses.replace(good, **change), CLUSTER)))
    assert "fix these 4 problems first" in message
    assert [f"\n  {number}. " in message for number in (1, 2, 3, 4, 5)] == [True, True, True, True, False]


def test_findings_do_not_need_the_cluster(good: Settings) -> None:
    gone = KuberError("The API server does not answer", found="connection refused")
    found = findings(dataclasses.replace(good, pool=("192.168.99.130-192.168.99.139",)), gone)
    texts = [str(finding) for finding in found]
    assert texts[0].startswith("The API server does not answer")
    assert any("node 192.168.99.134" in text for text in texts)


@pytest.mark.parametrize(
    ("version", "mode", "gates", "refused"),
    [
        ("v1.37.2", "ipvs", {}, ""),
        ("v1.39.9", "ipvs", {}, ""),
        ("v1.40.0", "ipvs", {}, "nftables"),
        ("v1.40.0", "ipvs", {"KubeProxyIPVS": False}, "nftables"),
        ("v1.42.1", "ipvs", {"KubeProxyIPVS": True}, ""),
        ("v1.43.0", "ipvs", {"KubeProxyIPVS": True}, "nftables"),
        ("v1.43.0-alpha.1+abc", "ipvs", {}, "nftables"),
        ("v1.43.0", "iptables", {}, ""),
        ("v1.43.0", "nftables", {}, ""),
        ("v1.43.0", "keep", {}, ""),
        ("v1.28.0", "nftables", {}, "iptables"),
        ("v1.30.0", "nftables", {}, "NFTablesProxyMode"),
        ("v1.30.0", "nftables", {"NFTablesProxyMode": True}, ""),
        ("v1.31.0", "nftables", {}, ""),
        ("v1.32.9", "nftables", {"NFTablesProxyMode": False}, "NFTablesProxyMode"),
        ("v1.33.0", "nftables", {"NFTablesProxyMode": False}, ""),
        ("v1.38.0", "ipvs", {"KubeProxyIPVS": False}, "KubeProxyIPVS"),
        ("v1.34.0", "ipvs", {"KubeProxyIPVS": False}, ""),
    ],
)
def test_modes_by_version(good: Settings, version: str, mode: str, gates: dict[str, bool], refused: str) -> None:
    cluster = dataclasses.replace(CLUSTER, version=version, proxy_configuration={"featureGates": gates})
    found = [str(finding) for finding in findings(dataclasses.replace(good, proxy_mode=mode), cluster)]
    assert len(found) == (1 if refused else 0), found
    assert not refused or (version in found[0] and refused in found[0])


def test_the_gate_may_be_turned_by_the_settings(good: Settings) -> None:
    cluster = dataclasses.replace(CLUSTER, version="v1.41.0")
    settings = dataclasses.replace(good, proxy_settings={"featureGates": {"KubeProxyIPVS": True}})
    assert len(findings(good, cluster)) == 1
    assert findings(settings, cluster) == []


@pytest.mark.parametrize("gates", ["KubeProxyIPVS=true", ["KubeProxyIPVS"], {"KubeProxyIPVS": "true"}])
def test_gates_that_are_none_are_one_finding(good: Settings, gates: object) -> None:
    settings = dataclasses.replace(good, proxy_settings={"featureGates": gates})
    (found,) = findings(settings, CLUSTER)
    assert "such as {KubeProxyIPVS: true}" in str(found)
    configured = dataclasses.replace(CLUSTER, proxy_configuration={"featureGates": gates})
    assert [str(one) for one in findings(good, configured)] == [str(found)]


def test_a_cluster_without_kube_proxy_is_refused(good: Settings) -> None:
    cluster = dataclasses.replace(CLUSTER, proxy_configuration=NoProxyError("The cluster has no kube-proxy"))
    assert "no kube-proxy" in str(findings(good, cluster)[0])
    assert findings(dataclasses.replace(good, proxy_mode="keep"), cluster) == []


@pytest.mark.parametrize("mode", ["ipvs", "keep"])
def test_a_kube_proxy_that_cannot_be_configured_is_refused(good: Settings, mode: str) -> None:
    cluster = dataclasses.replace(CLUSTER, proxy_configuration=KuberError("The configuration cannot be read"))
    (finding,) = findings(dataclasses.replace(good, proxy_mode=mode), cluster)
    assert "cannot be read" in str(finding)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({}, None),
        ({"ipvs": []}, None),
        ({"nftables": ["nf_tables"], "iptables": ["xt_comment"]}, None),
        ({"ipvs": ["ip_vs (CONFIG_IP_VS)"]}, "without ip_vs (CONFIG_IP_VS). Set kube_proxy_mode to nftables."),
        ({"ipvs": ["ip_vs"], "nftables": ["Linux 5.13"]}, "Set kube_proxy_mode to iptables."),
        ({"ipvs": ["ip_vs"], "nftables": ["x"], "iptables": ["y"]}, "Linux 6.1.0 without ip_vs."),
        (
            {"ipvs": ["ip_vs_ovf (CONFIG_IP_VS_OVF)"]},
            "Set kube_proxy_scheduler to one that the kernel has, such as rr.",
        ),
    ],
)
def test_a_kernel_that_lacks_something_is_refused_with_what_could_be_instead(
    good: Settings, missing: dict[str, list[str]], said: str | None
) -> None:
    nodes = (NodeStatus("minikube", ""), NodeStatus("minikube-m02", "", "6.1.0", missing))
    found = [str(finding) for finding in findings(dataclasses.replace(good, nodes=nodes), CLUSTER)]
    assert len(found) == (said is not None)
    assert all(text.endswith(said or "") and "minikube-m02" in text for text in found), found


def test_the_context_of_another_cluster_is_refused(good: Settings) -> None:
    other = dataclasses.replace(CLUSTER, context="prod", node_addresses=("10.7.7.7",))
    (finding,) = findings(good, other)
    assert "Context prod does not belong to minikube profile minikube" in str(finding)
    assert "10.7.7.7" in str(finding)


@pytest.mark.parametrize(("user_id", "may_become_root", "refused"), [(0, False, 0), (1000, True, 0), (1000, False, 1)])
def test_root_is_needed_only_for_this_machine(
    good: Settings, monkeypatch: pytest.MonkeyPatch, user_id: int, may_become_root: bool, refused: int
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user_id)
    settings = dataclasses.replace(good, may_become_root=may_become_root)
    assert len(findings(settings, CLUSTER)) == refused
    assert findings(dataclasses.replace(settings, host=Host()), CLUSTER) == []


AROUND = LocalNetworks(
    own=own.load([{"ifname": "eth0", "addr_info": [{"local": "172.17.252.9", "prefixlen": 22}]}]),
    routes=[Route.load({"dst": "default", "gateway": "172.17.255.254", "dev": "eth0"})],
    neighbours=[Neighbour(ipaddress.ip_address("172.17.255.7"), "eth0", "02:00:00:00:00:07")],
    name_servers=[ipaddress.ip_address("172.17.255.3"), ipaddress.ip_address("172.17.255.53")],
)


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        ("172.17.252.0/24", ["this machine's own address 172.17.252.9 on eth0"]),
        (
            POOL,
            [
                "the gateway 172.17.255.254 of the route to default",
                "the neighbour 172.17.255.7 (02:00:00:00:00:07) on eth0",
                "the name server 172.17.255.53",
            ],
        ),
        # Within a network of this machine, as MetalLB is mostly used: nobody has these addresses.
        ("172.17.254.0/24", []),
        ("192.168.99.200/29", []),
    ],
)
def test_only_addresses_in_use_are_kept_clear_of(good: Settings, pool: str, said: list[str]) -> None:
    without_route = dataclasses.replace(good, route="", pool=(pool,), host=Host(around=(AROUND,)))
    # The cluster's own name server may be this machine's, too.
    settings = dataclasses.replace(without_route, addresses={"dns": "172.17.255.3"} if pool == POOL else {})
    found = [str(finding) for finding in findings(settings, CLUSTER)]
    assert len(found) == bool(said)
    assert all(f"found: {', '.join(said)}. Choose" in text for text in found), found


INNER: dict[str, tuple[dict[str, t.Any], bool]] = {
    "VPN": ({"dst": "172.17.255.0/29", "dev": "wg0", "protocol": "static"}, True),
    "one address": ({"dst": "172.17.255.1", "gateway": "10.0.0.7", "dev": "eth0", "protocol": "bird"}, True),
    "nowhere": ({"type": "blackhole", "dst": "172.17.255.0/28"}, True),
    "the rest of the pool": ({"dst": "172.17.255.128/25", "dev": "wg0"}, False),
    "the node": ({"dst": "172.17.255.0/29", "gateway": NODE, "dev": "eth0"}, False),
    "ours": ({"dst": "172.17.255.0/29", "dev": "br0", "protocol": "107"}, False),
    "less specific": ({"dst": "172.17.0.0/16", "dev": "docker0"}, False),
    "a table that no rule uses": ({"dst": "172.17.255.0/29", "dev": "wg0", "table": "51"}, False),
    "all": ({"dst": "default", "dev": "wg0"}, False),
}


@pytest.mark.parametrize(("item", "refused"), INNER.values(), ids=INNER.keys())
def test_a_more_specific_route_to_a_wanted_address_is_found(
    good: Settings, item: dict[str, t.Any], refused: bool
) -> None:
    host = Host(around=(LocalNetworks(routes=[Route.load(item)]),), has_route=True)
    found = [str(one) for one in findings(dataclasses.replace(good, host=host), CLUSTER)]
    assert [one.split("leads to ")[1].split(",")[0] for one in found] == ["172.17.255.1"] * (
        1 if item["dst"] == "172.17.255.1" else 0
    ) + ["172.17.255.1", "172.17.255.3"] * (refused and item["dst"] != "172.17.255.1")
    # The route is left to somebody else.
    assert findings(dataclasses.replace(good, host=host, route=""), CLUSTER) == []


@pytest.mark.parametrize("file", ["etc/resolv.conf", "run/NetworkManager/no-stub-resolv.conf"])
def test_name_servers_are_read_where_they_are_listed(tmp_path: pathlib.Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    lines = "; nameserver 10.0.0.9\nnameserver 127.0.0.53\nnameserver 172.17.255.254\nnameserver fe80::1%eth0\n"
    (tmp_path / file).write_text(lines)
    assert [str(one) for one in in_use.read_name_servers(tmp_path, 4)] == ["127.0.0.53", "172.17.255.254"]
    assert [str(one) for one in in_use.read_name_servers(tmp_path, 6)] == ["fe80::1%eth0"]


def test_what_the_route_would_cut_off_is_said_once(good: Settings) -> None:
    problem = KuberError("The route would cut something off")
    around = dataclasses.replace(AROUND, name_servers=())
    settings = dataclasses.replace(good, host=Host(problems=(problem,), around=(around,), has_route=True))
    assert findings(settings, CLUSTER) == [problem]


def test_a_name_server_beside_the_pool_would_be_cut_off_by_the_route(good: Settings) -> None:
    around = LocalNetworks(name_servers=AROUND.name_servers)
    small = dataclasses.replace(good, pool=("172.17.255.1-172.17.255.9",), host=Host(around=(around,), has_route=True))
    (found,) = findings(small, CLUSTER)
    assert "The route to 172.17.255.0/24 would cut off" in str(found)
    assert "found: the name server 172.17.255.53. Choose" in str(found)
    assert findings(dataclasses.replace(small, route=""), CLUSTER) == []


def test_what_keeps_the_route_from_being_set_is_reported(good: Settings) -> None:
    problem = KuberError("The next hop is this machine")
    assert findings(dataclasses.replace(good, host=Host(problems=(problem,))), CLUSTER) == [problem]


OWN = [{"ifname": "wire", "addr_info": [{"local": "192.168.99.1", "prefixlen": 24}]}]


class Machine(Runner):
    """``ip`` of a machine with this one route to the pool, behind whose wire the node is."""

    def __init__(self, via: str) -> None:
        self.route = [{"dst": "172.17.255.0/24", "gateway": via, "dev": "wire", "flags": []}]

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        answers: dict[str, list[dict[str, t.Any]]] = {
            NODE: [{"dst": NODE, "dev": "wire"}],
            "get": [{"dst": "172.17.255.1", "gateway": NODE, "dev": "wire"}],
            "main": self.route if "exact" in argv else [],
            "address": OWN,
            "rule": [{"priority": 32766, "src": "all", "table": "main"}],
        }
        words = [word for word in answers if word in argv]
        return Result(argv, 0, json.dumps(answers[words[0]] if words else []), "")


@pytest.mark.parametrize(
    ("via", "params", "needs_root", "problems"),
    [
        (NODE, {}, False, 0),
        ("192.168.99.7", {}, True, 0),
        (NODE, {"names": [{"address": "172.17.255.3", "names": ["kuber.test"]}]}, True, 0),
        (NODE, {"names": [{"address": "172.17.255.300", "names": ["kuber.test"]}]}, False, 1),
        (NODE, {"via": "172.17.255.9"}, False, 1),
        (NODE, {"via": ""}, False, 0),
        ("192.168.99.7", {"route": ""}, False, 0),
        # Not even a network: the look at the pool tells of it.
        ("192.168.99.7", {"route": "homework"}, False, 0),
    ],
)
def test_root_is_needed_only_where_something_has_to_be_changed(
    via: str, params: dict[str, t.Any], needs_root: bool, problems: int
) -> None:
    settings = {key: option.get("default") for key, option in HOST_SPEC.items()} | {
        "route": "172.17.255.0/24",
        "via": NODE,
    }
    found = inspect(settings | params, Machine(via))
    assert (found.needs_root, len(found.problems)) == (needs_root, problems)


@pytest.mark.parametrize(
    ("release", "noted"), [("5.15.167.4-microsoft-standard-WSL2\n", True), ("6.1.0-44-amd64\n", False), (None, False)]
)
def test_wsl_is_noted(tmp_path: pathlib.Path, release: str | None, noted: bool) -> None:
    if release is not None:
        (tmp_path / "proc/sys/kernel").mkdir(parents=True)
        (tmp_path / "proc/sys/kernel/osrelease").write_text(release)
    settings = {key: option.get("default") for key, option in HOST_SPEC.items()}
    settings |= {"route": "172.17.255.0/24", "via": NODE}
    notes = inspect(settings, Machine(NODE), root=tmp_path).notes
    assert any("Windows does not" in note for note in notes) == noted


ADDRESSES = st.ip_addresses(v=4)


@given(ADDRESSES, ADDRESSES, st.ip_addresses(v=4), st.integers(0, 32))
def test_ranges_overlap_exactly_the_networks_that_share_an_address(
    one: ipaddress.IPv4Address, two: ipaddress.IPv4Address, base: ipaddress.IPv4Address, bits: int
) -> None:
    first, last = sorted((one, two))
    pool = AddressRange.parse(f"{first}-{last}")
    network = ipaddress.ip_network((base, bits), strict=False)
    covers = ipaddress.summarize_address_range(first, last)
    assert pool.overlaps(network) == any(part.overlaps(network) for part in covers)
    assert first in pool
    assert last in pool


@given(st.text(max_size=30))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    ranges, refused = parse_pool([text])
    assert len(ranges) + len(refused) == 1
    assert all(item.first in item for item in ranges)


@pytest.mark.parametrize(
    ("recorded", "changes", "refused"),
    [
        ({}, {}, []),
        ({"ingress_controller": "nginx"}, {}, []),
        ({"ingress_controller": "traefik"}, {}, ["ingress_controller"]),
        ({"ingress_controller": "traefik"}, {"switch": True}, []),
        ({"ingress_controller": "traefik"}, {"choices": {"ingress_controller": "traefik"}}, []),
        (
            {"ingress_controller": "traefik", "kube_proxy_mode": "nftables"},
            {},
            ["ingress_controller", "kube_proxy_mode"],
        ),
        ({"kube_proxy_mode": "nftables"}, {"choices": {"kube_proxy_mode": "keep"}}, []),
        # This run knows nothing of it.
        ({"traffic_api": "gateway"}, {}, []),
        ({"ingress_controller": ""}, {}, ["ingress_controller"]),
    ],
)
def test_a_switch_is_not_undone_by_default_variables(
    good: Settings, recorded: dict[str, str], changes: dict[str, t.Any], refused: list[str]
) -> None:
    found = findings(dataclasses.replace(good, **changes), dataclasses.replace(CLUSTER, recorded=recorded))
    assert [str(one).split("switched to ")[1].split()[0] for one in found] == refused
    for one in found:
        assert "inventory/group_vars/all/settings.yml" in str(one)
        assert "-e kuber_switch=true" in str(one)


def test_records_that_may_not_be_read_refuse_nothing(good: Settings) -> None:
    assert findings(good, dataclasses.replace(CLUSTER, recorded=KuberError("Forbidden"))) == []
