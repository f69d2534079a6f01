# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import re

import pytest

UTILS = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
# Each package uses only those above it, as docs/architecture.md says.
LAYERS = ("_yaml", "_api", "_kube", "_proxy", "_net", "_probes")
FEATURES = ("_checks", "_trace", "_rollout", "_preflight")
PACKAGES = {path.parent.name for path in UTILS.glob("_*/*.py")}


def used(package: str) -> set[str]:
    texts = [path.read_text() for path in (UTILS / package).glob("*.py")]
    return {name for text in texts for name in re.findall(r"plugins\.module_utils\.(_\w+)[. ]", text)} - {package}


@pytest.mark.parametrize("package", LAYERS)
def test_package_uses_only_those_above_it(package: str) -> None:
    below = PACKAGES.difference(LAYERS[: LAYERS.index(package)])
    assert {*LAYERS, *FEATURES} <= PACKAGES
    assert not used(package) & below


@pytest.mark.parametrize("package", FEATURES)
def test_features_do_not_use_each_other(package: str) -> None:
    assert used(package) & set(LAYERS)
    assert not used(package) & set(FEATURES)
