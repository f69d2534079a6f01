# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.readiness import State, verdict

UNSEEN = "its controller has not seen the change yet"


def workload(kind: str, spec: dict[str, t.Any], status: dict[str, t.Any], api: str = "apps/v1") -> dict[str, t.Any]:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", "generation": 2},
        "spec": spec,
        "status": {"observedGeneration": 2, **status},
    }


def condition(kind: str, status: str, **more: str) -> dict[str, t.Any]:
    return {"conditions": [{"type": kind, "status": status, **more}]}


# ruff: noqa: E501
CASES: list[tuple[str, dict[str, t.Any], State, str]] = [
    ("done", workload("Deployment", {"replicas": 3}, {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}), State.READY, ""),
    ("scaled to nothing", workload("Deployment", {"replicas": 0}, {}), State.READY, ""),
    ("default of one replica", workload("Deployment", {}, {"updatedReplicas": 1}), State.PENDING, "0 of 1 pods are available"),
    ("not seen", workload("Deployment", {"replicas": 3}, {"observedGeneration": 1, "updatedReplicas": 3, "availableReplicas": 3}), State.PENDING, UNSEEN),
    ("no status at all", workload("Deployment", {"replicas": 3}, {"observedGeneration": 0}), State.PENDING, UNSEEN),
    ("new version half way", workload("Deployment", {"replicas": 3}, {"replicas": 4, "updatedReplicas": 1, "availableReplicas": 3}), State.PENDING, "1 of 3 pods are of the new version"),
    ("new pods not ready", workload("Deployment", {"replicas": 3}, {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 1}), State.PENDING, "1 of 3 pods are available"),
    ("old pods left", workload("Deployment", {"replicas": 3}, {"replicas": 4, "updatedReplicas": 3, "availableReplicas": 4}), State.PENDING, "1 pods of the old version are left"),
    ("deadline exceeded", workload("Deployment", {"replicas": 3}, condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="too slow")), State.STUCK, "too slow"),
    ("daemons everywhere", workload("DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}), State.READY, ""),
    ("no node wants it", workload("DaemonSet", {}, {"desiredNumberScheduled": 0}), State.READY, ""),
    ("old daemons", workload("DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}), State.PENDING, "1 of 2 pods are of the new version"),
    ("old daemons that wait for deletion", workload("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, {"desiredNumberScheduled": 2, "numberAvailable": 2}), State.READY, ""),
    ("daemons not available", workload("DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2}), State.PENDING, "0 of 2 pods are available"),
    ("set complete", workload("StatefulSet", {"replicas": 2}, {"readyReplicas": 2, "updatedReplicas": 2}), State.READY, ""),
    ("set half ready", workload("StatefulSet", {"replicas": 2}, {"readyReplicas": 1, "updatedReplicas": 2}), State.PENDING, "1 of 2 pods are ready"),
    ("set with a partition", workload("StatefulSet", {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}, {"readyReplicas": 3, "updatedReplicas": 1}), State.READY, ""),
    ("job done", workload("Job", {}, condition("Complete", "True"), "batch/v1"), State.READY, ""),
    ("job suspended", workload("Job", {"suspend": True}, {}, "batch/v1"), State.READY, ""),
    ("job running", workload("Job", {"completions": 2}, {"succeeded": 1}, "batch/v1"), State.PENDING, "1 of 2 runs have succeeded"),
    ("job failed", workload("Job", {}, condition("Failed", "True", reason="BackoffLimitExceeded", message="too often"), "batch/v1"), State.FAILED, "BackoffLimitExceeded: too often"),
    ("pod ready", workload("Pod", {}, condition("Ready", "True") | {"phase": "Running"}, "v1"), State.READY, ""),
    ("pod done", workload("Pod", {}, condition("Ready", "False") | {"phase": "Succeeded"}, "v1"), State.READY, ""),
    ("pod failed", workload("Pod", {}, {"phase": "Failed", "reason": "Evicted", "message": "disk"}, "v1"), State.FAILED, "Evicted: disk"),
    ("pod new", workload("Pod", {}, {}, "v1"), State.PENDING, "its phase is Pending"),
    ("namespace", workload("Namespace", {}, {"phase": "Active"}, "v1"), State.READY, ""),
    ("namespace that goes", workload("Namespace", {}, {"phase": "Terminating"}, "v1"), State.PENDING, "its phase is Terminating"),
    ("service inside", workload("Service", {"type": "ClusterIP"}, {}, "v1"), State.READY, ""),
    ("service with address", workload("Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "172.17.255.1"}]}}, "v1"), State.READY, ""),
    ("service without", workload("Service", {"type": "LoadBalancer"}, {"loadBalancer": {}}, "v1"), State.PENDING, "no load balancer has given it an address"),
    ("kind", workload("CustomResourceDefinition", {}, condition("Established", "True"), "apiextensions.k8s.io/v1"), State.READY, ""),
    ("kind too new", workload("CustomResourceDefinition", {}, {}, "apiextensions.k8s.io/v1"), State.PENDING, "it is not established yet"),
    ("kind with a taken name", workload("CustomResourceDefinition", {}, condition("NamesAccepted", "False", reason="PluralConflict", message="taken"), "apiextensions.k8s.io/v1"), State.FAILED, "PluralConflict: taken"),
    ("kind without a rule", workload("ConfigMap", {}, {}, "v1"), State.READY, ""),
    ("service of another group", workload("Service", {"type": "LoadBalancer"}, {}, "serving.knative.dev/v1"), State.READY, ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "state", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_state_and_reason(body: dict[str, t.Any], state: State, text: str) -> None:
    found = verdict(body)
    assert (found.state, found.text) == (state, text)
