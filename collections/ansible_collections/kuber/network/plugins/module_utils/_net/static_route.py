# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The task of module ``static_route``: the route in the kernel, and the file that brings it back."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _drift
from ansible_collections.kuber.network.plugins.module_utils._net import files, persistence
from ansible_collections.kuber.network.plugins.module_utils._net.route import (
    Plan,
    RouteTable,
    Wanted,
    plan_absent,
    plan_present,
)

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

ARGUMENT_SPEC: dict[str, t.Any] = {
    "destination": {"type": "str", "required": True},
    "via": {"type": "str", "required": True},
    "persistent": {"type": "bool", "default": False},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
}
ROOT = pathlib.Path("/")


@dataclasses.dataclass(frozen=True)
class Change:
    """All that is to be done, and what is worth a warning."""

    wanted: Wanted
    route: Plan
    files: persistence.FilePlan
    warnings: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        return bool(self.route.steps) or self.files.changes

    def result(self) -> dict[str, t.Any]:
        """What the task returns."""
        header = f"routes to {self.wanted.destination}"
        route = {
            "before_header": header,
            "after_header": header,
            "before": "".join(f"{line}\n" for line in self.route.before),
            "after": "".join(f"{line}\n" for line in self.route.after),
        }
        return {
            "changed": self.needed,
            "routes": list(self.route.after),
            "commands": list(self.route.steps),
            "files": [str(path) for path in self.files.after],
            "drift": _drift.dump([*self._route_drift(), *self.files.drift()]),
            "diff": [route, *self.files.diffs()],
        }

    def _route_drift(self) -> list[_drift.Drift]:
        return _drift.of_lines(f"route to {self.wanted.destination}", self.route.before, self.route.after)


def study(params: Mapping[str, t.Any], runner: Runner, root: pathlib.Path = ROOT) -> Change:
    """Look at everything and decide; nothing is changed, and no rights are needed."""
    wanted = Wanted.parse(params["destination"], params["via"])
    table = RouteTable(runner, wanted.destination.version)
    routes = table.routes_to(wanted.destination)
    ours = persistence.own_files(wanted.destination, root)
    if params["state"] == "absent":
        return Change(wanted, plan_absent(wanted, routes), persistence.plan_files(None, ours))
    plan = plan_present(wanted, routes)
    device = table.require_neighbour(wanted.via)
    file = persistence.wanted_file(runner, wanted, device, root) if params["persistent"] else None
    warnings = tuple(
        f"A part of {wanted.destination} is led elsewhere by another route: {route.text()}"
        for route in table.shadows(wanted)
    )
    return Change(wanted, plan, persistence.plan_files(file, ours), warnings)


def carry_out(change: Change, runner: Runner) -> None:
    """First make sure that all of it may be done; then the route, which the kernel takes or refuses, then the files."""
    files.require_permission(change.files)
    if change.route.steps:
        RouteTable(runner, change.wanted.destination.version).apply(change.route, change.wanted)
    files.carry_out(change.files)
