# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Determine whether the run would change this machine's route and hosts file, and whether it may."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import platform
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._addresses import is_network
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._net import hosts_file, static_route
from ansible_collections.kuber.network.plugins.module_utils._net.in_use import LocalNetworks
from ansible_collections.kuber.network.plugins.module_utils._net.route import NoNeighbourError
from ansible_collections.kuber.network.plugins.module_utils._net.route_table import RouteTable
from ansible_collections.kuber.network.plugins.module_utils._preflight import hidden

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

HOST_SPEC: dict[str, t.Any] = {
    "via": {"type": "str", "default": ""},
    "route_nodes": {"type": "list", "elements": "str", "default": []},
    "persistent": {"type": "bool", "default": False},
    "take_over": {"type": "bool", "default": False},
    "names": {"type": "list", "elements": "dict", "default": [], "options": hosts_file.ENTRY_SPEC},
}
ROOT = pathlib.Path("/")


@dataclasses.dataclass(frozen=True)
class Host:
    """Whether something has to change, the problems, and the warnings."""

    needs_root: bool = False
    problems: tuple[KuberError, ...] = ()
    notes: tuple[str, ...] = ()
    around: tuple[LocalNetworks, ...] = ()
    has_route: bool = False
    """Whether the route was examined, with the addresses that it would cut off."""


@dataclasses.dataclass(frozen=True)
class _Question:
    """One change to plan, and the check of the rights for it."""

    plan_change: Callable[[], static_route.RouteChange | hosts_file.HostsChange]
    rehearse: Callable[[t.Any], None]


def inspect(
    params: Mapping[str, t.Any],
    runner: Runner,
    *,
    rehearse: bool = False,
    why_hidden: Callable[[], str] = str,
    root: pathlib.Path = ROOT,
) -> Host:
    """Ask those who will do it what they would do; root also tries whether it may, which is not always so.

    ``why_hidden`` is asked only about nodes that are no neighbours.
    """
    questions = list(_questions(params, runner))
    needs_root = False
    problems: list[KuberError] = []
    notes: list[str] = []
    for question in questions:
        try:
            change = question.plan_change()
            needs_root |= change.needed
            notes += getattr(change, "notes", ())
            if change.needed and rehearse and os.geteuid() == 0:
                question.rehearse(change)
        except RootRequired as exc:
            needs_root = True
            problems += [exc] if os.geteuid() == 0 else []
        except NoNeighbourError as exc:
            why = why_hidden()
            problems.append(hidden.no_route(why, exc) if why else exc)
        except KuberError as exc:
            problems.append(exc)
    has_route = any(question.rehearse is not hosts_file.require_permission for question in questions)
    notes += _notes_of_wsl(root) if questions else ()
    return Host(needs_root, tuple(problems), tuple(notes), _around(runner), has_route)


def _questions(params: Mapping[str, t.Any], runner: Runner) -> t.Iterator[_Question]:
    if (params["via"] or params["route_nodes"]) and is_network(params["route"]):
        route = {key: params[key] for key in ("persistent", "take_over")}
        route |= {"destination": params["route"], "state": "present"}
        route |= {"via": params["via"] or None, "nodes": params["route_nodes"]}
        yield _Question(
            lambda: _study_route(route, runner), lambda change: static_route.require_permission(change, runner)
        )
    if params["names"]:
        default = hosts_file.ARGUMENT_SPEC["path"]["default"]
        entries = {"entries": params["names"], "path": default, "state": "present"}
        yield _Question(lambda: hosts_file.plan_change(entries), hosts_file.require_permission)


def _study_route(route: Mapping[str, t.Any], runner: Runner) -> static_route.RouteChange:
    refusal = hidden.no_route_on(platform.system())
    if refusal is not None:
        raise refusal
    return static_route.plan_change(route, runner)


def _notes_of_wsl(root: pathlib.Path) -> t.Iterator[str]:
    try:
        release = (root / "proc/sys/kernel/osrelease").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if "microsoft" in release.lower():
        yield (
            "This is WSL: only programs inside it use the route and the names, Windows does not. WSL recreates "
            "/etc/hosts at each start, unless /etc/wsl.conf has generateHosts=false under [network]"
        )


def _around(runner: Runner) -> tuple[LocalNetworks, ...]:
    """Return what this machine knows about its networks; nothing without a usable ``ip``."""
    try:
        return tuple(RouteTable(runner, version).surroundings(ROOT) for version in (4, 6))
    except KuberError:
        return ()
