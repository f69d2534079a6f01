# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: minikube
short_description: The nodes of a minikube profile
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads the files that minikube keeps about a profile. minikube itself is not run, so it costs nothing and works on
    a stopped cluster, too, except that with the drivers V(docker) and V(podman) the container engine is asked for
    the port on which it publishes the node's sshd.
  - "The hosts are named as minikube names the machines: the profile itself, C(PROFILE-m02) and so on. They are reached
    by the connection P(kuber.network.minikube#connection) with the key, user and port that minikube made, or by
    P(ansible.builtin.local#connection) with minikube's driver C(none)."
  - The groups are C(minikube_nodes), C(control_plane) and C(workers).
  - All hosts, C(localhost) among them, get the variables C(minikube_profile), C(minikube_context) (its name in the
    kubeconfig), C(minikube_home), C(minikube_driver), C(minikube_kubernetes_version), C(minikube_addons) (the enabled
    ones), C(minikube_tunnel_pids) (processes of C(minikube tunnel) that are alive) and C(minikube_node_ip), the address
    of the first control plane. The hosts of the nodes have a C(minikube_node_ip) of their own.
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: Says that the file is for this plugin.
    type: str
    required: true
    choices: [kuber.network.minikube]
  profile:
    description: Which profile, as in C(minikube --profile).
    type: str
    default: minikube
    env:
      - name: KUBER_PROFILE
  minikube_home:
    description:
      - Where minikube keeps its files. As with minikube, C(.minikube) is appended unless the path ends in it.
      - Without it, the home directory.
    type: path
    env:
      - name: MINIKUBE_HOME
"""

EXAMPLES = r"""
# File kuber.minikube.yml: the profile that KUBER_PROFILE names, or else minikube.
plugin: kuber.network.minikube

# Or always this one, and a group by the driver.
# plugin: kuber.network.minikube
# profile: homework
# keyed_groups:
#   - key: minikube_driver
#     prefix: driver
"""

import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _profile

if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData  # pragma: no cover
    from ansible.parsing.dataloader import DataLoader  # pragma: no cover

SUFFIXES = ("minikube.yml", "minikube.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable):
    NAME = "kuber.network.minikube"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        home = _profile.minikube_directory(self.get_option("minikube_home"))
        try:
            profile = _profile.read_profile(home, self.get_option("profile"))
        except KuberError as exc:
            raise AnsibleParserError(str(exc)) from exc
        for name, value in profile_variables(profile).items():
            self.inventory.set_variable("all", name, value)
        for group in ("minikube_nodes", "control_plane", "workers"):
            self.inventory.add_group(group)
        for node in profile.nodes:
            self._add_node(node)

    def _add_node(self, node: _profile.Node) -> None:
        for group in ("minikube_nodes", "control_plane" if node.control_plane else "workers"):
            self.inventory.add_host(node.name, group=group)
        for name, value in node_variables(node).items():
            self.inventory.set_variable(node.name, name, value)
        strict = self.get_option("strict")
        variables = self.inventory.groups["all"].get_vars() | self.inventory.get_host(node.name).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, node.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, node.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, node.name, strict=strict)


def profile_variables(profile: _profile.Profile) -> dict[str, t.Any]:
    return {
        "minikube_profile": profile.name,
        "minikube_context": profile.name,
        "minikube_home": profile.home,
        "minikube_driver": profile.driver,
        "minikube_kubernetes_version": profile.kubernetes_version,
        "minikube_addons": list(profile.addons),
        "minikube_tunnel_pids": list(profile.tunnel_pids),
        "minikube_node_ip": profile.address,
    }


def node_variables(node: _profile.Node) -> dict[str, t.Any]:
    common = {"ansible_become": True, "ansible_become_method": "sudo", "minikube_node_ip": node.address}
    if node.ssh is None:
        return common | {"ansible_connection": "ansible.builtin.local"}
    return common | {
        "ansible_connection": "kuber.network.minikube",
        "ansible_host": node.ssh.host,
        "ansible_port": node.ssh.port,
        "ansible_user": node.ssh.user,
        "ansible_ssh_private_key_file": node.ssh.key_file,
        "minikube_known_hosts": node.ssh.known_hosts,
        "minikube_host_key_alias": node.name,
    }
