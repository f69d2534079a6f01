# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Find out whether a cluster exists and answers
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Sends one request to the API server, and returns why there is no answer, if so. The task does not fail.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
options:
  profile:
    description: The minikube profile of the cluster. Empty for a cluster without minikube.
    type: str
    default: ""
  minikube_home:
    description:
      - Directory of minikube, with C(profiles/) in it.
      - The default is the one in the environment variable E(MINIKUBE_HOME), or C(~/.minikube).
    type: path
  choices:
    description:
      - Variables of a run with their values, such as C(ingress_controller) with V(nginx).
      - They are compared with what the cluster was switched to, which is recorded in C(kube-system).
    type: dict
    default: {}
  switch:
    description: Whether the run may switch the cluster back, so that nothing is compared.
    type: bool
    default: false
seealso:
  - module: kuber.network.preflight
    description: Checks everything, and fails if something is wrong.
"""

EXAMPLES = r"""
- name: Find out whether the cluster answers
  kuber.network.cluster_info:
    context: minikube
    profile: minikube
  register: cluster

- name: Stop if it does not
  ansible.builtin.fail:
    msg: "{{ cluster.problem }}"
  when: not cluster.answers
"""

RETURN = r"""
answers:
  description: Whether the API server answers.
  returned: success
  type: bool
  sample: false
gone:
  description: Whether the minikube profile does not exist (any longer). Nothing can be left in such a cluster.
  returned: success
  type: bool
  sample: true
problem:
  description: Why there is no answer, with the remedy; empty if there is one.
  returned: success
  type: str
  sample: >-
    minikube has no profile minikube (there is no /home/me/.minikube/profiles/minikube/config.json). `minikube start
    --profile minikube` makes it.
undone:
  description:
    - For each of O(choices) that contradicts a record, what was recorded and what to do.
    - Empty if the records may not be read.
  returned: success
  type: list
  elements: str
  sample: []
server:
  description: URL of the API server; empty without an answer.
  returned: success
  type: str
  sample: https://192.168.99.134:8443
kubernetes_version:
  description: Its version; empty without an answer.
  returned: success
  type: str
  sample: v1.37.2
"""
