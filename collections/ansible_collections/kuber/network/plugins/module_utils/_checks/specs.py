# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The options of each kind of check, and how to build a check from them."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._addresses import is_address
from ansible_collections.kuber.network.plugins.module_utils._checks.command import CommandProbe
from ansible_collections.kuber.network.plugins.module_utils._checks.ipvs import VIEWS, IpvsProbe
from ansible_collections.kuber.network.plugins.module_utils._checks.leftovers import MODES, LeftoversProbe, Readings
from ansible_collections.kuber.network.plugins.module_utils._checks.leftovers import VIEWS as LEFTOVERS
from ansible_collections.kuber.network.plugins.module_utils._checks.live import LiveProbe
from ansible_collections.kuber.network.plugins.module_utils._checks.model import Check
from ansible_collections.kuber.network.plugins.module_utils._checks.places import (
    BESIDE,
    CONTROLLER,
    HOST,
    ContainerBesideNode,
    Place,
)
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import node_read
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._probes.nameserver import DnsProbe
from ansible_collections.kuber.network.plugins.module_utils._probes.sockets import PingProbe, TcpProbe, UdpProbe
from ansible_collections.kuber.network.plugins.module_utils._probes.web import HttpProbe

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
    from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Probe
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

URL = re.compile(r"https?://[^/\s]+")
STRINGS: dict[str, t.Any] = {"type": "list", "elements": "str", "default": []}
HOST_AND_PORT: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "timeout": {"type": "float", "default": 3.0},
}

KINDS: dict[str, dict[str, t.Any]] = {
    "http": {
        "url": {"type": "str", "required": True},
        "headers": {"type": "dict", "default": {}},
        "status": {"type": "list", "elements": "int", "default": [200]},
        "matches": {"type": "str", "default": ""},
        "count": {"type": "int", "default": 1},
        "shares": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "matches": {"type": "str", "required": True},
                "at_least": {"type": "int", "default": 0},
                "at_most": {"type": "int", "required": True},
            },
        },
        "timeout": {"type": "float", "default": 5.0},
        "address": {"type": "str", "default": ""},
    },
    "dns": {
        "server": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "type": {"type": "str", "default": "A"},
        "transport": {"type": "str", "default": "udp", "choices": ["udp", "tcp"]},
        "port": {"type": "int", "default": 53},
        "answers": STRINGS,
        "at_least": {"type": "int", "default": 1},
        "timeout": {"type": "float", "default": 3.0},
    },
    "tcp": HOST_AND_PORT,
    "udp": {
        **HOST_AND_PORT,
        "send": {"type": "str", "default": ""},
        "matches": {"type": "str", "default": ""},
    },
    "ping": {
        "address": {"type": "str", "required": True},
        "timeout": {"type": "float", "default": 2.0},
    },
    "command": {
        "argv": {"type": "list", "elements": "str", "required": True},
        "rc": {"type": "list", "elements": "int", "default": [0]},
        "matches": STRINGS,
        "not_matches": STRINGS,
        "show": {"type": "str", "default": ""},
        "borrow": {"type": "bool", "default": False},
    },
    "leftovers": {
        "view": {"type": "str", "required": True, "choices": list(LEFTOVERS)},
        "mode": {"type": "str", "required": True, "choices": list(MODES)},
        "of": {"type": "str", "required": True, "choices": list(MODES)},
    },
    "live": {
        "path": {"type": "str", "required": True},
        "query": {"type": "str", "required": True},
        "equals": {"type": "raw"},
        "show": {"type": "str", "default": ""},
        "unknown_if_nothing": {"type": "str", "default": ""},
    },
    "ipvs": {
        "view": {"type": "str", "required": True, "choices": list(VIEWS)},
        "node": {"type": "str", "required": True},
        "scheduler": {"type": "str", "default": "rr"},
    },
}

FROM = ("command", "dns", "http", "ping")
"""The kinds of checks that can query from another place."""

CHECK_SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "group": {"type": "str", "default": ""},
        "from": {"type": "str", "choices": [CONTROLLER, HOST, BESIDE]},
        **{kind: {"type": "dict", "options": options} for kind, options in KINDS.items()},
    },
    "mutually_exclusive": [list(KINDS)],
    "required_one_of": [list(KINDS)],
}


@dataclasses.dataclass(frozen=True)
class ProbeContext:
    """What probes use: commands on the task's host, the API server, and the places to query from."""

    runner: Runner
    connect: Callable[[], Client]
    host: str = "the host"
    """The name of the task's host, for the table."""
    usual: str = CONTROLLER
    """The place to query from, except for commands."""
    beside: t.Mapping[str, str] | None = None
    """How to get a container beside the host."""
    engine: t.Mapping[str, str] | None = None
    """The environment in which the container engine is that of the host."""

    @functools.cached_property
    def client(self) -> Client:
        return self.connect()

    @functools.cached_property
    def readings(self) -> Readings:
        return Readings(functools.partial(node_read.read, self.runner))

    @functools.cached_property
    def neighbour(self) -> ContainerBesideNode:
        if self.beside is None:
            raise KuberError("Missing option beside", wanted="the engine and the node for a container")
        local = self.local if self.engine is None else LocalRunner(self.engine)
        return ContainerBesideNode(local, **self.beside)

    @functools.cached_property
    def local(self) -> LocalRunner:
        return LocalRunner()

    def place(self, given: str | None, kind: str) -> Place:
        """Return the place of a check; commands always run in a shell, other queries run in this process."""
        if given is not None and kind not in FROM:
            raise KuberError(
                "This check does not support the option from", wanted=f"one of {', '.join(FROM)}", found=kind
            )
        if given is None and kind in FROM and kind != "command" and self.usual == HOST:
            given = HOST
        if given is None:
            return Place("", self.runner if kind == "command" else None)
        if given == CONTROLLER:
            return Place("this machine", self.local if kind == "command" else None)
        return (
            Place(self.host, self.runner) if given == HOST else Place(f"a container beside {self.host}", self.neighbour)
        )

    def get(self, path: str) -> t.Any:
        return self.client.get(path)

    def list_objects(self, path: str) -> list[dict[str, t.Any]]:
        return self.client.list(path)


def build(raw: dict[str, t.Any], context: ProbeContext) -> Check:
    """Build a check from validated options; raise for invalid values, with the check's name."""
    kind = next(kind for kind in KINDS if raw[kind] is not None)
    try:
        _refuse_nonsense(raw[kind])
        if kind != "live":
            _refuse_bad_patterns(raw[kind])
        place = context.place(raw["from"], kind)
        return Check(raw["name"], raw["group"], BUILDERS[kind](raw[kind], context, place.runner), place.label)
    except KuberError as exc:
        raise KuberError(
            f"Check {raw['name']!r}: {exc.problem}", wanted=exc.wanted, found=exc.found, remedy=exc.remedy
        ) from exc


def _refuse_nonsense(options: dict[str, t.Any]) -> None:
    """Raise for values with which a check would always fail, or check nothing."""
    for option, (wanted, fits) in FORMS.items():
        if option in options and not fits(options[option]):
            raise KuberError(f"Invalid option {option}", wanted=wanted, found=repr(options[option]))


FORMS: dict[str, tuple[str, Callable[[t.Any], bool]]] = {
    "address": ("an address such as 172.17.255.1", lambda text: not text or is_address(text)),
    "argv": ("a program and its arguments", bool),
    "count": ("at least 1", lambda number: number >= 1),
    "port": ("1 to 65535", lambda number: 1 <= number <= 65_535),
    "server": ("an address such as 172.17.255.2", is_address),
    "timeout": ("above 0, at most 3600 seconds", lambda number: 0 < number <= 3600),
    "url": ("a URL with http:// or https://", lambda text: bool(URL.match(text))),
}


def _refuse_bad_patterns(options: dict[str, t.Any]) -> None:
    patterns = [options[key] for key in ("matches", "not_matches", "show") if key in options]
    flat = [item for pattern in patterns for item in (pattern if isinstance(pattern, list) else [pattern])]
    for pattern in [*flat, *(share["matches"] for share in options.get("shares", ()))]:
        try:
            re.compile(pattern)
        except re.error as exc:
            raise KuberError(f"Invalid regular expression {pattern!r}", found=str(exc)) from exc


def _ipvs(options: dict[str, t.Any], context: ProbeContext, _runner: Runner | None) -> Probe:
    view = VIEWS[options["view"]]
    return IpvsProbe(context.runner, context.list_objects, view, options["node"], options["scheduler"])


def _leftovers(options: dict[str, t.Any], context: ProbeContext, _runner: Runner | None) -> Probe:
    return LeftoversProbe(context.readings, options["mode"], options["of"], options["view"])


BUILDERS: dict[str, Callable[[dict[str, t.Any], ProbeContext, Runner | None], Probe]] = {
    "http": lambda options, context, runner: HttpProbe.load(options, runner),
    "dns": lambda options, context, runner: DnsProbe.load(options, runner),
    "tcp": lambda options, context, runner: TcpProbe.load(options),
    "udp": lambda options, context, runner: UdpProbe.load(options),
    "ping": lambda options, context, runner: PingProbe.load(options, runner),
    "command": lambda options, context, runner: CommandProbe.load(options, runner or context.runner),
    "leftovers": _leftovers,
    "live": lambda options, context, runner: LiveProbe.load(options, context.get),
    "ipvs": _ipvs,
}
