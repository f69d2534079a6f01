# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The harness with the real tools and the smallest of sets."""

from __future__ import annotations

import contextlib
import os
import pathlib

import pytest

from bench import table
from bench.cluster import Cluster
from bench.measure import Bench, Measurement, Series
from bench.tools import BARE, KUBECTL, OURS, Phase, Place

BINARIES = "KUBER_TEST_KUBERNETES"
OBJECTS = 3


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Phase], Measurement]:
    directory = os.environ.get(BINARIES)
    if not directory:
        pytest.skip(f"{BINARIES} does not name a directory with kube-apiserver, etcd and kubectl")
    binaries, scratch = pathlib.Path(directory), tmp_path_factory.mktemp("bench")
    with contextlib.ExitStack() as stack:
        cluster = Cluster(binaries, scratch, stack)
        api = cluster.api
        place = Place(binaries, scratch, api.server, api.kubeconfig, api.ca, cluster.user.token)
        series = [Series(tool, OBJECTS, 1, 1.0) for tool in (OURS, KUBECTL, BARE)]
        bench = Bench(cluster, place, lambda text: None)
        bench.measure(series)
    return {(one.tool, one.phase): one for one in bench.measurements}


def test_every_tool_is_measured_in_every_phase(results: dict[tuple[str, Phase], Measurement]) -> None:
    assert set(results) == {(tool.name, phase) for tool in (OURS, KUBECTL, BARE) for phase in Phase}
    assert "nothing changed" in table.render(list(results.values()))


def test_requests_are_those_of_the_tool(results: dict[tuple[str, Phase], Measurement]) -> None:
    for phase in Phase:
        assert results["bare", phase].runs[0].requests == {"patch": OBJECTS}


def test_ours_tells_its_own_time(results: dict[tuple[str, Phase], Measurement]) -> None:
    one = results["ours", Phase.FIRST]
    assert one.engine_seconds is not None
    assert 0 < one.engine_seconds < one.seconds
    parts = one.runs[0].parts
    assert sum(seconds for name, seconds in parts.items() if name != "total") == pytest.approx(one.seconds)
    assert parts["idle"] > 0
    assert not results["kubectl", Phase.FIRST].runs[0].parts
