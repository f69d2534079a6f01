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
      - Without it, the file in E(K8S_AUTH_KUBECONFIG), the files that E(KUBECONFIG) lists, or C(~/.kube/config).
      - Where there is none of these, E(K8S_AUTH_HOST) names the API server, or it is that of the pod in which Ansible
        runs, with the account of the pod.
      - C(environment) of the play and of the task counts before that of the process.
    type: path
  context:
    description:
      - Which context of the kubeconfig to use.
      - Without it, the one in E(K8S_AUTH_CONTEXT), or the current one. Name it when there is more than one cluster
        within reach.
    type: str
requirements:
  - kubernetes, when a user of the kubeconfig has an C(auth-provider)
  - PySocks, when a SOCKS proxy leads to the API server
  - urllib3
notes:
  - A kubeconfig means what it means to C(kubectl). The token of C(tokenFile) comes before C(token), users are
    impersonated (C(as), C(as-uid), C(as-groups), C(as-user-extra)), credential helpers (C(exec)) are run without a
    terminal, and credentials are sent over TLS only.
  - E(K8S_AUTH_HOST), E(K8S_AUTH_API_KEY), E(K8S_AUTH_USERNAME), E(K8S_AUTH_PASSWORD), E(K8S_AUTH_CERT_FILE),
    E(K8S_AUTH_KEY_FILE), E(K8S_AUTH_SSL_CA_CERT), E(K8S_AUTH_VERIFY_SSL), E(K8S_AUTH_PROXY),
    E(K8S_AUTH_IMPERSONATE_USER) and E(K8S_AUTH_IMPERSONATE_GROUPS) count before what the kubeconfig says, as in
    C(kubernetes.core).
  - A proxy is the one of C(proxy-url), else that of E(HTTPS_PROXY) unless E(NO_PROXY) exempts the server, by the rules
    of Go. It may be an HTTP proxy or a SOCKS proxy (C(socks5://)), with user and password. E(ALL_PROXY) is not read.
  - Works on the API server, from the machine that runs Ansible. The host of the task is neither connected to nor
    needed, so run it on C(localhost).
"""
