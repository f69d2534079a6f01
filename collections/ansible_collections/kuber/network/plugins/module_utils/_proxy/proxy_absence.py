# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Explain a missing kube-proxy: which component replaces it."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client  # pragma: no cover

DAEMON_SETS = "/apis/apps/v1/daemonsets"
# DaemonSets whose programs can balance services, so that a cluster needs no kube-proxy.
REPLACEMENTS = {
    "cilium": "Cilium",
    "calico-node": "Calico (its eBPF data plane)",
    "kube-router": "kube-router",
    "antrea-agent": "Antrea",
    "ovnkube-node": "OVN-Kubernetes",
    "kube-ovn-cni": "Kube-OVN",
    "kpng": "kpng",
}


class NoProxyError(KuberError):
    """The cluster has no kube-proxy."""


def no_proxy(client: Client, missing: str) -> NoProxyError:
    """Return the error, with the name of the component that replaces kube-proxy if it is known."""
    seen = [REPLACEMENTS[name] for name in _daemon_sets(client) if name in REPLACEMENTS]
    instead = f"; {' and '.join(dict.fromkeys(seen))} runs here and can replace it" if seen else ""
    return NoProxyError(
        "The cluster has no kube-proxy",
        wanted="ConfigMap and DaemonSet kube-proxy in namespace kube-system, as kubeadm and minikube make them",
        found=f"no {missing} of that name{instead}",
        remedy=f"Set the mode to keep, or check that context {client.context} is the cluster that you mean",
    )


def _daemon_sets(client: Client) -> list[str]:
    return [item["metadata"]["name"] for item in client.list(DAEMON_SETS)]
