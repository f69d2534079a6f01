# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_labels
short_description: Labels of the nodes of a cluster
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Gives nodes labels or takes them away, one request for each node that differs. Other labels are left alone.
  - Works on the API server, so run it on C(localhost).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
options:
  label_selector:
    description:
      - Which nodes, as C(kubectl --selector) has it, such as V(node-role.kubernetes.io/control-plane).
      - Without it all nodes. When no node is selected there is nothing to do.
    type: str
  labels:
    description:
      - Names and values of labels.
      - A label without a value (V(null)) is taken away. An empty value is a value.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Let MetalLB announce from control planes
  kuber.network.node_labels:
    label_selector: node-role.kubernetes.io/control-plane
    labels:
      node.kubernetes.io/exclude-from-external-load-balancers: null
"""

RETURN = r"""
nodes:
  description: Names of the selected nodes.
  returned: success
  type: list
  elements: str
  sample: [minikube]
changes:
  description: The nodes that differed, each with the labels in question.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    before:
      description: The labels as they were; V(null) for one that was not there.
      type: dict
    after:
      description: The labels as they are now; V(null) for one that is gone.
      type: dict
  sample:
    - node: minikube
      before: {node.kubernetes.io/exclude-from-external-load-balancers: ""}
      after: {node.kubernetes.io/exclude-from-external-load-balancers: null}
drift:
  description:
    - What was not as it should be and was changed, or in check mode would be, in the form that all modules of this
      collection share. The callback P(kuber.network.drift_report#callback) makes its report of it.
  returned: success
  type: list
  elements: dict
  contains:
    thing:
      description: What it is.
      type: str
    action:
      description: V(configured).
      type: str
    fields:
      description: The labels that differ.
      type: list
      elements: dict
      contains:
        field:
          description: Where it is.
          type: str
        manager:
          description: Who had set it, when that was somebody else and the API server knows it.
          type: str
        time:
          description: When that manager last wrote to the object.
          type: str
    removed:
      description: Always empty here.
      type: list
      elements: str
    added:
      description: Always empty here.
      type: list
      elements: str
  sample:
    - thing: Node minikube
      action: configured
      fields:
        - field: metadata.labels[node.kubernetes.io/exclude-from-external-load-balancers]
          manager: kubectl-label
          time: "2026-11-24T11:57:00Z"
      removed: []
      added: []
"""
