# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.route import (
    Route,
    Wanted,
    parse_destination,
    parse_hop,
)
from ansible_collections.kuber.network.plugins.module_utils._net.route_plan import plan_absent, plan_present

NODE = ipaddress.ip_address("192.168.99.134")
VIA = Wanted(ipaddress.ip_network("172.17.255.0/24"), NODE, "virbr1", ipaddress.ip_network("192.168.99.0/24"))
ON_LINK = dataclasses.replace(VIA, via=None)

ROUTES = st.builds(
    Route,
    destination=st.just("172.17.255.0/24"),
    gateway=st.sampled_from(["", "192.168.99.134", "192.168.99.7"]),
    device=st.sampled_from(["eth0", "virbr1"]),
    metric=st.sampled_from([0, 50, 100]),
    protocol=st.sampled_from(["", "boot", "static", "dhcp", "bird", "107"]),
    kind=st.sampled_from(["", "blackhole"]),
    hops=st.sampled_from([1, 2]),
    tos=st.sampled_from(["", "0x10"]),
).map(lambda route: dataclasses.replace(route, devices=(route.device,)))
FORMS = st.sampled_from([VIA, ON_LINK])


@pytest.mark.parametrize(
    ("destination", "via", "said"),
    [
        ("172.17.255.1/24", "192.168.99.134", "without host bits"),
        ("172.17.255.1-172.17.255.255", "192.168.99.134", "Invalid destination"),
        ("", "192.168.99.134", "Invalid destination"),
        ("0.0.0.0/0", "192.168.99.134", "default route"),
        ("172.17.255.0/24", "minikube", "Invalid next hop"),
        ("172.17.255.0/24", "", "Invalid next hop"),
        ("172.17.255.0/24", "fd00::1", "different address families"),
        ("192.168.99.0/24", "192.168.99.134", "inside the destination"),
    ],
)
def test_refuses_values_that_make_no_route(destination: str, via: str, said: str) -> None:
    with pytest.raises(KuberError, match=said):
        parse_hop(via, parse_destination(destination))


@given(FORMS, st.lists(ROUTES, max_size=4))
def test_present_plan_ends_with_one_route_and_is_empty_only_when_it_is_there(
    wanted: Wanted, routes: list[Route]
) -> None:
    foreign = [route for route in routes if route.is_foreign(wanted)]
    if foreign:
        with pytest.raises(KuberError, match="Another program has set a route"):
            plan_present(wanted, routes)
    plan = plan_present(wanted, routes, take_over=True)
    (after,) = plan.after
    assert ("via 192.168.99.134" in after) == (wanted is VIA)
    assert "dev virbr1" in after
    assert (not plan.steps) == (len(routes) == 1 and routes[0].leads_as(wanted))
    replaces = sum(step.startswith("route replace") for step in plan.steps)
    deletes = sum(step.startswith("route del") for step in plan.steps)
    parked = sum(step.endswith("table 107107") for step in plan.steps)
    good = any(route.leads_as(wanted) for route in routes)
    in_its_place = any(route.metric == 0 and not route.tos for route in routes)
    assert (replaces, parked) == (0 if good else 1, len(foreign))
    assert deletes == len(routes) - (1 if good or in_its_place else 0)


@given(FORMS, st.lists(ROUTES, max_size=4, unique=True), st.lists(ROUTES, max_size=2, unique=True))
def test_absent_plan_takes_ours_and_gives_back_what_was_taken_over(
    wanted: Wanted, routes: list[Route], parked: list[Route]
) -> None:
    parked = [dataclasses.replace(route, protocol="bird") for route in parked]
    plan = plan_absent([NODE], routes, parked)
    ours = [route for route in routes if route.marked or route.leads_to([NODE])]
    theirs = {route.text() for route in [*routes, *parked] if route not in ours}
    assert set(plan.after) == theirs
    again = [route for route in [*routes, *parked] if route not in ours]
    assert not plan_absent([NODE], again).steps
    # Nothing of others is deleted, but for the copies.
    deleted = [step for step in plan.steps if step.startswith("route del") and not step.endswith("table 107107")]
    assert len(deleted) <= len(ours)


def test_switching_between_the_forms_is_one_step() -> None:
    ours = Route("172.17.255.0/24", str(NODE), "virbr1", protocol="107", devices=("virbr1",))
    assert plan_present(ON_LINK, [ours]).steps == ("route replace 172.17.255.0/24 dev virbr1 scope link proto 107",)
    ours = dataclasses.replace(ours, gateway="")
    assert plan_present(VIA, [ours]).steps == (f"route replace 172.17.255.0/24 via {NODE} dev virbr1 proto 107",)


def test_what_cannot_be_given_back_as_it_is_is_not_taken_over() -> None:
    item = {"dst": "172.17.255.0/24", "dev": "wg0", "protocol": "bird", "encap": "mpls", "metrics": [{"lock": ["mtu"]}]}
    with pytest.raises(KuberError, match=r"could not be restored later.*it also has encap, lock"):
        plan_present(VIA, [Route.load(item)], take_over=True)
