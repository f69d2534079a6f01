# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_iptables
short_description: Remove what other modes of kube-proxy left on a node
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - If kube-proxy's mode is changed, the rules of the old mode stay, and the administrator has to remove them.
  - This module removes the chains with the rules that lead into them, the ipsets and virtual servers, the device
    C(kube-ipvs0), and the nftables tables C(kube-proxy) of modes other than O(proxy_mode), for IPv4 and
    IPv6, and nothing else. Rules of the kubelet, of the network plugin, of a container engine and of the user stay, in
    their order and with their counters.
  - A chain of another mode that another program's rule uses stays, and a warning names the rule.
  - It queries kube-proxy's mode on the node (C(curl http://127.0.0.1:10249/proxyMode), or where its
    configuration lets it listen). It removes something only if that is O(proxy_mode);
    otherwise it fails and changes nothing.
  - It reads everything once and writes once, with one tested transaction of C(iptables-restore --noflush) in each
    family. If the rules are locked it waits for 20 seconds, and then names the holder of the lock.
  - Programs that the node lacks (C(ipset) and C(nft) on nodes of minikube) are run from kube-proxy's
    container with C(nsenter). Virtual servers are read from C(/proc/net/ip_vs) and removed with C(ipvsadm) or, if the
    node lacks it, over netlink with C(perl) or with C(socat), C(dd) and C(od).
  - Virtual servers are kube-proxy's if its ipsets list them. Without these, all are, except those in the networks of
    C(ipvs.excludeCIDRs), because kube-proxy in IPVS mode removes the others itself. Those in these networks always
    stay.
  - Every run, also in check mode, reports what stays and what could not be read.
  - It resets kernel settings of IPVS mode (C(net.ipv4.vs.conntrack), C(expire_nodest_conn) and
    C(expire_quiescent_template), and strictARP's C(arp_ignore) and C(arp_announce)) to the kernel's default, which
    kube-proxy itself never does. They stay if a file in C(sysctl.d) sets them, or virtual servers stay.
  - It runs on the nodes as root; they need a shell but no Python. Run it after kube-proxy has changed its mode.
extends_documentation_fragment:
  - kuber.network.attributes
options:
  proxy_mode:
    description:
      - The running mode of kube-proxy, such as RV(kuber.network.kube_proxy#module:mode).
    type: str
    required: true
    choices: [ipvs, iptables, nftables]
  variant:
    description:
      - The variant of iptables that kube-proxy uses. The other variant does not see its rules.
      - With V(auto) it is the one that C(iptables --version) names in the container of kube-proxy. If that cannot be
        run, it is the one with chains that only O(proxy_mode) makes, or if both have them, the one with the
        kubelet's chain C(KUBE-IPTABLES-HINT). If that is not decisive, the module fails.
      - In the other variant all chains of kube-proxy are removed, whatever their mode.
    type: str
    choices: [auto, nft, legacy]
    default: auto
  mode_pending:
    description:
      - In check mode, whether an earlier task of the same run would have put kube-proxy into O(proxy_mode). Then the
        module reports what it would do afterwards, although kube-proxy still runs in another mode.
      - Outside of check mode it has no effect.
    type: bool
    default: false
  echo_reply:
    description:
      - Whether a rule at the top of C(INPUT) accepts ICMP echo requests, so that service addresses answer ping on the
        node. Since Kubernetes 1.27 kube-proxy rejects them in mode V(ipvs).
      - The rule has a comment and is removed if this is V(false). In other modes than V(ipvs), service addresses
        are not bound to the node, so there is nothing to answer, and the rule is removed as well.
    type: bool
    default: false
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
  - module: kuber.network.kube_proxy
"""

EXAMPLES = r"""
- name: Remove the rules of iptables mode, and let service addresses answer ping
  kuber.network.node_iptables:
    proxy_mode: ipvs
    echo_reply: true
"""

RETURN = r"""
backend:
  description:
    - The variant of iptables that kube-proxy uses, V(nft) or V(legacy), or V(default) if there is no trace of either.
  returned: success
  type: str
  sample: nft
removed:
  description:
    - What was removed, or in check mode would be. Rules are given as arguments that would restore them.
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
      description: Leftovers of IPVS mode.
      type: list
      elements: str
      sample: ["virtual server TCP 10.96.0.1:443", ipset KUBE-CLUSTER-IP, device kube-ipvs0]
    nftables:
      description: Leftovers of nftables mode.
      type: list
      elements: str
      sample: [table ip kube-proxy]
    sysctls:
      description: Settings of IPVS mode that were reset, with their old values.
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
    - Leftovers of other modes that stay, each with the reason and its effect. There is
      a warning for each.
  returned: success
  type: list
  elements: str
  sample:
    - "Set KUBE-CLUSTER-IP is a leftover of kube-proxy, but stays because it is used by rule `-A INPUT -m set
      --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT` of iptables-legacy"
unknown:
  description: What could not be read, each with the reason. There is a warning for each.
  returned: success
  type: list
  elements: str
  sample: ["ipsets could not be read: ipset is neither on the node nor in a container of kube-proxy"]
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
      description: V(configured).
      type: str
    fields:
      description: Always empty here.
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
      description: What is removed, as in RV(removed).
      type: list
      elements: str
    added:
      description: What is added, as in RV(added).
      type: list
      elements: str
  sample:
    - thing: IPv4 rules
      action: configured
      fields: []
      removed: [-t nat -N KUBE-NODEPORTS]
      added: []
"""
