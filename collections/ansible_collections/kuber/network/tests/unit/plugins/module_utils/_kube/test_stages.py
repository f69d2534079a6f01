# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._kube import stages
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import WELL_KNOWN
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref

KINDS = [
    ("v1", "Namespace"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "Job"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("networking.k8s.io/v1", "Ingress"),
    ("metallb.io/v1beta1", "IPAddressPool"),
    ("serving.knative.dev/v1", "Service"),
]
KIND = st.sampled_from(KINDS)


def item(api_version: str, kind: str, name: str = "x") -> Item:
    return Item(Ref(kind, "", name, api_version), {}, None, "here")


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (("v1", "Namespace"), ("v1", "ConfigMap")),
        (("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("metallb.io/v1beta1", "IPAddressPool")),
        (("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "RoleBinding")),
        (("v1", "ServiceAccount"), ("apps/v1", "Deployment")),
        (("v1", "Secret"), ("batch/v1", "Job")),
        (("apps/v1", "Deployment"), ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")),
        (("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"), ("networking.k8s.io/v1", "Ingress")),
        (("apps/v1", "Deployment"), ("metallb.io/v1beta1", "IPAddressPool")),
        (("v1", "Service"), ("serving.knative.dev/v1", "Service")),
    ],
)
def test_ground_comes_before_what_stands_on_it(first: tuple[str, str], later: tuple[str, str]) -> None:
    assert stages.stage_of(item(*first)) < stages.stage_of(item(*later))


# Every kind that has a stage, in the order of the stages: a kind that falls out of the table is seen here.
TABLE = [
    "Namespace CustomResourceDefinition.apiextensions.k8s.io",
    "PriorityClass.scheduling.k8s.io RuntimeClass.node.k8s.io StorageClass.storage.k8s.io "
    "IngressClass.networking.k8s.io ClusterRole.rbac.authorization.k8s.io Role.rbac.authorization.k8s.io "
    "ResourceQuota LimitRange PersistentVolume",
    "ClusterRoleBinding.rbac.authorization.k8s.io RoleBinding.rbac.authorization.k8s.io ServiceAccount ConfigMap "
    "Secret PersistentVolumeClaim Service NetworkPolicy.networking.k8s.io",
    "Deployment.apps DaemonSet.apps StatefulSet.apps ReplicaSet.apps ReplicationController Pod Job.batch "
    "CronJob.batch PodDisruptionBudget.policy HorizontalPodAutoscaler.autoscaling",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io "
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
]


def test_table_of_stages_is_whole() -> None:
    assert [set(kinds) for kinds in stages.KINDS.values()] == [set(kinds.split()) for kinds in TABLE]
    assert sum(map(len, stages.KINDS.values())) == sum(len(kinds.split()) for kinds in TABLE)
    assert len(TABLE) == stages.Stage.GUARDED


def test_every_kind_that_each_server_knows_has_a_stage_unless_a_webhook_may_guard_it() -> None:
    guarded = {kind for (api, kind) in WELL_KNOWN if stages.stage_of(item(api, kind)) == stages.Stage.GUARDED}
    assert guarded == {"Ingress", "Node", "PodTemplate"}


@given(st.lists(st.tuples(KIND, st.text("ab", min_size=1)), unique=True))
def test_every_object_is_in_one_stage_and_the_order_of_writing_does_not_matter(
    written: list[tuple[tuple[str, str], str]],
) -> None:
    items = [item(*kind, name) for kind, name in written]
    staged = stages.stages(items)
    assert staged == stages.stages(reversed(items)) or len({one.ref for one in items}) < len(items)
    flat = [one for stage in staged.values() for one in stage]
    assert sorted(map(str, flat)) == sorted(map(str, items))
    numbers = [stages.stage_of(one) for one in flat]
    assert numbers == sorted(numbers)
    assert all(staged.values())
