# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the configuration is written, and when kube-proxy is restarted."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._proxy import kube_proxy, proxy_config
from ansible_collections.kuber.network.plugins.module_utils._proxy.kube_proxy import ProxyConfig, ProxyPod, ProxyState
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_config import ProxySpec

EARLY, NOON, LATE = "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T14:00:00Z"
IPTABLES: dict[str, t.Any] = {"mode": "iptables", "ipvs": {"strictARP": False}}
IPVS: dict[str, t.Any] = {"mode": "ipvs", "ipvs": {"strictARP": True}}
TO_IPVS = ProxySpec(mode="ipvs", strict_arp=True)


def pod(
    *, mode: str | None = "iptables", started: str = LATE, config: t.Any = None, again: int = 0, by: str | None = None
) -> ProxyPod:
    digest = proxy_config.digest(config) if config else None
    restarted = by or ("once" if config else None)
    return ProxyPod("kube-proxy-x", "minikube", mode, started, restarted, digest, again, None)


def state(
    *pods: ProxyPod, config: t.Any = None, written: str = NOON, made_for: dict[str, t.Any] | None = None
) -> ProxyState:
    """What there is; ``made_for`` is the configuration that we have restarted kube-proxy for."""
    annotations = {kube_proxy.RESTARTED: "once", kube_proxy.DIGEST: proxy_config.digest(made_for)} if made_for else {}
    found: dict[str, t.Any] = config or IPTABLES
    document = ProxyConfig("config.conf", proxy_config.dump(found), found, "1", written)
    return ProxyState(document, annotations, "k8s-app=kube-proxy", pods)


OURS = {"config": IPVS, "made_for": IPVS}
UNREAD = "minikube has not read the configuration"
CASES: dict[str, tuple[ProxyState, ProxySpec, bool, tuple[str, ...]]] = {
    "nothing was asked for": (state(pod()), ProxySpec(), False, ()),
    "it is there already": (state(pod()), ProxySpec(mode="iptables"), False, ()),
    "nobody answers, but nothing has changed": (state(pod(mode=None)), ProxySpec(mode="iptables"), False, ()),
    "there is no node": (state(), TO_IPVS, True, ()),
    "the first switch": (state(pod()), TO_IPVS, True, ("minikube runs in mode iptables",)),
    "another setting in the same mode": (state(pod()), ProxySpec(strict_arp=True), True, (UNREAD,)),
    "after our own restart": (state(pod(mode="ipvs", config=IPVS), **OURS), TO_IPVS, False, ()),
    "the clock of the node is slow": (
        state(pod(mode="ipvs", config=IPVS, started=EARLY), **OURS),
        TO_IPVS,
        False,
        (),
    ),
    "it was started for another configuration in the second in which this one was written": (
        state(pod(mode="ipvs", config=IPTABLES, started=NOON), config=IPVS, made_for=IPTABLES),
        TO_IPVS,
        False,
        (UNREAD,),
    ),
    # It resets the ConfigMap, and kube-proxy goes on: it is enough to write it.
    "minikube start was run again": (
        state(pod(mode="ipvs", config=IPVS, started=EARLY), config=IPTABLES, made_for=IPVS),
        TO_IPVS,
        True,
        (),
    ),
    "then the node was restarted": (
        state(pod(mode="iptables", config=IPVS, started=LATE, again=1), config=IPTABLES, made_for=IPVS),
        TO_IPVS,
        True,
        ("minikube runs in mode iptables",),
    ),
    "an edit that keeps the mode, and a restart of the node": (
        state(
            pod(mode="ipvs", config=IPVS, started=LATE, again=1),
            config=IPVS | {"ipvs": {"strictARP": False}},
            made_for=IPVS,
        ),
        TO_IPVS,
        True,
        (UNREAD,),
    ),
    "an edit that keeps the mode, and a container that was started again before": (
        state(
            pod(mode="ipvs", config=IPVS, started=EARLY, again=1),
            config=IPVS | {"ipvs": {"strictARP": False}},
            made_for=IPVS,
        ),
        TO_IPVS,
        True,
        (UNREAD,),
    ),
    "somebody has configured what is wanted, without a restart": (
        state(pod(started=EARLY), config=IPVS),
        TO_IPVS,
        False,
        ("minikube runs in mode iptables",),
    ),
    "somebody has edited by hand, without a restart": (state(pod(started=EARLY)), ProxySpec(), False, (UNREAD,)),
    "we were interrupted before the restart": (
        state(pod(config=IPTABLES, started=EARLY), config=IPVS, made_for=IPTABLES),
        TO_IPVS,
        False,
        ("minikube runs in mode iptables",),
    ),
    "we were interrupted before the restart for another setting": (
        state(
            pod(config=IPTABLES, started=EARLY),
            config=IPTABLES | {"ipvs": {"strictARP": True}},
            made_for=IPTABLES,
        ),
        ProxySpec(strict_arp=True),
        False,
        (UNREAD,),
    ),
    "we were interrupted during the restart": (
        state(pod(config=IPTABLES, started=EARLY, by="before"), **OURS),
        TO_IPVS,
        False,
        (),
    ),
    "it does not start with the old configuration": (
        state(pod(mode=None, started="", config=IPVS), **OURS),
        ProxySpec(mode="iptables"),
        True,
        (UNREAD,),
    ),
}


@pytest.mark.parametrize(("before", "spec", "edit", "restart"), CASES.values(), ids=CASES.keys())
def test_kube_proxy_is_restarted_for_a_reason(
    before: ProxyState, spec: ProxySpec, edit: bool, restart: tuple[str, ...]
) -> None:
    wanted = kube_proxy.plan(before, spec)
    assert (wanted.edit, wanted.restart) == (edit, restart)
    assert bool(wanted) == (edit or bool(restart))
