# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``ansible-inventory`` on a directory of minikube's files."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

COLLECTIONS = pathlib.Path(__file__).parents[7]
SOURCE = "plugin: kuber.network.minikube\n"


def ansible_inventory(
    home: t.Any, source: str = SOURCE, *options: str, first: pathlib.Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    path = home.path.parent / "kuber.minikube.yml"
    path.write_text(source)
    settings = home.path.parent / "ansible.cfg"
    settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\n[inventory]\nany_unparsed_is_failed=true\n")
    sources = [f"--inventory={one}" for one in (first, path) if one]
    return subprocess.run(
        [str(pathlib.Path(sys.executable).with_name("ansible-inventory")), *sources, "--list", *options],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ANSIBLE_CONFIG": str(settings), "MINIKUBE_HOME": str(home.path)} | environment,
    )


def listing(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    assert done.returncode == 0, done.stderr
    # What comes out of minikube's files is marked: Ansible must not take it for templates.
    result: dict[str, t.Any] = json.loads(done.stdout, object_hook=lambda found: found.get("__ansible_unsafe", found))
    return result
