# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_kernel_info
short_description: Find out which modes of kube-proxy a node's kernel supports
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Returns for each mode of kube-proxy what the node's kernel lacks. kube-proxy itself only fails to
    start.
  - Reads which modules are loaded (C(/proc/modules)), built in (C(modules.builtin)) or could be loaded
    (C(modules.dep)), and the options that the kernel was built with (C(/proc/config.gz) or C(/boot)).
  - A feature counts as missing only if that is certain. If a node has none of these files, nothing is missing.
  - It runs on the nodes, which need a shell but no Python.
  - It fails if commands do not run as root there, with the reason in RV(problem).
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  scheduler:
    description: The scheduler for IPVS, which is a separate kernel feature.
    type: str
    default: rr
    choices: [rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, mh, fo, ovf]
seealso:
  - module: kuber.network.kube_proxy
  - module: kuber.network.preflight
"""

EXAMPLES = r"""
- name: Read the features of the kernel
  kuber.network.node_kernel_info:
    scheduler: sh
  register: kernel

- name: Refuse a node without IPVS
  ansible.builtin.assert:
    that: kernel.missing.ipvs == []
    fail_msg: "Linux {{ kernel.release }} lacks {{ kernel.missing.ipvs | join(', ') }}"
"""

RETURN = r"""
problem:
  description: Why commands do not run as root on the node.
  returned: if that is why it failed
  type: str
  sample: "sudo: a password is required"
release:
  description: Release of the kernel.
  returned: success
  type: str
  sample: 6.12.48+deb13-amd64
missing:
  description: What the kernel lacks, by mode; empty for supported modes.
  returned: success
  type: dict
  contains:
    ipvs:
      description: For mode V(ipvs), with O(scheduler).
      type: list
      elements: str
      sample: [ip_vs_ovf (CONFIG_IP_VS_OVF)]
    iptables:
      description: For mode V(iptables), in either variant of iptables.
      type: list
      elements: str
    nftables:
      description: For mode V(nftables), which also needs Linux 5.13.
      type: list
      elements: str
      sample: [Linux 5.13]
"""
