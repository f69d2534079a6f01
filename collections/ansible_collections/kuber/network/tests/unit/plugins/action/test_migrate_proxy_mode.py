# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that switches the mode of kube-proxy, on a real API server: what it refuses."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
INVALID = "Invalid value of migrate_to; wanted: ipvs or iptables or nftables; found:"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("nftable", f"{INVALID} 'nftable'. Perhaps nftables is meant"),
        ("", f"{INVALID} ''"),
        ("nftables", "The cluster has no kube-proxy"),
    ],
)
def test_what_cannot_be_switched_is_refused(api_server: t.Any, tmp_path: pathlib.Path, to: str, words: str) -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
    for name in ("ANSIBLE_CONFIG", "KUBER_MIGRATE_TO"):
        environment.pop(name, None)
    variables = {"kuber_kubeconfig": str(api_server.kubeconfig), "kuber_context": "loopback"}
    if to:
        variables["migrate_to"] = to
    argv = [str(PLAYBOOK), "-i", ",", "kuber.network.migrate_proxy_mode", "-e", json.dumps(variables)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in " ".join(done.stdout.split())
    assert "changed=0" in done.stdout
