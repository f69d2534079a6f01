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
    C(minikube start), for one, resets the configuration with VM drivers and the driver V(ssh), and kube-proxy may go
    on in its old mode until it is restarted.
  - A configuration that means the same is not written, and where it has to be written, what the options do not mention
    stays, but for comments and the order of keys.
  - kube-proxy is restarted when a node runs in another mode, or has started with another configuration.
  - Ends when every node runs the wanted mode and has written its rules.
  - When kube-proxy ends again and again after the restart, configuration and nodes go back to what they were, and the
    module fails with kube-proxy's last words.
  - A mode that this version of Kubernetes does not have, or that needs a newer kernel than a node's, is refused before
    anything is changed. M(kuber.network.preflight) looks at the parts of the kernel, too.
  - kube-proxy leaves the rules of its old mode behind; M(kuber.network.node_iptables) removes them.
  - Works on the API server, so run it on C(localhost).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
options:
  state:
    description:
      - V(present) notes on the DaemonSet what kube-proxy was restarted for, so that later runs can tell what it has
        read.
      - V(absent) gives kube-proxy back, with the mode and settings of the other options. It takes the notes away, which
        restarts kube-proxy, too.
    type: str
    choices: [present, absent]
    default: present
  mode:
    description:
      - How kube-proxy balances services. V(keep) leaves the mode as it is, and puts up with a cluster that has no
        kube-proxy because its network plugin does the work.
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
    description:
      - How many seconds to wait for all nodes, and again for going back. It is noticed at once that kube-proxy does not
        start.
    type: int
    default: 300
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
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
  description:
    - The mode that kube-proxy runs in, or in check mode would; V(null) in a cluster without kube-proxy.
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
    before:
      description: The mode when the task began, or V(null) when kube-proxy did not answer.
      type: str
  sample:
    - name: minikube
      mode: ipvs
      before: iptables
reasons:
  description: Why kube-proxy was restarted, or in check mode would be; empty when it was not.
  returned: success
  type: list
  elements: str
  sample: [minikube runs in mode iptables, minikube-m02 has not read the configuration]
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
      description: V(configured), or V(restarted) for what runs on a node.
      type: str
    fields:
      description: The fields of the configuration that differ; V(configuration) where a node has not read it.
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
      description: The mode that a node runs in.
      type: list
      elements: str
    added:
      description: The mode that it shall run in.
      type: list
      elements: str
  sample:
    - thing: ConfigMap kube-system/kube-proxy
      action: configured
      fields:
        - field: data[config.conf].mode
          manager: kubectl-edit
          time: "2026-11-24T11:57:00Z"
      removed: []
      added: []
"""
