# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import sysctls

VS = {
    "net.ipv4.vs.conntrack": "1",
    "net.ipv4.vs.expire_nodest_conn": "1",
    "net.ipv4.vs.expire_quiescent_template": "1",
}
ARP = {"net.ipv4.conf.all.arp_ignore": "1", "net.ipv4.conf.all.arp_announce": "2"}


@pytest.mark.parametrize(
    ("values", "configured", "set_back"),
    [
        ({}, (), []),
        (VS, (), [*VS]),
        (VS | ARP, (), [*VS, *ARP]),
        # Not what kube-proxy has set: it is the administrator's.
        (ARP, (), []),
        (VS | {"net.ipv4.vs.conntrack": "0"} | ARP, (), []),
        (VS | ARP | {"net.ipv4.conf.all.arp_announce": "1"}, (), [*VS]),
        # Files ask for it.
        (VS | ARP, [*ARP], [*VS]),
        (VS | ARP, [*VS, *ARP], []),
    ],
)
def test_only_what_kube_proxy_has_set_is_set_back(
    values: dict[str, str], configured: list[str], set_back: list[str]
) -> None:
    wanted = sysctls.plan(values, configured)
    assert wanted == dict.fromkeys(set_back, "0")
    assert sysctls.plan({**values, **wanted}, configured) == {}


def test_values_are_read_by_their_files() -> None:
    text = "/proc/sys/net/ipv4/vs/conntrack:1\r\n/proc/sys/net/ipv4/conf/all/arp_announce:2\r\n\r\n"
    assert sysctls.parse_values(text) == {"net.ipv4.vs.conntrack": "1", "net.ipv4.conf.all.arp_announce": "2"}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("net.ipv4.conf.all.arp_ignore = 1", "net.ipv4.conf.all.arp_ignore"),
        ("-net/ipv4/conf/all/arp_ignore=1", "net.ipv4.conf.all.arp_ignore"),
        ("  net.ipv4.conf.*.arp_ignore = 1", "net.ipv4.conf.all.arp_ignore"),
        ("net.ipv4.vs.conntrack=1", "net.ipv4.vs.conntrack"),
        ("# net.ipv4.conf.all.arp_ignore = 1", None),
        ("; net.ipv4.conf.all.arp_ignore = 1", None),
        ("net.ipv4.conf.default.arp_ignore = 1", None),
        ("", None),
    ],
)
def test_files_of_the_administrator_are_understood(line: str, key: str | None) -> None:
    assert sysctls.parse_files(f"kernel.panic = 1\n{line}\n") == frozenset({key} if key else ())
