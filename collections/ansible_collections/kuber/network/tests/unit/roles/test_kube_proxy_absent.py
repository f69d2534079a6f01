# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What teardown.yml restores, whatever is given with -e: such a value wins over every variable of a playbook."""

from __future__ import annotations

import typing as t

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.kuber.network.tests.unit.roles.test_roles import ROLES, load
from ansible_collections.kuber.network.tests.unit.roles.test_texts import ALL, trusted

GIVEN = {
    "kube_proxy_mode": "nftables",
    "kube_proxy_strict_arp": "true",
    "kube_proxy_scheduler": "sh",
    "kube_proxy_settings": {"metricsBindAddress": "0.0.0.0:10249"},
    "kube_proxy_echo_reply": "true",
}


def wanted(state: str) -> dict[str, t.Any]:
    own = load(ROLES / "kube_proxy" / "vars" / "main.yml")
    templar = Templar(loader=DataLoader(), variables=trusted(ALL | own) | GIVEN | {"kube_proxy_state": state})
    return t.cast("dict[str, t.Any]", templar.template(trusted(own["_kube_proxy_wanted"])))


def test_present_is_what_was_given() -> None:
    assert wanted("present") == {
        "mode": "nftables",
        "strict_arp": True,
        "scheduler": "sh",
        "settings": GIVEN["kube_proxy_settings"],
        "echo_reply": True,
    }


def test_absent_is_what_kubeadm_makes() -> None:
    absent = wanted("absent")
    assert (absent["mode"], absent["strict_arp"], absent["echo_reply"]) == ("iptables", False, False)
    assert (absent["scheduler"], absent["settings"]) == ("", {"ipvs": {"scheduler": ""}})


def test_teardown_leaves_the_choice_to_the_role() -> None:
    text = (ROLES.parent / "playbooks" / "teardown_cluster.yml").read_text()
    assert text.count("kube_proxy_state: absent") == 2
    # The record of a switch is removed under the variable's name.
    assert "kube_proxy_mode" not in text.replace('kube_proxy_mode: ""', "")
