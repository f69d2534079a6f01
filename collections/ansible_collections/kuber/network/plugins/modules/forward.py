# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: forward
short_description: Open the addresses of load balancers on this machine, through the SSH of a node
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - For machines that no route of theirs leads to the nodes, such as those with Docker Desktop or a rootless engine.
  - Opens a port on 127.0.0.1 for each TCP port of each Service of type LoadBalancer, and prints addresses for a browser
    and C(curl) commands that need no root. 80, 443 and 53 become 8080, 8443 and 8053, or the next port that is free.
  - Name servers are answered over UDP as well. Other UDP ports cannot be brought here by SSH, and are named.
  - The task goes on until Ansible is ended by Ctrl-C, or by the keyword C(timeout) of the task. Nothing is left behind.
  - The task's host has to be a node that is reached by P(kuber.network.minikube#connection).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
seealso:
  - module: kuber.network.static_route
"""

EXAMPLES = r"""
- name: Open the load balancers on this machine
  hosts: control_plane[0]
  gather_facts: false
  tasks:
    - name: Forward their ports until Ctrl-C
      kuber.network.forward:
        context: minikube
"""

RETURN = r"""#"""
