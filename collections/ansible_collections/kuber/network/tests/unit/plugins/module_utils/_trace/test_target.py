# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._trace import target


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path", "protocol"),
    [
        ("http://example.app.org/web/index.html", "http", "example.app.org", 80, "/web/index.html", "TCP"),
        ("https://Example.App.Org", "https", "example.app.org", 443, "/", "TCP"),
        ("http://172.17.255.3:8080/a?b=c#d", "http", "172.17.255.3", 8080, "/a?b=c", "TCP"),
        ("http://[fd00::1]/", "http", "fd00::1", 80, "/", "TCP"),
        ("172.17.255.1:80", "tcp", "172.17.255.1", 80, "", "TCP"),
        ("tcp 172.17.255.2:53", "tcp", "172.17.255.2", 53, "", "TCP"),
        ("udp://172.17.255.2:53", "udp", "172.17.255.2", 53, "", "UDP"),
        ("  udp   dns.example.org:53 ", "udp", "dns.example.org", 53, "", "UDP"),
    ],
)
def test_addresses_and_urls_are_read(text: str, scheme: str, host: str, port: int, path: str, protocol: str) -> None:
    found = target.parse(text)
    assert (found.scheme, found.host, found.port, found.path, found.protocol) == (scheme, host, port, path, protocol)


@pytest.mark.parametrize(
    ("text", "name", "port", "port_name"),
    [
        ("service default/web", "default/web", None, ""),
        ("service default/web:80", "default/web", 80, ""),
        ("service://kube-system/kube-dns:dns-tcp", "kube-system/kube-dns", None, "dns-tcp"),
    ],
)
def test_services_are_read(text: str, name: str, port: int | None, port_name: str) -> None:
    found = target.parse(text)
    assert (f"{found.namespace}/{found.host}", found.port, found.port_name) == (name, port, port_name)
    assert not found.is_name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.app.org",
        "ftp://example.app.org/",
        "tcp://172.17.255.1",
        "tcp://172.17.255.1:80/path",
        "172.17.255.1:0",
        "172.17.255.1:65536",
        "http://[fd00::zz]/",
        "service web",
        "service Default/Web",
        "http://a b/",
    ],
)
def test_nonsense_is_refused_with_the_forms_that_there_are(text: str) -> None:
    with pytest.raises(KuberError, match="service NAMESPACE/NAME"):
        target.parse(text)


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        found = target.parse(text)
    except KuberError:
        return
    assert found.host
    assert found.scheme in target.SCHEMES
