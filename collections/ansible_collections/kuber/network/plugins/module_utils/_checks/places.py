# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The places from which a check can query: the controller, the task's host, or a container beside it."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._probes.probe import UnaskedError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

CONTROLLER, HOST, BESIDE = "controller", "host", "beside"
# Exit codes of docker and podman if they could not start a container.
NOT_STARTED = 125
# Far from the nodes' addresses, which are assigned from the lower end (stopped nodes included).
FROM_THE_END = 6
ON_LINK = 'ip route add "$0" dev eth0 && exec "$@"'


@dataclasses.dataclass(frozen=True)
class Place:
    """A place to query from."""

    label: str = ""
    """The name for the table; empty for the usual place."""
    runner: Runner | None = None
    """Runs commands there; without it, this process queries directly."""


class ContainerBesideNode(Runner):
    """Runs commands in a temporary container of the node's image: nothing is downloaded, and it is an external client
    for MetalLB's ARP answers and for traffic policies."""

    def __init__(self, local: Runner, *, engine: str, node: str, destination: str) -> None:
        self._local = local
        self._engine = engine
        self._node = node
        self._destination = destination

    @functools.cached_property
    def _command(self) -> list[str]:
        answer = self._local.run([self._engine, "inspect", self._node], check=False)
        try:
            (node,) = json.loads(answer.stdout)
            return [self._engine, *container_options(node), "-c", ON_LINK, self._destination]
        except (KeyError, TypeError, ValueError, StopIteration) as exc:
            raise UnaskedError(
                f"Cannot read image and network of container {self._node} from {self._engine}",
                found=answer.stderr.strip() or f"{type(exc).__name__}: {exc}",
            ) from exc

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        done = self._local.run([*self._command, *argv], stdin=stdin, check=False)
        if done.rc == NOT_STARTED:
            raise UnaskedError(f"{self._engine} starts no container beside {self._node}", found=done.stderr.strip())
        return done


def container_options(node: Mapping[str, t.Any]) -> list[str]:
    """Return the options of ``docker run`` for a neighbour of a node, from the node's ``docker inspect``."""
    name, network = next(iter(node["NetworkSettings"]["Networks"].items()))
    around = ipaddress.ip_network(f"{network['IPAddress']}/{network['IPPrefixLen']}", strict=False)
    address = around[max(1, around.num_addresses - FROM_THE_END)]
    where = ["--network", name, "--ip", str(address), "--cap-add", "NET_ADMIN"]
    return ["run", "--rm", *where, "--entrypoint", "sh", node["Image"]]
