# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from .conftest import ModuleCaller, Namespace

POOL = "172.17.255.0/24"
NODE = "192.168.99.134"
WANTED = {"destination": POOL, "via": NODE}

DAMAGES = {
    "no route": [],
    "stale next hop": [f"{POOL} via 192.168.99.7"],
    "second route": [f"{POOL} via {NODE}", f"{POOL} via 192.168.99.7 metric 50"],
    "same next hop twice": [f"{POOL} via {NODE}", f"{POOL} via {NODE} metric 50"],
    "same metric twice": [f"{POOL} via 192.168.99.7", f"append {POOL} via 192.168.99.8"],
    "only with a metric": [f"{POOL} via 192.168.99.7 metric 50"],
    "blackhole": [f"blackhole {POOL}"],
    "blackhole with a metric": [f"blackhole {POOL} metric 9", f"{POOL} via 192.168.99.7"],
    "two next hops": [f"{POOL} nexthop via {NODE} nexthop via 192.168.99.7"],
    "without next hop": [f"{POOL} dev wire"],
}


def plant(namespace: Namespace, routes: list[str]) -> None:
    for route in routes:
        verb, words = ("append", route.split()[1:]) if route.startswith("append ") else ("add", route.split())
        namespace.ip("route", verb, *words)


@pytest.mark.parametrize("routes", DAMAGES.values(), ids=DAMAGES.keys())
def test_present_leaves_exactly_the_wanted_route(
    namespace: Namespace, run_module: ModuleCaller, routes: list[str]
) -> None:
    plant(namespace, routes)
    before = namespace.ip("route")
    inside = ["ip", "netns", "exec", namespace.name]

    predicted = run_module("static_route", WANTED, check=True, prefix=inside)
    assert predicted["changed"]
    assert namespace.ip("route") == before, "check mode wrote"

    done = run_module("static_route", WANTED, prefix=inside)
    assert done["changed"], done
    assert done["commands"] == predicted["commands"]
    (drift,) = predicted["drift"]
    assert drift["thing"] == f"route to {POOL}"
    assert drift["action"] == ("configured" if routes else "created")
    assert drift["removed"] or drift["added"]
    assert namespace.routes(POOL) == [f"{POOL} via {NODE} dev wire"]
    assert f"via {NODE} " in namespace.ip("route", "get", "172.17.255.1")

    again = run_module("static_route", WANTED, prefix=inside)
    assert not again["changed"]
    (routes_only,) = again["diff"]
    assert routes_only["before"] == routes_only["after"]


def test_present_leaves_other_networks_alone(namespace: Namespace, run_module: ModuleCaller) -> None:
    plant(namespace, ["172.17.0.0/16 via 192.168.99.9", "10.0.0.0/8 via 192.168.99.9"])
    before = set(namespace.ip("route").splitlines())
    done = run_module("static_route", WANTED, prefix=["ip", "netns", "exec", namespace.name])
    assert done["changed"]
    assert set(namespace.ip("route").splitlines()) - before == {f"{POOL} via {NODE} dev wire proto 107 "}


def test_present_warns_of_a_smaller_route_that_leads_elsewhere(namespace: Namespace, run_module: ModuleCaller) -> None:
    plant(namespace, ["172.17.255.9 via 192.168.99.7"])
    done = run_module("static_route", WANTED, prefix=["ip", "netns", "exec", namespace.name])
    assert "172.17.255.9 via 192.168.99.7" in str(done["warnings"])


def test_absent_takes_only_our_route(namespace: Namespace, run_module: ModuleCaller) -> None:
    inside = ["ip", "netns", "exec", namespace.name]
    plant(namespace, [f"{POOL} via {NODE}", f"{POOL} via 192.168.99.7 metric 50"])
    assert run_module("static_route", WANTED | {"state": "absent"}, check=True, prefix=inside)["changed"]
    assert len(namespace.routes(POOL)) == 2
    assert run_module("static_route", WANTED | {"state": "absent"}, prefix=inside)["changed"]
    assert namespace.routes(POOL) == [f"{POOL} via 192.168.99.7 dev wire metric 50"]
    assert not run_module("static_route", WANTED | {"state": "absent"}, prefix=inside)["changed"]


def test_present_works_for_ipv6(namespace: Namespace, run_module: ModuleCaller) -> None:
    inside = ["ip", "netns", "exec", namespace.name]
    wanted = {"destination": "fd00:17:255::/112", "via": "fd00:99::134"}
    namespace.ip("-6", "route", "add", wanted["destination"], "via", "fd00:99::7")
    assert run_module("static_route", wanted, prefix=inside)["changed"]
    routes = namespace.routes(wanted["destination"], version=6)
    assert len(routes) == 1
    assert "via fd00:99::134" in routes[0]
    assert not run_module("static_route", wanted, prefix=inside)["changed"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"via": "192.168.98.2"}, "not a neighbour"),
        ({"via": "192.168.99.1"}, "this machine's own address"),
        ({"destination": "192.168.99.0/24", "via": "192.168.100.1"}, "own interface wire"),
    ],
)
def test_refuses_what_the_kernel_could_not_use(
    namespace: Namespace, run_module: ModuleCaller, params: dict[str, str], said: str
) -> None:
    inside = ["ip", "netns", "exec", namespace.name]
    before = namespace.ip("route")
    for check in (True, False):
        failed = run_module("static_route", WANTED | params, check=check, prefix=inside)
        assert failed["failed"]
        assert said in failed["msg"]
    assert namespace.ip("route") == before


def test_without_root_a_change_is_refused_and_no_change_is_fine(namespace: Namespace, run_module: ModuleCaller) -> None:
    weak = ["ip", "netns", "exec", namespace.name, "setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-all"]
    failed = run_module("static_route", WANTED, prefix=weak)
    assert "Only root may change the routes" in failed["msg"]
    assert "become" in failed["msg"]
    plant(namespace, [f"{POOL} via {NODE}"])
    assert not run_module("static_route", WANTED, prefix=weak)["changed"]
