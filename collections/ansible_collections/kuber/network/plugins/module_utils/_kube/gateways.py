# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Whether a controller serves a GatewayClass, a Gateway or a route of Gateway API, judged by their conditions."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, below, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.status import (
    READY,
    State,
    Verdict,
    awaits,
    condition,
    is_false,
    said,
    status_of,
)

# A controller that has just started reads everything first, and it looks again at each change of what an object names.
PATIENCE_SECONDS = 60.0


def gateway_class(body: Body) -> Verdict:
    accepted = condition(body, "Accepted")
    if is_false(accepted):
        return Verdict(State.STUCK, said(accepted), PATIENCE_SECONDS)
    found = awaits(body, "Accepted")
    return found if found is READY else _unserved(f"no controller serves it: {_no_such_controller(body)}")


def _no_such_controller(gateway_class: Body) -> str:
    name = below(gateway_class, "spec", "controllerName")
    return f"none that calls itself {name} (spec.controllerName) has accepted it"


def gateway(body: Body, classes: t.Sequence[Body]) -> Verdict:
    accepted = condition(body, "Accepted")
    if is_false(accepted):
        return Verdict(State.STUCK, _with_listeners(body, said(accepted)), PATIENCE_SECONDS)
    found = awaits(body, "Programmed")
    if found is READY:
        return READY
    name = str(below(body, "spec", "gatewayClassName"))
    mine = next((one for one in classes if one["metadata"]["name"] == name), None)
    if mine is None:
        return _unserved(f"no controller serves it: there is no GatewayClass {name}")
    if gateway_class(mine) is not READY:
        return _unserved(f"no controller serves its GatewayClass {name}: {_no_such_controller(mine)}")
    return found


def _with_listeners(body: Body, text: str) -> str:
    """The reasons of listeners, which the condition of the Gateway only counts."""
    reasons = [
        f"listener {one.get('name')}: {said(found)}"
        for one in mappings(status_of(body).get("listeners"))
        for found in mappings(one.get("conditions"))
        if (found.get("type") == "Conflicted") != is_false(found)
    ]
    return "; ".join([text, *reasons])


def route(body: Body, gateways: t.Sequence[Body]) -> Verdict:
    """Ready once every parent has accepted it and all that it names is there."""
    parents = [one for one in mappings(below(body, "spec", "parentRefs")) if one.get("kind", "Gateway") == "Gateway"]
    judged = mappings(status_of(body).get("parents"))
    for parent in parents:
        place = _place(body, parent)
        mine = [one for one in judged if _place(body, one.get("parentRef") or {}) == place]
        if not mine:
            return _unserved(f"no controller has looked at it: {_of_parent(place, gateways)}")
        for one in mine:
            view = {"metadata": body["metadata"], "status": one}
            for kind in ("Accepted", "ResolvedRefs"):
                if is_false(condition(view, kind)):
                    text = f"Gateway {place[0]}/{place[1]}: {said(condition(view, kind))}"
                    return Verdict(State.STUCK, text, PATIENCE_SECONDS)
                found = awaits(view, kind)
                if found is not READY:
                    return found
    return READY


def _place(body: Body, parent: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    namespace = parent.get("namespace") or body["metadata"].get("namespace")
    return str(namespace), str(parent.get("name")), str(parent.get("sectionName") or "")


def _of_parent(place: tuple[str, str, str], gateways: t.Sequence[Body]) -> str:
    namespace, name, _section = place
    for one in gateways:
        if one["metadata"]["name"] == name and one["metadata"].get("namespace") == namespace:
            return f"the controller of Gateway {namespace}/{name} has not accepted it"
    return f"there is no Gateway {namespace}/{name}"


def _unserved(text: str) -> Verdict:
    return Verdict(State.STUCK, text, PATIENCE_SECONDS)
