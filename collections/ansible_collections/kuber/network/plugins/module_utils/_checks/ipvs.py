# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Compare the state of IPVS on a node with the services of the API."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, virtual_servers
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND, borrowed, by_hand
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, shortened
from ansible_collections.kuber.network.plugins.module_utils._proxy.services import service_ports, socket_text

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._proxy.services import ServicePort
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

ADDRESSES = ("ip", "-o", "address", "show", "dev", "kube-ipvs0")
SETS = ("ipset", "save")


def compare_servers(ports: Sequence[ServicePort], text: str, node: str, scheduler: str) -> Outcome:
    """Each address and port of a service has a virtual server with exactly its pods."""
    servers = {server.key: server for server in virtual_servers.parse(text)}
    pods: set[str] = set()
    wrong: list[str] = []
    total = 0
    for port in ports:
        for address in (*port.cluster_addresses, *port.outer_addresses):
            total += 1
            key = f"{port.protocol} {socket_text(address, port.port)}"
            server = servers.get(key)
            expected = port.backends_for(address, node)
            pods |= expected
            if server is None:
                wrong.append(f"{key} ({port.service}) is missing")
            elif server.scheduler != scheduler:
                wrong.append(f"{key} ({port.service}) is scheduled by {server.scheduler}")
            elif server.backends != expected:
                wrong.append(f"{key} ({port.service}) has {_set(server.backends)} instead of {_set(expected)}")
    return _outcome(wrong, f"{total} virtual servers, {scheduler}, {len(pods)} pod ports")


def compare_addresses(ports: Sequence[ServicePort], text: str, _node: str, _scheduler: str) -> Outcome:
    """Each address of a service is bound to kube-ipvs0."""
    bound = set(re.findall(r"\binet6? ([0-9a-fA-F.:]+)", text))
    expected = {address for port in ports for address in (*port.cluster_addresses, *port.outer_addresses)}
    missing = sorted(expected - bound)
    return _outcome([f"{address} is missing" for address in missing], f"{len(expected)} addresses")


def compare_sets(ports: Sequence[ServicePort], text: str, node: str, _scheduler: str) -> Outcome:
    """The sets of kube-proxy's rules contain the services and pods."""
    found = {(name, member) for name, members in ipvs.parse_sets(text).items() for member in members}
    wrong, sizes = [], []
    for name, members in _expected_sets(ports, node).items():
        missing = sorted(member for member in members if (_set_name(name, member), member) not in found)
        sizes.append(f"{name} {len(members)}")
        wrong += [f"{_set_name(name, member)} lacks {member}" for member in missing]
    return _outcome(wrong, ", ".join(sizes))


def _expected_sets(ports: Sequence[ServicePort], node: str) -> dict[str, set[str]]:
    sets: dict[str, set[str]] = {"CLUSTER-IP": set(), "LOOP-BACK": set(), "LOAD-BALANCER": set()}
    for port in ports:
        key = f"{port.protocol}:{port.port}"
        sets["CLUSTER-IP"] |= {f"{address},{key}" for address in port.cluster_addresses}
        sets["LOAD-BALANCER"] |= {f"{address},{key}" for address in port.outer_addresses}
        sets["LOOP-BACK"] |= {
            f"{pod.address},{port.protocol}:{pod.port},{pod.address}" for pod in port.backends if pod.node == node
        }
    return sets


def _set_name(name: str, member: str) -> str:
    return f"KUBE-6-{name}" if ":" in member.split(",")[0] else f"KUBE-{name}"


def _set(items: frozenset[str]) -> str:
    return ", ".join(sorted(items)) or "nothing"


def _outcome(wrong: Sequence[str], right: str) -> Outcome:
    if not wrong:
        return Outcome(True, right)
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return Outcome(False, shortened(wrong[0], 160) + more)


@dataclasses.dataclass(frozen=True)
class View:
    """One aspect of a node that must match the services."""

    asked: str
    """The command as a user on the node would type it."""
    commands: tuple[tuple[str, ...], ...]
    """The first that is installed is used."""
    wanted: str
    compare: Callable[[Sequence[ServicePort], str, str, str], Outcome]


VIEWS = {
    "virtual_servers": View(
        "cat /proc/net/ip_vs",
        (("cat", "/proc/net/ip_vs"),),
        "a virtual server for each port of each service, its pods behind it",
        compare_servers,
    ),
    "bound_addresses": View(
        " ".join(ADDRESSES),
        (ADDRESSES,),
        "every address of a service on kube-ipvs0",
        compare_addresses,
    ),
    "address_sets": View(
        by_hand(SETS),
        (tuple(borrowed(SETS)),),
        "every port of every service in kube-proxy's sets",
        compare_sets,
    ),
}


@dataclasses.dataclass(frozen=True)
class IpvsProbe(Probe):
    runner: Runner
    list_objects: Callable[[str], Sequence[dict[str, t.Any]]]
    view: View
    node: str
    scheduler: str = "rr"

    @property
    def serial(self) -> bool:
        return True

    @property
    def asked(self) -> str:
        return self.view.asked

    @property
    def wanted(self) -> str:
        return self.view.wanted

    def attempt(self) -> Outcome:
        services = self.list_objects("/api/v1/services")
        slices = self.list_objects("/apis/discovery.k8s.io/v1/endpointslices")
        for argv in self.view.commands:
            result = self.runner.run(argv, check=False)
            if result.rc == 0:
                return self.view.compare(service_ports(services, slices), result.stdout, self.node, self.scheduler)
            if result.rc != NOT_FOUND:
                return Outcome(False, shortened(result.stderr or result.stdout) or f"exit code {result.rc}")
        return Outcome.not_checked(shortened(result.stderr, 120))
