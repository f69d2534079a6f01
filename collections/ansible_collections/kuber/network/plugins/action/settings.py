# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import yaml
from ansible.errors import AnsibleError, AnsibleValueOmittedError

import ansible_collections.kuber.network.plugins.plugin_utils._cluster_libraries  # noqa: F401  # pylint: disable=unused-import
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import transformers
from ansible_collections.kuber.network.plugins.module_utils._preflight import settings
from ansible_collections.kuber.network.plugins.module_utils._preflight.findings import report
from ansible_collections.kuber.network.plugins.plugin_utils import _manifests_args
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._sources import Sources

ROLES = pathlib.Path(__file__).resolve().parents[2] / "roles"
# Known only from the inventory. Without it nothing is changed, and the module preflight explains what is missing.
OF_INVENTORY = ("'minikube_", "No cluster is selected")
# The variables that name manifests, and those that replace images in them.
MANIFESTS = {
    "metallb_manifest": "metallb_images",
    "ingress_nginx_manifest": "ingress_nginx_images",
    "gateway_api_manifest": "",
}
# The settings with which a manifest is used, if not always.
NEEDED_WITH = {
    "ingress_nginx_manifest": ("ingress_controller", "nginx"),
    "gateway_api_manifest": ("traffic_api", "gateway"),
}


class ActionModule(KuberAction):
    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]] = {
        "roles": {"type": "list", "elements": "str", "required": True},
        "options": {"type": "dict", "default": {}},
        "manifests": {"type": "bool", "default": True},
    }

    def perform(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        options = dict(params["options"])
        for role in params["roles"]:
            options |= _specification(role)
        given, found = self._values([name for name in options if name in task_vars], task_vars)
        inventory_tells = {name for name in options if name in task_vars and name not in given}
        fine, wrong = settings.judge(
            {name: option for name, option in options.items() if name not in inventory_tells}, given, task_vars
        )
        found += [*wrong, *settings.unknown(task_vars, options)]
        # Without a cluster, no manifests are needed.
        if params["manifests"] and not found and not inventory_tells:
            found += self._unusable_manifests(fine, task_vars)
        if found:
            raise report(found)
        return {"settings": sorted(given)}

    def _values(self, names: t.Iterable[str], task_vars: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[KuberError]]:
        given: dict[str, t.Any] = {}
        found: list[KuberError] = []
        for name in names:
            try:
                given[name] = self._templar.template(task_vars[name])
            except AnsibleValueOmittedError:
                # The role's default for what only the inventory knows.
                continue
            except AnsibleError as exc:
                if not any(text in str(exc) for text in OF_INVENTORY):
                    found.append(KuberError(f"Cannot evaluate {name}", found=" ".join(str(exc).split())))
        return given, found

    def _unusable_manifests(self, fine: t.Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> t.Iterator[KuberError]:
        """Yield manifests that cannot be downloaded or read; downloads are cached for the roles."""
        for name, images in MANIFESTS.items():
            setting, value = NEEDED_WITH.get(name, ("", None))
            if name not in fine or fine.get(setting, value) != value:
                continue
            source = {"src": fine[name], "template": None, "definition": None}
            try:
                documents = Sources(self, task_vars).documents(source)
                transformers.rename_images(documents, _manifests_args.images(fine.get(images, [])))
            except KuberError as exc:
                exc.problem = f"Invalid {name}: {exc.problem}"
                exc.rephrase(str)
                yield exc


def _specification(role: str) -> dict[str, dict[str, t.Any]]:
    """Return the options of all entry points of a role of this collection; they cover all of its defaults."""
    directory = ROLES / role
    if not (directory / "meta" / "argument_specs.yml").is_file():
        known = ", ".join(sorted(one.name for one in ROLES.iterdir()))
        raise KuberError("Unknown role", wanted=known, found=role)
    specs = _load(directory / "meta" / "argument_specs.yml")["argument_specs"]
    own = _load(directory / "defaults" / "main.yml") if (directory / "defaults" / "main.yml").is_file() else {}
    options = {name: option for spec in specs.values() for name, option in spec["options"].items()}
    return {name: option | {"required": False} if name in own else option for name, option in options.items()}


def _load(path: pathlib.Path) -> dict[str, t.Any]:
    loaded: dict[str, t.Any] = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded
