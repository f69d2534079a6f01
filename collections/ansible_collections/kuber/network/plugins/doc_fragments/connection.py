# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of everything that talks to an API server."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file.
      - Without it, the files that the environment variable E(KUBECONFIG) lists, or C(~/.kube/config).
    type: path
  context:
    description:
      - Which context of the kubeconfig to use.
      - Without it, the current one. Name it when there is more than one cluster within reach.
    type: str
requirements:
  - kubernetes, when a user of the kubeconfig has a credential helper
  - urllib3
notes:
  - Works on the API server, from the machine that runs Ansible. The host of the task is neither connected to nor
    needed, so run it on C(localhost).
"""
