# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The report about a switch of kube-proxy's mode: what works the same, what changes, what stops, what is not known."""

from __future__ import annotations

import dataclasses
import textwrap
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _table
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._migrate import of_nodes, of_proxy, of_services
from ansible_collections.kuber.network.plugins.module_utils._migrate.model import Impact, Line, Switch
from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._migrate.cluster import ClusterFacts

    Paint = Callable[[str, str], str]

# Where kube-proxy could not run at all, nothing is to be accepted.
_IMPOSSIBLE = (of_nodes.KERNEL, of_nodes.NFT, of_proxy.VERSION)
MARKS = {
    Impact.SAME: ("✔", "green"),
    Impact.CHANGES: ("~", "yellow"),
    Impact.UNKNOWN: ("?", "yellow"),
    Impact.STOPS: ("✘", "red"),
}
_TOPIC = 28


@dataclasses.dataclass(frozen=True)
class SwitchReport:
    """All lines, those of the cluster first."""

    switch: Switch
    lines: tuple[Line, ...]

    def of(self, verdict: Impact) -> list[Line]:
        return [one for one in self.lines if one.verdict is verdict]

    def dump(self) -> dict[str, t.Any]:
        return {
            "before": self.switch.before,
            "to": self.switch.to,
            "lines": [one.dump() for one in self.lines],
            "summary": {verdict.value: len(self.of(verdict)) for verdict in Impact},
        }

    def objections(self, *, accepted: bool) -> Iterator[KuberError]:
        """Yield why the switch is not made; ``accepted`` is whether the user takes what stops."""
        for line in self.lines:
            unanswered = line.topic == of_nodes.ANSWER
            if unanswered or (line.verdict is Impact.STOPS and line.topic in _IMPOSSIBLE):
                place = f" on node {line.node}" if line.node else ""
                yield KuberError(
                    f"The switch to {self.switch.to} is not possible{place}: {line.text}", remedy=line.instead or None
                )
        stopping = [one for one in self.of(Impact.STOPS) if one.topic not in _IMPOSSIBLE]
        if stopping and not accepted:
            topics = ", ".join(dict.fromkeys(one.topic for one in stopping))
            yield KuberError(
                f"After a switch to {self.switch.to} something stops working: {topics}",
                remedy="Read the report above, and change what it names. To switch all the same, add "
                "-e migrate_accept_stops=true",
            )


def report(to: str, cluster: ClusterFacts, nodes: Sequence[NodeFacts]) -> SwitchReport:
    """Return the report about a switch from the running mode; nodes that were not read are in it as unknown."""
    switch = Switch(running(cluster, to), to)
    if switch.before == to:
        return SwitchReport(switch, ())
    known = {node.name for node in nodes}
    unread = [
        NodeFacts(name, problem="the inventory has no such node, so it was not checked")
        for name in cluster.node_addresses
        if name not in known
    ]
    everything = [*nodes, *unread]
    found = [*of_proxy.lines(switch, cluster), *of_services.lines(switch, cluster, everything)]
    found += [line for node in everything for line in of_nodes.lines(switch, node)]
    return SwitchReport(switch, tuple(sorted(found, key=lambda line: line.node)))


def running(cluster: ClusterFacts, to: str) -> str:
    """Return the mode that nodes leave: of several, as after an interrupted switch, one that is not wanted."""
    modes = [mode for mode in cluster.modes.values() if mode is not None]
    if not modes:
        raise KuberError(
            "No kube-proxy says in which mode it runs",
            wanted="an answer from at least one node",
            found=", ".join(cluster.modes) or "no pods of kube-proxy",
            remedy="See `kubectl --namespace kube-system get pods,events`",
        )
    return next((mode for mode in modes if mode != to), to)


def render(found: SwitchReport, *, width: int, paint: Paint = lambda text, _color: text) -> list[str]:
    """Return the report as a table: a heading for the cluster and each node, a line for each topic."""
    if found.switch.before == found.switch.to:
        return [f"kube-proxy runs in mode {found.switch.to} already: there is nothing to switch"]
    lines = [paint(f"From {found.switch.before} to {found.switch.to}", "white")]
    node = None
    for line in found.lines:
        if line.node != node:
            node = line.node
            lines += ["", paint(f" {f'Node {node}' if node else 'The cluster'}", "white")]
        lines += _rendered(line, width, paint)
    counts = ", ".join(f"{len(found.of(verdict))} {verdict.value}" for verdict in Impact)
    return [*lines, "", f" {counts}", ""]


def _rendered(line: Line, width: int, paint: Paint) -> Iterator[str]:
    mark, color = MARKS[line.verdict]
    indent = " " * (_TOPIC + 5)
    verdict = f"{line.verdict.value}: {_table.plain(line.text)}"
    text = textwrap.wrap(verdict, max(width - len(indent), 40)) or [""]
    topic = textwrap.wrap(line.topic, _TOPIC)
    for number in range(max(len(text), len(topic))):
        head = f" {mark} " if number == 0 else "   "
        left = topic[number] if number < len(topic) else ""
        right = text[number] if number < len(text) else ""
        yield f"{paint(head, color)}{left:<{_TOPIC}}  {paint(right, color) if number == 0 else right}".rstrip()
    if line.instead and line.verdict is not Impact.SAME:
        yield from textwrap.wrap(
            f"Instead: {line.instead}", max(width, 60), initial_indent=indent, subsequent_indent=indent
        )
