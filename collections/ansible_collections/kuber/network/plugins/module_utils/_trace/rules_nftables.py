# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Look up a packet in the hooks, maps and chains of kube-proxy's nftables mode.

Map service-ips (kubernetes/pkg/proxy/nftables/proxier.go) has a verdict for each address, protocol and port: a chain
service- (all pods), or external-, which separates requests from outside and goes on to service- or local- (the pods
of this node). These choose a pod in the rule itself or, with session affinity, one endpoint- chain per pod.
Before that, map firewall-ips leads to the chain that drops clients which a load balancer does not accept.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace import expressions, hooks
from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.rules import (
    Lookup,
    RuleBackend,
    merged,
    missing,
    not_admitted,
    not_allowed,
    unhooked,
)
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import STOPS, Course, RuleAction, Step, Walk

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable as Iptables
    from ansible_collections.kuber.network.plugins.module_utils._net.nftables import Base, NftablesTable
    from ansible_collections.kuber.network.plugins.module_utils._trace.node_routes import NodeRoutes
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Packet

ENTRY, SERVICES, NODE_PORTS = "services", "service-ips", "service-nodeports"
REFUSING = ("no-endpoint-services", "no-endpoint-nodeports")
ENDPOINT, FIREWALL, ADMITTED = "endpoint-", "firewall-", "nodeport-ips"


def look_up(
    table: NftablesTable,
    packet: Packet,
    own: frozenset[str] | None = None,
    beside: Mapping[str, Iptables] | None = None,
    routes: NodeRoutes | None = None,
) -> Lookup:
    """Look up a packet; ``own`` are the addresses of the node and ``routes`` its routes, if known; ``beside`` are other
    programs' iptables rules."""
    scene = Scene(packet, packet.node_port or packet.address in (own or ()))
    found = _beside(beside or {}, scene, own)
    if found:
        return found
    walk, courses = _travel(table, scene)
    sent = [one for one in courses if one.socket]
    name = f"nftables {packet}"
    backends = merged(RuleBackend(one.socket, one.share, (Fact("chain", _short(one.path[-1].chain)),)) for one in sent)
    unknown = hooks.unseen(beside or {}) or _doubt(courses)
    finding = Lookup(name, tuple(_facts(scene, sent or courses)), backends, unknown=unknown)
    stop = next((one.path[-1] for one in courses if one.end in STOPS and not one.socket), None)
    if finding.unknown:
        return finding
    if sent and len(sent) == len(courses):
        return hooks.forwarded(beside or {}, packet, finding, sent, own, routes)
    if stop:
        refusing = _map_of(stop, courses)
        finding = dataclasses.replace(finding, refused=f"{stop.action.target}: {refusing or stop.chain}")
        if refusing in REFUSING:
            return finding
    shut_out = bool(stop and stop.chain.startswith(FIREWALL))
    return dataclasses.replace(finding, trouble=_why(table, packet, walk, stop), alike=shut_out)


def _beside(tables: Mapping[str, Iptables], scene: Scene, own: frozenset[str] | None) -> Lookup | None:
    """Return what other programs' iptables rules do with a packet, if it does not reach kube-proxy's rules."""
    packet, finding = scene.packet, Lookup(f"nftables {scene.packet}")
    before = hooks.travel(tables, scene, hooks.BEFORE)
    if before.untracked:
        return hooks.past_tracking(finding, before.untracked, packet, own)
    stop = next((one.path[-1] for one in before.courses if one.end in STOPS), None)
    if stop:
        return dataclasses.replace(finding, refused=hooks.text(stop), trouble=hooks.taken(stop, packet))
    sent = next((one for one in hooks.travel(tables, scene).courses if one.end == "DNAT"), None)
    if sent:
        # Both are at the same hook with the same priority, and the first to translate an address wins.
        what = f"iptables sends the packet to {sent.socket} by `{sent.path[-1].rule}`"
        return dataclasses.replace(finding, unknown=f"{what}: it cannot be decided whether that or kube-proxy is first")
    return dataclasses.replace(finding, unknown=before.doubt) if before.doubt else None


def _travel(table: NftablesTable, scene: Scene) -> tuple[Walk, list[Course]]:
    """Follow packets from the first hook; a translated packet keeps the path of the translation."""
    walk = Walk(lambda chain: table.chains.get(chain, ()), functools.partial(expressions.judge, table, scene))
    courses, gone = [Course()], list[Course]()
    for chain, base in _bases(table, scene):
        after: list[Course] = []
        for one in courses:
            if one.socket:
                after.append(one)
                continue
            for found in walk.through(chain, dataclasses.replace(one, end="", path=())):
                ended = _by_policy(chain, base, found)
                (gone if ended.end in STOPS else after).append(ended)
        courses = after
    return walk, [*gone, *courses]


def _bases(table: NftablesTable, scene: Scene) -> list[tuple[str, Base]]:
    if scene.packet.outside:
        path = ["prerouting", "input" if scene.to_node else "forward"]
    else:
        path = ["output", *(["input"] if scene.to_node else [])]
    found = [(name, base) for name, base in table.bases.items() if base.hook in path]
    return sorted(found, key=lambda one: (path.index(one[1].hook), one[1].priority))


def _by_policy(chain: str, base: Base, course: Course) -> Course:
    if not base.drops or course.end:
        return course
    return dataclasses.replace(course, end="DROP", path=(Step(chain, (), RuleAction("end", "DROP")),))


def _why(table: NftablesTable, packet: Packet, walk: Walk, stop: Step | None) -> Trouble:
    if stop and stop.chain.startswith(FIREWALL):
        named = [one["match"]["right"] for one in stop.rule if "match" in one]
        return not_allowed(packet, [text for text in expressions.texts(named) if text != packet.address])
    if ENTRY not in walk.entered:
        hook = "prerouting" if packet.outside else "output"
        return unhooked(f"no chain of table kube-proxy at hook {hook} has a jump there", ENTRY)
    source = NODE_PORTS if packet.node_port else SERVICES
    key = (packet.protocol.lower(), str(packet.port))
    if packet.node_port and key in table.maps.get(source, {}):
        return not_admitted(packet, expressions.texts(list(table.sets.get(ADMITTED, ()))))
    return missing(f"Map {source} of table kube-proxy has no verdict for {packet}")


def _doubt(courses: Iterable[Course]) -> str:
    step = next((step for one in courses for step in one.doubts), None)
    if step is None:
        return ""
    if step.chain.startswith(FIREWALL):
        return "it is not known whether the client's address is in the loadBalancerSourceRanges of the Service"
    return f"it cannot be decided whether a rule of chain {step.chain} takes the packet"


def _map_of(stop: Step | None, courses: Iterable[Course]) -> str:
    """Return the map that led to the chain where packets are stopped."""
    path = next((one.path for one in courses if stop and one.path and one.path[-1] is stop), ())
    return next((name for step in reversed(path) if (name := _map_name(step))), "")


def _map_name(step: Step) -> str:
    data = next((one["vmap"]["data"] for one in step.rule if "vmap" in one), "")
    return data.removeprefix("@") if isinstance(data, str) else ""


def _facts(scene: Scene, courses: Sequence[Course]) -> list[Fact]:
    """Return the chains in the order of the packet, each with its target."""
    choices: dict[tuple[str, int], list[Step]] = {}
    for course in courses:
        for step in course.path:
            if not step.chain.startswith(ENDPOINT):
                choices.setdefault((step.chain, id(step.rule)), []).append(step)
    return [_fact(scene, steps) for steps in choices.values()]


def _fact(scene: Scene, steps: Sequence[Step]) -> Fact:
    step, action = steps[0], steps[0].action
    target = _short(action.target) if action.kind != "end" else action.target.lower()
    name = _map_name(step)
    if name:
        vmap = next(one["vmap"] for one in step.rule if "vmap" in one)
        key = " . ".join(expressions.key_of(scene, vmap["key"]) or ())
        return Fact("map", f"{name} has {key} → {target}")
    places = list(dict.fromkeys(_short(one.action.socket or one.action.target) for one in steps))
    verb = "dnat to" if action.socket else action.kind
    if action.kind == "end" and not action.socket:
        return Fact(_short(step.chain), target)
    if len(places) > 1:
        return Fact(_short(step.chain), f"numgen random: {verb} one of {len(places)}")
    return Fact(_short(step.chain), f"{verb} {places[0]}")


def _short(chain: str) -> str:
    """Shorten the name of a chain to kind and key: service-XVOP54PY of service-XVOP54PY-default/web/tcp/."""
    return "-".join(chain.split("-")[:2]) if "/" in chain else chain
