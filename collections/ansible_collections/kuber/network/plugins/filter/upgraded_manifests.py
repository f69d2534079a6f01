# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: upgraded_manifests
short_description: Upgrade manifests to current API versions
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Upgrades a set of Kubernetes objects, and returns each change with its reason.
  - The rules and the return values are those of the module M(kuber.network.upgraded_manifests).
options:
  _input:
    description: A mapping, a YAML text, or a list of either. Templates in it are not evaluated.
    type: raw
    required: true
  ingress_class:
    description: The class for Ingress objects without one.
    type: str
    default: nginx
seealso:
  - plugin: kuber.network.upgraded_manifests
    plugin_type: module
"""

EXAMPLES = r"""
- name: Show what would have to change
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'ingress.yml') | kuber.network.upgraded_manifests).changes }}"
"""

RETURN = r"""
_value:
  description: A mapping with C(objects), C(changes), C(not_upgradable) and C(remarks).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade


def upgraded_manifests(manifests: object, ingress_class: str = "nginx") -> dict[str, t.Any]:
    try:
        return upgrade(reading.from_definition(manifests), ingress_class=ingress_class).dump()
    except KuberError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"upgraded_manifests": upgraded_manifests}
