# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_labels
short_description: Manage labels of nodes
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Adds labels to nodes or removes them, with one request per node that differs. Other labels are left alone.
  - It works through the API server, so run it on C(localhost).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
options:
  label_selector:
    description:
      - Selects nodes, as C(kubectl --selector), such as V(node-role.kubernetes.io/control-plane).
      - The default is all nodes. If none is selected, nothing is done.
    type: str
  labels:
    description:
      - Names and values of labels.
      - A label without a value (V(null)) is removed. An empty string is a value.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Allow MetalLB to announce from control planes
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
  description: The nodes that differed, with the labels in question.
  returned: success
  type: list
  elements: dict
  contains:
    node:
      description: Name of the node.
      type: str
    before:
      description: The old labels; V(null) for a missing one.
      type: dict
    after:
      description: The new labels; V(null) for a removed one.
      type: dict
  sample:
    - node: minikube
      before: {node.kubernetes.io/exclude-from-external-load-balancers: ""}
      after: {node.kubernetes.io/exclude-from-external-load-balancers: null}
drift:
  description:
    - What differed and was changed, or in check mode would be, in the form common to all modules of this
      collection. The callback P(kuber.network.drift_report#callback) builds its report from it.
  returned: success
  type: list
  elements: dict
  contains:
    thing:
      description: The thing.
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
          description: Path of the field.
          type: str
        manager:
          description: The field manager that had set it, if it was another one and is known.
          type: str
        time:
          description: When that manager last wrote the object.
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
