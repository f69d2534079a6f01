# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The configuration of kube-proxy, which is a YAML document inside a string of a ConfigMap."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamltext

MODES = ("ipvs", "iptables", "nftables")
KEEP = "keep"
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "mh", "fo", "ovf")
KEY = "config.conf"
KIND = "KubeProxyConfiguration"
# What kube-proxy does when it is told nothing.
METRICS_ADDRESS = "127.0.0.1:10249"
METRICS_EVERYWHERE = "0.0.0.0:10249"
LOOPBACK = re.compile(r"127\.|localhost$|\[?::1\]?$")
# The gauges are set when a synchronisation is asked for, and when it is done; one for each address family.
SYNC_QUEUED = "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"
SYNC_DONE = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user wants of the configuration; ``None`` and V(keep) leave it as it is."""

    mode: str = KEEP
    strict_arp: bool | None = None
    scheduler: str | None = None
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    notes: bool = True
    """Whether our notes may stay on the DaemonSet."""


def load(text: str | None, key: str = KEY) -> dict[str, t.Any]:
    """The one configuration in ``text``; raise ``KuberError`` when it is none, or when there are several."""
    try:
        documents = [item for item in yamltext.load_all(text or "", "it") if item is not None]
    except KuberError as exc:
        found = exc.found or "no YAML"
    else:
        if len(documents) == 1 and isinstance(documents[0], dict) and documents[0].get("kind", KIND) == KIND:
            # YAML has keys that are no text; here they are names, and nothing else.
            return t.cast("dict[str, t.Any]", json.loads(json.dumps(documents[0])))
        found = _described(documents)
    raise KuberError(
        f"The configuration of kube-proxy cannot be read ({key} in ConfigMap kube-proxy of namespace kube-system)",
        wanted=f"the YAML of one {KIND}",
        found=found,
        remedy="On a control plane `kubeadm init phase addon kube-proxy` writes it anew, and so does `minikube start`",
    )


def _described(documents: t.Sequence[t.Any]) -> str:
    kinds = [str(item.get("kind", KIND)) if isinstance(item, dict) else type(item).__name__ for item in documents]
    if len(kinds) > 1:
        return f"{len(kinds)} documents ({', '.join(kinds)}), of which kube-proxy would read the first"
    return kinds[0] if kinds else "nothing"


def dump(config: t.Mapping[str, t.Any], *, like: str = "") -> str:
    """The text of a configuration, ended as ``like`` is: kubeadm leaves the end of the last line out."""
    text = yamltext.dump_as_go(dict(config))
    return text.removesuffix("\n") if like and not like.endswith("\n") else text


def digest(config: t.Mapping[str, t.Any]) -> str:
    """The same for configurations that mean the same, whatever they look like."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:16]


def adjust(config: t.Mapping[str, t.Any], wish: Wish) -> dict[str, t.Any]:
    """The configuration as it should be; what the wish does not mention stays."""
    feature_gates(wish.settings)
    options = {"strictARP": wish.strict_arp, "scheduler": wish.scheduler}
    ipvs = {key: value for key, value in options.items() if value is not None}
    changes = merge(
        wish.settings, ({} if wish.mode == KEEP else {"mode": wish.mode}) | ({"ipvs": ipvs} if ipvs else {})
    )
    # Ansible's strings only look like strings, and YAML does not write them.
    return merge(config, json.loads(json.dumps(changes, default=str)))


def feature_gates(config: t.Mapping[str, t.Any]) -> dict[str, bool]:
    """The feature gates of a configuration, or of settings for one; raise ``KuberError`` for what is none."""
    gates = config.get("featureGates")
    if gates is None:
        return {}
    if isinstance(gates, dict) and all(isinstance(value, bool) for value in gates.values()):
        return dict(gates)
    raise KuberError(
        "The field featureGates of the configuration of kube-proxy cannot be used",
        wanted="a mapping of names to true or false, such as {KubeProxyIPVS: true}",
        found=json.dumps(gates, default=str),
    )


def merge(base: t.Mapping[str, t.Any], changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Mappings are merged, all else is replaced."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        if isinstance(value, dict):
            result[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            result[key] = value
    return result


def metrics_port(config: t.Mapping[str, t.Any]) -> int | None:
    """Where kube-proxy tells its mode; ``None`` when the API server cannot get there."""
    host, _colon, port = str(config.get("metricsBindAddress") or METRICS_ADDRESS).rpartition(":")
    return int(port) if port.isdigit() and not LOOPBACK.match(host) else None


def required_metrics_port(config: t.Mapping[str, t.Any]) -> int:
    port = metrics_port(config)
    if port is None:
        raise KuberError(
            "kube-proxy would not tell its mode to anybody but its own node",
            wanted="a metricsBindAddress with a port that the API server reaches",
            found=repr(config.get("metricsBindAddress") or ""),
            remedy=f"Set settings to {{metricsBindAddress: '{METRICS_EVERYWHERE}'}}, as minikube does",
        )
    return port


def is_synchronised(metrics: str) -> bool:
    """Whether kube-proxy has written its rules at least once in every address family."""
    queued, done = (_families(metrics, name) for name in (SYNC_QUEUED, SYNC_DONE))
    return bool(done) and queued <= done


def _families(metrics: str, name: str) -> set[str]:
    samples = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", metrics, re.MULTILINE)
    return {labels for labels, value in samples if float(value) > 0}
