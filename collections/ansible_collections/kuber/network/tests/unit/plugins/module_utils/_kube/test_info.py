# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.info import Question, ask

if t.TYPE_CHECKING:
    from .conftest import Cluster


@pytest.fixture
def _maps(cluster: Cluster) -> None:
    cluster.apply(
        *(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {"n": name}},
                "data": {"a": name},
            }
            for name in ("one", "two")
        )
    )


@pytest.mark.usefixtures("_maps")
def test_objects_are_selected_and_the_query_sees_the_list(cluster: Cluster) -> None:
    query = "[].data.a"
    by_label = ask(cluster.client, Question("ConfigMap", namespace=cluster.namespace, label_selector="n", query=query))
    assert sorted(by_label.result) == ["one", "two"]
    by_name = ask(cluster.client, Question("ConfigMap", name="two", namespace=cluster.namespace, query=query))
    assert by_name.result == ["two"]
    assert "managedFields" not in by_name.objects[0]["metadata"]
    assert by_name.objects[0]["kind"] == "ConfigMap"


@pytest.mark.usefixtures("_maps")
def test_without_a_namespace_all_are_searched(cluster: Cluster) -> None:
    found = ask(cluster.client, Question("ConfigMap", label_selector="n=one")).objects
    assert cluster.namespace in [one["metadata"]["namespace"] for one in found]


def test_objects_without_namespace_are_found_by_name(cluster: Cluster) -> None:
    (found,) = ask(cluster.client, Question("Namespace", name=cluster.namespace)).objects
    assert found["status"]["phase"] == "Active"


def test_object_that_is_not_there_is_no_error(cluster: Cluster) -> None:
    answer = ask(cluster.client, Question("ConfigMap", name="none", namespace=cluster.namespace, query="[0].data"))
    assert (answer.objects, answer.result) == ([], None)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question("configmaps"), "does not know kind configmaps"),
        (Question("Deployment", api_version="v1"), "does not know kind Deployment of v1"),
        (Question("ConfigMap", query="[?"), "The option query is not a JMESPath expression"),
        (Question("ConfigMap", query="length(@, @)"), "The query cannot be evaluated"),
    ],
)
def test_question_that_makes_no_sense_is_refused(cluster: Cluster, question: Question, message: str) -> None:
    with pytest.raises(KuberError, match=message):
        ask(cluster.client, question)


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [("Event", "v1"), ("Ingress", "networking.k8s.io/v1"), ("Deployment", "apps/v1"), ("CronJob", "batch/v1")],
)
def test_bare_kind_is_the_one_of_kubernetes_itself_in_its_preferred_version(
    cluster: Cluster, kind: str, api_version: str
) -> None:
    from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds

    found = Kinds(cluster.client).find_by_kind(kind)
    assert found is not None
    assert found.api_version == api_version
