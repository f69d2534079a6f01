# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_config import ProxySpec

# As kubeadm writes it, shortened.
WRITTEN = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
clusterCIDR: 10.244.0.0/16
conntrack:
  maxPerCore: null
  tcpCloseWaitTimeout: 0s
ipvs:
  scheduler: ""
  strictARP: false
kind: KubeProxyConfiguration
logging:
  options:
    json:
      infoBufferSize: "0"
metricsBindAddress: 0.0.0.0:10249
mode: iptables
"""


@pytest.mark.parametrize(
    ("spec", "changes"),
    [
        (ProxySpec(), {}),
        (ProxySpec(mode="iptables", strict_arp=False), {}),
        (ProxySpec(mode="ipvs"), {"mode": "ipvs"}),
        (ProxySpec(strict_arp=True), {"ipvs": {"scheduler": "", "strictARP": True}}),
        (ProxySpec(scheduler="rr"), {"ipvs": {"scheduler": "rr", "strictARP": False}}),
        (
            ProxySpec(settings={"conntrack": {"maxPerCore": 0}, "iptables": {"masqueradeAll": True}}),
            {"conntrack": {"maxPerCore": 0, "tcpCloseWaitTimeout": "0s"}, "iptables": {"masqueradeAll": True}},
        ),
        (ProxySpec(settings={"conntrack": None}), {"conntrack": None}),
        (ProxySpec(mode="ipvs", settings={"mode": "nftables"}), {"mode": "ipvs"}),
        (
            ProxySpec(strict_arp=True, settings={"ipvs": {"strictARP": False, "syncPeriod": "5s"}}),
            {"ipvs": {"scheduler": "", "strictARP": True, "syncPeriod": "5s"}},
        ),
    ],
)
def test_only_what_is_set_changes(spec: ProxySpec, changes: dict[str, t.Any]) -> None:
    before = proxy_config.load(WRITTEN)
    assert proxy_config.adjust(before, spec) == before | changes


@pytest.mark.parametrize("mode", ['""', "iptables", "nftables", "null"])
def test_the_mode_is_set_whatever_it_was(mode: str) -> None:
    before = proxy_config.load(WRITTEN.replace("mode: iptables", f"mode: {mode}"))
    assert proxy_config.adjust(before, ProxySpec(mode="ipvs"))["mode"] == "ipvs"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ("# only a comment", "nothing"),
        ("just words", "str"),
        ("[1, 2]", "list"),
        ("a: [", "line 2"),
        ("a: b: c", "line 1"),
        ("kind: KubeletConfiguration", "KubeletConfiguration"),
        # kube-proxy itself would refuse the repetition, or read the first document only.
        ("mode: ipvs\nmode: iptables\n", "key mode twice"),
        ("mode: ipvs\n---\nmode: iptables\n", "2 documents"),
    ],
)
def test_a_configuration_that_is_none_is_refused(text: str | None, found: str) -> None:
    with pytest.raises(KuberError, match="Cannot read the configuration of kube-proxy") as caught:
        proxy_config.load(text)
    assert found in str(caught.value.found)


def test_comments_and_empty_documents_do_not_count() -> None:
    text = f"---\n# written by somebody\n{WRITTEN.replace('mode: iptables', 'mode: iptables  # for now')}---\n"
    assert proxy_config.load(text) == proxy_config.load(WRITTEN)


def test_what_kubeadm_has_written_is_written_as_it_was() -> None:
    assert proxy_config.dump(proxy_config.load(WRITTEN), like=WRITTEN) == WRITTEN
    ended = WRITTEN.removesuffix("\n")
    assert proxy_config.dump(proxy_config.load(ended), like=ended) == ended


def test_the_look_of_a_configuration_does_not_count() -> None:
    reordered = "mode: 'iptables'\n" + WRITTEN.replace("mode: iptables\n", "")
    one, other = proxy_config.load(WRITTEN), proxy_config.load(reordered)
    assert one == other
    assert proxy_config.digest(one) == proxy_config.digest(other)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["0s", "0", "", "on", "1e3", "2026-11-23"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
configs = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=6)


@given(config=configs)
def test_writing_and_reading_change_nothing(config: dict[str, t.Any]) -> None:
    if config:
        assert proxy_config.load(proxy_config.dump(config)) == config


@given(config=configs, settings=configs, mode=st.sampled_from([*proxy_config.MODES, proxy_config.KEEP]))
def test_a_second_adjustment_changes_nothing(config: t.Any, settings: t.Any, mode: str) -> None:
    before = copy.deepcopy(config)
    spec = ProxySpec(mode=mode, strict_arp=True, settings=settings)
    once = proxy_config.adjust(config, spec)
    assert proxy_config.adjust(once, spec) == once
    assert config == before
    assert {key: value for key, value in once.items() if key not in (*settings, "mode", "ipvs")} == {
        key: value for key, value in config.items() if key not in (*settings, "mode", "ipvs")
    }


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("0.0.0.0:10249", 10249),
        ("[::]:10250", 10250),
        ("192.168.99.134:1", 1),
        (":10249", 10249),
        ("127.0.0.1:10249", None),
        ("127.0.0.1", None),
        ("localhost:10249", None),
        ("[::1]:10249", None),
        ("", None),
        (None, None),
        ("0.0.0.0", None),
    ],
)
def test_the_mode_must_be_readable(address: str | None, port: int | None) -> None:
    config = {"metricsBindAddress": address}
    assert proxy_config.metrics_port(config) == port
    if port is None:
        with pytest.raises(KuberError, match="metricsBindAddress"):
            proxy_config.required_metrics_port(config)


def gauges(**families: tuple[float, float]) -> str:
    lines = ["# HELP some other gauge", "other_gauge 1"]
    for family, (queued, done) in families.items():
        for name, value in ((proxy_config.SYNC_QUEUED, queued), (proxy_config.SYNC_DONE, done)):
            lines += [f"# TYPE {name} gauge"] + ([f'{name}{{ip_family="{family}"}} {value:e}'] if value else [])
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ("", False),
        (gauges(), False),
        (gauges(IPv4=(1.7e9, 0)), False),
        (gauges(IPv4=(1.7e9, 1.7e9)), True),
        (gauges(IPv4=(1.7e9, 1.7e9), IPv6=(1.7e9, 0)), False),
        (gauges(IPv4=(1.7e9, 1.7e9), IPv6=(1.7e9, 1.8e9)), True),
        # Older versions do not tell the families apart.
        (f"{proxy_config.SYNC_QUEUED} 1.7e+09\n{proxy_config.SYNC_DONE} 0\n", False),
        (f"{proxy_config.SYNC_QUEUED} 1.7e+09\n{proxy_config.SYNC_DONE} 1.7e+09\n", True),
    ],
)
def test_rules_are_written_when_every_family_says_so(metrics: str, expected: bool) -> None:
    assert proxy_config.is_synchronised(metrics) is expected


@pytest.mark.parametrize("gates", ["KubeProxyIPVS=true", ["KubeProxyIPVS"], {"KubeProxyIPVS": "true"}, 1])
def test_gates_that_kube_proxy_could_not_read_are_refused(gates: object) -> None:
    with pytest.raises(KuberError, match="featureGates") as caught:
        proxy_config.adjust({"mode": "iptables"}, ProxySpec("ipvs", settings={"featureGates": gates}))
    assert "{KubeProxyIPVS: true}" in str(caught.value)


def test_gates_are_read() -> None:
    assert proxy_config.feature_gates({"featureGates": {"KubeProxyIPVS": True}}) == {"KubeProxyIPVS": True}
    assert proxy_config.feature_gates({"featureGates": None}) == {}
