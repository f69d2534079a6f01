# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: Live Kubernetes objects
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads objects of one kind from a cluster.
  - An object that does not exist is no error; a kind that does not exist is one.
  - Secrets are returned as they are, for other tasks, but not shown, however many C(-v) there are.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
requirements:
  - jmespath
options:
  kind:
    description: Kind of the objects, written as in manifests, such as V(Deployment).
    type: str
    required: true
  api_version:
    description: Group and version of the kind, needed only if two groups have a kind of that name.
    type: str
    aliases: [apiVersion]
  name:
    description: Name of the only object to read.
    type: str
  namespace:
    description:
      - Namespace of the objects. Without it, all namespaces; with O(name), that of the context.
    type: str
  label_selector:
    description: Which objects, as C(kubectl --selector) has it.
    type: str
  query:
    description:
      - A JMESPath expression over the list of objects. Also with O(name), a list of one, or none.
    type: str
seealso:
  - module: kuber.network.manifests
"""

EXAMPLES = r"""
- name: Read the addresses that services have been given
  kuber.network.manifests_info:
    kind: Service
    query: "[?spec.type=='LoadBalancer'].{name: metadata.name, address: status.loadBalancer.ingress[0].ip}"
  register: services

- name: Read one object
  kuber.network.manifests_info:
    kind: ConfigMap
    name: kube-proxy
    namespace: kube-system
  register: configuration
"""

RETURN = r"""
objects:
  description: The objects, without the record of who manages their fields.
  returned: success
  type: list
  elements: dict
  sample:
    - apiVersion: v1
      kind: ConfigMap
      metadata:
        name: kube-proxy
        namespace: kube-system
result:
  description: What the query makes of the objects; without O(query), nothing.
  returned: success
  type: raw
  sample:
    - name: web-svc-lb
      address: 172.17.255.1
"""
