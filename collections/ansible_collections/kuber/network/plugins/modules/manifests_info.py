# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: Read live Kubernetes objects
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads objects of one kind from a cluster.
  - A missing object is not an error; an unknown kind is.
  - Secrets are returned in full, for other tasks, but never shown, not even with C(-v).
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
      - Namespace of the objects. The default is all namespaces, or with O(name) that of the context.
    type: str
  label_selector:
    description: Selects objects, as C(kubectl --selector).
    type: str
  query:
    description:
      - A JMESPath expression for the list of objects. With O(name) the list has one object or none.
    type: str
seealso:
  - module: kuber.network.manifests
"""

EXAMPLES = r"""
- name: Read the addresses of services
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
  description: The objects, without C(managedFields).
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
  description: The result of O(query).
  returned: success
  type: raw
  sample:
    - name: web-svc-lb
      address: 172.17.255.1
"""
