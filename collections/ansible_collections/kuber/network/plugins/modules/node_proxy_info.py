# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_proxy_info
short_description: Read what on a node depends on the mode of kube-proxy
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads on a node what M(kuber.network.proxy_mode_report) needs to know before the mode of kube-proxy is changed.
    That is what the kernel lacks for each mode, rules, files and sets of others that name chains or sets of
    kube-proxy, what other programs drop, virtual servers of others, and settings of conntrack.
  - The node is asked to connect to its node ports on each of its own addresses. Nothing is sent there.
  - What cannot be read is returned with the reason.
  - Files are searched in C(/etc), C(/opt), C(/usr/local), C(/root), C(/home) and C(/var/spool/cron), up to 256 KiB
    each, for at most 20 seconds.
  - It runs on the nodes, which need a shell but no Python. Programs that a node lacks are run from the container of
    kube-proxy.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  name:
    description: Name of the node in the cluster. The default is the name in the inventory.
    type: str
  node_ports:
    description: Node ports over TCP that the node is asked to connect to; more than 20 are cut off.
    type: list
    elements: int
    default: []
  scheduler:
    description: The scheduler for IPVS, which is a separate kernel feature.
    type: str
    default: rr
    choices: [rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, mh, fo, ovf]
seealso:
  - module: kuber.network.proxy_mode_report
  - module: kuber.network.node_kernel_info
"""

EXAMPLES = r"""
- name: Read what depends on the mode of kube-proxy
  kuber.network.node_proxy_info:
    node_ports: [30080]
  register: node
"""

RETURN = r"""
facts:
  description: What is known about the node, for O(kuber.network.proxy_mode_report#module:nodes).
  returned: success
  type: dict
  contains:
    name:
      description: Name of the node.
      type: str
    release:
      description: Release of the kernel.
      type: str
    missing:
      description: What the kernel lacks, by mode; empty for supported modes.
      type: dict
    nft:
      description: Version of nft in the container of kube-proxy, or else on the node. Empty without.
      type: str
    addresses:
      description: The node's own addresses, without those of Services.
      type: list
      elements: str
    answers:
      description: Sockets of node ports that the node could connect to, as ADDRESS/PORT.
      type: list
      elements: str
    asked:
      description: The node ports that were asked for.
      type: list
      elements: int
    rules:
      description: Rules of other programs that name chains or sets of kube-proxy.
      type: list
      elements: dict
    answers_ping:
      description: Whether our own rule lets addresses of Services answer ping.
      type: bool
    firewall:
      description: What other programs drop or refuse.
      type: list
      elements: str
    sets:
      description: ipsets that are not kube-proxy's.
      type: list
      elements: str
    servers:
      description: Virtual servers of IPVS that are not kube-proxy's.
      type: list
      elements: str
    excluded:
      description: Networks whose virtual servers kube-proxy leaves alone; null if unknown.
      type: list
      elements: str
    connections:
      description: Number of connections that IPVS knows; null without IPVS.
      type: int
    files:
      description: Places in files that name something of kube-proxy's, as PATH:LINE:NAME.
      type: list
      elements: str
    settings:
      description: Settings of conntrack.
      type: dict
    unread:
      description: What could not be read, with the reason.
      type: dict
"""
