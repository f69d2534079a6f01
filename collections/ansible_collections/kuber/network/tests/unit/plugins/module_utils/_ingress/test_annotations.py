# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of annotations has all that is documented, and says nothing works that is not read."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._ingress.annotations import ROWS, Row
from ansible_collections.kuber.network.plugins.module_utils._ingress.effects import Compatibility, Target

DOCUMENTED = yaml.safe_load((pathlib.Path(__file__).parent / "documented.yml").read_text())
# What Traefik does anyway, or never does, whatever the annotation says.
NOT_READ = {"auth-tls-verify-depth", "preserve-trailing-slash", "affinity-mode"}


def test_every_documented_annotation_is_in_the_table() -> None:
    assert set(DOCUMENTED["nginx"]) - set(ROWS) == set()
    assert {name for name in ROWS if name not in DOCUMENTED["nginx"]} == {"secure-backends", "grpc-backend"}


def test_an_annotation_works_in_traefik_only_if_it_reads_it() -> None:
    unread = set(ROWS) - set(DOCUMENTED["traefik"]) - NOT_READ
    assert {name for name in unread if ROWS[name].traefik.verdict is not Compatibility.STOPS} == set()
    assert {name for name in unread if not ROWS[name].traefik.why.startswith("Traefik does not read it: ")} == set()
    told = {name for name, row in ROWS.items() if row.traefik.why.startswith("Traefik does not read it: ")}
    assert told & set(DOCUMENTED["traefik"]) == set()


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_verdict_has_a_source_and_a_reason(row: Row) -> None:
    assert row.link.startswith("https://kubernetes.github.io/ingress-nginx/")
    for target in Target:
        for value in ("", *row.traefik.values, *row.gateway.values, *row.idle):
            effect = row.effect(target, value)
            assert effect.link.startswith("https://")
            assert effect.why or effect.verdict is Compatibility.SAME
            assert not effect.why.endswith(".")
