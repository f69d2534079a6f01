# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Follow a packet through the iptables tables at the hooks of a node, with the rules of all programs."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._trace import matches
from ansible_collections.kuber.network.plugins.module_utils._trace.model import Fact, Trouble
from ansible_collections.kuber.network.plugins.module_utils._trace.walk import STOPS, Course, RuleAction, Step, Walk

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net.iptables import IptablesTable
    from ansible_collections.kuber.network.plugins.module_utils._trace.matches import Scene
    from ansible_collections.kuber.network.plugins.module_utils._trace.node_routes import NodeRoutes
    from ansible_collections.kuber.network.plugins.module_utils._trace.rules import Lookup, Packet

BEFORE, TABLES = ("raw", "mangle"), ("raw", "mangle", "nat")
CACHE, DNS = "NodeLocal DNSCache", 53
OWN = "KUBE-"
OWN_FIREWALLS = ("KUBE-FW-", "KUBE-SOURCE-RANGES-FIREWALL", "KUBE-FIREWALL")


@dataclasses.dataclass(frozen=True)
class Journey:
    """Where the packets are after all tables."""

    hook: str
    courses: tuple[Course, ...]
    entered: tuple[str, ...]
    """The chains of the last table that they passed, in order."""
    doubt: str = ""

    @property
    def untracked(self) -> Step | None:
        return next((one.untracked for one in self.courses if one.untracked and not one.end), None)


def travel(
    tables: Mapping[str, IptablesTable], scene: Scene, names: Sequence[str] = TABLES, *, strict: bool = False
) -> Journey:
    """Follow packets from the first hook; after table nat, packets that no rule redirects reach table filter.

    ``strict``: a rule there that may stop them leaves a doubt.
    """
    hook = "PREROUTING" if scene.packet.outside else "OUTPUT"
    courses, gone = [Course()], list[Course]()
    entered: tuple[str, ...] = ()
    for name in names:
        tracked = [one for one in courses if not (name == "nat" and one.untracked)]
        courses = [one for one in courses if name == "nat" and one.untracked]
        found, entered = _through(tables, name, hook, tracked, scene)
        courses += [one for one in found if one.end in ("", "ACCEPT")]
        gone += [one for one in found if one.end not in ("", "ACCEPT")]
        if name != "nat":
            courses = [dataclasses.replace(one, end="", path=()) for one in courses]
    if "nat" in names:
        courses = [last for one in courses for last in _filtered(tables, one, scene, strict=strict)]
    ended = [*gone, *courses]
    return Journey(hook, tuple(ended), entered, doubt(ended, scene.packet))


def _filtered(tables: Mapping[str, IptablesTable], course: Course, scene: Scene, *, strict: bool) -> list[Course]:
    """Return the course after table filter: as it was, with new doubts, or stopped there.

    Unless it is strict, doubts about other programs' rules are ignored.
    """
    if course.untracked:
        return [course]
    start = dataclasses.replace(course, path=(), end="", doubts=())
    ended: list[Course] = []
    for hook, here in _filters(scene):
        found, _entered = _through(tables, "filter", hook, [start], here)
        ended += [
            dataclasses.replace(one, doubts=course.doubts) for one in found if one.end in STOPS and not one.doubts
        ]
        if ended and sum(one.share for one in ended) == course.share:
            return ended
        doubts = tuple(step for one in found for step in one.doubts if _may_stop(one, step, strict=strict))
        course = dataclasses.replace(course, doubts=(*course.doubts, *doubts))
    left = course.share - sum(one.share for one in ended)
    return [*ended, dataclasses.replace(course, share=left)]


def _may_stop(course: Course, doubt: Step, *, strict: bool) -> bool:
    if strict:
        return course.end in STOPS or doubt.action.target in STOPS
    return course.end in STOPS and all(step.chain.startswith(OWN) for step in course.doubts)


def _filters(scene: Scene) -> list[tuple[str, Scene]]:
    """Return the hooks of table filter that a packet passes; from the node to itself it goes out and in again."""
    if scene.packet.outside:
        return [("INPUT" if scene.to_node else "FORWARD", scene)]
    inward = dataclasses.replace(scene, packet=dataclasses.replace(scene.packet, interface="lo"))
    return [("OUTPUT", scene), *([("INPUT", inward)] if scene.to_node else [])]


def _through(
    tables: Mapping[str, IptablesTable], name: str, hook: str, courses: Iterable[Course], scene: Scene
) -> tuple[list[Course], tuple[str, ...]]:
    table = tables.get(name)
    if table is None:
        return list(courses), ()
    walk = Walk(lambda chain: table.by_chain.get(chain, ()), functools.partial(matches.judge, scene))
    found = [end for one in courses for end in walk.through(hook, one)]
    if table.chains.get(hook) == "DROP":
        policy = Step(hook, None, RuleAction("end", "DROP"))
        found = [dataclasses.replace(one, end="DROP", path=(policy,)) if not one.end else one for one in found]
    return found, tuple(walk.entered)


def forwarded(
    tables: Mapping[str, IptablesTable],
    packet: Packet,
    finding: Lookup,
    sent: Iterable[Course],
    own: frozenset[str] | None,
    routes: NodeRoutes | None,
) -> Lookup:
    """Return the finding, with trouble if table filter stops packets to the pods, or unknown if it may stop them."""
    stopped: dict[str, Step] = {}
    doubts: list[Course] = []
    for course in {(one.socket, one.mark): one for one in sent}.values():
        address, _colon, port = course.socket.rpartition(":")
        if not port.isdecimal():
            continue
        pod = dataclasses.replace(packet, address=address.strip("[]"), port=int(port), node_port=False)
        outgoing = routes.device(pod.address) if routes else None
        scene = matches.Scene(pod, pod.address in (own or ()), translated=True, outgoing=outgoing)
        # Without the interface nearly every rule of a firewall would be a doubt.
        after = _filtered(tables, dataclasses.replace(course, path=(), end=""), scene, strict=outgoing is not None)
        doubts += after
        step = next((one.path[-1] for one in after if one.end in STOPS), None)
        if step:
            stopped[course.socket] = step
    if finding.unknown:
        return finding
    if not stopped:
        return dataclasses.replace(finding, unknown=doubt(doubts, packet))
    rule = _rule(next(iter(stopped.values())))
    what = f"Packets for {', '.join(stopped)} are dropped in table filter by {rule}"
    return dataclasses.replace(finding, trouble=Trouble(what, "Remove the rule, or accept these packets before it"))


def past_tracking(finding: Lookup, step: Step, packet: Packet, own: frozenset[str] | None) -> Lookup:
    """Explain packets whose address is not translated: the node itself has to answer."""
    comments = " ".join(step.rule.comments)
    says_so = "nodelocal" in comments.lower()
    name = CACHE if says_so or packet.port == DNS else "a program on the node"
    fact = Fact("raw", f"{step.action.target} (not tracked): {comments or step.rule}")
    finding = dataclasses.replace(finding, facts=(fact, *finding.facts))
    kept = f"{_rule(step, 'raw')} keeps {packet} from connection tracking, so kube-proxy's rules never see it"
    if own is None and not says_so:
        return dataclasses.replace(finding, unknown=f"{kept}; it is not known whether the node itself answers")
    if own is not None and packet.address not in own:
        what = f"{kept}, and the node has no address {packet.address} for {name} to answer at"
        remedy = "Restart the DaemonSet of the local DNS cache" if name == CACHE else "Start what answers there"
        return dataclasses.replace(finding, trouble=Trouble(what, f"{remedy}, or remove the rule"))
    return dataclasses.replace(finding, cache=name, unknown="")


def taken(step: Step, packet: Packet) -> Trouble:
    """Explain that another program's rule takes the packet before kube-proxy's rules."""
    how = f"sends it to {step.action.socket}" if step.action.socket else f"ends with {step.action.target}"
    return Trouble(
        f"{packet} does not reach kube-proxy's rules: {_rule(step)} {how}",
        "Remove that rule, or move it after the jump to kube-proxy's chains",
    )


def text(step: Step) -> str:
    """Describe how a rule rejects packets, with its comments."""
    comments = " ".join(step.rule.comments) if step.rule else f"policy of {step.chain}"
    return f"{step.action.target}: {comments}" if comments else step.action.target


def unseen(tables: Mapping[str, IptablesTable]) -> str:
    """Return why the tables are incomplete."""
    hidden = [name for name in (*TABLES, "filter") if name in tables and not tables[name].shown]
    if not hidden:
        return ""
    shows = " and ".join(f"`nft list table ip {name}`" for name in hidden)
    return f"iptables-save cannot print all of table {', '.join(hidden)}, which another program wrote: use {shows}"


def doubt(courses: Iterable[Course], packet: Packet) -> str:
    step = next((step for one in courses for step in one.doubts), None)
    if step is None:
        return ""
    if matches.UNPRINTED in step.rule.words:
        return f"this iptables cannot print {_rule(step)}, which may take the packet"
    if step.chain.startswith(OWN_FIREWALLS):
        ranges = matches.option(step.rule, "-s") or "the loadBalancerSourceRanges of the Service"
        return f"it is not known whether {packet.sender} is in {ranges}"
    return f"it cannot be decided whether {_rule(step)} takes the packet"


def _rule(step: Step, table: str = "") -> str:
    if step.rule is None:
        return f"the policy of chain {step.chain}"
    return f"the rule `{f'-t {table} ' if table else ''}{step.rule}`"
