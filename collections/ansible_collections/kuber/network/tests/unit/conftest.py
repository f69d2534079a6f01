# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.tests.unit import control_plane
from ansible_collections.kuber.network.tests.unit.control_plane import ApiServer, User

BINARIES = "KUBER_TEST_KUBERNETES"
TESTER = User("tester", "for-tests-on-loopback")


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ApiServer]:
    directory = os.environ.get(BINARIES)
    if not directory:
        pytest.skip(f"{BINARIES} does not name a directory with kube-apiserver, kube-controller-manager and etcd")
    home = tmp_path_factory.mktemp("kubernetes")
    with contextlib.ExitStack() as stack:
        yield control_plane.start(pathlib.Path(directory), home, stack, users=[TESTER])
