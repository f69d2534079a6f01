# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read, adjust and write kube-proxy's configuration, a YAML document in a ConfigMap."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

MODES = ("ipvs", "iptables", "nftables")
KEEP = "keep"
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh", "fo", "ovf")
KEY = "config.conf"
KIND = "KubeProxyConfiguration"
# kube-proxy's defaults.
METRICS_ADDRESS = "127.0.0.1:10249"
METRICS_EVERYWHERE = "0.0.0.0:10249"
LOOPBACK = re.compile(r"127\.|localhost$|\[?::1\]?$")
# The gauges are set when a synchronisation is requested, and when it is done; one for each address family.
SYNC_QUEUED = "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"
SYNC_DONE = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"


@dataclasses.dataclass(frozen=True)
class ProxySpec:
    """The desired configuration; ``None`` and V(keep) leave a setting as it is."""

    mode: str = KEEP
    strict_arp: bool | None = None
    scheduler: str | None = None
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    notes: bool = True
    """Whether our annotations may stay on the DaemonSet."""


def load(text: str | None, key: str = KEY) -> dict[str, t.Any]:
    """Return the configuration in ``text``; raise ``KuberError`` unless there is exactly one."""
    try:
        documents = [item for item in yamltext.load_all(text or "", "it") if item is not None]
    except KuberError as exc:
        found = exc.found or "no YAML"
    else:
        if len(documents) == 1 and isinstance(documents[0], dict) and documents[0].get("kind", KIND) == KIND:
            # YAML allows keys that are not strings; here all keys are names.
            return t.cast("dict[str, t.Any]", json.loads(json.dumps(documents[0])))
        found = _described(documents)
    raise KuberError(
        f"Cannot read the configuration of kube-proxy ({key} in ConfigMap kube-proxy of namespace kube-system)",
        wanted=f"one {KIND} as YAML",
        found=found,
        remedy="Rewrite it: run `kubeadm init phase addon kube-proxy` on a control plane, or `minikube start`",
    )


def _described(documents: t.Sequence[t.Any]) -> str:
    kinds = [str(item.get("kind", KIND)) if isinstance(item, dict) else type(item).__name__ for item in documents]
    if len(kinds) > 1:
        return f"{len(kinds)} documents ({', '.join(kinds)}), of which kube-proxy would read the first"
    return kinds[0] if kinds else "nothing"


def dump(config: t.Mapping[str, t.Any], *, like: str = "") -> str:
    """Return a configuration as text; it ends with a newline if ``like`` does (kubeadm's does not)."""
    text = yamltext.dump_as_go(dict(config))
    return text.removesuffix("\n") if like and not like.endswith("\n") else text


def digest(config: t.Mapping[str, t.Any]) -> str:
    """Return a digest that is equal for configurations of equal meaning."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:16]


def adjust(config: t.Mapping[str, t.Any], spec: ProxySpec) -> dict[str, t.Any]:
    """Return the desired configuration; what the spec does not mention stays."""
    feature_gates(spec.settings)
    options = {"strictARP": spec.strict_arp, "scheduler": spec.scheduler}
    ipvs = {key: value for key, value in options.items() if value is not None}
    changes = merge(
        spec.settings, ({} if spec.mode == KEEP else {"mode": spec.mode}) | ({"ipvs": ipvs} if ipvs else {})
    )
    # Ansible's strings are of a subclass that YAML cannot write.
    return merge(config, json.loads(json.dumps(changes, default=str)))


def feature_gates(config: t.Mapping[str, t.Any]) -> dict[str, bool]:
    """Return the feature gates of a configuration or of settings; raise ``KuberError`` if they are invalid."""
    gates = config.get("featureGates")
    if gates is None:
        return {}
    if isinstance(gates, dict) and all(isinstance(value, bool) for value in gates.values()):
        return dict(gates)
    raise KuberError(
        "Invalid field featureGates in the configuration of kube-proxy",
        wanted="a mapping of names to true or false, such as {KubeProxyIPVS: true}",
        found=json.dumps(gates, default=str),
    )


def merge(base: t.Mapping[str, t.Any], changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Merge mappings recursively; other values are replaced."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        if isinstance(value, dict):
            result[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            result[key] = value
    return result


def metrics_port(config: t.Mapping[str, t.Any]) -> int | None:
    """Return the port of kube-proxy's metrics server; ``None`` if the API server cannot reach it."""
    host, _colon, port = str(config.get("metricsBindAddress") or METRICS_ADDRESS).rpartition(":")
    return int(port) if port.isdigit() and not LOOPBACK.match(host) else None


def required_metrics_port(config: t.Mapping[str, t.Any]) -> int:
    port = metrics_port(config)
    if port is None:
        raise KuberError(
            "kube-proxy's metrics endpoint listens on its own node only, so its mode cannot be read",
            wanted="a metricsBindAddress with a port that the API server can reach",
            found=repr(config.get("metricsBindAddress") or ""),
            remedy=f"Set settings to {{metricsBindAddress: '{METRICS_EVERYWHERE}'}}, as minikube does",
        )
    return port


def is_synchronised(metrics: str) -> bool:
    """Whether kube-proxy has written its rules at least once for every address family."""
    queued, done = (_families(metrics, name) for name in (SYNC_QUEUED, SYNC_DONE))
    return bool(done) and queued <= done


def _families(metrics: str, name: str) -> set[str]:
    samples = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", metrics, re.MULTILINE)
    return {labels for labels, value in samples if float(value) > 0}
