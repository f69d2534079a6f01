# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kube_proxy
short_description: Manage mode and settings of kube-proxy
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Edits the configuration that kubeadm and minikube keep in the ConfigMap C(kube-proxy) of the namespace
    C(kube-system), and restarts kube-proxy if it does not run what is configured.
  - Each run reads both the configuration and what each node runs, because they may differ. A second
    C(minikube start), for example, resets the configuration with VM drivers and the driver V(ssh), and kube-proxy may
    continue in its old mode until it is restarted.
  - A configuration of the same meaning is not written. If it has to be written, what the options do not mention
    stays, except comments and the order of keys.
  - kube-proxy is restarted if a node runs in another mode, or has started with another configuration.
  - The task ends when every node runs the wanted mode and has written its rules.
  - If kube-proxy crashes repeatedly after the restart, configuration and nodes are rolled back, and the
    task fails with kube-proxy's last log lines.
  - A mode that this version of Kubernetes does not support, or that needs a newer kernel than a node's, is refused
    before anything is changed. M(kuber.network.preflight) also checks the features of the kernel.
  - kube-proxy leaves the rules of its old mode behind; M(kuber.network.node_iptables) removes them.
  - It works through the API server, so run it on C(localhost).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
options:
  state:
    description:
      - V(present) annotates the DaemonSet with the reason of a restart, so that later runs know which configuration it
        has read.
      - V(absent) applies the mode and settings of the other options, and removes the annotations, which
        restarts kube-proxy as well.
    type: str
    choices: [present, absent]
    default: present
  mode:
    description:
      - How kube-proxy balances services. V(keep) leaves the mode unchanged, and accepts a cluster without
        kube-proxy, whose network plugin replaces it.
      - Kubernetes disables V(ipvs) by default in version 1.40 and removes it in 1.43.
    type: str
    default: keep
    choices: [ipvs, iptables, nftables, keep]
  strict_arp:
    description:
      - Whether nodes answer ARP requests only for addresses of the receiving interface (C(ipvs.strictARP)). MetalLB
        requires it in mode V(ipvs), where every node has the addresses of all services.
    type: bool
  scheduler:
    description: How IPVS chooses a pod (C(ipvs.scheduler)).
    type: str
    choices: [rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, mh, fo, ovf]
  settings:
    description:
      - Other fields of C(KubeProxyConfiguration). Mappings are merged with the existing ones, other values replace
        them.
    type: dict
    default: {}
  wait_timeout:
    description:
      - Seconds to wait for all nodes, and again for a rollback. A kube-proxy that does not start is noticed
        immediately.
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
    - The mode of kube-proxy, or in check mode the future one; V(null) in a cluster without kube-proxy.
  returned: success
  type: str
  sample: ipvs
nodes:
  description: The mode of each node.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      type: str
    mode:
      description: The mode, or V(null) if kube-proxy does not answer, which only check mode accepts.
      type: str
    before:
      description: The mode before the task, or V(null) if kube-proxy did not answer.
      type: str
  sample:
    - name: minikube
      mode: ipvs
      before: iptables
reasons:
  description: Why kube-proxy was restarted, or in check mode would be; empty if not.
  returned: success
  type: list
  elements: str
  sample: [minikube runs in mode iptables, minikube-m02 has not read the configuration]
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
      description: V(configured), or V(restarted) for what runs on a node.
      type: str
    fields:
      description: The fields of the configuration that differ; V(configuration) if a node has not read it.
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
      description: The mode before.
      type: list
      elements: str
    added:
      description: The mode after.
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
