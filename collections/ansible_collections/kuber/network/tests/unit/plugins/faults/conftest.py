# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import typing as t

import pytest

from ansible_collections.kuber.network.tests.unit.plugins.faults.campaign import SOAK, Figures

FIGURES = pytest.StashKey[t.Mapping[str, Figures]]()


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> t.Mapping[str, Figures]:
    """The figures of each campaign by its name; the long form prints them."""
    return request.config.stash.setdefault(FIGURES, collections.defaultdict(Figures))


def pytest_terminal_summary(terminalreporter: t.Any, config: pytest.Config) -> None:
    if not SOAK:
        return
    terminalreporter.section("fault campaigns")
    for name, one in config.stash.get(FIGURES, {}).items():
        terminalreporter.write_line(f"{name}: {one}")
