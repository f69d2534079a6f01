# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.route import (
    Route,
    Wanted,
    plan_absent,
    plan_present,
)

POOL = Wanted.parse("172.17.255.0/24", "192.168.99.134")

ROUTES = st.builds(
    Route,
    destination=st.just("172.17.255.0/24"),
    gateway=st.sampled_from(["", "192.168.99.134", "192.168.99.7"]),
    device=st.sampled_from(["eth0", "virbr1"]),
    metric=st.sampled_from([0, 50, 100]),
    protocol=st.sampled_from(["", "static", "dhcp"]),
    kind=st.sampled_from(["", "blackhole"]),
    hops=st.sampled_from([1, 2]),
)


@pytest.mark.parametrize(
    ("destination", "via", "said"),
    [
        ("172.17.255.1/24", "192.168.99.134", "without host bits"),
        ("172.17.255.1-172.17.255.255", "192.168.99.134", "no network"),
        ("", "192.168.99.134", "no network"),
        ("0.0.0.0/0", "192.168.99.134", "default route"),
        ("172.17.255.0/24", "minikube", "no address"),
        ("172.17.255.0/24", "", "no address"),
        ("172.17.255.0/24", "fd00::1", "different families"),
        ("192.168.99.0/24", "192.168.99.134", "inside the destination"),
    ],
)
def test_refuses_values_that_make_no_route(destination: str, via: str, said: str) -> None:
    with pytest.raises(KuberError, match=said):
        Wanted.parse(destination, via)


@given(st.lists(ROUTES, max_size=4))
def test_present_plan_ends_with_one_route_and_is_empty_only_when_it_is_there(routes: list[Route]) -> None:
    plan = plan_present(POOL, routes)
    assert len(plan.after) == 1
    assert "via 192.168.99.134" in plan.after[0]
    is_there = len(routes) == 1 and routes[0].leads_to(POOL.via)
    assert (not plan.steps) == is_there
    replaces = sum(step.startswith("route replace") for step in plan.steps)
    deletes = sum(step.startswith("route del") for step in plan.steps)
    assert replaces <= 1
    good = any(route.leads_to(POOL.via) for route in routes)
    metric_zero = any(route.metric == 0 for route in routes)
    assert deletes == len(routes) - (1 if good or metric_zero else 0)


@given(st.lists(ROUTES, max_size=4))
def test_absent_plan_deletes_our_routes_and_no_other(routes: list[Route]) -> None:
    plan = plan_absent(POOL, routes)
    ours = [route for route in routes if route.leads_to(POOL.via)]
    assert len(plan.steps) == len(ours)
    assert all("via 192.168.99.134" in step for step in plan.steps)
    assert len(plan.after) == len(routes) - len(ours)


def test_a_connected_network_is_refused() -> None:
    connected = Route("172.17.255.0/24", device="docker0", protocol="kernel")
    with pytest.raises(KuberError, match="own interface docker0"):
        plan_present(POOL, [connected])
