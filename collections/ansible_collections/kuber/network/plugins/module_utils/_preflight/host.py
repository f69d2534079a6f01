# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the run is going to change of this machine's route and hosts file, and whether it can."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._net import hosts_file, static_route

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

HOST_SPEC: dict[str, t.Any] = {
    "via": {"type": "str", "default": ""},
    "persistent": {"type": "bool", "default": False},
    "names": {"type": "list", "elements": "dict", "default": [], "options": hosts_file.ENTRY_SPEC},
}


@dataclasses.dataclass(frozen=True)
class Host:
    """Whether something has to be changed, and what stands in the way."""

    needs_root: bool = False
    problems: tuple[KuberError, ...] = ()


def _is_network(text: str) -> bool:
    """Whether the route can be thought about; if not, the look at the pool says so."""
    try:
        return bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def look(params: Mapping[str, t.Any], runner: Runner) -> Host:
    """Ask those who will do it what they would do."""
    questions: list[Callable[[], static_route.Change | hosts_file.Change]] = []
    if params["via"] and _is_network(params["route"]):
        route = {key: params[key] for key in ("via", "persistent")} | {"destination": params["route"]}
        questions.append(lambda: static_route.study(route | {"state": "present"}, runner))
    if params["names"]:
        default = hosts_file.ARGUMENT_SPEC["path"]["default"]
        entries = {"entries": params["names"], "path": default, "state": "present"}
        questions.append(lambda: hosts_file.study(entries))
    needs_root = False
    problems: list[KuberError] = []
    for question in questions:
        try:
            needs_root |= question().needed
        except RootRequired:
            needs_root = True
        except KuberError as exc:
            problems.append(exc)
    return Host(needs_root, tuple(problems))
