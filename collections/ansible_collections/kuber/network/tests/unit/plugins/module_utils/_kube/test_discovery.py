# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import WELL_KNOWN, Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref


def kinds(*versions: dict[str, t.Any]) -> Kinds:
    """The kinds of a server that has one group, metrics.example.org, with those versions."""
    group = {"metadata": {"name": "metrics.example.org"}, "versions": list(versions)}

    def request(_method: str, path: str, **_options: object) -> dict[str, t.Any]:
        return {"kind": "APIGroupDiscoveryList", "items": [group] if path == "/apis" else []}

    return Kinds(t.cast("t.Any", types.SimpleNamespace(request=request, context="here")))


def test_group_whose_server_is_down_is_told_apart_from_one_that_is_not_known() -> None:
    found = kinds({"version": "v1beta1", "freshness": "Stale"}, {"version": "v1", "freshness": "Current"})
    assert found.find("metrics.example.org/v1beta1", "NodeMetrics") is None
    why = found.why_unknown("metrics.example.org/v1beta1")
    assert why is not None
    assert why.startswith("APIService v1beta1.metrics.example.org does not answer")
    assert found.why_unknown("metrics.example.org/v1") is None
    assert found.why_unknown("other.example.org/v1") is None


@pytest.mark.parametrize("served", [True, False])
def test_only_versions_that_a_definition_serves_come_with_it(served: bool) -> None:
    found = kinds()
    names = {"kind": "Thing", "plural": "things"}
    versions = [{"name": "v1", "served": True}, {"name": "v1beta1", "served": served}]
    found.define({"spec": {"group": "example.org", "names": names, "scope": "Namespaced", "versions": versions}})
    ref = Ref("Thing", "a", "x", "example.org/v1beta1")
    assert (found.find("example.org/v1beta1", "Thing") is not None) is served
    found.refuse_unserved(Ref("Thing", "a", "x", "example.org/v1"), "here")
    found.refuse_unserved(Ref("Thing", "a", "x", "other.org/v1beta1"), "here")
    if served:
        found.refuse_unserved(ref, "here")
        return
    with pytest.raises(
        KuberError, match=r"Thing a/x \(here\) .* wanted: example\.org/v1; found: example\.org/v1beta1\."
    ):
        found.refuse_unserved(ref, "here")


@pytest.mark.parametrize("name", ["..", "a/b", "a%2Fb", "%2e%2e"])
def test_no_name_leads_to_another_object(name: str) -> None:
    resource = WELL_KNOWN["v1", "Secret"]
    for place in ({"namespace": name, "name": "x"}, {"namespace": "x", "name": name}):
        with pytest.raises(KuberError, match=r"is not valid; wanted: neither \. nor \.\., and no / or % in it"):
            resource.path(**place)
