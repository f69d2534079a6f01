# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan the steps from the existing routes to the wanted one, in pure code."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.route import DEFAULT_METRIC

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.route import Address, Route, Wanted

PARKED = "107107"
"""A routing table that no rule looks up: it keeps the routes that were taken over. They disappear with their device
and at a restart of the machine, as they would from the main table."""


@dataclasses.dataclass(frozen=True)
class RoutePlan:
    """The commands of ``ip``, and the routes before and after them."""

    steps: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


def plan_present(
    wanted: Wanted, routes: Sequence[Route], parked: Sequence[Route] = (), *, take_over: bool = False
) -> RoutePlan:
    """Plan to have exactly the wanted route to the destination; replace other programs' routes only if allowed."""
    foreign = [route for route in routes if route.is_foreign(wanted)]
    if foreign and not take_over:
        raise KuberError(
            f"Another program has set a route to {wanted.destination}",
            wanted=wanted.text(),
            found=", ".join(route.text() for route in foreign),
            remedy="Stop it, choose another pool, or replace the route with host_network_take_over=true (option "
            "take_over); teardown.yml restores it",
        )
    before = tuple(route.text() for route in routes)
    parking = [f"route append {' '.join(one.again(PARKED))}" for one in foreign if one not in parked]
    good = [route for route in routes if route.leads_as(wanted)]
    # The kernel uses the route with the lowest metric.
    kept = min(good, key=lambda route: route.metric) if good else None
    if kept is not None:
        surplus = [route for route in routes if route is not kept]
        return RoutePlan((*parking, *(_deletion(route) for route in surplus)), before, (kept.text(),))
    # "replace" swaps the first route of the same metric atomically, so no packet finds the table empty.
    metric = DEFAULT_METRIC[wanted.destination.version]
    replaced = next((route for route in routes if route.metric == metric and not route.tos), None)
    deletions = [_deletion(route) for route in routes if route is not replaced]
    return RoutePlan((*parking, f"route replace {wanted.command()}", *deletions), before, (wanted.text(),))


def plan_absent(hops: Sequence[Address], routes: Sequence[Route], parked: Sequence[Route] = ()) -> RoutePlan:
    """Plan to remove our route and routes to the nodes set by hand, and to restore the routes taken over."""
    ours = [route for route in routes if route.marked or route.leads_to(hops)]
    others = [route for route in routes if route not in ours]
    steps: list[str] = []
    for route in parked:
        if route in others:
            continue
        # Replacing one of ours is atomic.
        place = next((one for one in ours if (one.metric, one.tos) == (route.metric, route.tos)), None)
        steps.append(f"route {'replace' if place else 'append'} {' '.join(route.again())}")
        if place:
            ours.remove(place)
        others.append(route)
    steps += [_deletion(route) for route in ours]
    steps += [f"{_deletion(route)} table {PARKED}" for route in parked]
    before = tuple(route.text() for route in routes)
    return RoutePlan(tuple(steps), before, tuple(route.text() for route in others))


def _deletion(route: Route) -> str:
    return "route del " + " ".join(route.arguments())
