# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What becomes of the rules, sets, files and connections of a node when the mode changes."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate import node as _node
from ansible_collections.kuber.network.plugins.module_utils._migrate.model import Impact, Line, Switch
from ansible_collections.kuber.network.plugins.module_utils._net import ipvs, leftovers

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator

    from ansible_collections.kuber.network.plugins.module_utils._migrate.node import NodeFacts

ANSWER, KERNEL, NFT, RULES, FILES, SETS, SERVERS, FIREWALL, CONNECTIONS = (
    "the node",
    "kernel",
    "nft",
    "rules of others",
    "files that name kube-proxy's rules",
    "ipsets",
    "virtual servers of others",
    "firewall",
    "connections in IPVS",
)
CHAINS_ARE_NO_API = "https://kubernetes.io/blog/2022/09/07/iptables-chains-not-api/"
DOCS = "https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables"
OLDEST_NFT = (1, 0, 1)
_SHOWN = 3
_CHAIN = re.compile(r"KUBE-[A-Z0-9-]+")
_OF_IPVS = ("kube-ipvs0", "ipvsadm", "/proc/net/ip_vs")


def lines(switch: Switch, node: NodeFacts) -> Iterator[Line]:
    """Yield the lines about a node."""
    if node.problem:
        yield Line(ANSWER, Impact.UNKNOWN, node.problem, node.name, "Make the node answer, and run again")
        return
    yield _kernel(switch, node)
    if "nftables" in (switch.before, switch.to):
        yield _nft(switch, node)
    yield from _rules(switch, node)
    yield _files(switch, node)
    yield _sets(switch, node)
    yield _servers(switch, node)
    yield _firewall(switch, node)
    if switch.leaves_ipvs:
        yield _connections(node)


def _some(items: Iterable[str]) -> str:
    found = list(items)
    rest = len(found) - _SHOWN
    return "; ".join(found[:_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _kernel(switch: Switch, node: NodeFacts) -> Line:
    missing = node.missing.get(switch.to, [])
    if missing:
        text = f"Linux {node.release} lacks {', '.join(missing)}"
        return Line(KERNEL, Impact.STOPS, text, node.name, "Choose another mode, or another kernel")
    return Line(KERNEL, Impact.SAME, f"Linux {node.release}: nothing is known to be missing", node.name)


def _nft(switch: Switch, node: NodeFacts) -> Line:
    if not node.nft:
        text = "no program nft is in kube-proxy's container or on the node"
        return Line(NFT, Impact.UNKNOWN, text, node.name)
    if switch.to == "nftables" and tuple(map(int, node.nft.split("."))) < OLDEST_NFT:
        return Line(
            NFT, Impact.STOPS, f"kube-proxy needs nft 1.0.1, and has {node.nft}", node.name, "Update kube-proxy"
        )
    return Line(NFT, Impact.SAME, f"version {node.nft}", node.name)


def _rules(switch: Switch, node: NodeFacts) -> Iterator[Line]:
    if _node.RULES in node.unread:
        yield Line(RULES, Impact.UNKNOWN, node.unread[_node.RULES], node.name)
    gone = [one for one in node.rules if any(not _remains(switch, one.table, chain) for chain in one.chains)]
    gone += [one for one in node.rules if one.sets and switch.leaves_ipvs and one not in gone]
    kept = [one for one in node.rules if one not in gone]
    if gone:
        yield Line(
            RULES,
            Impact.STOPS,
            f"they use chains or sets that mode {switch.to} does not fill: {_some(one.rule for one in gone)}",
            node.name,
            "Write them without names of kube-proxy's chains and sets",
            CHAINS_ARE_NO_API,
        )
    if kept:
        text = f"they use chains that mode {switch.to} has, too: {_some(one.rule for one in kept)}"
        yield Line(RULES, Impact.SAME, text, node.name)
    if not node.rules and _node.RULES not in node.unread:
        yield Line(RULES, Impact.SAME, "none names a chain or a set of kube-proxy's", node.name)


def _remains(switch: Switch, table: str, chain: str) -> bool:
    # A chain that the mode left does not fill either has been of no use before.
    return leftovers.belongs_to(table, chain, switch.to) or not leftovers.belongs_to(table, chain, switch.before)


def _files(switch: Switch, node: NodeFacts) -> Line:
    if _node.FILES in node.unread:
        return Line(FILES, Impact.UNKNOWN, node.unread[_node.FILES], node.name)
    places = [place for place in node.files if is_of(switch.before, place.split(":", 2)[-1])]
    gone = [place for place in places if not is_of(switch.to, place.split(":", 2)[-1])]
    if gone:
        instead = "Look at these places: in the new mode they find nothing"
        return Line(FILES, Impact.STOPS, _some(gone), node.name, instead, CHAINS_ARE_NO_API)
    text = _some(places) if places else "none is in /etc, /opt, /usr/local and homes"
    return Line(FILES, Impact.SAME, text, node.name)


def is_of(mode: str, name: str) -> bool:
    """Whether something of this name belongs to a mode of kube-proxy."""
    if name in _OF_IPVS or name in ipvs.SETS:
        return mode == "ipvs"
    if not _CHAIN.fullmatch(name):
        return False
    tables = itertools.chain.from_iterable(leftovers.CHAINS.values())
    return any(leftovers.belongs_to(table, name, mode) for table in set(tables))


def _sets(switch: Switch, node: NodeFacts) -> Line:
    if _node.SETS in node.unread:
        return Line(SETS, Impact.UNKNOWN, node.unread[_node.SETS], node.name)
    used = sorted({name for one in node.rules for name in one.sets})
    if used and switch.leaves_ipvs:
        text = f"sets of kube-proxy's that rules of others use are no longer kept up to date: {', '.join(used)}"
        return Line(SETS, Impact.STOPS, text, node.name, "Use sets of your own")
    others = f"those of others stay: {_some(node.sets)}" if node.sets else "there are none but kube-proxy's own"
    return Line(SETS, Impact.SAME, others, node.name)


def _servers(switch: Switch, node: NodeFacts) -> Line:
    if _node.SERVERS in node.unread:
        return Line(SERVERS, Impact.UNKNOWN, node.unread[_node.SERVERS], node.name)
    if not node.servers:
        return Line(SERVERS, Impact.SAME, "IPVS has none", node.name)
    if switch.enters_ipvs:
        text = f"kube-proxy removes virtual servers that are not its own: {_some(node.servers)}"
        instead = "Name their networks in kube_proxy_settings: {ipvs: {excludeCIDRs: [...]}}"
        return Line(SERVERS, Impact.STOPS, text, node.name, instead)
    return Line(SERVERS, Impact.SAME, f"they stay: {_some(node.servers)}", node.name)


def _firewall(switch: Switch, node: NodeFacts) -> Line:
    if _node.NFT in node.unread:
        return Line(FIREWALL, Impact.UNKNOWN, f"rules of nft: {node.unread[_node.NFT]}", node.name)
    if not node.firewall:
        return Line(FIREWALL, Impact.SAME, "no other program drops or refuses packets", node.name)
    if switch.leaves_iptables:
        text = f"kube-proxy no longer accepts packets to Services ahead of these rules: {_some(node.firewall)}"
        instead = "Let them accept node ports (30000-32767) and the network of the pods"
        return Line(FIREWALL, Impact.CHANGES, text, node.name, instead, DOCS)
    return Line(FIREWALL, Impact.SAME, f"these rules stay: {_some(node.firewall)}", node.name)


def _connections(node: NodeFacts) -> Line:
    if node.connections is None:
        return Line(CONNECTIONS, Impact.UNKNOWN, "the kernel does not list them", node.name)
    text = f"{node.connections} now; IPVS forgets them with its virtual servers, and clients have to connect again"
    return Line(CONNECTIONS, Impact.CHANGES if node.connections else Impact.SAME, text, node.name)
