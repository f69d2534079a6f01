# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What becomes of kube-proxy's own settings, and what runs beside it, when the mode changes."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._migrate import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._migrate.model import Impact, Line, Switch
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config, proxy_modes

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._migrate.cluster import ClusterFacts

VERSION, CNI, CHOICE, IPVS_SETTINGS, CONNTRACK, CONNECTIONS = (
    "version of Kubernetes",
    "network plug-in (CNI)",
    "how a pod is chosen",
    "other settings of IPVS mode",
    "conntrack",
    "connections during the switch",
)
KEP_IPVS = "https://github.com/kubernetes/enhancements/issues/5495"
DOCS = "https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables"
CALICO = "https://docs.tigera.io/calico/latest/getting-started/kubernetes/nftables"
# Schedulers whose choice depends on nothing, and so is as even as a random one.
_EVEN = ("", "rr", "wrr")
_STICKY = ("sh", "dh", "mh")
# DaemonSets of network plug-ins that use nothing of kube-proxy's: they have rules of their own, or none.
_INDEPENDENT = {
    "kindnet": "kindnet",
    "kube-flannel-ds": "Flannel",
    "weave-net": "Weave Net",
}
_CALICO = ("calico-node", "canal")
_OTHERS = {"cilium": "Cilium", "antrea-agent": "Antrea", "kube-router": "kube-router", "kube-ovn-cni": "Kube-OVN"}


def lines(switch: Switch, cluster: ClusterFacts) -> Iterator[Line]:
    yield _version(switch, cluster)
    yield from _cni(switch, cluster)
    yield _choice(switch, cluster)
    yield _ipvs_settings(switch, cluster)
    yield from _conntrack(switch, cluster)
    yield _connections(switch)


def _version(switch: Switch, cluster: ClusterFacts) -> Line:
    gates = proxy_config.feature_gates(cluster.config)
    for objection in proxy_modes.unsupported(switch.to, cluster.version, gates):
        text = f"{objection.problem}; found: {objection.found}"
        return Line(VERSION, Impact.STOPS, text, instead=objection.remedy or "")
    if switch.to == "ipvs":
        text = f"{cluster.version} has mode ipvs, which is off by default from 1.40 and removed in 1.43"
        return Line(VERSION, Impact.CHANGES, text, instead="Plan to move to nftables before 1.40", link=KEP_IPVS)
    return Line(VERSION, Impact.SAME, f"{cluster.version} has mode {switch.to}")


def _cni(switch: Switch, cluster: ClusterFacts) -> Iterator[Line]:
    if _cluster.DAEMON_SETS in cluster.unread:
        yield Line(CNI, Impact.UNKNOWN, cluster.unread[_cluster.DAEMON_SETS])
        return
    found = {one["metadata"]["name"]: one for one in cluster.daemon_sets}
    calico = [found[name] for name in _CALICO if name in found]
    yield from (_calico(switch, one) for one in calico)
    plain = [title for name, title in _INDEPENDENT.items() if name in found]
    if plain:
        yield Line(CNI, Impact.SAME, f"{', '.join(plain)} uses nothing of kube-proxy's")
    others = [title for name, title in _OTHERS.items() if name in found]
    if others:
        yield Line(CNI, Impact.UNKNOWN, f"{', '.join(others)}: not tried together with mode {switch.to}")
    if not (calico or plain or others):
        yield Line(CNI, Impact.UNKNOWN, "none of the network plug-ins that this report knows runs as a DaemonSet")


def _calico(switch: Switch, daemon_set: Body) -> Line:
    """Calico must be in nftables mode exactly when kube-proxy is."""
    environment: Mapping[str, t.Any] = {
        one["name"]: one.get("value", "")
        for container in daemon_set["spec"]["template"]["spec"]["containers"]
        for one in container.get("env") or ()
    }
    mode = str(environment.get("FELIX_NFTABLESMODE", "")).lower()
    wanted = "Enabled" if switch.to == "nftables" else "Disabled"
    if mode == wanted.lower():
        return Line(CNI, Impact.SAME, f"Calico has FELIX_NFTABLESMODE={wanted}", link=CALICO)
    if mode == "" and switch.to != "nftables":
        return Line(
            CNI, Impact.UNKNOWN, "Calico's nftablesMode is not in its environment, but in its own configuration"
        )
    text = "Calico has to be in nftables mode exactly when kube-proxy is"
    verdict = Impact.STOPS if mode else Impact.UNKNOWN
    found = f"FELIX_NFTABLESMODE is {mode!r}" if mode else "its mode is not in its environment"
    instead = f"Set Calico's linuxDataplane or nftablesMode for {switch.to} at the same time"
    return Line(CNI, verdict, f"{text}; {found}", instead=instead, link=CALICO)


def _choice(switch: Switch, cluster: ClusterFacts) -> Line:
    scheduler = str((cluster.config.get("ipvs") or {}).get("scheduler") or "")
    if switch.leaves_ipvs:
        if scheduler in _EVEN:
            return Line(CHOICE, Impact.CHANGES, f"at random in place of {scheduler or 'rr'}: as even, but not in turn")
        kind = "by a hash of addresses" if scheduler in _STICKY else "by load or weight"
        instead = "Set sessionAffinity: ClientIP on Services that need it" if scheduler in _STICKY else ""
        return Line(CHOICE, Impact.STOPS, f"scheduler {scheduler} ({kind}) exists only in IPVS mode", instead=instead)
    if switch.enters_ipvs:
        return Line(CHOICE, Impact.CHANGES, f"scheduler {scheduler or 'rr'} in place of at random")
    return Line(CHOICE, Impact.SAME, "at random")


def _ipvs_settings(switch: Switch, cluster: ClusterFacts) -> Line:
    settings = cluster.config.get("ipvs") or {}
    named = ("excludeCIDRs", "tcpTimeout", "tcpFinTimeout", "udpTimeout")
    used = {name: settings[name] for name in named if settings.get(name) not in (None, "", "0s", [])}
    if not (switch.leaves_ipvs and used):
        return Line(IPVS_SETTINGS, Impact.SAME, "none is set that the mode changes")
    shown = ", ".join(f"{name} {value}" for name, value in used.items())
    instead = (
        "Set the timeouts of conntrack (kube_proxy_settings: {conntrack: {...}})"
        if set(used) - {"excludeCIDRs"}
        else ""
    )
    return Line(IPVS_SETTINGS, Impact.STOPS, f"{shown}: read only in IPVS mode", instead=instead)


def _conntrack(switch: Switch, cluster: ClusterFacts) -> Iterator[Line]:
    """Only iptables mode drops what conntrack calls INVALID, unless conntrack is liberal."""
    liberal = (cluster.config.get("conntrack") or {}).get("tcpBeLiberal") is True
    if liberal:
        yield Line(CONNTRACK, Impact.SAME, "conntrack.tcpBeLiberal is set, so that no mode drops INVALID packets")
    elif switch.before == "iptables":
        yield _no_longer_dropped(cluster)
    elif switch.to == "iptables":
        text = "packets that conntrack calls INVALID are dropped where they are forwarded"
        yield Line(CONNTRACK, Impact.CHANGES, text, instead="conntrack.tcpBeLiberal in kube_proxy_settings", link=DOCS)
    else:
        yield Line(CONNTRACK, Impact.SAME, "neither mode drops packets that conntrack calls INVALID")


def _no_longer_dropped(cluster: ClusterFacts) -> Line:
    counted = {
        node: values[_cluster.INVALID] for node, values in cluster.counters.items() if _cluster.INVALID in values
    }
    text = (
        "packets that conntrack calls INVALID are no longer dropped; before Linux 6.1 that can reset long connections"
    )
    instead = "Set kube_proxy_settings to {conntrack: {tcpBeLiberal: true}}"
    dropped = _dropped(counted)
    if dropped:
        return Line(CONNTRACK, Impact.STOPS, f"{text} (dropped so far: {dropped})", instead=instead, link=DOCS)
    if counted:
        return Line(CONNTRACK, Impact.CHANGES, f"{text} (none dropped so far)", link=DOCS)
    return Line(CONNTRACK, Impact.CHANGES, f"{text}; kube-proxy has no counter of them", instead=instead, link=DOCS)


def _connections(switch: Switch) -> Line:
    """As measured in switches from each mode to each other: docs/migrate_proxy_mode.md has the figures."""
    if switch.leaves_ipvs:
        text = "open TCP connections to Services are reset once, when the virtual servers of IPVS mode are removed"
    elif (switch.before, switch.to) == ("iptables", "ipvs"):
        text = "on a busy node open TCP connections may be lost, and new ones wait for some seconds"
    elif switch.enters_ipvs:
        return Line(CONNECTIONS, Impact.SAME, "open ones go on, and new ones are answered all the time")
    else:
        text = "open ones go on; new ones go without an answer for one to four seconds"
    return Line(CONNECTIONS, Impact.CHANGES, text)


def _dropped(counted: Mapping[str, float]) -> str:
    shown: Sequence[str] = [f"{value:g} on {node}" for node, value in counted.items() if value]
    return ", ".join(shown)
