# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_path_info
short_description: Follow a request hop by hop to the pods that answer it
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Follows the path of a request, from the name and the route of the machine that runs Ansible over the address of a
    Service, the rules of the node's kernel (iptables, IPVS or nftables, whatever kube-proxy runs in), the rule of an
    Ingress and its canary, down to every pod with its share of the requests.
  - At the first broken hop it reports what is wrong and how to fix it. The hops after it are shown as well.
  - Prints the path as a tree, and returns it as data and as an HTML page with a picture.
  - Sends no request along that path and changes nothing. To find out whether the pods listen, it opens a TCP connection
    to each of them from the node.
  - On the node the path begins where a packet begins, at the first hook of the kernel. Other programs' rules count as
    well, and so do the interface on which the packet arrives and its source address
    (C(loadBalancerSourceRanges)).
  - What could not be read or decided is V(unknown), and then the path is not reported as complete.
  - The path is that of a new connection from the machine that runs Ansible, or with O(from=host) from the node.
    Requests to what is only known inside the cluster (the address of a Service of type C(ClusterIP), a pod) are
    followed from the node.
  - The Ingress of a request is determined as ingress-nginx does it. With another controller the path ends at its pods.
extends_documentation_fragment:
  - kuber.network.attributes.info
requirements:
  - kubernetes
  - urllib3
  - PyYAML
notes:
  - Run it on the node at which the requests enter. The node needs a shell and root, but no Python; C(curl) to probe the
    pods, and C(ipset) or C(nft) only if the container of kube-proxy cannot be entered.
  - The API server, C(/etc/hosts), the name servers and the route are read from the machine that runs Ansible.
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file.
      - The default are the files in the environment variable E(KUBECONFIG), or C(~/.kube/config).
    type: path
  context:
    description: The context of the kubeconfig to use. Without it, the current one.
    type: str
  target:
    description:
      - The destination. A URL with C(http://) or C(https://), C(tcp://HOST:PORT), C(udp://HOST:PORT),
        C(HOST:PORT) (TCP), or C(service NAMESPACE/NAME[:PORT]), whose first port is the default.
      - C(HOST) is a name or an address, of a Service, a node (with a node port) or a pod.
    type: str
    required: true
  headers:
    description: Headers of the request, which may select a canary. The header C(Cookie) contains cookies.
    type: dict
    default: {}
  node:
    description:
      - The name of the node that the task's host is. Without it, the name of the host in the inventory.
      - With O(through=pod), the node to look at. Without it, the first control plane.
    type: str
  through:
    description:
      - How the rules of the node are read. V(connection) runs commands on the task's host.
      - V(pod) runs them in the container of kube-proxy, by the API server as C(kubectl exec), for nodes without SSH.
        The task's host may be any then. That container need not have a shell, so that a part may be V(unknown).
    type: str
    choices: [connection, pod]
    default: connection
  pod_image:
    description:
      - With O(through=pod), an image that is on the node and has C(sleep) and C(chroot), such as C(busybox:1.31.0). A
        privileged pod of it lives in the namespace C(kube-system) for as long as the task, and sees the node as root
        does.
      - Without it, no pod is made.
    type: str
    default: ""
  from:
    description:
      - Who sends the request. V(controller) is the machine that runs Ansible.
      - V(host) is the node, for machines without a route to it. Names lead to the address that their Ingress has,
        whatever they lead to on the machine that runs Ansible.
    type: str
    choices: [controller, host]
    default: controller
  show:
    description: Whether to print the path as a tree.
    type: bool
    default: true
seealso:
  - module: kuber.network.checks
    description: Checks that requests are answered; this module explains how they get there.
"""

EXAMPLES = r"""
- name: Follow a request through the ingress
  kuber.network.service_path_info:
    target: http://example.app.org/web/index.html
  register: trace

- name: Save the picture
  ansible.builtin.copy:
    content: "{{ trace.html }}"
    dest: /tmp/trace.html
    mode: "0644"
  delegate_to: localhost

- name: Follow the requests of the canary
  kuber.network.service_path_info:
    target: http://example.app.org/test-webapp
    headers:
      mtest: "true"

- name: Show the pods of a Service with their shares
  kuber.network.service_path_info:
    target: service default/web-svc-cip

- name: Follow a query to CoreDNS
  kuber.network.service_path_info:
    target: udp://172.17.255.2:53

- name: Fail if a load balancer cannot be reached, with the reason
  kuber.network.service_path_info:
    target: 172.17.255.1:80
    show: false
  register: trace
  failed_when: not trace.whole
"""

RETURN = r"""
target:
  description: The target as parsed.
  returned: success
  type: str
  sample: http://example.app.org/web/index.html
whole:
  description: Whether every hop could be examined and none is broken.
  returned: success
  type: bool
  sample: false
broken:
  description: The first broken hop; V(null) if the path is complete.
  returned: success
  type: dict
  contains:
    kind:
      description: The kind of the hop, as in RV(path.kind).
      returned: success
      type: str
      sample: route
    name:
      description: Its name.
      returned: success
      type: str
      sample: 172.17.255.0/24
    what:
      description: What is wrong.
      returned: success
      type: str
      sample: This machine has no route to 172.17.255.1 (Network is unreachable)
    remedy:
      description: How to fix it.
      returned: success
      type: str
      sample: "As root: `ip route replace 172.17.255.0/24 via 192.168.99.134 proto 107`"
unknown:
  description:
    - The first hop that could not be examined, or whose rules could not be read in full; V(null) if there is none,
      or if a hop is broken.
  returned: success
  type: dict
  contains:
    kind:
      description: The kind of the hop, as in RV(path.kind).
      returned: success
      type: str
      sample: rules
    name:
      description: Its name.
      returned: success
      type: str
      sample: iptables TCP 172.17.255.1:80
    what:
      description: Why it is uncertain.
      returned: success
      type: str
      sample: "iptables-save cannot print all of table nat, which another program wrote: use `nft list table ip nat`"
path:
  description: The first hop. Each hop has the same fields, and RV(path.children) are the next ones.
  returned: success
  type: dict
  contains:
    kind:
      description:
        - The kind of the hop, one of V(request), V(name), V(route), V(service), V(rules) (of the node's kernel),
          V(ingress) (the controller), V(rule) (of an Ingress) and V(pod).
      returned: success
      type: str
      sample: service
    name:
      description: Its name.
      returned: success
      type: str
      sample: default/web-svc-lb
    health:
      description:
        - V(ok), V(broken) (requests end here), V(idle) (no requests come here, and the path is complete without it) or
          V(unknown) (it could not be examined).
      returned: success
      type: str
      sample: ok
    facts:
      description: Facts about it, as pairs of C(label) and C(text).
      returned: success
      type: list
      elements: dict
      sample: [{label: address, text: 172.17.255.1}]
    trouble:
      description: What is wrong (C(what)) and how to fix it (C(remedy)); V(null) if nothing is.
      returned: success
      type: dict
    share:
      description: Its share of the previous hop's requests; V(null) is all of them.
      returned: success
      type: float
      sample: 0.333333
    children:
      description: The next hops; more than one where requests are distributed.
      returned: success
      type: list
      elements: dict
lines:
  description: The tree, without colours.
  returned: success
  type: list
  elements: str
html:
  description: The path as a self-contained HTML page with a picture.
  returned: success
  type: str
"""
