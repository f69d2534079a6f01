# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of all modules that use an API server."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file.
      - The default is the file in E(K8S_AUTH_KUBECONFIG), the files in E(KUBECONFIG), or C(~/.kube/config).
      - If none of these exists, the API server is the one in E(K8S_AUTH_HOST), or that of the pod in which Ansible
        runs, with the service account of the pod.
      - C(environment) of the play and of the task overrides the environment of the process.
    type: path
  context:
    description:
      - The context of the kubeconfig to use.
      - The default is the one in E(K8S_AUTH_CONTEXT), or the current one. Set it if more than one cluster is
        configured.
    type: str
requirements:
  - kubernetes, if a user of the kubeconfig has an C(auth-provider)
  - PySocks, if the API server is reached through a SOCKS proxy
  - urllib3
notes:
  - A kubeconfig is read as C(kubectl) reads it. The token of C(tokenFile) takes precedence over C(token), users are
    impersonated (C(as), C(as-uid), C(as-groups), C(as-user-extra)), credential helpers (C(exec)) are run without a
    terminal, and credentials are sent over TLS only.
  - E(K8S_AUTH_HOST), E(K8S_AUTH_API_KEY), E(K8S_AUTH_USERNAME), E(K8S_AUTH_PASSWORD), E(K8S_AUTH_CERT_FILE),
    E(K8S_AUTH_KEY_FILE), E(K8S_AUTH_SSL_CA_CERT), E(K8S_AUTH_VERIFY_SSL), E(K8S_AUTH_PROXY),
    E(K8S_AUTH_IMPERSONATE_USER) and E(K8S_AUTH_IMPERSONATE_GROUPS) override the kubeconfig, as in
    C(kubernetes.core).
  - The proxy is that of C(proxy-url), or else of E(HTTPS_PROXY) unless E(NO_PROXY) exempts the server, by the rules
    of Go. HTTP and SOCKS proxies (C(socks5://)) are supported, with user and password. E(ALL_PROXY) is not read.
  - Requests go to the API server from the machine that runs Ansible. The task's host is neither connected to nor
    needed, so run it on C(localhost).
"""
