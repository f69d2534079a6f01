# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_iptables
short_description: Rules on a node, free of what other modes of kube-proxy have left behind
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - When kube-proxy changes its mode, it leaves rules of the old mode behind. Their removal is up to the administrator.
  - This module removes the chains, jumps, ipsets and virtual servers, and the device C(kube-ipvs0), that a mode other
    than O(proxy_mode) has made, for IPv4 and IPv6, and nothing else. Rules of the kubelet, of the network plugin, of a
    container engine and of the user stay, in their order.
  - It reads everything once and writes once, with one transaction of C(iptables-restore --noflush) in each family.
  - It uses the variant of iptables (nft or legacy) that kube-proxy uses.
  - It runs on the nodes, which need a shell but no Python, as root. Run it when kube-proxy runs in its new mode.
extends_documentation_fragment:
  - kuber.network.attributes
options:
  proxy_mode:
    description:
      - The mode that kube-proxy runs in, such as RV(kuber.network.kube_proxy#module:mode).
    type: str
    required: true
    choices: [ipvs, iptables, nftables]
  echo_reply:
    description:
      - Whether a rule at the top of C(INPUT) accepts ICMP echo requests, so that service addresses answer ping on the
        node. Since Kubernetes 1.27 kube-proxy rejects them in mode V(ipvs).
      - The rule carries a comment and is removed when this is V(false). In other modes than V(ipvs) service addresses
        are no addresses of the node, so that there is nothing to answer, and the rule is removed, too.
    type: bool
    default: false
seealso:
  - module: kuber.network.kube_proxy
"""

EXAMPLES = r"""
- name: Remove what iptables mode has left, and let service addresses answer ping
  kuber.network.node_iptables:
    proxy_mode: ipvs
    echo_reply: true
"""

RETURN = r"""
backend:
  description:
    - Which variant of iptables was found to hold kube-proxy's rules, V(nft) or V(legacy), or V(default) when there was
      no sign of either.
  returned: success
  type: str
  sample: nft
removed:
  description: What was removed, or in check mode would be, as arguments that would bring it back.
  returned: success
  type: dict
  contains:
    ipv4:
      description: Chains and rules of IPv4.
      type: list
      elements: str
      sample:
        - -t nat -N KUBE-NODEPORTS
        - -t filter -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
    ipv6:
      description: Chains and rules of IPv6, where the node has it.
      type: list
      elements: str
    ipvs:
      description: What IPVS mode has left, as the commands that remove it.
      type: list
      elements: str
      sample: [ipvsadm -D -t 10.96.0.1:443, ipset destroy KUBE-CLUSTER-IP, ip link delete kube-ipvs0]
added:
  description: Rules that were added, or in check mode would be.
  returned: success
  type: dict
  contains:
    ipv4:
      description: Rules of IPv4.
      type: list
      elements: str
    ipv6:
      description: Rules of IPv6, where the node has it.
      type: list
      elements: str
"""
