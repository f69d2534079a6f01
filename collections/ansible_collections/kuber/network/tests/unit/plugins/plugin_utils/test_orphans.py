# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook that is killed takes its tasks along."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part in it is Linux's")
def test_killed_playbook_leaves_no_task_that_goes_on(tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        # An API server that accepts and never answers: the task waits for as long as it is there.
        cluster = {"name": "c", "cluster": {"server": f"https://127.0.0.1:{server.getsockname()[1]}"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
        kubeconfig = {"clusters": [cluster], "contexts": [context], "users": [{"name": "c"}], "current-context": "c"}
        (tmp_path / "kubeconfig").write_text(json.dumps(kubeconfig))
        task = {"kuber.network.manifests_info": {"kind": "Pod", "kubeconfig": str(tmp_path / "kubeconfig")}}
        (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
        run = subprocess.Popen(
            [PLAYBOOK, "-i", "localhost,", "-c", "local", "play.yml"],
            cwd=tmp_path,
            env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)},
            stdout=subprocess.DEVNULL,
        )
        connection = server.accept()[0]
        with connection:
            run.kill()
            run.wait()
            connection.settimeout(5)
            while connection.recv(4096):
                # What it had sent before.
                pass
