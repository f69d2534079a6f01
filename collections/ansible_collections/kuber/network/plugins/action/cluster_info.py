# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._api.connections import ServerGoneError
from ansible_collections.kuber.network.plugins.module_utils._api.kubeconfig import UnknownContextError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight import records
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._manifests_args import CONNECTION
from ansible_collections.kuber.network.plugins.plugin_utils._profile import is_missing, minikube_directory

CONTACT_SECONDS = 10.0


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = CONNECTION | {
        "profile": {"type": "str", "default": ""},
        "minikube_home": {"type": "path"},
        "choices": {"type": "dict", "default": {}},
        "switch": {"type": "bool", "default": False},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        profile = params["profile"]
        home = minikube_directory(params["minikube_home"] or os.environ.get("MINIKUBE_HOME"))
        if profile and is_missing(home, profile):
            problem = f"minikube has no profile {profile} (there is no {home}/profiles/{profile}/config.json)"
            return self._absent(f"{problem}. Run `minikube start --profile {profile}` to create it.", gone=True)
        try:
            client = Client.from_kubeconfig(
                kubeconfig=params["kubeconfig"], context=params["context"], timeout=CONTACT_SECONDS
            )
            version = client.get("/version")["gitVersion"]
            recorded = records.read(client) if params["choices"] else {}
        except ServerGoneError as exc:
            if not profile or exc.untrusted:
                return self._absent(str(exc))
            return self._absent(
                f"The cluster of profile {profile} is stopped, or this machine cannot reach it ({exc.found}). "
                f"Run `minikube start --profile {profile}` to start it."
            )
        except UnknownContextError as exc:
            if not profile or params["context"] != profile:
                return self._absent(str(exc))
            return self._absent(
                f"The cluster of profile {profile} is stopped, or its context was removed: the kubeconfig has none. "
                f"Run `minikube start --profile {profile}` to start it."
            )
        except KuberError as exc:
            return self._absent(str(exc))
        known = {} if isinstance(recorded, KuberError) else recorded
        undone = [str(one) for one in records.undone(known, params["choices"], may_switch=params["switch"])]
        return self._answer(answers=True, server=client.server, kubernetes_version=version, undone=undone)

    @staticmethod
    def _absent(problem: str, *, gone: bool = False) -> dict[str, t.Any]:
        return ActionModule._answer(gone=gone, problem=problem)

    @staticmethod
    def _answer(**known: t.Any) -> dict[str, t.Any]:
        unknown = {"answers": False, "gone": False, "problem": "", "server": "", "kubernetes_version": "", "undone": []}
        return unknown | known
