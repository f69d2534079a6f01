# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From where a check is asked, and that it is said."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kuber.network.plugins.module_utils._checks.model import Check, CheckResult
from ansible_collections.kuber.network.plugins.module_utils._checks.places import ContainerBesideNode, container_options
from ansible_collections.kuber.network.plugins.module_utils._checks.run import run_checks
from ansible_collections.kuber.network.plugins.module_utils._checks.specs import CHECK_SPEC, ProbeContext, build
from ansible_collections.kuber.network.plugins.module_utils._checks.table import render
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import UnaskedError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:
    from .conftest import WebServer

# Of what `docker inspect minikube` prints on a machine with the docker driver.
NODE = {
    "Image": "sha256:8055",
    "NetworkSettings": {"Networks": {"minikube": {"IPAddress": "192.168.49.2", "IPPrefixLen": 24}}},
}


class Engine(Runner):
    """A container engine, with what it says of a container, and of the start of another one."""

    def __init__(self, node: str, started: tuple[int, str] = (0, "v1")) -> None:
        self.node = node
        self.started = started
        self.seen: list[tuple[str, ...]] = []

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        self.seen.append(argv)
        if argv[1] == "inspect":
            return Result(argv, 0 if self.node else 1, self.node, "" if self.node else "Error: No such object")
        code, said = self.started
        return Result(argv, code, said, said)


class Bare(Runner):
    """A host without any programs."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, 127, "", f"sh: {argv[0]}: not found")


def verdict(world: ProbeContext, **kind: t.Any) -> CheckResult:
    validated = ArgumentSpecValidator({"checks": CHECK_SPEC}).validate({"checks": [{"name": "it works", **kind}]})
    assert not validated.error_messages, validated.error_messages
    check: Check = build(validated.validated_parameters["checks"][0], world)
    (only,) = run_checks([check], timeout=0, interval=1, progress=lambda checks, seconds: None)
    return only


def table(one: CheckResult) -> str:
    return "\n".join(render([one], width=120, paint=lambda text, color: text))


@pytest.fixture
def world(local_runner: Runner) -> ProbeContext:
    def no_cluster() -> t.NoReturn:
        raise KuberError("no cluster here")

    return ProbeContext(local_runner, no_cluster, host="minikube")


def test_every_line_says_from_where(world: ProbeContext, web: WebServer) -> None:
    web.answer = lambda path, headers, number: (200, {}, "v1")
    assert "(from minikube)" in table(verdict(world, http={"url": web.url}, **{"from": "host"}))
    assert "(from this machine)" in table(verdict(world, command={"argv": ["true"]}, **{"from": "controller"}))
    assert "(from" not in table(verdict(world, http={"url": web.url}))


def test_a_name_can_be_led_to_an_address_where_no_name_server_knows_it(world: ProbeContext, web: WebServer) -> None:
    web.answer = lambda path, headers, number: (200, {}, headers["Host"])
    port = web.url.rpartition(":")[2]
    asked = {"url": f"http://example.app.org:{port}/", "address": "127.0.0.1"}
    assert verdict(world, http=asked, **{"from": "host"}).found == f"200 example.app.org:{port}"
    with pytest.raises(KuberError, match="only for requests from elsewhere"):
        verdict(world, http=asked)


def test_a_ping_from_elsewhere_tells_its_time(world: ProbeContext) -> None:
    class Pinged(Runner):
        def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
            if argv[-1] == "172.17.255.3":
                return Result(argv, 0, "64 bytes from 172.17.255.3: icmp_seq=1 ttl=64 time=0.061 ms", "")
            return Result(argv, 1, "1 packets transmitted, 0 received, 100% packet loss, time 0ms", "")

    there = ProbeContext(Pinged(), world.connect, host="minikube")
    assert verdict(there, ping={"address": "172.17.255.3"}, **{"from": "host"}).found == "reply after 0.061 ms"
    assert verdict(there, ping={"address": "172.17.255.4"}, **{"from": "host"}).found == "no answer in time"


@pytest.mark.parametrize(
    "kind",
    [
        {"http": {"url": "http://172.17.255.1/"}},
        {"dns": {"server": "172.17.255.2", "name": "a.example.org"}},
        {"ping": {"address": "172.17.255.3"}},
    ],
)
def test_without_the_program_it_has_not_been_asked(world: ProbeContext, kind: dict[str, t.Any]) -> None:
    one = verdict(ProbeContext(Bare(), world.connect, host="minikube"), **kind, **{"from": "host"})
    assert (one.ok, one.unknown, one.failed) == (False, True, False)
    assert "Cannot run" in one.found


def test_what_only_we_can_ask_is_not_asked_from_elsewhere(world: ProbeContext) -> None:
    with pytest.raises(KuberError, match="does not support the option from"):
        verdict(world, tcp={"host": "127.0.0.1", "port": 80}, **{"from": "host"})
    with pytest.raises(KuberError, match="Missing option beside"):
        verdict(world, http={"url": "http://172.17.255.1/"}, **{"from": "beside"})


def test_a_neighbour_of_the_node_keeps_away_from_the_addresses_of_nodes() -> None:
    options = container_options(NODE)
    assert options[options.index("--ip") + 1] == "192.168.49.250"
    assert options[options.index("--network") + 1] == "minikube"
    assert options[-1] == "sha256:8055"


def beside(engine: Runner) -> ContainerBesideNode:
    return ContainerBesideNode(engine, engine="docker", node="minikube", destination="172.17.255.0/24")


def test_a_command_runs_beside_the_node_with_a_route_to_the_load_balancers() -> None:
    engine = Engine(json.dumps([NODE]))
    assert beside(engine).run(["curl", "http://172.17.255.1/"]).stdout == "v1"
    inspect, started = engine.seen
    assert inspect == ("docker", "inspect", "minikube")
    assert started[-3:] == ("172.17.255.0/24", "curl", "http://172.17.255.1/")


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (Engine(""), "No such object"),
        (Engine(json.dumps([{"Image": "x", "NetworkSettings": {"Networks": {}}}])), "Cannot read image and network"),
        (Engine(json.dumps([NODE]), (125, "Address already in use")), "Address already in use"),
    ],
)
def test_without_a_container_it_has_not_been_asked(engine: Engine, said: str) -> None:
    with pytest.raises(UnaskedError, match=said):
        beside(engine).run(["true"])
