# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_mode_report
short_description: Report what becomes of everything when the mode of kube-proxy changes
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Says for a switch from the running mode of kube-proxy to another one what V(works the same), what V(changes), what
    V(stops), and what V(could not be checked), with the reason.
  - Looks at Services and DaemonSets, the configuration and the counters of kube-proxy, and at what
    M(kuber.network.node_proxy_info) has read on each node. Nodes of the cluster that are not among them are in the
    report as not checked.
  - The verdicts come from the code of kube-proxy 1.37 and from Kubernetes' own page about the migration to nftables.
  - Changes nothing.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
options:
  to:
    description: The mode to switch to.
    type: str
    required: true
    choices: [ipvs, iptables, nftables]
  nodes:
    description:
      - RV(kuber.network.node_proxy_info#module:facts) of each node. A node that did not answer has only C(name) and
        C(problem), which is the reason.
    type: list
    elements: dict
    default: []
  accept_stops:
    description: Whether RV(objections) are to be without what stops working. What makes the switch impossible stays.
    type: bool
    default: false
  show:
    description: Whether to print the report.
    type: bool
    default: true
seealso:
  - module: kuber.network.node_proxy_info
  - module: kuber.network.kube_proxy
"""

EXAMPLES = r"""
- name: Read what depends on the mode of kube-proxy
  kuber.network.node_proxy_info:
  delegate_to: minikube
  register: node

- name: Report what a switch to nftables would change
  kuber.network.proxy_mode_report:
    to: nftables
    nodes: ["{{ node.facts }}"]
  register: report

- name: Stop before something stops
  ansible.builtin.assert:
    that: report.objections == []
    fail_msg: "{{ report.objections | join('\n') }}"
"""

RETURN = r"""
before:
  description: The mode that runs now. If nodes run in several, one that is not O(to).
  returned: success
  type: str
  sample: ipvs
to:
  description: The mode of the report.
  returned: success
  type: str
  sample: nftables
lines:
  description: The report, those of the cluster first. Empty if RV(before) and RV(to) are equal.
  returned: success
  type: list
  elements: dict
  contains:
    topic:
      description: What the line is about.
      type: str
    verdict:
      description: V(works the same), V(changes), V(could not be checked) or V(stops).
      type: str
    text:
      description: What was found, and what becomes of it.
      type: str
    node:
      description: The node. Empty for the whole cluster.
      type: str
    instead:
      description: What to do about it. Empty if there is nothing to do, or nothing known.
      type: str
    link:
      description: The source. Empty where it is the code of kube-proxy.
      type: str
  sample:
    - topic: node ports
      verdict: stops
      text: answer on 10.0.0.5, 192.168.49.2 now, and no longer on 10.0.0.5 (default/web)
      node: minikube
      instead: "Use the primary address, or set kube_proxy_settings to {nodePortAddresses: [0.0.0.0/0]}"
      link: https://kubernetes.io/docs/reference/networking/virtual-ips/#migrating-from-iptables-mode-to-nftables
summary:
  description: How many lines have which verdict.
  returned: success
  type: dict
  sample: {works the same: 10, changes: 2, could not be checked: 0, stops: 1}
objections:
  description: Why the switch should not be made, one sentence each.
  returned: success
  type: list
  elements: str
  sample: []
text:
  description: The report as text.
  returned: success
  type: list
  elements: str
"""
