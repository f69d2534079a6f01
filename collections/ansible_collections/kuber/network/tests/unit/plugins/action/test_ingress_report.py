# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report about Ingress objects, read from a real API server by the playbook."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._ingress.support import ingress, service

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
NAMESPACE = "ingress-report"


@pytest.fixture
def objects(api_server: t.Any) -> t.Iterator[None]:
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    space = f"/api/v1/namespaces/{NAMESPACE}"
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": NAMESPACE}})
    client.request("POST", f"{space}/services", body=service("web-svc", namespace=NAMESPACE))
    path = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses"
    client.request("POST", path, body=ingress(namespace=NAMESPACE, port=8000))
    yield
    client.request("DELETE", space)


@pytest.mark.usefixtures("objects")
def test_playbook_reports_what_is_on_the_cluster(api_server: t.Any, tmp_path: pathlib.Path) -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"}
    environment.pop("ANSIBLE_CONFIG", None)
    variables = {"kuber_kubeconfig": str(api_server.kubeconfig), "kuber_context": "loopback"}
    argv = [
        str(PLAYBOOK),
        "-i",
        "localhost,",
        "-c",
        "local",
        "kuber.network.ingress_report",
        "-e",
        json.dumps(variables),
    ]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Ingress {NAMESPACE}/web: stops" in done.stdout
    assert "number: 80" in done.stdout
    assert "changed=0" in done.stdout
