# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.selectors import Selector

LABELS = ({}, {"app": "web"}, {"app": "api", "tier": "back"}, {"example.org/app": "web", "app": ""})


@pytest.mark.parametrize(
    ("texts", "matching"),
    [
        (["app=web"], [1]),
        (["app==web"], [1]),
        (["app = web"], [1]),
        (["app!=web"], [0, 2, 3]),
        (["app"], [1, 2, 3]),
        (["!app"], [0]),
        (["! tier", "app"], [1, 3]),
        (["app in (web, api)"], [1, 2]),
        (["app notin (web,api)"], [0, 3]),
        (["app in (api),tier=back"], [2]),
        (["app in (web, api), tier in (back, front)"], [2]),
        (["app="], [3]),
        (["example.org/app=web"], [3]),
    ],
)
def test_selector_matches_as_the_server_does(
    client: t.Any, cluster: t.Any, texts: list[str], matching: list[int]
) -> None:
    selector = Selector.parse(texts, "label_selectors")
    assert [number for number, labels in enumerate(LABELS) if selector.matches(labels)] == matching
    for number, labels in enumerate(LABELS):
        body = {"metadata": {"name": f"c{number}", "labels": labels}}
        client.request("POST", cluster.path("configmaps"), body=body)
    found = client.list(cluster.path("configmaps"), labelSelector=selector.text)
    names = sorted(one["metadata"]["name"] for one in found if one["metadata"]["name"] != "kube-root-ca.crt")
    assert names == [f"c{number}" for number in matching]


@pytest.mark.parametrize(
    "texts", [[], [""], ["a b"], ["a in ()x"], ["=b"], ["a=b c"], ["a in b"], ["a,,b"], ["-a"], ["a>1"]]
)
def test_selector_that_requires_nothing_or_is_malformed_is_refused(texts: list[str]) -> None:
    with pytest.raises(KuberError, match="label_selectors"):
        Selector.parse(texts, "label_selectors")
