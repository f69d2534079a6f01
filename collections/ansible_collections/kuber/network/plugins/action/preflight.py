# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import platform
import time
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._preflight import endings, images
from ansible_collections.kuber.network.plugins.module_utils._preflight.cluster import ClusterInfo, read_cluster
from ansible_collections.kuber.network.plugins.module_utils._preflight.findings import (
    SETTINGS_SPEC,
    Settings,
    findings,
    report,
)
from ansible_collections.kuber.network.plugins.module_utils._preflight.hidden import Engine, why_hidden
from ansible_collections.kuber.network.plugins.module_utils._preflight.host import HOST_SPEC, inspect
from ansible_collections.kuber.network.plugins.module_utils._preflight.machine import may_become_root
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock
from ansible_collections.kuber.network.plugins.plugin_utils import _client
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._engine import (
    ENGINE_HOST_VARIABLES,
    engine_host,
    engine_info,
)
from ansible_collections.kuber.network.plugins.plugin_utils._profile import (
    known_profiles,
    minikube_directory,
    read_profile,
    require_access,
)

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

CONTACT_SECONDS = 10.0
POLL_SECONDS = 1.0


def unreadable_profile(home: pathlib.Path, params: dict[str, t.Any]) -> t.Iterator[KuberError]:
    """Yield why the inventory has no nodes for a profile that exists, or may exist."""
    if params["nodes"]:
        return
    try:
        require_access(home, params["profile"])
        if params["profile"] in known_profiles(home):
            read_profile(home, params["profile"])
    except KuberError as exc:
        yield exc


def what_hides(home: pathlib.Path, name: str) -> str:
    """Explain why no route of this machine leads to a profile's nodes, from what minikube and the engine report."""
    if name not in known_profiles(home):
        return ""
    try:
        profile = read_profile(home, name)
    except KuberError:
        return ""
    engine = None
    if profile.driver in ENGINE_HOST_VARIABLES:
        engine = Engine.load(engine_info(profile.driver), engine_host(profile.driver, os.environ), platform.node())
    return why_hidden(profile.driver, next((node.ssh.host for node in profile.nodes if node.ssh), ""), engine)


def read_cluster_with_nodes(client: Client, params: dict[str, t.Any]) -> ClusterInfo:
    """Read the cluster, and give nodes that were started a moment ago time to become ready."""
    clock = Clock(params["wait_timeout"])
    while True:
        cluster = read_cluster(client, wants_gateway_api=bool(params["gateway_api"]))
        # Where commands cannot be run, the run ends anyway.
        if clock.is_up or not cluster.not_ready or any(node["problem"] for node in params["nodes"]):
            return cluster
        time.sleep(POLL_SECONDS)


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "kubeconfig": {"type": "path"},
        "context": {"type": "str"},
        "ingress_nginx": {"type": "str", "default": ""},
        "wait_timeout": {"type": "float", "default": 30},
        **SETTINGS_SPEC,
        **HOST_SPEC,
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        cluster: ClusterInfo | KuberError
        try:
            cluster = read_cluster_with_nodes(_client.of(self, params, timeout=CONTACT_SECONDS), params)
        except KuberError as exc:
            cluster = exc
        home = minikube_directory(params["minikube_home"] or os.environ.get("MINIKUBE_HOME"))
        unreadable = list(unreadable_profile(home, params))
        password = task_vars.get("ansible_become_password") or self._play_context.become_pass
        settings = Settings.load(
            params,
            minikube_home=str(home),
            # What cannot be read is not missing.
            known_profiles=(*known_profiles(home), *([params["profile"]] if unreadable else [])),
            # A check run changes nothing, and reading needs no rights.
            host=inspect(
                params,
                LocalRunner(),
                rehearse=not self.check_mode,
                why_hidden=lambda: what_hides(home, params["profile"]),
            ),
            may_become_root=self.check_mode or bool(password) or may_become_root(),
        )
        found = [*unreadable, *findings(settings, cluster)]
        if found or isinstance(cluster, KuberError):
            raise report(found)
        return {
            "server": cluster.server,
            "context": cluster.context,
            "kubernetes_version": cluster.version,
            "notes": list(settings.host.notes),
            "endings": list(
                endings.notes(cluster.version, proxy_mode=settings.proxy_mode, ingress_nginx=params["ingress_nginx"])
            ),
            "warnings": [
                *images.without(settings.images, cluster.architectures),
                *self._unread(cluster.recorded),
            ],
        }

    @staticmethod
    def _unread(recorded: object) -> list[str]:
        """Report that it is unknown whether the run undoes a switch."""
        return [f"Whether this cluster was switched is unknown: {recorded}"] if isinstance(recorded, KuberError) else []
