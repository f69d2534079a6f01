# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of inventories for clusters that minikube did not make, as Ansible reads them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

COLLECTION = pathlib.Path(__file__).parents[2]
PROJECT = COLLECTION.parents[3]
EXAMPLES = sorted((COLLECTION / "docs" / "inventories").iterdir())


def run(program: str, *argv: str) -> str:
    settings = PROJECT / "ansible.cfg"
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTION.parents[2])}
    # The project's own settings, where there is a project: they have to let such inventories in.
    environment |= {"ANSIBLE_CONFIG": str(settings)} if settings.exists() else {}
    command = [str(pathlib.Path(sys.executable).with_name(program)), *argv]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Failed to parse" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_playbooks_find_what_they_need(example: pathlib.Path) -> None:
    found: dict[str, t.Any] = json.loads(run("ansible-inventory", "-i", str(example), "--list"))
    nodes = set(found["control_plane"]["hosts"]) | set(found["workers"]["hosts"])
    assert set(found["minikube_nodes"]["children"]) == {"control_plane", "workers"}
    variables = found["_meta"]["hostvars"]
    assert set(variables) == nodes | {"localhost"}
    assert variables["localhost"]["ansible_connection"] == "local"
    for node in variables:
        assert isinstance(variables[node]["host_network_nodes"], list)
        assert variables[node]["kuber_context"]


GROUPS = {"minikube_nodes": {"hosts": ["cp"]}, "_meta": {"hostvars": {"cp": {"ansible_host": "10.0.0.1"}}}}
FORMS = {
    "hosts": "[minikube_nodes]\ncp ansible_host=10.0.0.1\n",
    "hosts.json": json.dumps({"minikube_nodes": {"hosts": {"cp": {"ansible_host": "10.0.0.1"}}}}),
    "hosts.toml": '[minikube_nodes.hosts.cp]\nansible_host = "10.0.0.1"\n',
    "dynamic": f"#!/bin/sh\necho '{json.dumps(GROUPS)}'\n",
}


@pytest.mark.skipif(not (PROJECT / "ansible.cfg").exists(), reason="the collection is not in the project's tree")
@pytest.mark.parametrize(("name", "text"), FORMS.items(), ids=FORMS.keys())
def test_other_forms_of_inventories_are_read(tmp_path: pathlib.Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o755 if name == "dynamic" else 0o644)
    found = json.loads(run("ansible-inventory", "-i", str(path), "--list"))
    assert found["minikube_nodes"]["hosts"] == ["cp"]
    assert found["_meta"]["hostvars"]["cp"]["ansible_host"] == "10.0.0.1"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_play_of_the_whole_has_hosts(example: pathlib.Path) -> None:
    playbook = str(COLLECTION / "playbooks" / "site.yml")
    assert "hosts (0)" not in run("ansible-playbook", "-i", str(example), playbook, "--list-hosts")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_this_machine_can_be_the_only_target(example: pathlib.Path) -> None:
    playbook = str(COLLECTION / "playbooks" / "site.yml")
    printed = run("ansible-playbook", "-i", str(example), playbook, "--list-hosts", "--limit=localhost")
    assert "hosts (1):\n      localhost\n" in printed
    # The interpreter is the one that runs Ansible, as for a localhost that no inventory names.
    asked = run("ansible", "-i", str(example), "localhost", "-m", "ansible.builtin.command", "-a", "true")
    assert "localhost | CHANGED" in asked
