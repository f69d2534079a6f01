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
  - This module removes the chains with the rules that lead into them, the ipsets and virtual servers, the device
    C(kube-ipvs0), and the nftables tables C(kube-proxy), that a mode other than O(proxy_mode) has made, for IPv4 and
    IPv6, and nothing else. Rules of the kubelet, of the network plugin, of a container engine and of the user stay, in
    their order and with their counters.
  - A chain of another mode that a chain of somebody else refers to stays, and a warning says which rule keeps it.
  - It asks kube-proxy on the node which mode it runs in (C(curl http://127.0.0.1:10249/proxyMode), or where its
    configuration has it listen). Only when that is O(proxy_mode) is anything removed, however the module is called;
    otherwise it fails and nothing is touched.
  - It reads everything once and writes once, with one tested transaction of C(iptables-restore --noflush) in each
    family. When the rules are locked it waits for 20 seconds, and then says who holds the lock.
  - Programs that the node does not have (C(ipset) and C(nft) on nodes of minikube) are taken out of kube-proxy's own
    container by C(nsenter). Virtual servers are read from C(/proc/net/ip_vs) and removed with C(ipvsadm) or, where the
    node has none, over netlink with C(perl) or with C(socat), C(dd) and C(od).
  - Virtual servers are kube-proxy's when its ipsets name them. Without these, all are but those in the networks of
    C(ipvs.excludeCIDRs), since kube-proxy in IPVS mode removes the others itself. Those in these networks always stay.
  - What stays, and what could not be looked at, is said in every run, also in check mode.
  - It sets kernel settings that IPVS mode makes (C(net.ipv4.vs.conntrack), C(expire_nodest_conn) and
    C(expire_quiescent_template), and strictARP's C(arp_ignore) and C(arp_announce)) back to the kernel's default, which
    kube-proxy itself never does. They stay where a file of C(sysctl.d) asks for them, or virtual servers stay.
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
  variant:
    description:
      - Which kind of iptables kube-proxy uses. The other kind does not see its rules.
      - With V(auto) it is the one that C(iptables --version) names in the container of kube-proxy. Where that cannot be
        asked, it is the one that has chains that only O(proxy_mode) makes, and where both have, the one with the
        kubelet's chain C(KUBE-IPTABLES-HINT). Where that does not decide it, the module fails.
      - In the other kind all chains of kube-proxy are removed, whatever mode has made them.
    type: str
    choices: [auto, nft, legacy]
    default: auto
  mode_pending:
    description:
      - In check mode, whether an earlier task of the same run would have put kube-proxy into O(proxy_mode). Then the
        module says what it would do afterwards, although kube-proxy still runs in another mode.
      - Outside of check mode it has no effect.
    type: bool
    default: false
  echo_reply:
    description:
      - Whether a rule at the top of C(INPUT) accepts ICMP echo requests, so that service addresses answer ping on the
        node. Since Kubernetes 1.27 kube-proxy rejects them in mode V(ipvs).
      - The rule carries a comment and is removed when this is V(false). In other modes than V(ipvs) service addresses
        are no addresses of the node, so that there is nothing to answer, and the rule is removed, too.
    type: bool
    default: false
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
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
    - Which variant of iptables kube-proxy uses, V(nft) or V(legacy), or V(default) without a sign of either.
  returned: success
  type: str
  sample: nft
removed:
  description:
    - What was removed, or in check mode would be. Rules are given as arguments that would bring them back.
  returned: success
  type: dict
  contains:
    ipv4:
      description:
        - Chains and rules of IPv4. Those of the variant that kube-proxy does not use begin with the name of the
          program.
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
      description: What IPVS mode has left.
      type: list
      elements: str
      sample: ["virtual server TCP 10.96.0.1:443", ipset KUBE-CLUSTER-IP, device kube-ipvs0]
    nftables:
      description: What nftables mode has left.
      type: list
      elements: str
      sample: [table ip kube-proxy]
    sysctls:
      description: Settings of IPVS mode that were set back, with the values that they had.
      type: list
      elements: str
      sample: [net.ipv4.vs.conntrack = 1]
added:
  description: What was added, or in check mode would be.
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
    sysctls:
      description: Settings with their new values.
      type: list
      elements: str
      sample: [net.ipv4.vs.conntrack = 0]
left:
  description:
    - What other modes have left and what stays all the same, each with the reason and with what it still does. There is
      a warning for each.
  returned: success
  type: list
  elements: str
  sample:
    - "Set KUBE-CLUSTER-IP is a leftover of kube-proxy, but it stays, because it is used by rule `-A INPUT -m set
      --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT` of iptables-legacy"
unknown:
  description: What could not be looked at, each with the reason. There is a warning for each.
  returned: success
  type: list
  elements: str
  sample: ["ipsets were not looked at: ipset is neither on the node nor in a container of kube-proxy"]
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
      description: V(configured).
      type: str
    fields:
      description: Always empty here.
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
      description: What goes, as in RV(removed).
      type: list
      elements: str
    added:
      description: What comes, as in RV(added).
      type: list
      elements: str
  sample:
    - thing: IPv4 rules
      action: configured
      fields: []
      removed: [-t nat -N KUBE-NODEPORTS]
      added: []
"""
