# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_proxy
short_description: Mode and settings of kube-proxy
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Edits the configuration that kubeadm and minikube keep in the ConfigMap C(kube-proxy) of the namespace
    C(kube-system), and restarts kube-proxy when it does not run what is configured.
  - Both are looked at in every run, the configuration and what each node runs, because they need not agree. A second
    C(minikube start), for one, resets the configuration while kube-proxy goes on in its old mode until it is restarted.
  - A configuration that means the same is not written. What the options do not mention stays.
  - Ends when every node runs the wanted mode and has written its rules.
  - kube-proxy leaves the rules of its old mode behind; M(kuber.network.node_iptables) removes them.
  - Works on the API server, so run it on C(localhost).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
options:
  mode:
    description:
      - How kube-proxy balances services. V(keep) leaves the mode as it is.
      - Kubernetes switches V(ipvs) off by default in version 1.40 and removes it in 1.43.
    type: str
    default: keep
    choices: [ipvs, iptables, nftables, keep]
  strict_arp:
    description:
      - Whether nodes answer ARP requests only for addresses of the very interface (C(ipvs.strictARP)). MetalLB asks for
        it in mode V(ipvs), where every node carries the addresses of all services.
    type: bool
  scheduler:
    description: How IPVS chooses a pod (C(ipvs.scheduler)).
    type: str
    choices: [rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, mh, fo, ovf]
  settings:
    description:
      - Anything else of C(KubeProxyConfiguration). Mappings are merged into what is there, other values replace it.
    type: dict
    default: {}
  wait_timeout:
    description: How many seconds to wait for all nodes. kube-proxy that does not start at all is reported at once.
    type: int
    default: 300
seealso:
  - module: kuber.network.node_iptables
"""

EXAMPLES = r"""
- name: Balance services with IPVS
  kuber.network.kube_proxy:
    context: minikube
    mode: ipvs
    strict_arp: true
    settings:
      conntrack:
        maxPerCore: 0
"""

RETURN = r"""
mode:
  description: The mode that kube-proxy runs in, or in check mode would.
  returned: success
  type: str
  sample: ipvs
nodes:
  description: The same by node.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      type: str
    mode:
      description: The mode, or V(null) when kube-proxy does not answer, which only check mode puts up with.
      type: str
  sample:
    - name: minikube
      mode: ipvs
reasons:
  description: Why kube-proxy was restarted, or in check mode would be; empty when it was not.
  returned: success
  type: list
  elements: str
  sample: [minikube runs in mode iptables, the configuration has changed]
"""
