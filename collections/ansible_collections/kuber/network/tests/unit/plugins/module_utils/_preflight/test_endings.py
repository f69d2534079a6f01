# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of things that are near their end, and of those that are not."""

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils._preflight import endings
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_modes import SUPPORT


def said(version: str, *, proxy_mode: str = "nftables", ingress_nginx: str = "") -> list[str]:
    return list(endings.notes(version, proxy_mode=proxy_mode, ingress_nginx=ingress_nginx))


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v1.35.0", ("deprecated since 1.35", "off by default from 1.40 on", "removed from 1.43 on")),
        ("v1.37.2", ("KubeProxyIPVS since 1.37", "off by default from 1.40 on")),
        ("v1.42.0", ("off by default since 1.40", "removed from 1.43 on")),
    ],
)
def test_ipvs_is_reported_with_its_stages_and_the_way_on(version: str, words: tuple[str, ...]) -> None:
    (note,) = said(version, proxy_mode="ipvs")
    assert all(word in note for word in (*words, version, "migrate_proxy_mode -e migrate_to=nftables"))


def test_what_is_not_used_or_not_yet_near_its_end_is_not_reported() -> None:
    assert said("v1.37.2") == []
    assert said("v1.34.9", proxy_mode="ipvs") == []


def test_stages_of_ipvs_are_those_that_refuse_it() -> None:
    stages = {text: number for number, text in endings.IPVS.stages.items()}
    support = SUPPORT["ipvs"]
    assert stages["subject to the feature gate KubeProxyIPVS"] == support.gated.start
    assert (stages["off by default"], stages["removed"]) == (support.gate_on.stop, support.gated.stop)


@pytest.mark.parametrize(
    ("ingress_nginx", "version", "words"),
    [
        ("1.15.1", "v1.35.3", "gets no more fixes. ansible-playbook"),
        ("1.15.1", "v1.37.2", "was tested with Kubernetes 1.31 to 1.35, and this is v1.37.2"),
        ("1.4.0", "v1.37.2", "is not known here"),
    ],
)
def test_ingress_nginx_is_reported_with_what_it_was_tested_with(ingress_nginx: str, version: str, words: str) -> None:
    (note,) = said(version, ingress_nginx=ingress_nginx)
    assert words in note
    assert "kuber.network.ingress_report" in note
    assert "ingress_controller: traefik" in note


def test_api_versions_are_reported_before_kubernetes_removes_them() -> None:
    (note,) = said("v1.31.9")
    assert note.startswith("Kubernetes 1.32 removes FlowSchema of flowcontrol.apiserver.k8s.io/v1beta3")
    assert "kuber.network.upgraded_manifests" in note
