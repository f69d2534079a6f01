# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Check settings, machine and cluster before anything is changed
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Checks the settings, this machine and the cluster, and fails with all findings in one message.
  - In the cluster it finds an unusable kubeconfig or context, an API server that does not answer, a
    context of another cluster than the minikube profile's, nodes that are not ready, a kube-proxy that is missing or
    cannot be configured, and a mode that this Kubernetes or the kernel of a node does not support.
  - On this machine it finds an unknown profile, a running C(minikube tunnel), addons of minikube that do the same work,
    nodes on which commands cannot be run, a route that cannot be set, would cut something off or would not be used, and
    missing rights. Root tests its rights to change routes and the hosts file, without changing them.
  - Among the addresses it finds a pool that is invalid, that overlaps the networks of services or pods or that contains
    addresses in use (the machine's own, gateways, name servers, neighbours), addresses outside the pool, and a route
    that does not cover it.
  - Changes nothing.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
options:
  profile:
    description: The minikube profile. Empty for a cluster without minikube.
    type: str
    default: ""
  minikube_home:
    description:
      - Directory of minikube, with C(profiles/) in it.
      - The default is the one in the environment variable E(MINIKUBE_HOME), or C(~/.minikube).
    type: path
  profile_addresses:
    description: Addresses of the profile's nodes. One of them must be a node of the cluster.
    type: list
    elements: str
    default: []
  addons:
    description: The enabled addons of minikube.
    type: list
    elements: str
    default: []
  tunnel_pids:
    description: Running processes of C(minikube tunnel).
    type: list
    elements: int
    default: []
  nodes:
    description: The nodes, and the result of running a command on them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      problem:
        description: Why commands cannot be run there. Empty if they can.
        type: str
        default: ""
      kernel:
        description: Release of its kernel, as RV(kuber.network.node_kernel_info#module:release).
        type: str
        default: ""
      missing:
        description: What its kernel lacks, by mode, as RV(kuber.network.node_kernel_info#module:missing).
        type: dict
        default: {}
  proxy_mode:
    description: The wanted mode of kube-proxy, V(ipvs), V(iptables), V(nftables) or V(keep).
    type: str
    default: keep
  proxy_settings:
    description: Further fields of its configuration; the feature gates among them determine its modes.
    type: dict
    default: {}
  wait_timeout:
    description: Seconds that nodes have to become ready, such as those that were started a moment ago.
    type: float
    default: 30
  ingress_nginx:
    description: Version of ingress-nginx, for RV(endings). Empty if it is not used.
    type: str
    default: ""
  gateway_api:
    description:
      - Version of the kinds of Gateway API (standard channel) that is wanted. Empty if they are not used.
      - Kinds of another version or channel on the cluster are refused, since others may use them.
    type: str
    default: ""
  gateway_class:
    description: Name of the GatewayClass for O(gateway_api). One that others have made is refused.
    type: str
    default: ""
  pool:
    description: Ranges of addresses for load balancers, as C(first-last) or C(network/bits).
    type: list
    elements: str
    default: []
  addresses:
    description: Names of services with their wanted addresses from the pool. Empty addresses are skipped.
    type: dict
    default: {}
  route:
    description: Destination of the route from this machine to the pool. Empty for no route.
    type: str
    default: ""
  images:
    description:
      - Names of settings, and the images in them. One that is known not to be made for the processor of a node is a
        warning.
    type: dict
    default: {}
  choices:
    description:
      - Variables that a switch changes (C(ingress_controller), C(traffic_api), C(kube_proxy_mode)), with their values.
        One that differs from what is recorded on the cluster is refused. V(keep) never differs.
      - A switch is recorded under C(value) in a ConfigMap of the namespace C(kube-system), such as
        C(kuber-network-ingress-controller).
    type: dict
    default: {}
  switch:
    description: Whether O(choices) may differ from what is recorded.
    type: bool
    default: false
  via:
    description:
      - Next hop of O(route). With it, or with O(route_nodes), the route is checked, and root is needed only if it
        has to be changed.
    type: str
    default: ""
  route_nodes:
    description:
      - Addresses of the nodes that O(route) leads to, as with O(kuber.network.static_route#module:nodes). Ignored
        if O(via) is given.
    type: list
    elements: str
    default: []
  take_over:
    description:
      - Whether the route may replace another program's, as with
        O(kuber.network.static_route#module:take_over).
    type: bool
    default: false
  persistent:
    description:
      - Whether the route is persistent, as with O(kuber.network.static_route#module:persistent).
    type: bool
    default: false
  names:
    description:
      - Wanted entries of the hosts file, as with O(kuber.network.hosts_entries#module:entries). Root is needed
        only if they are missing.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An address.
        type: str
        required: true
      names:
        description: Its names.
        type: list
        elements: str
        required: true
seealso:
  - module: kuber.network.checks
  - module: kuber.network.node_kernel_info
"""

EXAMPLES = r"""
- name: Check settings, machine and cluster
  kuber.network.preflight:
    context: minikube
    profile: minikube
    profile_addresses: [192.168.99.134]
    proxy_mode: ipvs
    pool: [172.17.255.1-172.17.255.255]
    addresses:
      web-svc-lb: 172.17.255.1
      ingress-nginx: 172.17.255.3
    route: 172.17.255.0/24
    via: 192.168.99.134
    names:
      - address: 172.17.255.3
        names: [example.app.org]
"""

RETURN = r"""
server:
  description: The API server.
  returned: success
  type: str
  sample: https://192.168.99.134:8443
context:
  description: The context that was used.
  returned: success
  type: str
  sample: minikube
kubernetes_version:
  description: Version of the API server.
  returned: success
  type: str
  sample: v1.37.2
endings:
  description:
    - What of the settings ends with a coming version of Kubernetes, or has ended, each with what to move on to and the
      source.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      kube-proxy's mode ipvs is deprecated since 1.35, subject to the feature gate KubeProxyIPVS since 1.37, off by
      default from 1.40 on, removed from 1.43 on (this is v1.37.2). Set kube_proxy_mode to nftables (to iptables before
      Linux 5.13), and run site.yml (https://github.com/kubernetes/enhancements/issues/5495)
notes:
  description: How this machine reaches the addresses of load balancers.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      172.17.255.0/24 is on-link on br-5f2a, whose network contains all nodes (192.168.49.2, 192.168.49.3): the node
      that MetalLB chooses for an address answers there directly
"""
