# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import typing as t
import uuid

import pytest

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import proxy_process
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net.namespaces import PROGRAMS, Namespace


@pytest.fixture
def namespace(tmp_path: pathlib.Path) -> t.Iterator[Namespace]:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    name = f"kuber-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    found = Namespace(name)
    with proxy_process.running(name, tmp_path, "ipvs") as found.proxy:
        yield found
    subprocess.run(["ip", "netns", "delete", name], check=True)
