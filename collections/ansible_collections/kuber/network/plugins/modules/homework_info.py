# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: homework_info
short_description: Find the homework in a learner's folder
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads a folder of manifests, upgrades them as M(kuber.network.upgraded_manifests) does, finds the parts of the
    homework by what they are, and returns what is to be applied and what is to be asked about it.
  - Neither the folder nor a cluster is changed, and no cluster is needed.
  - The folder need not be trusted. Templates in it are not evaluated, and nothing of it is run. The task fails with a
    list of everything that a homework does not need and that could harm the cluster, unless O(allow) accepts it.
  - Objects of MetalLB and ingress-nginx themselves, and the ConfigMap of kube-proxy, are not in RV(objects).
extends_documentation_fragment:
  - kuber.network.attributes.info
  - kuber.network.homework_folder
options:
  not_pulled:
    description: Names of images, without tag, that are not in RV(puller), as others answer in their place.
    type: list
    elements: str
    default: []
  services:
    description: The Services of the cluster after the objects were applied, for RV(checks) and RV(networks).
    type: list
    elements: dict
    default: []
  ingress_address:
    description: The address of the ingress controller, for RV(checks).
    type: str
    default: ""
seealso:
  - module: kuber.network.homework_report
  - module: kuber.network.upgraded_manifests
"""

EXAMPLES = r"""
- name: Read a folder
  kuber.network.homework_info:
    src: ~/kubernetes-networks
  register: folder
"""

RETURN = r"""
edition:
  description: The edition of the homework.
  returned: success
  type: str
  sample: classic
objects:
  description: The objects to apply.
  returned: success
  type: list
  elements: dict
  sample: []
images:
  description: The images of the objects.
  returned: success
  type: list
  elements: str
  sample: ["busybox:1.31.0"]
puller:
  description:
    - A Pod that has each image of the objects as a container with a program that does not exist, so that nothing is
      run. Empty if there are no images.
  returned: success
  type: dict
  sample: {}
notes:
  description: The images that cannot be pulled, and what answers in their place.
  returned: success
  type: list
  elements: str
  sample: ["The cluster cannot pull the image somebody/web:1.0"]
summary:
  description: The status of each row as far as the folder alone decides it.
  returned: success
  type: list
  elements: str
  sample: ["1 Deployment with 3 ready pods"]
checks:
  description: The checks for M(kuber.network.checks); the group of each is its row.
  returned: success
  type: list
  elements: dict
  sample: []
rollout:
  description:
    - The Deployment of the web application (C(name), C(namespace)), a page of it (C(url)), and from where to request it
      (C(from), as in O(kuber.network.rollout#module:probe_from)). Empty if the folder has no strategy or no Service.
  returned: success
  type: dict
  sample: {name: web, namespace: default, url: "http://172.17.255.1:80/index.html", from: controller}
networks:
  description: The networks of the addresses that the Services of the folder have in O(services).
  returned: success
  type: list
  elements: str
  sample: [172.17.255.0/24]
"""
