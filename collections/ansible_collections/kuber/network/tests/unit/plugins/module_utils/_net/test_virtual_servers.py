# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._net import virtual_servers
from ansible_collections.kuber.network.plugins.module_utils._net.virtual_servers import RealServer, Server

IPVSADM = """\
IP Virtual Server version 1.2.1 (size=1024)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  172.17.255.1:80 rr
  -> 10.244.0.3:8000              Masq    1      0          5
  -> 10.244.0.4:8000              Masq    1      0          4
UDP  172.17.255.2:53 rr
  -> 10.244.0.2:53                Masq    1      0          6
TCP  192.168.99.134:31191 rr
  -> 10.244.0.9:443               Masq    1      0          0
TCP  10.96.0.1:443 rr
  -> 192.168.99.134:8443          Masq    1      8          0
TCP  10.96.0.10:9153 rr
TCP  [fd00::a]:80 rr persistent 10800
  -> [fd00:244::3]:8000           Masq    1      0          0
"""

PROC = """\
IP Virtual Server version 1.2.1 (size=1024)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  AC11FF01:0050 rr
  -> 0AF40003:1F40      Masq    1      0          5
  -> 0AF40004:1F40      Masq    1      0          4
UDP  AC11FF02:0035 rr
  -> 0AF40002:0035      Masq    1      0          6
TCP  C0A86386:79D7 rr
  -> 0AF40009:01BB      Masq    1      0          0
TCP  0A600001:01BB rr
  -> C0A86386:20FB      Masq    1      8          0
TCP  0A60000A:23C1 rr
TCP  [fd00:0000:0000:0000:0000:0000:0000:000a]:0050 rr persistent 10800
  -> [fd00:0244:0000:0000:0000:0000:0000:0003]:1F40      Masq    1      0          0
"""


@pytest.mark.parametrize("text", [IPVSADM, PROC], ids=["ipvsadm", "proc"])
def test_servers_are_read_from_either_source(text: str) -> None:
    web = (RealServer("10.244.0.3:8000", 1, 0, 5), RealServer("10.244.0.4:8000", 1, 0, 4))
    assert virtual_servers.parse(text) == (
        Server("TCP", "172.17.255.1:80", "rr", (), web),
        Server("UDP", "172.17.255.2:53", "rr", (), (RealServer("10.244.0.2:53", 1, 0, 6),)),
        Server("TCP", "192.168.99.134:31191", "rr", (), (RealServer("10.244.0.9:443", 1, 0, 0),)),
        Server("TCP", "10.96.0.1:443", "rr", (), (RealServer("192.168.99.134:8443", 1, 8, 0),)),
        Server("TCP", "10.96.0.10:9153", "rr", (), ()),
        Server("TCP", "[fd00::a]:80", "rr", ("persistent", "10800"), (RealServer("[fd00:244::3]:8000", 1, 0, 0),)),
    )


def test_servers_that_are_distinguished_by_a_mark_are_not_mixed_up_with_others() -> None:
    text = "TCP  0A600001:01BB rr\nFWM  00000001 rr\n  -> 0A000001:0050      Masq    1      0          0\n"
    assert virtual_servers.parse(text) == (Server("TCP", "10.96.0.1:443", "rr", (), ()),)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    virtual_servers.parse(text)


@given(st.lists(st.sampled_from(["TCP", "UDP", "FWM", "->", "0AF40003:1F40", "rr", "Masq", "1", "\n"]), max_size=60))
def test_any_order_of_the_usual_words_can_be_read(words: list[str]) -> None:
    virtual_servers.parse(" ".join(words))
