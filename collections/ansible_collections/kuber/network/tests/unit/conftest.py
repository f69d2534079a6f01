# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import typing as t

import hypothesis
import pytest

from ansible_collections.kuber.network.tests.unit import control_plane
from ansible_collections.kuber.network.tests.unit.control_plane import ApiServer, User

BINARIES = "KUBER_TEST_KUBERNETES"
TESTER = User("tester", "for-tests-on-loopback")

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture
def kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tests call for it, kubectl is in the path."""
    if directory := os.environ.get(BINARIES):
        monkeypatch.setenv("PATH", directory, prepend=os.pathsep)
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")


@pytest.fixture(scope="session")
def gateway_api() -> pathlib.Path:
    """The kinds of Gateway API, which the lab has beside its programs."""
    programs = pathlib.Path(os.environ.get(BINARIES) or "nowhere/bin").resolve().parent
    found = max(programs.parent.glob("gateway-*/gateway-api.yaml"), default=None)
    if found is None:
        pytest.skip(f"{BINARIES} names no directory of a lab that has the kinds of Gateway API beside its programs")
    return found


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ApiServer]:
    directory = os.environ.get(BINARIES)
    if not directory:
        pytest.skip(f"{BINARIES} does not name a directory with kube-apiserver, kube-controller-manager and etcd")
    home = tmp_path_factory.mktemp("kubernetes")
    with contextlib.ExitStack() as stack:
        yield control_plane.start(pathlib.Path(directory), home, stack, users=[TESTER])
