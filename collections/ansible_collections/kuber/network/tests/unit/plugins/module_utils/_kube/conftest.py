# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def client(api_server: t.Any) -> Client:
    return Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")


@pytest.fixture
def namespace(client: Client) -> str:
    """A namespace that only one test knows; it goes with the API server."""
    name = f"test-{next(_numbers)}"
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name}})
    return name
