# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A library that is not installed: one sentence that names it, and no traceback."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
ACTIONS = sorted(path.stem for path in (COLLECTIONS / "ansible_collections/kuber/network/plugins/action").glob("*.py"))
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
# Loads every action as Ansible does, and prints what each of them raises.
LOADER = """
import json, sys
from ansible.errors import AnsibleError
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
raised = {}
for name in sys.argv[1:]:
    try:
        action_loader.get(f"kuber.network.{name}", class_only=True)
    except AnsibleError as exc:
        raised[name] = str(exc)
print(json.dumps(raised))
"""


def without(library: str, directory: pathlib.Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the program as if the library were not installed."""
    (directory / f"{library}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{library}'\", name='{library}')\n"
    )
    given = {"PYTHONPATH": str(directory), "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(argv, cwd=directory, env=os.environ | given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("library", "package"), [("jmespath", "jmespath"), ("urllib3", "kubernetes")])
def test_actions_name_the_library(library: str, package: str, tmp_path: pathlib.Path) -> None:
    done = without(library, tmp_path, sys.executable, "-c", LOADER, *ACTIONS)
    assert done.returncode == 0, done.stderr
    raised = json.loads(done.stdout)
    wanted = (
        f"Cannot import the Python library {package} (No module named '{library}'). Install it: {sys.executable} -m"
    )
    assert "manifests_info" in raised
    assert set(raised.values()) == {f"{wanted} pip install {package}"}


DNS = {"name": "CoreDNS", "dns": {"server": "192.0.2.1", "name": "web.example.org"}}
INGRESS = {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "web"}, "spec": {}}


@pytest.mark.parametrize(
    ("library", "package", "task"),
    [
        ("jmespath", "jmespath", {"kuber.network.manifests_info": {"kind": "Pod"}}),
        ("paramiko", "paramiko", {"ansible.builtin.raw": "id", "connection": "kuber.network.minikube"}),
        ("dns", "dnspython", {"kuber.network.checks": {"checks": [DNS]}}),
        ("ruamel", "ruamel.yaml", {"kuber.network.upgraded_manifests": {"src": "old", "dest": "new"}}),
    ],
)
def test_a_run_says_it_in_one_sentence(
    library: str, package: str, task: dict[str, object], tmp_path: pathlib.Path
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "web.json").write_text(json.dumps(INGRESS))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    done = without(library, tmp_path, str(PLAYBOOK), "-i", "localhost,", "-c", "local", "play.yml")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"the Python library {package}" in said.replace("The Python", "the Python")
    assert f"Install it: {sys.executable} -m pip install {package}" in " ".join(said.split())
    assert "Traceback" not in said
