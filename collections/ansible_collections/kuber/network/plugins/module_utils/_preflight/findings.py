# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Collect everything that would fail, before anything is changed."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import os
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight import cluster as _cluster
from ansible_collections.kuber.network.plugins.module_utils._preflight import gateway_api as _gateway_api
from ansible_collections.kuber.network.plugins.module_utils._preflight import host as _host
from ansible_collections.kuber.network.plugins.module_utils._preflight import machine as _machine
from ansible_collections.kuber.network.plugins.module_utils._preflight import pool as _pool
from ansible_collections.kuber.network.plugins.module_utils._preflight import readiness as _readiness
from ansible_collections.kuber.network.plugins.module_utils._preflight import records as _records
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._net import own as _own

# In the order of upstream's recommendation.
ALTERNATIVES = ("nftables", "iptables")

SETTINGS_SPEC: dict[str, t.Any] = {
    "profile": {"type": "str", "default": ""},
    "minikube_home": {"type": "path"},
    "profile_addresses": {"type": "list", "elements": "str", "default": []},
    "addons": {"type": "list", "elements": "str", "default": []},
    "tunnel_pids": {"type": "list", "elements": "int", "default": []},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "problem": {"type": "str", "default": ""},
            "kernel": {"type": "str", "default": ""},
            "missing": {"type": "dict", "default": {}},
        },
    },
    "proxy_mode": {"type": "str", "default": "keep"},
    "proxy_settings": {"type": "dict", "default": {}},
    "pool": {"type": "list", "elements": "str", "default": []},
    "addresses": {"type": "dict", "default": {}},
    "route": {"type": "str", "default": ""},
    "images": {"type": "dict", "default": {}},
    "choices": {"type": "dict", "default": {}},
    "switch": {"type": "bool", "default": False},
    "gateway_api": {"type": "str", "default": ""},
    "gateway_class": {"type": "str", "default": ""},
}


@dataclasses.dataclass(frozen=True)
class Settings:
    """The user's variables, and what the inventory knows about the profile."""

    profile: str
    minikube_home: str
    known_profiles: tuple[str, ...]
    profile_addresses: tuple[str, ...]
    addons: tuple[str, ...]
    tunnel_pids: tuple[int, ...]
    nodes: tuple[_machine.NodeStatus, ...]
    proxy_mode: str
    proxy_settings: Mapping[str, t.Any]
    pool: tuple[str, ...]
    addresses: Mapping[str, str]
    route: str
    images: Mapping[str, str]
    choices: Mapping[str, str]
    switch: bool
    host: _host.Host
    may_become_root: bool
    gateway_api: str = ""
    """The wanted version of its kinds, empty if it is not used."""
    gateway_class: str = ""

    @classmethod
    def load(cls, params: Mapping[str, t.Any], **known: t.Any) -> Settings:
        """Combine the options and what is known about the machine."""
        values = {key: params[key] for key in SETTINGS_SPEC}
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        more = {
            "nodes": tuple(_machine.NodeStatus(**item) for item in params["nodes"]),
            "addresses": {name: address for name, address in params["addresses"].items() if address},
        }
        return cls(**{**values, **lists, **more, **known})


def findings(settings: Settings, cluster: _cluster.ClusterInfo | KuberError) -> list[KuberError]:
    """Return all findings, the most fundamental first; checks that need the cluster are skipped if it is down."""
    ranges, unreadable = _pool.parse_pool(settings.pool)
    is_stopped = isinstance(cluster, KuberError) and _machine.are_stopped(settings.nodes)
    found = [
        *_machine.unknown_profile(settings.profile, settings.minikube_home, settings.known_profiles),
        *_machine.live_tunnels(settings.tunnel_pids, settings.profile),
        *_machine.clashing_addons(settings.addons, settings.profile),
        *(() if is_stopped else _machine.unreachable_nodes(settings.nodes)),
        *_cluster.wrong_mode(settings.proxy_mode),
        *unreadable,
        *_pool.wrong_addresses(settings.addresses, ranges),
    ]
    if settings.route:
        found += _pool.uncovered(settings.route, ranges)
    found += settings.host.problems
    if settings.host.needs_root:
        found += _machine.missing_root(user_id=os.geteuid(), may_become_root=settings.may_become_root)
    node_addresses = list(settings.profile_addresses)
    if isinstance(cluster, KuberError):
        found.insert(0, _machine.stopped_cluster(settings.profile, settings.nodes) if is_stopped else cluster)
    else:
        node_addresses += [item for item in cluster.node_addresses if item not in node_addresses]
        found += _of_cluster(settings, cluster, ranges)
    nodes, services = _addresses(node_addresses), _addresses(settings.addresses.values())
    host = settings.host
    if settings.route:
        found += _pool.led_elsewhere(settings.addresses, settings.route, host.around, nodes)
        found += _pool.name_servers_cut_off(settings.route, ranges, host.around, services)
    return [*found, *_pool.in_use(ranges, host.around, nodes, services, has_route=host.has_route)]


def _addresses(texts: Iterable[str]) -> list[_own.Address]:
    """Return the valid addresses; invalid ones are reported elsewhere."""
    found = []
    for text in texts:
        with contextlib.suppress(ValueError):
            found.append(ipaddress.ip_address(text))
    return found


def _of_cluster(
    settings: Settings, cluster: _cluster.ClusterInfo, ranges: Sequence[_pool.AddressRange]
) -> Iterator[KuberError]:
    yield from _cluster.foreign_context(settings.profile, settings.profile_addresses, cluster)
    unreachable = {node.name for node in settings.nodes if node.problem}
    yield from _readiness.nodes_not_ready(settings.profile, cluster.not_ready, unreachable)
    if not isinstance(cluster.recorded, KuberError):
        yield from _records.undone(cluster.recorded, settings.choices, may_switch=settings.switch)
    if isinstance(cluster.gateway_api, KuberError):
        yield cluster.gateway_api
    elif settings.gateway_api:
        yield from _gateway_api.in_the_way(cluster.gateway_api, settings.gateway_api, settings.gateway_class)
    try:
        gates = proxy_config.feature_gates(settings.proxy_settings)
    except KuberError as exc:
        yield exc
        gates = {}
    yield from _cluster.unsupported_mode(settings.proxy_mode, gates, cluster)
    others = [mode for mode in ALTERNATIVES if not list(_cluster.unsupported_mode(mode, gates, cluster))]
    yield from _machine.lacking_kernels(settings.nodes, settings.proxy_mode, others)
    yield from _pool.overlaps(ranges, cluster.networks)


def report(found: Sequence[KuberError]) -> KuberError:
    """Return one error with all findings, numbered."""
    count = "this problem" if len(found) == 1 else f"these {len(found)} problems"
    lines = "".join(f"\n  {number}. {finding}" for number, finding in enumerate(found, 1))
    return KuberError(f"Nothing was changed: fix {count} first:{lines}")
