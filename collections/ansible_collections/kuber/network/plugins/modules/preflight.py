# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Refuse what cannot work before anything is changed
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Looks at the settings, at this machine and at the cluster, and fails with all findings in one message.
  - About the cluster it finds a kubeconfig or context that cannot be used, an API server that does not answer, a
    context of another cluster than the minikube profile's, a kube-proxy that is missing or cannot
      be configured, and a mode that this Kubernetes or the kernel of a node does not have (any more).
  - About this machine it finds an unknown profile, a running C(minikube tunnel), addons of minikube that do the same
    work, nodes that cannot be worked on, a route that cannot be set, would cut something off or would not be used, and
    missing rights. Root tries whether it may change routes and the hosts file, without changing them.
  - About the addresses it finds a pool that is no range of addresses, that overlaps the networks of services or pods or
    that holds addresses in use (the machine's own, gateways, name servers, neighbours), addresses outside the pool, and
    a route that does not lead to it.
  - Changes nothing.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
options:
  profile:
    description: The minikube profile that is meant. Empty for a cluster that is not minikube's.
    type: str
    default: ""
  minikube_home:
    description:
      - Directory of minikube, with C(profiles/) in it.
      - Without it, the one that the environment variable E(MINIKUBE_HOME) names, or C(~/.minikube).
    type: path
  profile_addresses:
    description: Addresses of the profile's nodes. One of them has to be a node of the cluster.
    type: list
    elements: str
    default: []
  addons:
    description: The addons of minikube that are enabled.
    type: list
    elements: str
    default: []
  tunnel_pids:
    description: Processes of C(minikube tunnel) that are alive.
    type: list
    elements: int
    default: []
  nodes:
    description: The nodes, and what went wrong when a command was run on them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      problem:
        description: Why no command can be run there. Empty when it can.
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
    description: The mode that kube-proxy shall get, V(ipvs), V(iptables), V(nftables) or V(keep).
    type: str
    default: keep
  proxy_settings:
    description: Further fields of its configuration; the feature gates among them decide which modes it has.
    type: dict
    default: {}
  pool:
    description: Ranges of addresses for load balancers, as C(first-last) or C(network/bits).
    type: list
    elements: str
    default: []
  addresses:
    description: Names of services, and the addresses out of the pool that they shall get. Empty ones are left out.
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
  via:
    description:
      - Next hop of O(route). With it, or with O(route_nodes), the route is looked at, and root is asked for only if it
        has to be changed.
    type: str
    default: ""
  route_nodes:
    description:
      - Addresses of the nodes that O(route) leads to, as with O(kuber.network.static_route#module:nodes). Left out
        where O(via) is given.
    type: list
    elements: str
    default: []
  take_over:
    description:
      - Whether the route may take the place of somebody else's, as with
        O(kuber.network.static_route#module:take_over).
    type: bool
    default: false
  persistent:
    description:
      - Whether the route shall come back after restarts, as with O(kuber.network.static_route#module:persistent).
    type: bool
    default: false
  names:
    description:
      - Lines that the hosts file shall have, as with O(kuber.network.hosts_entries#module:entries). Root is asked for
        only if they are not there.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An address.
        type: str
        required: true
      names:
        description: Names that lead to it.
        type: list
        elements: str
        required: true
seealso:
  - module: kuber.network.checks
  - module: kuber.network.node_kernel_info
"""

EXAMPLES = r"""
- name: Refuse what cannot work
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
notes:
  description: How this machine reaches the addresses of load balancers, in words.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      172.17.255.0/24 is on-link on br-5f2a, in whose network all nodes are (192.168.49.2, 192.168.49.3): the node that
      MetalLB chooses for an address answers there itself
"""
