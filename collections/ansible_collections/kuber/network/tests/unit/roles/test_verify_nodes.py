# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last table says of nodes that a run has left out, as with --limit localhost."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.kuber.network.tests.unit.roles.test_roles import ROLES, load
from ansible_collections.kuber.network.tests.unit.roles.test_texts import ALL, AROUND, trusted

CHECKED = {"verify_node": {"results": [{"name": "kube-proxy runs in mode ipvs", "ok": True}]}}
UNREACHABLE = {"verify_node": {"unreachable": True, "msg": "no route to host"}}


def earlier_and_unchecked(nodes: dict[str, dict[str, t.Any]]) -> tuple[list[str], list[dict[str, t.Any]]]:
    own = load(ROLES / "verify" / "vars" / "main.yml")
    around = {
        "groups": {"minikube_nodes": list(nodes)},
        "hostvars": {name: {"inventory_hostname": name} | known for name, known in nodes.items()},
    }
    templar = Templar(loader=DataLoader(), variables=trusted(ALL | own | AROUND) | around)
    earlier, unchecked = (
        t.cast("list[dict[str, t.Any]]", templar.template(trusted(f"{{{{ {name} }}}}")))
        for name in ("verify_earlier", "_verify_not_checked")
    )
    return [one["name"] for one in earlier], unchecked


@pytest.mark.parametrize(
    ("nodes", "checked", "left_out"),
    [
        ({"minikube": CHECKED, "minikube-m02": CHECKED}, 2, ""),
        ({"minikube": {}, "minikube-m02": {}}, 0, "minikube, minikube-m02"),
        ({"minikube": CHECKED, "minikube-m02": {}}, 1, "minikube-m02"),
        ({"minikube": CHECKED, "minikube-m02": UNREACHABLE}, 1, "minikube-m02"),
        # A play of its own, with no nodes to run on.
        ({}, 0, ""),
    ],
)
def test_nodes_without_results_are_named_and_not_checked(
    nodes: dict[str, dict[str, t.Any]], checked: int, left_out: str
) -> None:
    earlier, unchecked = earlier_and_unchecked(nodes)
    assert len(earlier) == checked
    names = [f"The rules of {left_out} are clean and complete"] if left_out else []
    assert [one["name"] for one in unchecked] == names
    for one in unchecked:
        assert (one["ok"], one["unknown"]) == (False, True)
        assert "one without --limit includes them" in one["found"]
