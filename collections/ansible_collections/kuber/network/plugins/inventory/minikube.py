# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: minikube
short_description: Nodes of minikube profiles
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads minikube's files about its profiles, without running minikube. With the drivers V(docker) and
    V(podman) it asks the container engine for the port on which the node's sshd is published.
  - "The hosts have minikube's names of the machines: the profile itself, C(PROFILE-m02) and so on. They are reached
    by the connection P(kuber.network.minikube#connection) with minikube's key, user and port, or by
    P(ansible.builtin.local#connection) with minikube's driver C(none)."
  - The machine that runs Ansible is also a host, C(localhost), so that C(--limit localhost) and C(ansible-pull) find
    it. If the inventory already has that host, it is not changed.
  - The groups are C(minikube_nodes), C(control_plane) and C(workers), and for the profile
    C(minikube_profile_NAME), C(minikube_driver_NAME), C(minikube_runtime_NAME) and C(minikube_kubernetes_VERSION).
    Characters that are invalid in a group name become C(_).
  - With one profile, all hosts, C(localhost) among them, get the variables C(minikube_profile), C(minikube_context)
    (its name in the kubeconfig), C(minikube_home), C(minikube_driver), C(minikube_container_runtime),
    C(minikube_kubernetes_version), C(minikube_addons) (the enabled ones), C(minikube_tunnel_pids) (processes of
    C(minikube tunnel) that are alive) and C(minikube_node_ip), the address of the first control plane. With
    several, the group of each profile gets them. Each node has its own C(minikube_node_ip).
  - A node whose container is stopped is a host like the others, with the reason in C(minikube_node_problem), which the
    connection reports when it is used.
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Marks the file as a source for this plugin.
    type: str
    required: true
    choices: [kuber.network.minikube]
  profile:
    description:
      - The profile, as in C(minikube --profile). It may be stopped; a broken one is an error.
    type: str
    default: minikube
    env:
      - name: KUBER_PROFILE
  profiles:
    description:
      - Several profiles instead of O(profile), or V(all).
      - Profiles that are broken or whose control plane is not running are skipped with a warning.
    type: list
    elements: str
    default: []
    env:
      - name: KUBER_PROFILES
  minikube_home:
    description:
      - Directory of minikube's files. As with minikube, C(.minikube) is appended unless the path ends in it.
      - The default is the home directory.
    type: path
    env:
      - name: MINIKUBE_HOME
"""

EXAMPLES = r"""
# File kuber.minikube.yml: the profile that KUBER_PROFILE names, or else minikube.
plugin: kuber.network.minikube

# Or always this one, and a variable for each node.
# plugin: kuber.network.minikube
# profile: homework
# compose:
#   node_url: "'https://' ~ minikube_node_ip ~ ':8443'"

# Or all running ones, read once an hour.
# plugin: kuber.network.minikube
# profiles: [all]
# cache: true
# cache_plugin: ansible.builtin.jsonfile
# cache_connection: ~/.cache/ansible-inventory
# cache_timeout: 3600
"""

import sys
import typing as t

from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _profile, _profiles

if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData  # pragma: no cover
    from ansible.parsing.dataloader import DataLoader  # pragma: no cover

LOCALHOST = "localhost"
SUFFIXES = ("minikube.yml", "minikube.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "kuber.network.minikube"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(SUFFIXES)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        self.load_cache_plugin()
        try:
            profiles = self._cached(path, cache) if self.get_option("cache") else self._read()
        except KuberError as exc:
            # Ansible appends the text of each cause; our message is complete.
            raise AnsibleParserError(str(exc)) from None
        self._add_localhost()
        for group in ("minikube_nodes", "control_plane", "workers"):
            self.inventory.add_group(group)
        for profile in profiles:
            self._add_profile(profile, alone=len(profiles) == 1)

    def _add_localhost(self) -> None:
        """Add localhost with the variables that Ansible gives to an implicit localhost."""
        if LOCALHOST in self.inventory.hosts:
            return
        self.inventory.add_host(LOCALHOST)
        self.inventory.set_variable(LOCALHOST, "ansible_connection", "ansible.builtin.local")
        self.inventory.set_variable(LOCALHOST, "ansible_python_interpreter", sys.executable)

    def _cached(self, path: str, may_read: bool) -> list[_profile.Profile]:
        options = f"{self.get_option('minikube_home')} {self.get_option('profile')} {self.get_option('profiles')}"
        key = self.get_cache_key(f"{path} {options}")
        if may_read and key in self._cache:
            return _profiles.load(self._cache[key])
        profiles = self._read()
        self._cache[key] = _profiles.dump(profiles)
        return profiles

    def _read(self) -> list[_profile.Profile]:
        home = _profile.minikube_directory(self.get_option("minikube_home"))
        names = self.get_option("profiles")
        if not names:
            return [_profile.read_profile(home, self.get_option("profile"))]
        profiles, skipped = _profiles.read_profiles(home, names)
        for one in skipped:
            self.display.warning(f"Skipping minikube's profile {one.name}: {one.reason}")
        return profiles

    def _add_profile(self, profile: _profile.Profile, *, alone: bool) -> None:
        variables = profile_variables(profile)
        group = self.inventory.add_group(safe("minikube_profile", profile.name))
        # localhost belongs to no profile, so the variables of the only profile go to the group of all hosts.
        owner = "all" if alone else group
        for name, value in variables.items():
            self.inventory.set_variable(owner, name, value)
        for node in profile.nodes:
            for name in groups(profile, node):
                self.inventory.add_group(name)
                self.inventory.add_host(node.name, group=name)
            self._set_variables(node, variables)

    def _set_variables(self, node: _profile.ProfileNode, variables: dict[str, t.Any]) -> None:
        own = node_variables(node)
        for name, value in own.items():
            self.inventory.set_variable(node.name, name, value)
        known = variables | self.inventory.get_host(node.name).get_vars() | own
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), known, node.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, node.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, node.name, strict=strict)


def safe(*words: str) -> str:
    return str(to_safe_group_name("_".join(words), force=True, silent=True))


def groups(profile: _profile.Profile, node: _profile.ProfileNode) -> list[str]:
    facts = {
        "profile": profile.name,
        "driver": profile.driver,
        "runtime": profile.container_runtime,
        "kubernetes": profile.kubernetes_version,
    }
    role = "control_plane" if node.control_plane else "workers"
    return ["minikube_nodes", role, *(safe("minikube", kind, fact) for kind, fact in facts.items() if fact)]


def profile_variables(profile: _profile.Profile) -> dict[str, t.Any]:
    return {
        "minikube_profile": profile.name,
        "minikube_context": profile.name,
        "minikube_home": profile.home,
        "minikube_driver": profile.driver,
        "minikube_container_runtime": profile.container_runtime,
        "minikube_kubernetes_version": profile.kubernetes_version,
        "minikube_addons": list(profile.addons),
        "minikube_tunnel_pids": profile.tunnel_pids,
        "minikube_node_ip": profile.address,
    }


def node_variables(node: _profile.ProfileNode) -> dict[str, t.Any]:
    common = {"ansible_become": True, "ansible_become_method": "sudo", "minikube_node_ip": node.address}
    common |= {"minikube_node_problem": node.problem} if node.problem else {}
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
