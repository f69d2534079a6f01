# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import typing as t

import pytest

from ansible_collections.kuber.network.tests.unit.plugins.faults.campaign import SOAK, Figures


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> t.Iterator[t.Mapping[str, Figures]]:
    """The figures of each campaign by its name; the long form prints them."""
    found: dict[str, Figures] = collections.defaultdict(Figures)
    yield found
    report = request.config.pluginmanager.get_plugin("terminalreporter")
    if SOAK and report is not None:
        for name, one in found.items():
            report.ensure_newline()
            report.write_line(f"{name}: {one}")
